import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { caller, exchangeRaw, parseAnswers, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { REVIEWS_URL, type ReviewAnswer, reviewing } from '../fakes/reviews.ts';
import { startUpstream } from '../fakes/upstream.ts';

// Attacks on the identity (field-lessons.md §4: S4, S6, S7, S26) in each mode of clusters[].identity, over HTTP/1.1, HTTP/2 and upgrades: the
// lines that reach the API server are those of the mode and nothing beside. S9's identities are in unit tests and attack-identity.test.ts.

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
const auth = ['Authorization', `Bearer ${token}`];
const callers = SPEECHES.map((speech) => caller(gate, speech));
t.teardown(async () => {
  for (const one of callers) one.close();
  await gate.stop();
  await upstream.close();
});

/** What each mode makes of alice. [prefix of the path, Authorization lines, identity lines] */
const MODES = [
  {
    mode: 'Impersonate',
    prefix: '/i',
    authorization: ['Bearer gate-own-token'],
    identity: [
      ...['impersonate-user', 'alice@example.com', 'impersonate-group', 'engineers'],
      ...['impersonate-uid', 'alice-id'],
    ],
  },
  { mode: 'Passthrough', prefix: '/p', authorization: [`Bearer ${token}`], identity: [] },
  {
    mode: 'RequestHeader',
    prefix: '/r',
    authorization: [],
    identity: [
      ...['x-remote-user', 'alice@example.com', 'x-remote-uid', 'alice-id'],
      ...['x-remote-group', 'engineers'],
    ],
  },
] as const;
type Mode = (typeof MODES)[number];

/** One way to send a request with more lines. @returns status and body of the answer */
interface Way {
  readonly name: string;
  readonly send: (mode: Mode, lines: readonly string[]) => Promise<{ status: number; body: Buffer }>;
  readonly connection: boolean;
}

const WAYS: readonly Way[] = [
  ...callers.map((one) => ({
    name: one.speech,
    connection: false,
    send: ({ prefix }: Mode, lines: readonly string[]) =>
      one.call({ path: `${prefix}/api/v1/pods`, headers: [...auth, ...lines] }),
  })),
  {
    name: 'h1, raw',
    connection: true,
    send: (mode, lines) => raw(mode, 'GET', '/api/v1/pods', [...auth, ...lines]),
  },
  upgradeWay('SPDY', 'POST', ['Upgrade', 'SPDY/3.1', 'Content-Length', '0', ...auth]),
  upgradeWay('WebSocket', 'GET', [...webSocketLines('v5.channel.k8s.io'), ...auth]),
  upgradeWay('WebSocket with a bearer subprotocol', 'GET', [
    ...webSocketLines(`v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${base64url(token)}`),
  ]),
];

function upgradeWay(name: string, method: string, own: readonly string[]): Way {
  const path = '/api/v1/namespaces/a/pods/b/exec?command=x';
  const connects = (lines: readonly string[]) => valuesOf(lines, 'connection').length > 0;
  return {
    name,
    connection: true,
    send: (mode, lines) =>
      raw(mode, method, path, [...(connects(lines) ? [] : ['Connection', 'Upgrade']), ...own, ...lines]),
  };
}

function webSocketLines(protocol: string): string[] {
  return [
    ...['Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'],
    ...['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol', protocol],
  ];
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

async function raw(
  { prefix }: Mode,
  method: string,
  path: string,
  lines: readonly string[],
): Promise<{ status: number; body: Buffer }> {
  let head = `${method} ${prefix}${path} HTTP/1.1\r\nHost: gate\r\n`;
  for (let i = 0; i + 1 < lines.length; i += 2) head += `${lines[i]}: ${lines[i + 1]}\r\n`;
  if (!/\r\nconnection: [^\r]*(close|upgrade)/i.test(head)) head += 'Connection: close\r\n';
  const [answer] = parseAnswers(await exchangeRaw(await gate.connect(), `${head}\r\n`));
  return { status: answer?.status ?? 0, body: Buffer.from(answer?.body ?? '') };
}

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
