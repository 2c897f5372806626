import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startAnswering } from './answering.ts';
import { openSpeeches } from './speeches.ts';

// "cannot tell that anything stands between": header lines pass as they are. Issue 3 §4, protocol.md §7.3, §8 ("other headers", "gzip", "Client
// particulars"), field-lessons P23.

const upstream = await startAnswering();
const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }] });
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const { everySpeech } = openSpeeches(gate);

const auth = ['Authorization', `Bearer ${await gate.token()}`];
const last = () => upstream.received.at(-1)?.rawHeaders ?? [];

everySpeech('repeated request lines stay apart and in order', async (t, one) => {
  upstream.respond = (_request, response) => response.end();
  const lines = [
    'X-Warn',
    'one',
    'X-Warn',
    'two',
    'Warning',
    '299 - "a"',
    'Warning',
    '299 - "b"',
    'Accept',
    'a/b',
    'Accept',
    'c/d',
  ];
  await one.call({ path: '/x', headers: [...auth, ...lines] });
  t.same(valuesOf(last(), 'x-warn'), ['one', 'two']);
  t.same(valuesOf(last(), 'warning'), ['299 - "a"', '299 - "b"']);
  t.same(valuesOf(last(), 'accept'), ['a/b', 'c/d']);
});

everySpeech('repeated answer lines stay apart and in order', async (t, one) => {
  upstream.respond = (_request, response) => {
    response.writeHead(200, [
      'Warning',
      '299 - "a"',
      'Warning',
      '299 - "b"',
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
      'X-Warn',
      '1',
      'X-Warn',
      '2',
    ]);
    response.end();
  };
  const { rawHeaders } = await one.call({ path: '/x', headers: auth });
  t.same(valuesOf(rawHeaders, 'warning'), ['299 - "a"', '299 - "b"']);
  t.same(valuesOf(rawHeaders, 'set-cookie'), ['a=1', 'b=2']);
  t.same(valuesOf(rawHeaders, 'x-warn'), ['1', '2']);
});

// What kubectl and the API server mean by these is theirs: [sent, …] as protocol.md §7.3 and §8 list them.
everySpeech('request lines that decide something arrive unchanged', async (t, one) => {
  upstream.respond = (_request, response) => response.end();
  const lines = [
    [
      'Accept',
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
    ],
    ['Accept-Encoding', 'gzip'],
    ['User-Agent', 'kubectl/v1.35.0 (linux/amd64) kubernetes/abc'],
    ['If-None-Match', '"ABC", W/"def"'],
    ['Kubectl-Command', 'kubectl get'],
    ['Kubectl-Session', 'f3b1'],
    ['Content-Type', 'application/apply-patch+yaml'],
    ['X-Custom', 'a  b;"c"'],
    ['X-Latin1', Buffer.from('é€').toString('latin1')],
    ['Cache-Control', 'no-cache'],
    ['Range', 'bytes=0-1'],
    ['Traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  ] as const;
  await one.call({
    method: 'PATCH',
    path: '/x',
    headers: [...auth, ...lines.flat()],
    body: Buffer.from('{}'),
  });
  for (const [name, value] of lines) t.same(valuesOf(last(), name), [value], name);
});

everySpeech('nothing is added that the caller did not say', async (t, one) => {
  upstream.respond = (_request, response) => response.end();
  await one.call({ path: '/x', headers: auth });
  const names = last()
    .filter((_, i) => i % 2 === 0)
    .map((name) => name.toLowerCase());
  t.same(names.sort(), [
    'audit-id',
    'authorization',
    'host',
    'impersonate-group',
    'impersonate-uid',
    'impersonate-user',
    'x-forwarded-for',
  ]);
});

everySpeech('answer lines that decide something arrive unchanged', async (t, one) => {
  const lines = [
    ['ETag', '"ABC"'],
    ['Vary', 'Accept'],
    ['Cache-Control', 'no-cache, private'],
    ['Content-Type', 'application/vnd.kubernetes.protobuf;stream=watch'],
    ['X-Kubernetes-PF-FlowSchema-UID', 'u1'],
    ['X-Kubernetes-PF-PriorityLevel-UID', 'u2'],
    ['Last-Modified', 'Mon, 23 Nov 2026 10:00:00 GMT'],
    ['Date', 'Mon, 23 Nov 2026 10:00:01 GMT'],
    ['Deprecation', 'true'],
    ['X-Bytes', Buffer.from('é').toString('latin1')],
  ] as const;
  upstream.respond = (_request, response) => {
    response.sendDate = false;
    response.writeHead(200, lines.flat());
    // A Buffer: with a string Node's server writes header values as UTF-8.
    response.end(Buffer.from('k8s\0'));
  };
  const reply = await one.call({ path: '/x', headers: auth });
  for (const [name, value] of lines) t.same(valuesOf(reply.rawHeaders, name), [value], name);
  t.equal(reply.body.toString('latin1'), 'k8s\0');
});

// What an application behind `proxy` says: two layers of it that each set a line are common, and no reason for a 502.
everySpeech('answer lines that come twice arrive twice', async (t, one) => {
  const names = ['X-Content-Type-Options', 'Content-Type', 'Access-Control-Allow-Credentials', 'ETag', 'X-A'];
  upstream.respond = (_request, response) => {
    response.writeHead(
      200,
      names.flatMap((name) => [name, 'a', name, 'b']),
    );
    response.end(Buffer.from('both'));
  };
  const reply = await one.call({ path: '/api/v1/namespaces/n/services/s/proxy/', headers: auth });
  t.equal(reply.status, 200);
  t.equal(reply.body.toString(), 'both');
  for (const name of names) t.same(valuesOf(reply.rawHeaders, name), ['a', 'b'], name);
});

everySpeech('an Audit-ID of the API server stays its own', async (t, one) => {
  upstream.respond = (request, response) =>
    response.writeHead(200, { 'Audit-ID': String(request.headers['audit-id']) }).end();
  const { rawHeaders } = await one.call({ path: '/x', headers: auth });
  t.equal(valuesOf(rawHeaders, 'audit-id').length, 1);
});

everySpeech('gzip is neither undone nor done', async (t, one) => {
  const bytes = gzipSync('hello '.repeat(1000));
  upstream.respond = (_request, response) =>
    response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': bytes.length }).end(bytes);
  const packed = await one.call({ path: '/x', headers: [...auth, 'Accept-Encoding', 'gzip'] });
  t.ok(packed.body.equals(bytes));
  t.equal(gunzipSync(packed.body).length, 6000);
  upstream.respond = (_request, response) => response.end('hello '.repeat(100_000));
  const plain = await one.call({ path: '/x', headers: [...auth, 'Accept-Encoding', 'gzip, br, zstd'] });
  t.equal(plain.body.length, 600_000);
  t.same(valuesOf(plain.rawHeaders, 'content-encoding'), []);
});

// RFC 7519 and OIDC allow any Unicode in a claim; header values are bytes (protocol.md §4.5).
everySpeech('names that are not ASCII arrive as UTF-8 bytes', async (t, one) => {
  upstream.respond = (_request, response) => response.end();
  const token = await gate.token({ email: 'jürgen@例え.jp', groups: ['é', 'a,b', '🔑'], sub: 'ü' });
  await one.call({
    method: 'POST',
    path: '/x',
    headers: ['Authorization', `Bearer ${token}`],
    body: Buffer.from('{"é":1}'),
  });
  const utf8 = (name: string) =>
    valuesOf(last(), name).map((value) => Buffer.from(value, 'latin1').toString());
  t.same(utf8('impersonate-user'), ['jürgen@例え.jp']);
  t.same(utf8('impersonate-group'), ['é', 'a,b', '🔑']);
  t.same(utf8('impersonate-uid'), ['ü']);
});
