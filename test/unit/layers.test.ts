import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import t from 'tap';

// THE DIAGRAM. Rows from low to high; a file may import from the rows below and from its own group, never from a neighbour in its row and
// never upwards. A new file needs a place here, which is the moment to ask where it belongs.
type Group = readonly [name: string, files: RegExp];

const LAYERS: readonly (readonly Group[])[] = [
  [
    ['hostport', /^hostport\.ts$/],
    ['delay', /^delay\.ts$/],
    ['queue', /^queue\.ts$/],
  ],
  [['x509', /^x509\//]], //                                     certificates and revocation lists, from their bytes
  [['kube', /^kube\//]], //                                     Kubernetes' words: pure, knows nothing of ours
  [['cel', /^cel\//]], //                                       expressions as Kubernetes writes them: pure
  [['config', /^config\//]], //                                 a checked configuration, and nothing running
  [
    [
      'errors',
      /^(errors|errortable|admissionerrors|awserrors|onwarderrors|ruleerrors|doorerrors|sessionerrors|upstreamerrors)\.ts$/,
    ],
    ['hops', /^hops\.ts$/],
    ['log', /^log\.ts$/],
    ['logsink', /^logsink\.ts$/],
    ['metrics', /^metrics\.ts$/],
    ['sessions', /^sessions\.ts$/],
    ['watch', /^watch\.ts$/],
    ['trusted', /^trusted\.ts$/],
    ['memory', /^memory\.ts$/],
    ['names', /^names\.ts$/], //                               names to addresses
    ['serverlimits', /^serverlimits\.ts$/],
    ['securecontext', /^securecontext\.ts$/], //               what TLS offers and takes
    ['caller', /^caller\.ts$/], //                             request and response over either protocol
    ['certificates', /^(certificates|reflect)\.ts$/],
  ],
  [
    ['authn', /^authn\//], //                                   credential → user
    ['authz', /^authz\//], //                                   facts of a request → decision
    [
      'lines',
      /^proxy\/(address|ask|body|chunks|connection|failures|framing|gather|headers|held|pool|reading|response|sending|slabs|transfer|upstream)\.ts$/,
    ], // what both carriers share: header lines, the API server
  ],
  [
    ['onward', /^onward\//], //                               how identity goes on to one cluster
    ['admission', /^admission\//], //                         who is let in before work is done
    ['roster', /^roster\//], //                               the list of who is in at all replicas, and where it is kept
  ],
  [['peercertificate', /^peercertificate\.ts$/]],
  [['generation', /^(clusters|generation|current)\.ts$/]], //   everything built from one configuration
  [['exchange', /^exchange\.ts$/]], //                          one request's record
  [['authorize', /^authorize\.ts$/]], //                        the step that asks the rules
  [
    ['gate', /^(gate|admit|impersonate|requestlines)\.ts$/], //         THE REQUEST PATH and its longer steps
    ['answer', /^answer\.ts$/],
    ['observe', /^(observe|observenames|handshakes)\.ts$/],
    ['commands', /^cli\/(?!(serve|demo)\.ts$)/], //             commands that need no gate
    ['stays', /^(stays|rounds)\.ts$/],
  ],
  [['forward', /^proxy\//]], //                                 carries REST
  [['upgrade', /^upgrade\//]], //                               carries upgrades
  [
    ['listener', /^listener\.ts$/],
    ['tickets', /^tickets\.ts$/],
    ['streams', /^streams\.ts$/],
    ['silence', /^silence\.ts$/], //                           HTTP/2 callers who do not go on
    ['unparsed', /^unparsed\.ts$/], //                          what is no request, or framed in two ways
    ['lifecycle', /^lifecycle\.ts$/],
    ['ops', /^ops\.ts$/],
    ['webhook', /^webhook\//], //                              the API server asks about tokens
    ['presence', /^presence\//], //                            this replica's part in the roster
  ],
  [['server', /^server\.ts$/]],
  [['run', /^(run|parts|openlog|descriptors|reload|vitals|process|expiry|series)\.ts$/]],
  [['workers', /^workers\//]], //                               several such gates, one process each
  [
    ['serve', /^cli\/serve\.ts$/],
    ['people', /^idp\//], //                                   the demo's identity provider
    ['objects', /^practice\/objects\//], //                     THE PRACTICE API SERVER, which knows nothing of the gate
  ],
  [
    ['schema', /^practice\/schema\//],
    ['machine', /^practice\/machine\//],
  ],
  [
    ['patch', /^practice\/patch\//],
    ['print', /^practice\/print\//],
    ['access', /^practice\/access\//],
    ['stream', /^practice\/stream\//],
    ['lifecycle', /^practice\/lifecycle\//],
  ],
  [['api', /^practice\/api\//]],
  [['demo', /^(demo\/|cli\/demo\.ts$)/]],
  [['main', /^main\.ts$/]],
];

const MAX_LINES = 250;
const SRC = new URL('../../src/', import.meta.url);
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
  .sort();
const texts = new Map(files.map((file) => [file, readFileSync(new URL(file, SRC), 'utf8')]));

function importsOf(file: string): string[] {
  const found = (texts.get(file) ?? '').matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g);
  return [...found].map(([, path = '']) => posix.join(posix.dirname(file), path));
}

function placeOf(file: string): { readonly row: number; readonly group: string } | undefined {
  for (const [row, groups] of LAYERS.entries()) {
    const group = groups.find(([, matcher]) => matcher.test(file));
    if (group !== undefined) return { row, group: group[0] };
  }
  return undefined;
}

t.test('every file has its place', async (t) => {
  t.ok(files.length > 20, 'the sources were found');
  t.same(
    files.filter((file) => placeOf(file) === undefined),
    [],
    'files that no row of LAYERS names',
  );
});

t.test('imports point down, or stay in the group', async (t) => {
  const wrong: string[] = [];
  for (const file of files) {
    const from = placeOf(file);
    for (const target of importsOf(file)) {
      const to = placeOf(target);
      if (from === undefined || to === undefined) continue;
      if (to.row > from.row || (to.row === from.row && to.group !== from.group)) {
        wrong.push(`${file} (${from.group}) imports ${target} (${to.group})`);
      }
    }
  }
  t.same(wrong, []);
});

t.test('every import names a .ts file that exists', async (t) => {
  const missing = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => !texts.has(target))
      .map((target) => `${file} → ${target}`),
  );
  t.same(missing, []);
});

t.test('no file imports itself by way of others', async (t) => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) cycles.push([...path.slice(start), file].join(' → '));
    if (start !== -1 || done.has(file)) return;
    for (const target of importsOf(file)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  t.same(cycles, []);
});

t.test('names are exported by name, and from the file that makes them', async (t) => {
  const offending = files.filter((file) => /^export (default\b|\*)/m.test(texts.get(file) ?? ''));
  t.same(offending, [], 'default exports and barrels');
});

t.test(`no file is longer than ${MAX_LINES} lines`, async (t) => {
  const long = files.filter((file) => (texts.get(file) ?? '').trimEnd().split('\n').length > MAX_LINES);
  t.same(long, []);
});

t.test('no file has a name that says nothing', async (t) => {
  const vague = files.filter((file) =>
    /(^|\/)(index|utils?|helpers?|common|misc|shared|[a-z]*manager)(\.ts|\/)/i.test(file),
  );
  t.same(vague, []);
});

t.test('every module opens with what it is for', async (t) => {
  const silent = files.filter((file) => !(texts.get(file) ?? '').startsWith('// '));
  t.same(silent, []);
});
