import t from 'tap';
import { refusalOf, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startRawUpstream, startUpstream } from '../fakes/upstream.ts';
import { openSpeeches } from './speeches.ts';

// API servers that cannot be reached or answer no HTTP, as the cases of apimachinery pkg/util/proxy/upgradeaware_test.go have them (protocol.md
// §3.3, rows 19 and 32): a Status that says so, once, and the cause in the log only.

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
    { name: 'raw', upstream: raw, match: { pathPrefix: '/raw' } },
    { name: 'closed', upstream: closed, match: { pathPrefix: '/closed' } },
    { name: 'otherca', upstream: { port: otherCA.port, ca: raw.ca }, match: { pathPrefix: '/otherca' } },
  ],
});
const auth = ['Authorization', `Bearer ${await gate.token()}`];
t.teardown(async () => {
  await gate.stop();
  for (const one of [raw, otherCA]) await one.close();
});
const { callers, everySpeech } = openSpeeches(gate);

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
