// The API server breaks an upgrade before its 101, in each phase, by a reset (RST) and by an end (FIN), under WebSocket and under SPDY: the caller gets a
// whole Status that says whether the request may have been carried out, and the API server is asked once.

import t from 'tap';
import { readAll, requestUpgrade } from '../fakes/peers.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { type Break, eachWay, TIMES } from './breaks.ts';
import { type Plan, startFaultyServer } from './faultyserver.ts';
import { execRequest, startGround, upstreamErrors } from './ground.ts';

/** What the caller hears of within. ms */
const SOON_MS = 5_000;

const facts = recordFacts('chaos-apiserver-upgrade');
const server = await startFaultyServer();
const ground = await startGround({ upstreams: [{ name: 'main', upstream: server }] });
t.teardown(async () => {
  await ground.stop();
  await server.close();
});

// [where it breaks, what then happens to a connection, our code, the metric's reason]
const BEFORE: readonly (readonly [phase: string, plan: (act: Break) => Partial<Plan>, code: string])[] = [
  ['when it is connected to', (act) => ({ onTcp: act }), 'UPSTREAM_UNREACHABLE'],
  [
    'in the TLS handshake',
    (act) => ({ onTcp: (raw) => void raw.once('data', () => act(raw)) }),
    'UPSTREAM_UNREACHABLE',
  ],
  [
    'after the handshake, before it has read the request',
    (act) => ({ onTls: (socket, raw) => act(raw, socket) }),
    'UPSTREAM_RESET',
  ],
  ['after the request', (act) => ({ serve: ({ raw }) => act(raw) }), 'UPSTREAM_RESET'],
  [
    'within the head of its answer',
    (act) => ({
      serve: ({ socket, raw }) =>
        void socket.write('HTTP/1.1 101 Switching Protocols\r\nConn', () => act(raw)),
    }),
    'UPSTREAM_RESET',
  ],
];

for (const [phase, plan, code] of BEFORE)
  await facts.fault(
    `the API server breaks off an upgrade ${phase}`,
    async (t) => {
      const reason = code.replace('UPSTREAM_', '').toLowerCase();
      const before = await upstreamErrors(ground.gate, reason);
      const slowest = await eachWay(async (protocol, act, how) => {
        Object.assign(server.plan, { onTcp: undefined, onTls: undefined }, plan(act));
        const accepted = server.accepted();
        const { user, token } = await ground.someone();
        const client = await ground.gate.connect();
        const begun = performance.now();
        const { status } = await requestUpgrade(client, execRequest(token, protocol));
        const told = JSON.parse(await readAll(client));
        const tookMs = performance.now() - begun;
        client.end();
        const what = `${how}, ${protocol}`;
        t.match(told, { kind: 'Status', code: 502, details: { causes: [{ reason: code }] } }, what);
        t.match(await ground.requestOf(user), { status: 502, error: code }, what);
        t.equal(status, 502);
        t.equal(server.accepted(), accepted + 1, 'it was asked once');
        t.ok(tookMs < SOON_MS, `within ${SOON_MS} ms`);
        return tookMs;
      });
      t.equal(
        await upstreamErrors(ground.gate, reason),
        before + TIMES,
        `postern_upstream_errors_total ${reason}`,
      );
      return slowest;
    },
    TIMES,
  );

t.test('the gate is as before', async (t) => {
  await ground.settled(t, facts, 'upgrades that the API server broke off');
  await eventually(() => server.open() === 0);
  t.pass('no connection is left at the API server');
});
