import t from 'tap';
import {
  announcesBody,
  downstreamResponseLines,
  headerValue,
  type UpstreamLines,
  upgradeRequestLines,
  upstreamRequestLines,
} from '../../../src/proxy/headers.ts';
import { GATE, OURS } from './gatelines.ts';

const from = (rawHeaders: readonly string[], more: Partial<UpstreamLines> = {}): UpstreamLines => ({
  rawHeaders,
  ...GATE,
  ...more,
});

// protocol.md §3.2 and §8, field-lessons §3 rule 1 and S4–S7, S26. [name, whether it may pass]
const names: readonly [name: string, passes: boolean][] = [
  ['Accept', true],
  ['Accept-Encoding', true],
  ['Content-Type', true],
  ['Content-Length', true],
  ['Content-Encoding', true],
  ['If-None-Match', true],
  ['User-Agent', true],
  ['Kubectl-Session', true],
  ['Origin', true],
  ['Sec-WebSocket-Key', false],
  ['Sec-WebSocket-Protocol', false],
  ['X-Stream-Protocol-Version', true],
  ['Warning', true],
  ['Traceparent', true],
  ['X-Request-Id', true],
  ['Authorization', false],
  ['AUTHORIZATION', false],
  ['Cookie', false],
  ['Host', false],
  ['Expect', false],
  ['Connection', false],
  ['Keep-Alive', false],
  ['TE', false],
  ['Trailer', false],
  ['Transfer-Encoding', false],
  ['Upgrade', false],
  ['HTTP2-Settings', false],
  ['Proxy-Authorization', false],
  ['Proxy-Connection', false],
  ['Proxy-Anything', false],
  ['Audit-ID', false],
  ['Audit_ID', false],
  ['Impersonate-User', false],
  ['impersonate_group', false],
  ['X-Remote-User', false],
  ['X-Remote-Extra-Foo', false],
  ['x_remote-group', false],
  ['X-Forwarded-For', false],
  ['X-Forwarded-Anything', false],
  ['Forwarded', false],
  ['Via', false],
  ['X-Real-IP', false],
  ['X-HTTP-Method-Override', false],
  ['X-Original-URL', false],
  ['X-Rewrite-URL', false],
  ['Cf-Access-Jwt-Assertion', false],
  ['Cf_Access_Jwt_Assertion', false],
  ['Content_Length', false],
  ['Sec_WebSocket_Protocol', false],
  ['sec-websocket_key', false],
];

for (const [name, passes] of names) {
  t.test(`${name} ${passes ? 'passes' : 'ends here'}`, async (t) => {
    const lines = upstreamRequestLines(from([name, 'caller’s']));
    t.same(lines, passes ? [...OURS, name, 'caller’s'] : OURS);
  });
}

t.test('the lines of a handshake pass in a handshake only', async (t) => {
  const lines = ['Sec-WebSocket-Key', 'k', 'Sec-WebSocket-Version', '13'];
  t.same(upstreamRequestLines(from(lines, { isWebSocket: true })), [...OURS, ...lines]);
  const nearly = [
    'Sec_WebSocket_Protocol',
    'base64url.bearer.authorization.k8s.io.x',
    'sec-websocket_key',
    'k',
  ];
  t.same(upstreamRequestLines(from(nearly, { isWebSocket: true })), OURS, 'in their own spelling only');
});

t.test('repeated lines stay apart, in order and as they were written', async (t) => {
  const lines = ['X-A', '1', 'x-a', '2', 'Accept', 'a, b', 'X-A', ''];
  t.same(upstreamRequestLines(from(lines)), [...OURS, ...lines]);
});

t.test('with a client certificate there is no Authorization at all', async (t) => {
  const lines = upstreamRequestLines(from(['Authorization', 'Bearer caller'], { credential: [] }));
  t.equal(headerValue(lines, 'authorization'), undefined);
});

// protocol.md §3.1 rules 1 and 4, §4.2; field-lessons P2: exactly one Connection line of our own.
t.test('an upgrade has one Connection and one Upgrade line of ours, first', async (t) => {
  const caller = [
    'Connection',
    'Upgrade, Impersonate-User',
    'Connection',
    'close',
    'Upgrade',
    'x',
    'Content-Length',
    '5',
    'X-Stream-Protocol-Version',
    'v4',
  ];
  t.same(upgradeRequestLines(from(caller), 'SPDY/3.1', undefined), [
    'Connection',
    'Upgrade',
    'Upgrade',
    'SPDY/3.1',
    ...OURS,
    'X-Stream-Protocol-Version',
    'v4',
    'Content-Length',
    '0',
  ]);
  t.same(upgradeRequestLines(from(caller, { isWebSocket: true }), 'websocket', undefined), [
    'Connection',
    'Upgrade',
    'Upgrade',
    'websocket',
    ...OURS,
    'X-Stream-Protocol-Version',
    'v4',
  ]);
});

t.test('the bearer subprotocol is replaced by what remains of the list', async (t) => {
  const caller = [
    'Sec-WebSocket-Protocol',
    'base64url.bearer.authorization.k8s.io.x',
    'sec-websocket-protocol',
    'v5.channel.k8s.io',
  ];
  const lines = upgradeRequestLines(from(caller, { isWebSocket: true }), 'websocket', 'v5.channel.k8s.io');
  t.same(lines.slice(-2), ['Sec-WebSocket-Protocol', 'v5.channel.k8s.io']);
  t.equal(lines.join().includes('bearer.authorization'), false);
  const kept = upgradeRequestLines(
    from(['Sec-WebSocket-Protocol', 'a', 'Sec-WebSocket-Protocol', 'b'], { isWebSocket: true }),
    'websocket',
    undefined,
  );
  t.same(kept.slice(-4), ['Sec-WebSocket-Protocol', 'a', 'Sec-WebSocket-Protocol', 'b']);
});

t.test('answer lines lose what is for one hop only, and have an Audit-ID', async (t) => {
  const lines = [
    'Connection',
    'close',
    'Keep-Alive',
    'x',
    'Transfer-Encoding',
    'chunked',
    'Upgrade',
    'h2',
    'Warning',
    'a',
    'Warning',
    'b',
    'Location',
    '/x',
  ];
  const kept = ['Warning', 'a', 'Warning', 'b', 'Location', '/x'];
  t.same(downstreamResponseLines(lines, 'id-1'), [...kept, 'Audit-ID', 'id-1']);
  t.same(downstreamResponseLines(['AUDIT-ID', 'theirs'], 'id-1'), ['AUDIT-ID', 'theirs']);
});

// RFC 9112 §6. [lines, HTTP/2's END_STREAM on the head, whether a body comes]
t.test('a body is announced by framing lines, on HTTP/2 by the stream', async (t) => {
  for (const [rawHeaders, expected] of [
    [[], false],
    [['Content-Length', '0'], false],
    [['content-length', ' 0 '], false],
    [['Content-Length', '1'], true],
    [['Transfer-Encoding', 'chunked'], true],
  ] as const) {
    t.equal(announcesBody({ rawHeaders }), expected, rawHeaders.join(': '));
    t.equal(announcesBody({ rawHeaders, stream: { endAfterHeaders: true } }), false);
    t.equal(announcesBody({ rawHeaders, stream: { endAfterHeaders: false } }), true);
  }
});
