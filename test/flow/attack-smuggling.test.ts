import { once } from 'node:events';
import t from 'tap';
import { caller, exchangeRaw, parseAnswers, refusalOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

// Requests that two programs could read differently (field-lessons S10, S11, S7, S20).

const upstream = await startUpstream();
const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }] });
const auth = `Authorization: Bearer ${await gate.token()}\r\n`;
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

const SECOND = `GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n${auth}\r\n`;
const post = (lines: string, body: string) => `POST /first HTTP/1.1\r\nHost: x\r\n${auth}${lines}\r\n${body}`;
const get = (line: string, lines = '') => `${line}\r\nHost: x\r\nConnection: close\r\n${auth}${lines}\r\n`;

// Nothing of these may reach the API server, neither the request nor what hides in it. [name, bytes]
const refused: readonly [name: string, bytes: string][] = [
  ['CL.TE', post('Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SECOND}`)],
  ['TE.CL', post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `0\r\n\r\n${SECOND}`)],
  ['chunked, identity', post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${SECOND}`)],
  [
    'two Transfer-Encoding lines, the last no chunked',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n', `0\r\n\r\n${SECOND}`),
  ],
  ['xchunked', post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${SECOND}`)],
  ['space before the colon', post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${SECOND}`)],
  ['tab before chunked and a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n', `0\r\n\r\n${SECOND}`)],
  ['two Content-Length lines', post('Content-Length: 0\r\nContent-Length: 5\r\n', `hello${SECOND}`)],
  ['two equal Content-Length lines', post('Content-Length: 5\r\nContent-Length: 5\r\n', `hello${SECOND}`)],
  ['a list of lengths', post('Content-Length: 5, 5\r\n', `hello${SECOND}`)],
  ['a signed length', post('Content-Length: +5\r\n', `hello${SECOND}`)],
  ['a negative length', post('Content-Length: -1\r\n', SECOND)],
  ['a hexadecimal length', post('Content-Length: 0x5\r\n', `hello${SECOND}`)],
  ['an overflowing length', post('Content-Length: 18446744073709551621\r\n', `hello${SECOND}`)],
  ['a folded line', get('GET /first HTTP/1.1', 'X-A: b\r\n Impersonate-User: admin\r\n')],
  ['NUL in a value', get('GET /first HTTP/1.1', 'X-A: b\0c\r\n')],
  ['a bare CR in a value', get('GET /first HTTP/1.1', 'X-A: b\rImpersonate-User: admin\r\n')],
  ['a space in a name', get('GET /first HTTP/1.1', 'Impersonate-User : admin\r\n')],
  ['a name that is none', get('GET /first HTTP/1.1', 'X(A): b\r\n')],
  ['a line without a colon', get('GET /first HTTP/1.1', 'Impersonate-User\r\n')],
  ['a tab in the request line', get('GET\t/first\tHTTP/1.1')],
  ['two spaces and a word in the request line', get('GET /first x HTTP/1.1')],
  ['HTTP/9.9', get('GET /first HTTP/9.9')],
  ['lower-case http', get('GET /first http/1.1')],
  ['an unknown method', get('GOT /first HTTP/1.1')],
  ['no Host', `GET /first HTTP/1.1\r\nConnection: close\r\n${auth}\r\n`],
  ['two Host lines', `GET /first HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n${auth}\r\n`],
  ['two equal Host lines', `GET /first HTTP/1.1\r\nHost: x\r\nHost: x\r\nConnection: close\r\n${auth}\r\n`],
  ['absolute form', get('GET http://evil.example/api HTTP/1.1')],
  ['asterisk form', get('OPTIONS * HTTP/1.1')],
  ['no slash', get('GET api/v1 HTTP/1.1')],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ['a PROXY line', `PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n${get('GET /first HTTP/1.1')}`],
];

for (const [name, bytes] of refused) {
  t.test(`S10: ${name} is refused and the connection ends`, async (t) => {
    const before = upstream.received.length;
    const got = await exchangeRaw(await gate.connect(), bytes);
    const answers = parseAnswers(got);
    t.equal(answers.length, 1, 'one answer');
    t.match(answers[0]?.head, /^HTTP\/1\.1 (400|405) /);
    t.match(refusalOf({ status: 400, body: Buffer.from(answers[0]?.body ?? '') }), {
      kind: 'Status',
      code: /^40[05]$/,
    });
    t.equal(upstream.received.length, before, 'nobody was asked');
  });
}

t.test('CONNECT ends the connection and opens none', async (t) => {
  const before = upstream.accepted();
  const head = `CONNECT 127.0.0.1:${upstream.port} HTTP/1.1\r\nHost: x\r\n${auth}\r\n`;
  t.equal((await exchangeRaw(await gate.connect(), head)).length, 0);
  t.equal(upstream.accepted(), before);
});

// The framing of a body is known only while it is read: the first request is a good one that breaks off, the second must never be seen.
const broken: readonly [name: string, bytes: string][] = [
  ['a bad chunk size', post('Transfer-Encoding: chunked\r\n', `zz\r\nhello\r\n0\r\n\r\n${SECOND}`)],
  [
    'a chunk extension with a line end',
    post('Transfer-Encoding: chunked\r\n', `5;a=\n\r\nhello\r\n0\r\n\r\n${SECOND}`),
  ],
  ['a chunk longer than it says', post('Transfer-Encoding: chunked\r\n', `2\r\nhello\r\n0\r\n\r\n${SECOND}`)],
  ['LF alone after a chunk size', post('Transfer-Encoding: chunked\r\n', `5\nhello\r\n0\r\n\r\n${SECOND}`)],
];

for (const [name, bytes] of broken) {
  t.test(`S10: ${name} ends the connection before a second request`, async (t) => {
    const before = upstream.received.length;
    const got = (await exchangeRaw(await gate.connect(), bytes)).toString('latin1');
    t.notMatch(got, /^HTTP\/1\.1 200/);
    t.notOk(
      upstream.received.slice(before).some(({ url }) => url.includes('secrets')),
      'the hidden request was not seen',
    );
  });
}

t.test('S10: a body is never the next request (CL.0)', async (t) => {
  const before = upstream.received.length;
  const body = 'GET /hidden HTTP/1.1\r\nX: ';
  const first = `GET /first HTTP/1.1\r\nHost: x\r\n${auth}Content-Length: ${body.length}\r\n\r\n${body}`;
  const got = await exchangeRaw(
    await gate.connect(),
    `${first}GET /second HTTP/1.1\r\nHost: x\r\n${auth}Connection: close\r\n\r\n`,
  );
  t.same(
    parseAnswers(got).map(({ status }) => status),
    [200, 200],
  );
  t.same(
    upstream.received.slice(before).map(({ url }) => url),
    ['/first', '/second'],
  );
  t.equal(JSON.parse(parseAnswers(got)[0]?.body ?? '{}').body, body);
});

// S11: [target]
const malformed: readonly string[] = [
  '//api/v1/pods',
  '/api//v1/pods',
  '/api/v1/../v1/secrets',
  '/api/v1/./secrets',
  '/api/v1/%2e%2e/v1/secrets',
  '/api/v1/%2E/secrets',
  '/api/v1/namespaces/n%2fpods',
  '/api/v1/namespaces/n%5cpods',
  '/api/v1/namespaces/n\\pods',
  '/api/v1/pods;a=b',
  '/api/v1/pods/%00',
  '/api/v1/pods/%zz',
  '/api/v1/pods/%ff',
  '/api/v1/pods/%0d%0aX',
  '/api/v1/pods#fragment',
  '/api/v1/pods?x=é',
  '/api/v1/namespaces/n/services/s/proxy/../../../secrets',
  '/api/v1/namespaces/n/services/s/proxy/%2e%2e/secrets',
];

t.test('S11: a target that can be read in two ways is refused', async (t) => {
  const before = upstream.received.length;
  for (const target of malformed) {
    const bytes = Buffer.from(
      get(`GET ${target} HTTP/1.1`, 'Connection: close\r\n'),
      target.includes('é') ? 'utf8' : 'latin1',
    );
    const [answer] = parseAnswers(await exchangeRaw(await gate.connect(), bytes));
    t.equal(answer?.status, 400, target);
    t.match(answer?.body, /"kind":"Status".*(PATH_MALFORMED|BAD_REQUEST)/, target);
  }
  const two = caller(gate, 'h2');
  for (const target of malformed.filter((target) => !target.includes('é'))) {
    const reply = await two.call({ path: target, headers: ['authorization', auth.slice(15, -2)] });
    t.match(refusalOf(reply), { http: 400, cause: 'PATH_MALFORMED' }, `h2 ${target}`);
  }
  two.close();
  t.equal(upstream.received.length, before);
});

t.test('S20: an HTTP/2 request whose Host is not its :authority is refused', async (t) => {
  const { connect } = await import('node:http2');
  const session = connect(`https://127.0.0.1:${gate.port}`, { ca: gate.ca.certPem });
  const before = upstream.received.length;
  for (const [host, status] of [
    ['y', 400],
    ['x', 200],
  ] as const) {
    const stream = session.request({
      ':path': '/version',
      ':authority': 'x',
      host,
      authorization: auth.slice(15, -2),
    });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    t.equal(headers[':status'], status);
    stream.resume();
  }
  t.equal(upstream.received.length, before + 1);
  session.destroy();
});
