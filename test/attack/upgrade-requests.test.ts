import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { refusalIn } from './answers.ts';
import { attempt, openRaw, requestText } from './caller.ts';
import { forwarded, isClean, marker, refuses } from './cases.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';

// Upgrades that are odd (S1's neighbours): what is no upgrade to SPDY/3.1 or WebSocket is an ordinary request, of which no Upgrade line goes on, or is
// refused; what is one goes on with exactly one Connection and one Upgrade line of the gate's own.

const facts = recordFacts('attack-upgrade-requests');
const ground = await startGround(t);
const { gate, upstream, auth } = ground;

const PODS = '/api/v1/namespaces/n/pods';
const EXEC = `${PODS}/p/exec?command=sh&stdin=true`;
const ask = (target: string, lines: readonly string[], method = 'GET', body = '') =>
  requestText(`${method} ${target} HTTP/1.1`, ['Host: x', auth, ...lines], body);
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];
const SPDY = ['Connection: Upgrade', 'Upgrade: SPDY/3.1'];

// Not ours to switch to: an ordinary request at an ordinary path, 400 where a session was meant.
const ordinary: readonly (readonly [name: string, lines: readonly string[]])[] = [
  ['h2c', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']],
  ['h2c alone', ['Connection: Upgrade', 'Upgrade: h2c']],
  ['h2', ['Connection: Upgrade', 'Upgrade: h2']],
  ['TLS/1.3', ['Connection: Upgrade', 'Upgrade: TLS/1.3']],
  ['HTTP/2.0', ['Connection: Upgrade', 'Upgrade: HTTP/2.0']],
  ['SPDY/3', ['Connection: Upgrade', 'Upgrade: SPDY/3']],
  ['SPDY/3.10', ['Connection: Upgrade', 'Upgrade: SPDY/3.10']],
  ['websocket/13', ['Connection: Upgrade', 'Upgrade: websocket/13']],
  ['websocketx', ['Connection: Upgrade', 'Upgrade: websocketx']],
  ['websocket in quotes', ['Connection: Upgrade', 'Upgrade: "websocket"']],
  ['a list with websocket', ['Connection: Upgrade', 'Upgrade: websocket, h2c']],
  ['an empty Upgrade', ['Connection: Upgrade', 'Upgrade:']],
  ['no Upgrade', ['Connection: Upgrade']],
  ['no Connection', ['Upgrade: websocket']],
  ['a Connection without upgrade', ['Connection: keep-alive', 'Upgrade: SPDY/3.1']],
  ['X-Upgrade', ['Connection: Upgrade', 'X-Upgrade: SPDY/3.1']],
  ['Upgrade_', ['Connection: Upgrade', 'Upgrade_: SPDY/3.1']],
];

for (const [name, lines] of ordinary)
  await facts.attack(
    'S1',
    `an upgrade to ${name} is none: nothing of it goes on, and no socket is joined`,
    async (t) => {
      const { requests } = await forwarded(ground, async () => {
        const caller = await openRaw(gate);
        await caller.send(ask(PODS, lines));
        const [answer] = await caller.answers(1);
        t.equal(answer?.status, 200);
        caller.reset();
      });
      t.same(
        requests.map(({ line }) => line),
        [`GET ${PODS} HTTP/1.1`],
      );
      for (const gone of ['upgrade', 'connection', 'http2-settings'])
        t.same(valuesIn(requests[0]?.lines ?? [], gone), [], gone);
      const hidden = marker();
      const refused = await ground.reachesNobody(t, hidden, async () => {
        const caller = await openRaw(gate);
        await caller.send(ask(`${EXEC}&x=${hidden}`, lines));
        const [answer] = await caller.answers(1);
        caller.reset();
        return answer;
      });
      t.match(refusalIn(refused ?? NONE), { status: 400, cause: 'UPGRADE_REQUIRED' });
      isClean(t, ground);
    },
  );

// Odd, and still one for the API server's own reader: exactly one Connection and Upgrade line goes on.
const accepted: readonly (readonly [name: string, lines: readonly string[], upgrade: string])[] = [
  ['a list of options', ['Connection: keep-alive, Upgrade', 'Upgrade: SPDY/3.1'], 'SPDY/3.1'],
  [
    'two Connection lines',
    ['Connection: keep-alive', 'connection: upgrade', 'Upgrade: SPDY/3.1'],
    'SPDY/3.1',
  ],
  ['other case', ['CONNECTION: UPGRADE', 'UPGRADE: spdy/3.1'], 'SPDY/3.1'],
  [
    'identity lines in Connection',
    ['Connection: Upgrade, Impersonate-User, Authorization, Host, Audit-ID', 'Upgrade: SPDY/3.1'],
    'SPDY/3.1',
  ],
  ['a list of protocols', ['Connection: Upgrade', 'Upgrade: SPDY/3.1, h2c'], 'SPDY/3.1'],
  ['two Upgrade lines', ['Connection: Upgrade', 'Upgrade: SPDY/3.1', 'Upgrade: h2c'], 'SPDY/3.1'],
  [
    'an Upgrade line with the other protocol after it',
    ['Connection: Upgrade', 'Upgrade: SPDY/3.1', 'Upgrade: websocket'],
    'SPDY/3.1',
  ],
  ['Content-Length: 0', [...SPDY, 'Content-Length: 0'], 'SPDY/3.1'],
  ['h2c settings beside', [...SPDY, 'HTTP2-Settings: AAMAAABkAAQAAP__'], 'SPDY/3.1'],
  ['a WebSocket without a key', WEBSOCKET.slice(0, 3), 'websocket'],
  ['a WebSocket with two keys', [...WEBSOCKET, 'Sec-WebSocket-Key: BBBBBBBBBBBBBBBBBBBBBB=='], 'websocket'],
  ['a WebSocket with a short key', [...WEBSOCKET.slice(0, 3), 'Sec-WebSocket-Key: x'], 'websocket'],
  [
    'a WebSocket of version 12',
    [...WEBSOCKET.slice(0, 2), 'Sec-WebSocket-Version: 12', ...WEBSOCKET.slice(3)],
    'websocket',
  ],
  ['a WebSocket of no version', [...WEBSOCKET.slice(0, 2), ...WEBSOCKET.slice(3)], 'websocket'],
  [
    'a WebSocket with extensions',
    [...WEBSOCKET, 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'],
    'websocket',
  ],
];

for (const [name, lines, upgrade] of accepted)
  await facts.attack(
    'S1',
    `an upgrade with ${name} goes on with one Connection and one Upgrade line, and our identity`,
    async (t) => {
      const { requests } = await forwarded(ground, async () => {
        const caller = await openRaw(gate);
        await caller.send(ask(EXEC, lines));
        await caller.until((bytes) => bytes.includes('\r\n\r\n'));
        t.match(caller.heard.toString('latin1'), /^HTTP\/1\.1 101 /);
        await caller.send('echo me');
        await caller.until((bytes) => bytes.includes('echo me'));
        caller.reset();
      });
      const [sent] = requests;
      t.equal(requests.length, 1);
      t.same(valuesIn(sent?.lines ?? [], 'connection'), ['Upgrade']);
      t.same(valuesIn(sent?.lines ?? [], 'upgrade'), [upgrade]);
      t.same(valuesIn(sent?.lines ?? [], 'impersonate-user'), ['alice@example.com']);
      t.same(valuesIn(sent?.lines ?? [], 'authorization'), ['Bearer gate-own-token']);
      t.same(valuesIn(sent?.lines ?? [], 'http2-settings'), []);
    },
  );

const big = (hidden: string) => `GET /${hidden} HTTP/1.1\r\nHost: x\r\n${auth}\r\n\r\n`;
await refuses(facts, 'S1', ground, [
  ['an upgrade with a body', (h) => ask(EXEC, [...SPDY, `Content-Length: ${big(h).length}`], 'POST', big(h))],
  ['a WebSocket with a body', (h) => ask(EXEC, [...WEBSOCKET, 'Content-Length: 5'], 'GET', `hello${big(h)}`)],
  [
    'an upgrade with a body in chunks',
    (h) => ask(EXEC, [...SPDY, 'Transfer-Encoding: chunked'], 'POST', `0\r\n\r\n${big(h)}`),
  ],
  [
    'an upgrade that expects 100',
    (h) => ask(EXEC, [...SPDY, 'Expect: 100-continue', 'Content-Length: 5'], 'POST', `hello${big(h)}`),
  ],
  ['an upgrade with two Host lines', (h) => ask(`${EXEC}&x=${h}`, [...SPDY, 'Host: y'])],
  [
    'an upgrade without a credential',
    (h) => requestText(`POST ${EXEC}&x=${h} HTTP/1.1`, ['Host: x', ...SPDY], big(h)),
    401,
  ],
  [
    'an upgrade with two credentials',
    (h) => ask(`${EXEC}&x=${h}`, [...SPDY, 'Authorization: Bearer other'], 'POST', big(h)),
  ],
  ['an upgrade at a path that climbs', (h) => ask(`${PODS}/../${h}/exec`, SPDY)],
  ['an upgrade of HTTP/2.0', (h) => requestText(`POST ${EXEC}&x=${h} HTTP/2.0`, ['Host: x', auth, ...SPDY])],
]);

await facts.attack(
  'S1',
  'bytes behind an upgrade’s head wait for the 101, and are the session’s',
  async (t) => {
    const asked = Promise.withResolvers<void>();
    const now = Promise.withResolvers<void>();
    upstream.plan(async (connection) => {
      await connection.request();
      asked.resolve();
      await now.promise;
      await connection.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}');
    });
    const hidden = marker();
    const sent = attempt(gate, [ask(EXEC, SPDY, 'POST', hidden), hidden, hidden]);
    await asked.promise;
    t.notOk(upstream.reached(hidden));
    now.resolve();
    t.same(
      (await sent).answers.map(({ status }) => status),
      [403],
    );
    await ground.settle();
    t.notOk(upstream.reached(hidden));
  },
);

const NONE = { status: 0, reason: '', lines: [], body: Buffer.alloc(0), untilClose: false };
