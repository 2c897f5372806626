import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { type Caller, caller, readAll, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startRawUpstream, startUpstream } from '../fakes/upstream.ts';

// apimachinery pkg/util/proxy/upgradeaware_test.go, the rows of protocol.md §3.3 that concern plain requests, as black-box cases. Adapted:
//   - Postern is always "append location path": the kubeconfig's server URL is the base, what the caller asked for is added byte for byte.
//   - The Host line is always the API server's (rows 8): routing on our side goes by the caller's, routing behind us by the cluster's.
//   - CORS lines of the API server pass (row 7): Postern is no browser proxy and changes no answer.
//   - Redirects pass and are never followed (rows 22–26, the "off" variant; rejecting them is for aggregators), and none is ever made (row 33).

type Respond = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;
let respond: Respond = (_request, response) => void response.end();

const upstream = await startUpstream({
  handler: (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => respond(request, response, Buffer.concat(chunks)));
  },
});
const raw = await startRawUpstream((socket) => {
  const head: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    head.push(chunk);
    if (Buffer.concat(head).includes('\r\n\r\n')) rawAnswer(socket);
  });
});
let rawAnswer: (socket: import('node:tls').TLSSocket) => void = (socket) => socket.destroy();
const closed = await startUpstream();
await closed.close();
const otherCA = await startUpstream();
const gate = await startTestGate({
  upstreams: [
    { name: 'root', upstream },
    { name: 'base', upstream, basePath: '/base', match: { pathPrefix: '/b' } },
    { name: 'raw', upstream: raw, match: { pathPrefix: '/raw' } },
    { name: 'closed', upstream: closed, match: { pathPrefix: '/closed' } },
    { name: 'otherca', upstream: { port: otherCA.port, ca: upstream.ca }, match: { pathPrefix: '/otherca' } },
  ],
});
const token = await gate.token();
const auth = ['Authorization', `Bearer ${token}`];
const callers = SPEECHES.map((speech) => caller(gate, speech));
t.teardown(async () => {
  for (const one of callers) one.close();
  await gate.stop();
  for (const one of [upstream, raw, otherCA]) await one.close();
});

/** Runs a case for every way to speak. */
function everySpeech(name: string, run: (t: Test, one: Caller) => Promise<void>): void {
  for (const one of callers) t.test(`${name} (${one.speech})`, (t) => run(t, one));
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

// TestServeHTTP rows 1, 3, 6, 33 and the appending of locations, rows 10–12: [asked, what the API server gets]
const paths: readonly [asked: string, got: string][] = [
  ['/', '/'],
  ['/path/to/test', '/path/to/test'],
  ['/some/path/', '/some/path/'],
  ['/?a=1', '/?a=1'],
  ['/b', '/base/'],
  ['/b/', '/base/'],
  ['/b?x=y', '/base/?x=y'],
  ['/b/base', '/base/base'],
  ['/b/base/', '/base/base/'],
  ['/some/path?param1=value%2F1&param2=value%252', '/some/path?param1=value%2F1&param2=value%252'],
];

everySpeech(
  'the target arrives byte for byte behind the base path, and nothing redirects',
  async (t, one) => {
    respond = (_request, response) => response.end('ok');
    for (const [asked, got] of paths) {
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
        const reply = await one.call({ method, path: asked, headers: auth });
        t.equal(reply.status, 200, `${method} ${asked}`);
        t.equal(upstream.received.at(-1)?.url, got);
        t.equal(upstream.received.at(-1)?.method, method);
      }
    }
  },
);

// TestServeHTTP rows 4, 5, 8
everySpeech('method, body and header lines arrive, under the Host of the API server', async (t, one) => {
  let got = '';
  respond = (request, response, body) => {
    got = `${request.method} ${request.url} ${body}`;
    response.end();
  };
  const query = 'param1=value%2F1&param2=value%252';
  const reply = await one.call({
    method: 'POST',
    path: `/some/path/?${query}`,
    headers: [...auth, 'Header1', 'value1', 'Header2', 'value2', 'Host', '127.0.0.1'],
    body: Buffer.from('test post'),
  });
  t.equal(reply.status, 200);
  t.equal(got, `POST /some/path/?${query} test post`);
  const lines = upstream.received.at(-1)?.rawHeaders ?? [];
  t.same(valuesOf(lines, 'header1'), ['value1']);
  t.same(valuesOf(lines, 'header2'), ['value2']);
  t.same(valuesOf(lines, 'host'), [`127.0.0.1:${upstream.port}`]);
});

// TestServeHTTP row 7, without the removal
everySpeech('CORS lines of the API server pass', async (t, one) => {
  respond = (_request, response) => {
    response.writeHead(200, {
      Header1: 'value1',
      'Access-Control-Allow-Origin': 'a.example',
      'Access-Control-Allow-Methods': 'GET',
    });
    response.end();
  };
  const { rawHeaders } = await one.call({ path: '/', headers: auth });
  for (const name of ['header1', 'access-control-allow-origin', 'access-control-allow-methods'])
    t.equal(valuesOf(rawHeaders, name).length, 1, name);
});

// TestServeHTTP row 2
everySpeech('a session without its upgrade is refused before anything is sent', async (t, one) => {
  const before = upstream.received.length;
  const reply = await one.call({
    method: 'POST',
    path: '/api/v1/namespaces/n/pods/p/exec?command=ls',
    headers: auth,
  });
  t.match(refusalOf(reply), {
    http: 400,
    kind: 'Status',
    code: 400,
    reason: 'BadRequest',
    cause: 'UPGRADE_REQUIRED',
    message: /^Upgrade request required/,
  });
  t.equal(upstream.received.length, before);
});

// TestRejectForwardingRedirectsOption with the option off: rows 22–26; field-lessons S3
const answers: readonly [status: number, location: string | undefined, body: string][] = [
  [200, undefined, 'Hello'],
  [301, '/', 'Moved'],
  [302, 'http://169.254.169.254/latest/meta-data', 'Found'],
  [303, 'https://evil.example/', 'See'],
  [307, `https://127.0.0.1:${otherCA.port}/x`, 'Temporary'],
  [308, '//evil.example/', 'Permanent'],
  [304, '/', ''],
  [304, undefined, ''],
];

everySpeech('redirects pass as they are and are never followed', async (t, one) => {
  for (const [status, location, body] of answers) {
    respond = (_request, response) => {
      response.writeHead(status, location === undefined ? {} : { Location: location });
      response.end(body);
    };
    const before = upstream.received.length;
    const elsewhere = otherCA.accepted();
    const reply = await one.call({ path: '/api/v1/pods', headers: auth });
    t.equal(reply.status, status);
    t.same(valuesOf(reply.rawHeaders, 'location'), location === undefined ? [] : [location]);
    t.equal(reply.body.toString(), body);
    t.equal(upstream.received.length, before + 1, 'asked once');
    t.equal(otherCA.accepted(), elsewhere, 'nobody else was asked');
  }
});

// TestProxyRequestContentLengthAndTransferEncoding, rows 27–30, for requests and for answers
// Large and incompressible: undici gives a body that is there as a whole a Content-Length of its own, which is as right.
const payload = randomBytes(512 * 1024);
const framings: readonly [name: string, chunked: boolean, gzip: boolean][] = [
  ['Content-Length', false, false],
  ['Content-Length and gzip', false, true],
  ['chunked', true, false],
  ['chunked and gzip', true, true],
];

for (const [name, chunked, gzip] of framings) {
  const bytes = gzip ? gzipSync(payload) : payload;
  const encoding = gzip ? ['Content-Encoding', 'gzip'] : [];

  everySpeech(`a request body with ${name} arrives byte for byte`, async (t, one) => {
    let got: Buffer = Buffer.alloc(0);
    respond = (_request, response, body) => {
      got = body;
      response.end();
    };
    // HTTP/2 has no chunks: without a length the body is re-framed for HTTP/1.1.
    const framing = !chunked
      ? ['Content-Length', String(bytes.length)]
      : one.speech === 'h2'
        ? []
        : ['Transfer-Encoding', 'chunked'];
    const reply = await one.call({
      method: 'POST',
      path: '/x',
      headers: [...auth, ...framing, ...encoding],
      body: bytes,
    });
    t.equal(reply.status, 200);
    t.equal(digest(got), digest(bytes));
    const lines = upstream.received.at(-1)?.rawHeaders ?? [];
    t.same(valuesOf(lines, 'content-length'), chunked ? [] : [String(bytes.length)]);
    t.same(valuesOf(lines, 'transfer-encoding'), chunked ? ['chunked'] : []);
    t.same(valuesOf(lines, 'content-encoding'), gzip ? ['gzip'] : []);
  });

  everySpeech(`an answer with ${name} arrives byte for byte`, async (t, one) => {
    respond = (_request, response) => {
      response.writeHead(200, [...(chunked ? [] : ['Content-Length', String(bytes.length)]), ...encoding]);
      response.write(bytes.subarray(0, 5));
      response.end(bytes.subarray(5));
    };
    const reply = await one.call({ path: '/x', headers: [...auth, 'Accept-Encoding', 'gzip'] });
    t.equal(reply.complete, true);
    t.equal(digest(reply.body), digest(bytes));
    t.same(valuesOf(reply.rawHeaders, 'content-length'), chunked ? [] : [String(bytes.length)]);
    t.same(
      valuesOf(reply.rawHeaders, 'transfer-encoding'),
      chunked && one.speech !== 'h2' ? ['chunked'] : [],
    );
    t.same(valuesOf(reply.rawHeaders, 'content-encoding'), gzip ? ['gzip'] : []);
  });
}

// TestFlushIntervalHeaders, row 31
everySpeech('headers are seen while the body still waits', async (t, one) => {
  let release = () => {};
  respond = (_request, response) => {
    response.writeHead(200, { MyHeader: 'expected' });
    response.flushHeaders();
    release = () => response.end('late');
  };
  const open = one.open({ path: '/x', headers: auth, end: true });
  const { status, rawHeaders, stream } = await open.head;
  t.equal(status, 200);
  t.same(valuesOf(rawHeaders, 'myheader'), ['expected']);
  release();
  t.equal((await readAll(stream)).body.toString(), 'late');
});

// TestErrorPropagation and TestProxyUpgradeConnectionErrorResponse, rows 19 and 32. The text names what is known and is constant: the cause
// itself is for the log.
const failures: readonly [
  name: string,
  path: string,
  answer: string | undefined,
  http: number,
  reason: string,
  cause: string,
  text: RegExp,
][] = [
  [
    'nobody listens',
    '/closed/x',
    undefined,
    502,
    'InternalError',
    'UPSTREAM_UNREACHABLE',
    /cannot be reached/,
  ],
  ['another CA', '/otherca/x', undefined, 502, 'InternalError', 'UPSTREAM_TLS', /could not verify/],
  [
    'the connection closes',
    '/raw/x',
    '',
    502,
    'InternalError',
    'UPSTREAM_RESET',
    /ended the connection before/,
  ],
  [
    'half a head',
    '/raw/x',
    'HTTP/1.1 200 OK\r\nContent-',
    502,
    'InternalError',
    'UPSTREAM_RESET',
    /ended the connection before/,
  ],
  ['no HTTP', '/raw/x', 'SSH-2.0-OpenSSH_9\r\n', 502, 'InternalError', 'UPSTREAM_PROTOCOL', /not valid HTTP/],
];

for (const [name, path, answer, http, reason, cause, text] of failures) {
  for (const method of ['GET', 'POST', 'PUT']) {
    everySpeech(`${name}: ${method} gets a Status that says so`, async (t, one) => {
      rawAnswer = (socket) => void socket.end(answer ?? '');
      const dialled = raw.accepted();
      const body = method === 'GET' ? {} : { body: Buffer.from('{"kind":"Pod"}') };
      const reply = await one.call({ method, path, headers: auth, ...body });
      t.match(refusalOf(reply), { http, kind: 'Status', code: http, reason, cause, message: text });
      t.same(valuesOf(reply.rawHeaders, 'retry-after'), [], 'client-go would repeat the write');
      t.notMatch(reply.body.toString(), /127\.0\.0\.1|ECONN|certificate|HPE/, 'nothing of the inside');
      t.ok(raw.accepted() - dialled <= 1, 'not tried again');
      const [auditID] = valuesOf(reply.rawHeaders, 'audit-id');
      const line = await gate.logged((line) => line['auditID'] === auditID);
      t.equal(line['error'], cause);
      t.ok(line['cause'], 'the log has the cause');
    });
  }
}

t.test('a 1xx answer before the real one is no answer', async (t) => {
  rawAnswer = (socket) =>
    void socket.end(
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    );
  for (const one of callers) {
    const reply = await one.call({ path: '/raw/x', headers: auth });
    t.equal(reply.status, 200, one.speech);
    t.equal(reply.body.toString(), 'ok');
  }
});

t.test('connections to the API server are kept for the next request', async (t) => {
  respond = (_request, response) => response.end('ok');
  const one = callers[0];
  if (one === undefined) throw new TypeError('no caller');
  await one.call({ path: '/x', headers: auth });
  const before = upstream.accepted();
  for (let i = 0; i < 10; i++) await one.call({ path: '/x', headers: auth });
  t.equal(upstream.accepted(), before);
});
