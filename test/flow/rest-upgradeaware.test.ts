import t from 'tap';
import { readAll, refusalOf, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { startAnswering } from './answering.ts';
import { openSpeeches } from './speeches.ts';

// apimachinery pkg/util/proxy/upgradeaware_test.go, the rows of protocol.md §3.3 that concern plain requests, as black-box cases
// (rows 19 and 32 are in rest-failures.test.ts, 27 to 30 in rest-bodies.test.ts). Adapted:
//   - Postern is always "append location path": the kubeconfig's server URL is the base, what the caller asked for is added byte for byte.
//   - The Host line is always the API server's (rows 8): routing on our side goes by the caller's, routing behind us by the cluster's.
//   - CORS lines of the API server pass (row 7): Postern is no browser proxy and changes no answer.
//   - Redirects pass and are never followed (rows 22–26, the "off" variant; rejecting them is for aggregators), and none is ever made (row 33).

const upstream = await startAnswering();
// Somewhere else, where nobody is sent.
const elsewhere = await startUpstream();
const gate = await startTestGate({
  upstreams: [
    { name: 'root', upstream },
    { name: 'base', upstream, basePath: '/base', match: { pathPrefix: '/b' } },
  ],
});
const auth = ['Authorization', `Bearer ${await gate.token()}`];
t.teardown(async () => {
  await gate.stop();
  for (const one of [upstream, elsewhere]) await one.close();
});
const { callers, everySpeech } = openSpeeches(gate);

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
    upstream.respond = (_request, response) => response.end('ok');
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
  upstream.respond = (request, response, body) => {
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
  upstream.respond = (_request, response) => {
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
  [307, `https://127.0.0.1:${elsewhere.port}/x`, 'Temporary'],
  [308, '//evil.example/', 'Permanent'],
  [304, '/', ''],
  [304, undefined, ''],
];

everySpeech('redirects pass as they are and are never followed', async (t, one) => {
  for (const [status, location, body] of answers) {
    upstream.respond = (_request, response) => {
      response.writeHead(status, location === undefined ? {} : { Location: location });
      response.end(body);
    };
    const before = upstream.received.length;
    const accepted = elsewhere.accepted();
    const reply = await one.call({ path: '/api/v1/pods', headers: auth });
    t.equal(reply.status, status);
    t.same(valuesOf(reply.rawHeaders, 'location'), location === undefined ? [] : [location]);
    t.equal(reply.body.toString(), body);
    t.equal(upstream.received.length, before + 1, 'asked once');
    t.equal(elsewhere.accepted(), accepted, 'nobody else was asked');
  }
});

// TestFlushIntervalHeaders, row 31
everySpeech('headers are seen while the body still waits', async (t, one) => {
  let release = () => {};
  upstream.respond = (_request, response) => {
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

t.test('connections to the API server are kept for the next request', async (t) => {
  upstream.respond = (_request, response) => response.end('ok');
  const one = callers[0];
  if (one === undefined) throw new TypeError('no caller');
  await one.call({ path: '/x', headers: auth });
  const before = upstream.accepted();
  for (let i = 0; i < 10; i++) await one.call({ path: '/x', headers: auth });
  t.equal(upstream.accepted(), before);
});
