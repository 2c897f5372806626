import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { refusalOf, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { REVIEWS_URL, type ReviewAnswer, reviewing } from '../fakes/reviews.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { type Mode, modesOf, openWays, type Way } from './modes.ts';

// Attacks on the identity (field-lessons.md §4: S4, S6, S7, S26) in each mode of clusters[].identity, over HTTP/1.1, HTTP/2 and upgrades: the
// lines that reach the API server are those of the mode and nothing beside. S9's identities are in unit tests and attack-credentials.test.ts.

let judge: () => ReviewAnswer = () => true;
const { handler, asked } = reviewing(() => judge());
const upstream = await startUpstream({ handler });
const frontProxy = await (await makeCA('front proxy')).issue({
  commonName: 'front-proxy-client',
  client: true,
});
const base64 = (text: string) => Buffer.from(text).toString('base64');
const certificate = {
  'client-certificate-data': base64(frontProxy.certPem),
  'client-key-data': base64(frontProxy.keyPem),
};
const gate = await startTestGate({
  upstreams: [
    { name: 'impersonate', upstream, match: { pathPrefix: '/i' } },
    { name: 'passthrough', upstream, match: { pathPrefix: '/p' }, cluster: { identity: 'Passthrough' } },
    {
      name: 'requestheader',
      upstream,
      match: { pathPrefix: '/r' },
      user: certificate,
      cluster: { identity: 'RequestHeader' },
    },
  ],
  listen: { trustedProxies: ['127.0.0.0/8'] },
});
const token = await gate.token();
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

const MODES = modesOf(token);
const WAYS = openWays(gate, token);

const forwarded = () => upstream.received.filter(({ url }) => url !== REVIEWS_URL);
const last = () => forwarded().at(-1)?.rawHeaders ?? [];

/** Every line that states an identity, in order, and the Authorization lines: exactly those of the mode. */
function sawAlice(t: Test, { identity, authorization }: Mode, label: string): void {
  t.same(identityOf(last()), identity, label);
  t.same(valuesOf(last(), 'authorization'), authorization, label);
}

function identityOf(lines: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2)
    if (/^(impersonate|x.remote)/i.test(lines[i] ?? ''))
      found.push((lines[i] ?? '').toLowerCase(), lines[i + 1] ?? '');
  return found;
}

function everyWay(name: string, run: (t: Test, mode: Mode, way: Way) => Promise<void>): void {
  for (const mode of MODES)
    for (const way of WAYS) t.test(`${name} (${mode.mode}, ${way.name})`, (t) => run(t, mode, way));
}

everyWay('the identity goes on as the mode says', async (t, mode, way) => {
  await way.send(mode, ['X-Something', 'else']);
  sawAlice(t, mode, 'plain');
  t.same(valuesOf(last(), 'x-something'), ['else']);
  t.notOk(valuesOf(last(), 'sec-websocket-protocol').some((value) => value.includes('bearer')));
});

// S4: CVE-2021-31999, CVE-2022-23652, CVE-2026-33805. HTTP/2 has no Connection line (RFC 9113 §8.2.2).
everyWay('S4: the caller cannot name our lines in Connection', async (t, mode, way) => {
  if (!way.connection) return;
  for (const named of [
    'Impersonate-User, Impersonate-Group, Impersonate-Uid, Authorization',
    'X-Remote-User, X-Remote-Group, x-remote-uid',
  ]) {
    const kept = way.name === 'h1, raw' ? 'close' : 'Upgrade';
    await way.send(mode, ['Connection', `${kept}, ${named}`]);
    sawAlice(t, mode, named);
  }
});

// S26, S7: never an identity, in no mode and in no spelling.
everyWay('S26, S7: front-proxy headers of the caller end here', async (t, mode, way) => {
  for (const name of [
    'X-Remote-User',
    'x-remote-group',
    'X-Remote-Uid',
    'X-Remote-Extra-Scopes',
    'X_Remote_User',
  ]) {
    await way.send(mode, [name, 'system:admin']);
    sawAlice(t, mode, name);
    t.notOk(last().includes('system:admin'), name);
  }
});

// S6: [lines, status, code]; what cannot be carried out exactly is refused before the cluster is asked anything.
const unreadable: readonly (readonly [lines: readonly string[], http: number, cause: string])[] = [
  [['Impersonate-User', ''], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-User', 'a', 'Impersonate-User', 'b'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-User', 'a', 'impersonate-user', 'a'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-Group', 'system:masters'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-Uid', '1'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-Extra-Foo', 'x'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-User', 'a', 'Impersonate-Extra-', 'x'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-User', 'a', 'Impersonate-Extra-%41', 'x'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-User', 'a', 'Impersonate-Extra-%ff', 'x'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-User', 'a', 'Impersonate-Whatever', 'x'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-User', 'a', 'Impersonate-Group', ''], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate_User', 'system:admin'], 400, 'IMPERSONATION_MALFORMED'],
  [['Impersonate-User', 'a', 'Impersonate_Group', 'x'], 400, 'IMPERSONATION_MALFORMED'],
  [
    ['Impersonate-User', 'a', 'Impersonate-Extra-postern.dev%2Foriginal-user', '{}'],
    400,
    'IMPERSONATION_MALFORMED',
  ],
  [
    ['Impersonate-User', 'a', 'Impersonate-Extra-Postern.dev%2Foriginal%2duser', '{}'],
    400,
    'IMPERSONATION_MALFORMED',
  ],
  // S40
  [
    [
      'Impersonate-User',
      'a',
      ...Array.from({ length: 2000 }, (_, i) => ['Impersonate-Group', `g${i}`]).flat(),
    ],
    431,
    'IMPERSONATION_TOO_MANY',
  ],
];

everyWay('S6, S7, S40: what cannot be carried out exactly is refused', async (t, mode, way) => {
  const before = upstream.received.length;
  for (const [lines, http, cause] of unreadable) {
    const label = lines.slice(0, 4).join(' ');
    t.match(refusalOf(await way.send(mode, lines)), { http, kind: 'Status', code: http, cause }, label);
  }
  t.equal(upstream.received.length, before, 'nobody was asked, nothing was sent');
});

const WANTED = [
  ...[
    'Impersonate-User',
    'bob',
    'Impersonate-Group',
    'g,1',
    'Impersonate-Group',
    'g2',
    'Impersonate-Uid',
    '7',
  ],
  ...['Impersonate-Extra-Example.com%2fscopes', 'view'],
];
const WANTED_LINES = [
  ...[
    'impersonate-user',
    'bob',
    'impersonate-group',
    'g,1',
    'impersonate-group',
    'g2',
    'impersonate-uid',
    '7',
  ],
  ...['impersonate-extra-example.com%2fscopes', 'view'],
];

everyWay(
  'S6: a target goes on alone, with the original beside it and never mixed in',
  async (t, mode, way) => {
    judge = () => true;
    await way.send(mode, WANTED);
    t.same(valuesOf(last(), 'authorization'), mode.authorization);
    if (mode.mode !== 'Impersonate') {
      t.same(
        identityOf(last()),
        [...mode.identity, ...WANTED_LINES],
        'the API server judges, and sees who asks',
      );
      return;
    }
    const original = '{"username":"alice@example.com","uid":"alice-id","groups":["engineers"]}';
    t.same(identityOf(last()), [...WANTED_LINES, 'impersonate-extra-postern.dev%2foriginal-user', original]);
    // Answers are remembered: later ways ask nothing again.
    t.ok(asked.length >= 5 && asked.every(({ user }) => user === 'alice@example.com'), 'about the original');
  },
);

t.test('where the API server judges by itself, nothing is asked', async (t) => {
  const before = asked.length;
  for (const mode of MODES.filter((one) => one.mode !== 'Impersonate'))
    for (const way of WAYS) await way.send(mode, ['Impersonate-User', 'somebody-new']);
  t.equal(asked.length, before);
});

const review = (status: unknown) => ({ status: 201, body: { kind: 'SubjectAccessReview', status } });
const answers: readonly (readonly [answer: ReviewAnswer, http: number, cause: string])[] = [
  [false, 403, 'IMPERSONATION_FORBIDDEN'],
  [review({ allowed: true, denied: true }), 403, 'IMPERSONATION_FORBIDDEN'],
  [review(undefined), 503, 'IMPERSONATION_UNCHECKED'],
  [review({ allowed: 'true' }), 503, 'IMPERSONATION_UNCHECKED'],
  [{ status: 201, body: { kind: 'Status', status: { allowed: true } } }, 503, 'IMPERSONATION_UNCHECKED'],
  [{ status: 201, body: 'true' }, 503, 'IMPERSONATION_UNCHECKED'],
  [{ status: 302, body: {} }, 503, 'IMPERSONATION_UNCHECKED'],
  [{ status: 403, body: {} }, 502, 'IMPERSONATION_GATE_RIGHTS'],
  [{ status: 500, body: {} }, 503, 'IMPERSONATION_UNCHECKED'],
];

everyWay('S6: without a yes nothing goes on', async (t, mode, way) => {
  if (mode.mode !== 'Impersonate') return;
  const before = forwarded().length;
  for (const [index, [answer, http, cause]] of answers.entries()) {
    judge = () => answer;
    // Another target each time, since answers are remembered.
    const target = `${way.name}-${index}`.replaceAll(' ', '');
    const reply = await way.send(mode, ['Impersonate-User', target]);
    t.match(refusalOf(reply), { http, kind: 'Status', code: http, cause }, JSON.stringify(answer));
  }
  judge = () => true;
  t.equal(forwarded().length, before);
});
