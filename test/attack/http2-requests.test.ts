// Requests that two programs could read differently, said in HTTP/2: pseudo headers twice, late or with bytes that would begin a line of their own in
// HTTP/1.1, hop-by-hop headers, names in capitals, two hosts. They are refused and reach nobody, or go on as exactly the one request that they are.

import t from 'tap';
import { exchangeRaw, parseAnswers, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { recordFacts } from '../reliability/facts.ts';
import { openFrames } from './h2connection.ts';
import { bodyOf, FLAG, frame, headers, opening, PREFACE, SETTING, settings, TYPE } from './h2frames.ts';

const facts = recordFacts('http2-requests');
const upstream = await startUpstream({
  handler: (request, response) => void request.resume().on('end', () => response.end('served')),
});
const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }] });
const authorization = ['authorization', `Bearer ${await gate.token()}`];
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

type Pseudo = Readonly<Record<string, string | undefined>>;
const USUAL = { ':method': 'GET', ':scheme': 'https', ':path': '/asked', ':authority': 'localhost' };
/** A good request with other pseudo headers (undefined: without), and lines after them. */
function asked(pseudo: Pseudo, ...more: readonly string[]): string[] {
  const fields = Object.entries({ ...USUAL, ...pseudo }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
  return [...fields, ...authorization, ...more];
}

const ABSENT = undefined;
const POST = { ':method': 'POST' };
const SPLIT = ' HTTP/1.1\r\nHost: x\r\n\r\nGET /smuggled';
/** The stream is reset with PROTOCOL_ERROR (RFC 9113 §8.1.1). */
const MALFORMED = 'reset 1';

type Row = readonly [name: string, fields: readonly string[], outcome: string];
const METHODS: readonly Row[] = [
  ['with a line of its own', asked({ ':method': `GET /smuggled${SPLIT}` }), MALFORMED],
  ['with a space', asked({ ':method': 'GET /smuggled' }), MALFORMED],
  ['with a tab', asked({ ':method': 'GET\t' }), MALFORMED],
  ['with NUL', asked({ ':method': 'GET\0' }), MALFORMED],
  ['with a colon', asked({ ':method': 'GET:' }), MALFORMED],
  ['empty', asked({ ':method': '' }), MALFORMED],
  ['absent', asked({ ':method': ABSENT }), MALFORMED],
  ['twice', [':method', 'POST', ...asked({})], MALFORMED],
  ['in small letters', asked({ ':method': 'get' }), '400'],
];
const PATHS: readonly Row[] = [
  ['with a line of its own', asked({ ':path': `/asked${SPLIT}` }), MALFORMED],
  ['with LF', asked({ ':path': '/asked\nX: y' }), MALFORMED],
  ['with CR', asked({ ':path': '/asked\rX: y' }), MALFORMED],
  ['with a space', asked({ ':path': '/asked /smuggled' }), MALFORMED],
  ['with a space after it', asked({ ':path': '/asked ' }), MALFORMED],
  ['with a tab', asked({ ':path': '/asked\t' }), MALFORMED],
  ['with NUL', asked({ ':path': '/asked\0' }), MALFORMED],
  ['with bytes beyond ASCII', asked({ ':path': '/asked\xe9' }), '400'],
  ['with a fragment', asked({ ':path': '/asked#x' }), '400'],
  ['with a backslash', asked({ ':path': '/asked\\x' }), '400'],
  ['that begins with //', asked({ ':path': '//evil/asked' }), '400'],
  ['with dot segments', asked({ ':path': '/api/../asked' }), '400'],
  ['that is a URL', asked({ ':path': 'https://evil/asked' }), MALFORMED],
  ['without a slash', asked({ ':path': 'api/v1' }), MALFORMED],
  ['* with GET', asked({ ':path': '*' }), MALFORMED],
  ['* with OPTIONS', asked({ ':path': '*', ':method': 'OPTIONS' }), '400'],
  ['empty', asked({ ':path': '' }), MALFORMED],
  ['absent', asked({ ':path': ABSENT }), MALFORMED],
  ['twice', [':path', '/smuggled', ...asked({})], MALFORMED],
  ['after a header line', [...asked({ ':path': ABSENT }), ':path', '/asked'], MALFORMED],
  ['a second time after the header lines', [...asked({}), ':path', '/smuggled'], MALFORMED],
];
const AUTHORITIES: readonly Row[] = [
  ['with a line of its own', asked({ ':authority': 'localhost\r\nX: y' }), MALFORMED],
  ['with a space', asked({ ':authority': 'local host' }), MALFORMED],
  ['with a user', asked({ ':authority': 'evil@localhost' }), MALFORMED],
  ['with a path', asked({ ':authority': 'localhost/evil' }), MALFORMED],
  ['empty', asked({ ':authority': '' }), MALFORMED],
  ['absent, and no Host', asked({ ':authority': ABSENT }), MALFORMED],
  ['twice', [':authority', 'evil', ...asked({})], MALFORMED],
  ['and another Host', asked({}, 'host', 'evil'), '400'],
  ['absent, and two Hosts', asked({ ':authority': ABSENT }, 'host', 'localhost', 'host', 'evil'), MALFORMED],
];
const PSEUDO: readonly Row[] = [
  [':scheme absent', asked({ ':scheme': ABSENT }), MALFORMED],
  [':scheme twice', [':scheme', 'http', ...asked({})], MALFORMED],
  [':scheme with a line of its own', asked({ ':scheme': 'https\r\nX: y' }), MALFORMED],
  [':status', [':status', '200', ...asked({})], MALFORMED],
  ['one that does not exist', [':evil', 'x', ...asked({})], MALFORMED],
  ['one without a name', [':', 'x', ...asked({})], MALFORMED],
  [':protocol on a GET', asked({ ':protocol': 'websocket' }), MALFORMED],
];
const HOPS: readonly Row[] = [
  ['Connection', asked({}, 'connection', 'close'), MALFORMED],
  ['Connection that names an identity line', asked({}, 'connection', 'impersonate-user'), MALFORMED],
  ['Transfer-Encoding', asked(POST, 'transfer-encoding', 'chunked'), MALFORMED],
  ['Keep-Alive', asked({}, 'keep-alive', 'timeout=5'), MALFORMED],
  ['Proxy-Connection', asked({}, 'proxy-connection', 'keep-alive'), MALFORMED],
  ['Upgrade', asked({}, 'upgrade', 'websocket'), MALFORMED],
  ['Upgrade to h2c', asked({}, 'upgrade', 'h2c', 'http2-settings', 'AAMAAABk'), MALFORMED],
  ['TE: gzip', asked({}, 'te', 'gzip'), MALFORMED],
  ['TE: trailers, gzip', asked({}, 'te', 'trailers, gzip'), MALFORMED],
];
const LINES: readonly Row[] = [
  ['a name in capitals', asked({}, 'X-Line', 'x'), MALFORMED],
  ['an identity line in capitals', asked({}, 'Impersonate-User', 'admin'), MALFORMED],
  ['an identity line with _', asked({}, 'impersonate_user', 'admin'), '400'],
  ['an identity line with a space after its value', asked({}, 'impersonate-user', 'bob '), '400'],
  ['an identity line with a space before its value', asked({}, 'impersonate-group', ' ops'), '400'],
  ['a second credential', asked({}, 'authorization', 'Bearer x'), '400'],
  ['a second credential with a space after it', asked({}, 'authorization', 'Bearer x '), '400'],
  ['Content-Length twice', asked(POST, 'content-length', '0', 'content-length', '1'), MALFORMED],
  ['Content-Length twice, the same', asked(POST, 'content-length', '0', 'content-length', '0'), MALFORMED],
  ['Content-Length as a list', asked(POST, 'content-length', '0, 0'), MALFORMED],
  ['Content-Length with +', asked(POST, 'content-length', '+0'), MALFORMED],
  ['Content-Length below nothing', asked(POST, 'content-length', '-1'), MALFORMED],
  ['Content-Length and no body', asked(POST, 'content-length', '5'), MALFORMED],
];
const CONNECT: readonly Row[] = [
  ['to an authority', [':method', 'CONNECT', ':authority', 'localhost:22', ...authorization], '405'],
  ['with a path', asked({ ':method': 'CONNECT' }), MALFORMED],
  ['extended, for a WebSocket', asked({ ':method': 'CONNECT', ':protocol': 'websocket' }), MALFORMED],
  ['extended, for bytes', asked({ ':method': 'CONNECT', ':protocol': 'connect-tcp' }), MALFORMED],
];
const KINDS: readonly (readonly [kind: string, rows: readonly Row[]])[] = [
  ['HTTP/2 :method', METHODS],
  ['HTTP/2 :path', PATHS],
  ['HTTP/2 :authority', AUTHORITIES],
  ['HTTP/2 pseudo headers', PSEUDO],
  ['HTTP/2 hop-by-hop headers (RFC 9113 §8.2.2)', HOPS],
  ['HTTP/2 header lines', LINES],
  ['HTTP/2 CONNECT (RFC 8441)', CONNECT],
];

for (const [kind, rows] of KINDS)
  for (const [name, fields, outcome] of rows)
    await facts.attack(kind, name, async (t) => {
      const before = upstream.received.length;
      const one = await openFrames(gate);
      await one.send(opening(), headers(1, fields));
      t.equal(await one.outcome(1), outcome);
      // The connection bears it, and the next request is the next one.
      await one.send(headers(3, asked({ ':path': '/next' })));
      t.equal(await one.status(3), 200);
      const urls = upstream.received.slice(before).map(({ url }) => url);
      t.same(urls, ['/next'], 'nothing else reached the API server');
      one.end();
    });

// RFC 9113 §8.2.1 has such a request malformed; nghttp2 leaves the line out and goes on. Whatever its name, it must never be another line.
const UNSAYABLE: readonly (readonly [name: string, line: readonly [string, string]])[] = [
  ['a value with a line of its own', ['x-line', 'y\r\nimpersonate-user: admin']],
  ['a value with LF', ['x-line', 'y\nimpersonate-user: admin']],
  ['a value with NUL', ['x-line', 'y\0']],
  ['a name with a line of its own', ['x\r\nimpersonate-user', 'admin']],
  ['a name with a space', ['impersonate-user ', 'admin']],
  ['a name with a colon', ['impersonate-user: admin\r\nx', 'y']],
  ['a name without a character', ['', 'y']],
];

for (const [name, line] of UNSAYABLE)
  await facts.attack('HTTP/2 header lines', `${name} goes on as no line at all`, async (t) => {
    const one = await openFrames(gate);
    await one.send(opening(), headers(1, asked({})), headers(3, asked({}, ...line)));
    t.equal(await one.status(1), 200);
    t.equal(await one.status(3), 200);
    const [plain, other] = upstream.received.slice(-2).map(({ rawHeaders }) => withoutAuditID(rawHeaders));
    t.same(other, plain, 'the same request as without it');
    t.same(valuesOf(other ?? [], 'impersonate-user'), ['alice@example.com']);
    one.end();
  });

t.test('what is well-formed goes on: TE: trailers, a Host that agrees, cookies in pieces', async (t) => {
  const one = await openFrames(gate);
  const fields = asked(
    {},
    'te',
    'trailers',
    'host',
    'localhost',
    'cookie',
    'a=b',
    'cookie',
    'c=d',
    'x-line',
    ' y ',
  );
  await one.send(opening(), headers(1, fields));
  t.equal(await one.status(1), 200);
  t.same(valuesOf(upstream.received.at(-1)?.rawHeaders ?? [], 'x-line'), ['y']);
  one.end();
});

t.test('extended CONNECT is not offered (RFC 8441 §3), nor is push', async (t) => {
  const one = await openFrames(gate);
  await one.send(opening());
  const { payload } = await one.frame(({ type, flags }) => type === TYPE.SETTINGS && flags === 0);
  const offered = new Map<number, number>();
  for (let at = 0; at < payload.length; at += 6)
    offered.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  t.equal(offered.get(SETTING.ENABLE_CONNECT_PROTOCOL) ?? 0, 0);
  t.ok((offered.get(SETTING.MAX_CONCURRENT_STREAMS) ?? 0) <= 1000);
  one.end();
});

await facts.attack('HTTP/2 trailers', 'that would be identity lines reach nobody', async (t) => {
  const one = await openFrames(gate);
  const body = frame(TYPE.DATA, 0, 1, Buffer.from('body'));
  await one.send(opening(), headers(1, asked(POST), 0), body, headers(1, ['impersonate-user', 'admin']));
  t.equal(await one.status(1), 200);
  const { rawHeaders = [] } = upstream.received.at(-1) ?? {};
  t.same(valuesOf(rawHeaders, 'impersonate-user'), ['alice@example.com']);
  one.end();
});

const H2C = 'HTTP/2 without TLS negotiation';
await facts.attack(
  H2C,
  'an upgrade to h2c over HTTP/1.1 is an ordinary request (RFC 9113 §3.1)',
  async (t) => {
    const socket = await gate.connect({ ALPNProtocols: ['http/1.1'] });
    const lines = [
      'Host: x',
      `Authorization: ${authorization[1]}`,
      'Connection: Upgrade, HTTP2-Settings, close',
    ];
    lines.push('Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA');
    const answers = parseAnswers(
      await exchangeRaw(socket, `GET /asked HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`),
    );
    t.same(
      answers.map(({ status }) => status),
      [200],
    );
    const { rawHeaders = [] } = upstream.received.at(-1) ?? {};
    t.same([valuesOf(rawHeaders, 'upgrade'), valuesOf(rawHeaders, 'http2-settings')], [[], []]);
  },
);

for (const [name, ALPNProtocols] of [
  ['that was negotiated', ['http/1.1']],
  ['without ALPN', []],
] as const)
  await facts.attack(H2C, `a preface of HTTP/2 over HTTP/1.1 ${name} is refused`, async (t) => {
    const before = upstream.received.length;
    const socket = await gate.connect({ ALPNProtocols: [...ALPNProtocols] });
    const said = Buffer.concat([PREFACE, settings(), headers(1, asked({ ':path': '/smuggled' }))]);
    const answers = parseAnswers(await exchangeRaw(socket, said));
    t.same(
      answers.map(({ status }) => status),
      [400],
    );
    t.equal(upstream.received.length, before);
  });

await facts.attack(H2C, 'HTTP/1.1 on a connection that is HTTP/2 is refused', async (t) => {
  const before = upstream.received.length;
  const one = await openFrames(gate);
  await one.send(
    Buffer.from(`GET /smuggled HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization[1]}\r\n\r\n`),
  );
  await one.closed;
  t.equal(bodyOf(one.frames, 1).length, 0);
  t.equal(upstream.received.length, before);
});

await facts.attack(H2C, 'a request that is begun twice on one stream is one request', async (t) => {
  const before = upstream.received.length;
  const one = await openFrames(gate);
  const begun = headers(1, asked(POST), 0);
  await one.send(opening(), begun, headers(1, asked({ ':path': '/smuggled' }), FLAG.END_STREAM));
  t.equal(await one.outcome(1), MALFORMED);
  t.equal(await one.settled(), true);
  t.notOk(upstream.received.slice(before).some(({ url }) => url === '/smuggled'));
  one.end();
});

function withoutAuditID(lines: readonly string[]): string[] {
  return lines.filter((_, i) => lines[i - (i % 2)]?.toLowerCase() !== 'audit-id');
}
