// h2spec against the public listener, with what it asks for forwarded: a caller without a credential is let in on two paths. A case that fails has to
// be known, with its reason; one that is known and passes is to be taken out of the list.

import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { recordFacts } from '../reliability/facts.ts';
import { buildH2spec, listCases, runH2spec, type SpecResult, type SpecRun } from './h2spec.ts';

/** nghttp2 forgets streams that are closed, as Node asks of it, and reads and drops what still comes on them. */
const FORGOTTEN =
  'frames on a closed stream are dropped: RFC 9113 §5.1 has "MAY treat as a connection error", where RFC 7540 had MUST';
const PRIORITIES =
  'priorities of RFC 7540 are not read any more (RFC 9113 §5.3: deprecated): nghttp2 drops PRIORITY';

/** What fails, and why that is no harm: nothing of it is ever forwarded. */
const KNOWN = new Map<string, string>([
  ['http2/5.1/8', FORGOTTEN],
  ['http2/5.1/9', FORGOTTEN],
  ['http2/5.1/11', FORGOTTEN],
  ['http2/5.1/12', FORGOTTEN],
  [
    'http2/5.1.1/2',
    'a request with a lower stream id is one on a closed stream to nghttp2: its header block is read and dropped',
  ],
  ['http2/5.3.1/2', PRIORITIES],
  ['http2/6.3/1', PRIORITIES],
  [
    'http2/6.7/2',
    'Node ends a connection on an answer to a PING that it has not sent: stricter than asked for',
  ],
  [
    'http2/6.9.1/3',
    'nghttp2 ends the connection, not only the stream, on a window above 2^31-1: RFC 9113 §6.9.1 has "either the stream or the connection"',
  ],
]);

/** These need a request that is not answered yet when the next frame comes: the API server keeps quiet. */
const UNANSWERED = new Set(['http2/5.1/5', 'http2/5.1/6', 'http2/6.1/2', 'http2/6.1/3']);
/** This needs header lines beyond SETTINGS_MAX_FRAME_SIZE, which is 256 KiB here: five of this length. */
const LARGE = new Set(['http2/4.2/3']);
const LARGE_LINES = ['--max-header-length', '64000'];

const facts = recordFacts('h2spec');
const program = await buildH2spec();

if (program === undefined) t.test('h2spec', { skip: 'no go in PATH, which builds h2spec' }, async () => {});
else {
  const upstream = await startUpstream({
    handler: (request, response) => {
      if (request.url === '/answered') request.resume().on('end', () => response.end('more than five bytes'));
    },
  });
  const conditions = ['/answered', '/unanswered'].map((path) => ({ path }));
  const gate = await startTestGate({
    upstreams: [{ name: 'main', upstream }],
    authentication: { anonymous: { enabled: true, conditions } },
  });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const all = await listCases(program);
  const asked = { program, port: gate.port, path: '/answered', timeoutSeconds: 20 };
  const runs: readonly (readonly [chosen: (id: string) => boolean, run: SpecRun])[] = [
    [(id) => !KNOWN.has(id) && !UNANSWERED.has(id) && !LARGE.has(id), asked],
    [(id) => UNANSWERED.has(id), { ...asked, path: '/unanswered' }],
    [(id) => LARGE.has(id), { ...asked, more: LARGE_LINES }],
    // Most of them fail by what does not come.
    [(id) => KNOWN.has(id), { ...asked, timeoutSeconds: 1 }],
  ];
  const results: SpecResult[] = [];
  for (const [chosen, run] of runs)
    results.push(
      ...(await runH2spec(
        all.filter(({ id }) => chosen(id)),
        run,
      )),
    );

  t.test('every case was run', async (t) => {
    t.equal(results.length, all.length);
    t.ok(all.length >= 145, `${all.length} cases`);
    for (const id of [...KNOWN.keys(), ...UNANSWERED, ...LARGE])
      t.ok(
        all.some((one) => one.id === id),
        id,
      );
  });

  for (const { id, name } of all)
    t.test(`${id} ${name}`, async (t) => {
      const one = results.find((result) => result.id === id);
      const known = KNOWN.get(id);
      if (known === undefined) t.equal(one?.outcome, 'passed', one?.said || 'passed');
      else t.equal(one?.outcome, 'failed', `fails as it is known to: ${known}`);
    });

  t.test('the API server got well-formed requests for the two paths, as nobody in particular', async (t) => {
    t.ok(upstream.received.length > 10);
    const others = upstream.received.filter(({ url }) => !conditions.some(({ path }) => path === url));
    t.same(others, []);
  });

  for (const row of countBySection(results)) facts.add('http2', row);
}

/** One row for each part and, of HTTP/2's, for each chapter. */
function countBySection(
  results: readonly SpecResult[],
): (readonly [name: string, passed: number, skipped: number, failed: number])[] {
  const rows = new Map<string, Record<SpecResult['outcome'], number>>();
  for (const { id, outcome } of results) {
    const [part = '', section = ''] = id.split('/');
    const chapter = part === 'http2' ? `h2spec RFC 9113 §${section.split('.')[0]}` : `h2spec ${part}`;
    const row = rows.get(chapter) ?? { passed: 0, skipped: 0, failed: 0 };
    row[outcome]++;
    rows.set(chapter, row);
  }
  return [...rows].map(([name, { passed, skipped, failed }]) => [name, passed, skipped, failed]);
}
