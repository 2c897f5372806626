import { once } from 'node:events';
import { METHODS } from 'node:http';
import { connect as tlsConnect } from 'node:tls';
import t from 'tap';
import { exchangeRaw, parseAnswers, refusalOf, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startRawUpstream } from '../fakes/upstream.ts';
import { startAnswering } from './answering.ts';
import { openSpeeches } from './speeches.ts';

// "cannot tell that anything stands between": what a caller and the API server say to each other passes as it is. Issue 3 §4, protocol.md
// §8 ("Seen when kubectl was compared direct and through proxies"), field-lessons P17. Header lines are in rest-lines.test.ts.

const upstream = await startAnswering();

// Takes requests and closes without an answer, keeping what came.
const heard: string[] = [];
const closing = await startRawUpstream((socket) => {
  socket.once('data', (chunk: Buffer) => {
    heard.push(chunk.toString('latin1'));
    socket.end();
  });
});
const gate = await startTestGate({
  upstreams: [
    { name: 'main', upstream },
    { name: 'closing', upstream: closing, match: { pathPrefix: '/closing' } },
  ],
});
const auth = ['Authorization', `Bearer ${await gate.token()}`];
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
  await closing.close();
});
const { everySpeech } = openSpeeches(gate);
const last = () => upstream.received.at(-1)?.rawHeaders ?? [];

t.test('the protocol is chosen by ALPN, and without it is HTTP/1.1', async (t) => {
  for (const [offered, chosen] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [['h2'], 'h2'],
    [[], false],
  ] as const) {
    const socket = tlsConnect({
      port: gate.port,
      host: '127.0.0.1',
      ca: gate.ca.certPem,
      ALPNProtocols: [...offered],
    });
    await once(socket, 'secureConnect');
    t.equal(socket.alpnProtocol, chosen, offered.join(', '));
    socket.destroy();
  }
});

// Statuses that the API server sends, with bodies that client-go reads; none is tried again, whatever its Retry-After says (P17).
const statuses: readonly [status: number, lines: readonly string[], body: string][] = [
  [200, [], '{}'],
  [201, ['Location', '/x/1'], '{}'],
  [202, [], '{}'],
  [204, [], ''],
  [400, [], 'bad'],
  [401, ['WWW-Authenticate', 'Bearer'], 'no'],
  [403, [], 'RBAC violated'],
  [404, [], 'no'],
  [406, [], 'no'],
  [409, [], 'no'],
  [410, [], 'gone'],
  [415, [], 'no'],
  [422, [], 'no'],
  [429, ['Retry-After', '1'], 'Too many requests, please try again later.'],
  [500, ['Retry-After', '1'], 'no'],
  [503, ['Retry-After', '1'], 'no'],
  [503, [], 'no'],
  [504, [], 'no'],
];

everySpeech('every answer is the first and only one, and passes whole', async (t, one) => {
  for (const [status, lines, body] of statuses) {
    upstream.respond = (_request, response) => response.writeHead(status, [...lines]).end(body);
    const came = () => upstream.received.length;
    for (const method of ['GET', 'POST', 'DELETE']) {
      const before = came();
      const reply = await one.call({ method, path: '/x', headers: auth });
      t.equal(reply.status, status, `${method} ${status}`);
      t.equal(reply.body.toString(), body);
      for (let i = 0; i < lines.length; i += 2)
        t.same(valuesOf(reply.rawHeaders, lines[i] ?? ''), [lines[i + 1]]);
      t.equal(came(), before + 1, 'one request');
    }
  }
});

everySpeech('a request is never repeated when the API server closes without an answer', async (t, one) => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    heard.length = 0;
    const reply = await one.call({
      method,
      path: '/closing/x',
      headers: [...auth, 'Content-Length', '2'],
      body: Buffer.from('{}'),
    });
    t.match(refusalOf(reply), { http: 502, cause: 'UPSTREAM_RESET' });
    t.equal(heard.length, 1, method);
  }
});

// S11: legal but unusual. What is decided on is what is sent, so bytes may not change.
const targets: readonly string[] = [
  '/api/v1/namespaces/a%20b/pods',
  '/api/v1/namespaces/n/pods/%E2%82%AC',
  '/api/v1/namespaces/n/pods/a+b@c:d',
  "/api/v1/namespaces/n/pods/a!$&'()*,=~._-",
  '/api/v1/namespaces/n/pods/%61%62%7E',
  '/api/v1/namespaces/n/pods/',
  '/api/v1/pods?',
  '/api/v1/pods?a=b&a=c&&=&%zz=%&x=%2F+%20;y',
  '/api/v1/pods?fieldSelector=a%3Db,c!=d&q=?/?//..',
  '/openapi/v3/apis/apps/v1?hash=AB%2FCD%3D%3D',
  '/apis/g.example.com/v1/namespaces/n/things/t/custom',
  '/api/v1/namespaces/n/pods/p/proxy',
  '/api/v1/namespaces/n/pods/p/proxy/',
  '/api/v1/namespaces/n/pods/p:8080/proxy/a;b=c/%zz/%2F%5c//x?y=%zz;',
  '/api/v1/namespaces/n/services/https:s:443/proxy//double//slash/',
  '/api/v1/nodes/n/proxy/stats/%00',
];

everySpeech('odd but legal targets arrive byte for byte', async (t, one) => {
  upstream.respond = (_request, response) => response.end();
  for (const target of targets) {
    const reply = await one.call({ path: target, headers: auth });
    t.equal(reply.status, 200, target);
    t.equal(upstream.received.at(-1)?.url, target);
  }
});

// CONNECT has no target of its own form; PRI is HTTP/2's preface. QUERY and the WebDAV methods too may be what a service behind `proxy` speaks.
const METHODS_BEHIND_PROXY = METHODS.filter((method) => method !== 'CONNECT' && method !== 'PRI');

everySpeech('every method reaches what lies behind a proxy subresource', async (t, one) => {
  upstream.respond = (_request, response) => response.writeHead(207).end();
  for (const method of METHODS_BEHIND_PROXY) {
    const reply = await one.call({
      method,
      path: '/api/v1/namespaces/n/services/s/proxy/dav',
      headers: auth,
    });
    t.equal(reply.status, 207, method);
    t.equal(upstream.received.at(-1)?.method, method);
  }
});

everySpeech('a method without a verb is refused on other resources', async (t, one) => {
  const before = upstream.received.length;
  for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'LINK']) {
    const reply = await one.call({ method, path: '/api/v1/namespaces/n/pods', headers: auth });
    t.match(
      refusalOf(reply),
      { http: 405, code: 405, reason: 'MethodNotAllowed', cause: 'METHOD_NOT_ALLOWED' },
      method,
    );
    t.same(valuesOf(reply.rawHeaders, 'allow'), ['GET, HEAD, POST, PUT, PATCH, DELETE']);
  }
  t.equal(upstream.received.length, before);
});

// Bodies where one does not expect them: DELETE carries DeleteOptions; a GET with a body is legal, if useless.
everySpeech('any method may have a body', async (t, one) => {
  const body = Buffer.from('{"kind":"DeleteOptions"}');
  for (const method of ['GET', 'DELETE', 'POST', 'PUT', 'PATCH']) {
    for (const framing of [
      ['Content-Length', String(body.length)],
      one.speech === 'h2' ? [] : ['Transfer-Encoding', 'chunked'],
    ]) {
      let got = '';
      upstream.respond = (_request, response, bytes) => {
        got = bytes.toString();
        response.end();
      };
      const reply = await one.call({
        method,
        path: '/api/v1/namespaces/n/pods/p',
        headers: [...auth, ...framing],
        body,
      });
      t.equal(reply.status, 200, `${method} ${framing.join(' ')}`);
      t.equal(got, body.toString());
    }
  }
});

everySpeech('a write without a body stays one', async (t, one) => {
  upstream.respond = (_request, response, body) => response.end(String(body.length));
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    for (const lines of [['Content-Length', '0'], []]) {
      const reply = await one.call({ method, path: '/x', headers: [...auth, ...lines] });
      t.equal(reply.body.toString(), '0');
      // Without a length Node's HTTP/1.1 client announces chunks, and sends none: a body of no bytes, which goes on as one.
      if (lines.length > 0) t.same(valuesOf(last(), 'transfer-encoding'), []);
    }
  }
});

everySpeech('HEAD keeps the length of what GET would give', async (t, one) => {
  upstream.respond = (_request, response) => response.writeHead(200, { 'Content-Length': 12345 }).end();
  const reply = await one.call({ method: 'HEAD', path: '/x', headers: auth });
  t.equal(reply.status, 200);
  t.same(valuesOf(reply.rawHeaders, 'content-length'), ['12345']);
  t.equal(reply.body.length, 0);
  t.equal(reply.complete, true);
});

everySpeech('a refusal to HEAD has the headers and no body', async (t, one) => {
  const reply = await one.call({ method: 'HEAD', path: '/x' });
  t.equal(reply.status, 401);
  t.same(valuesOf(reply.rawHeaders, 'content-type'), ['application/json']);
  t.equal(reply.body.length, 0);
});

t.test('HTTP/1.0 callers get an answer that ends with the connection', async (t) => {
  upstream.respond = (_request, response) => {
    response.write('a');
    response.end('b');
  };
  const socket = await gate.connect();
  const bytes = await exchangeRaw(socket, `GET /x HTTP/1.0\r\n${auth[0]}: ${auth[1]}\r\n\r\n`);
  const text = bytes.toString('latin1');
  t.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  t.notMatch(text, /transfer-encoding/i);
  t.match(text, /\r\n\r\nab$/);
});

t.test('pipelined requests are answered in order', async (t) => {
  upstream.respond = (request, response) => {
    // The first answer comes last.
    if (request.url === '/1') setImmediate(() => setImmediate(() => response.end('1')));
    else response.end(String(request.url).slice(1));
  };
  const socket = await gate.connect();
  const one = (n: number, more = '') =>
    `GET /${n} HTTP/1.1\r\nHost: x\r\n${auth[0]}: ${auth[1]}\r\n${more}\r\n`;
  const bytes = await exchangeRaw(socket, one(1) + one(2) + one(3, 'Connection: close\r\n'));
  const seen = bytes
    .toString('latin1')
    .match(/\r\n\r\n(?:1\r\n)?([123])/g)
    ?.map((text) => text.at(-1));
  t.equal(parseAnswers(bytes)[0]?.status, 200);
  t.same(seen, ['1', '2', '3']);
});
