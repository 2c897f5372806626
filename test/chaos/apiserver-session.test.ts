// The API server breaks or half-closes a session after its 101: the caller gets everything that the gate received, then the end; the log says who ended it
// and what could not be handed on. POSTERN_CHAOS_MB makes the streams longer.

import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { check, newChecker, readAll, requestUpgrade, send } from '../fakes/peers.ts';
import { eventually } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { eachWay, TIMES } from './breaks.ts';
import { type Asked, accept, startFaultyServer } from './faultyserver.ts';
import { execRequest, openExec, PROTOCOLS, startGround } from './ground.ts';

const SIZE = Number(process.env['POSTERN_CHAOS_MB'] ?? 8) * 1024 * 1024;
/** What the caller hears of within. ms */
const SOON_MS = 5_000;

const facts = recordFacts('chaos-apiserver-session');
const server = await startFaultyServer();
const ground = await startGround({ upstreams: [{ name: 'main', upstream: server }] });
t.teardown(async () => {
  await ground.stop();
  await server.close();
});

/** The server's end of the next session. */
function nextTunnel(
  onAccepted: (asked: Asked) => void = ({ socket, head }) => void socket.write(accept(head)),
) {
  return new Promise<Asked>((resolve) => {
    server.plan.serve = (asked) => {
      onAccepted(asked);
      resolve(asked);
    };
  });
}

/** Reads a session's caller to its end, which it answers with its own. @returns ms since `begun` */
async function endOf(client: TLSSocket, begun: number): Promise<number> {
  client.resume();
  if (!client.readableEnded && !client.destroyed)
    await Promise.race([once(client, 'end'), once(client, 'close')]);
  const tookMs = performance.now() - begun;
  client.end();
  return tookMs;
}

/** What the log says of a session that the API server ended. */
async function endedByServer(t: Test, user: string, what: string) {
  const line = await ground.sessionOf(user);
  t.match(line, { end: 'upstream' }, what);
  return line as unknown as {
    bytesUp: number;
    bytesDown: number;
    undelivered: { up: number; down: number };
  };
}

await facts.fault(
  'the API server breaks off right after the 101',
  (t) =>
    eachWay(async (protocol, act, how) => {
      const { user, token } = await ground.someone();
      const tunnel = nextTunnel();
      const { socket, status } = await openExec(ground.gate, token, protocol);
      t.equal(status, 101);
      const begun = performance.now();
      const peer = await tunnel;
      act(peer.raw, peer.socket);
      const tookMs = await endOf(socket, begun);
      await endedByServer(t, user, `${how}, ${protocol}`);
      return tookMs;
    }),
  TIMES,
);

await facts.fault(
  'the API server breaks off in the middle of what it sends',
  (t) =>
    eachWay(async (protocol, act, how) => {
      const { user, token } = await ground.someone();
      const tunnel = nextTunnel();
      const { socket } = await openExec(ground.gate, token, protocol);
      const checker = newChecker();
      check(socket, checker);
      socket.resume();
      const { socket: sender, raw } = await tunnel;
      const broken = new Promise<number>((resolve) =>
        socket.on('data', () => {
          if (checker.received < SIZE / 4 || raw.destroyed || raw.writableEnded) return;
          act(raw, sender);
          resolve(performance.now());
        }),
      );
      void send(sender, SIZE);
      const tookMs = await endOf(socket, await broken);
      const { bytesDown, undelivered } = await endedByServer(t, user, `${how}, ${protocol}`);
      t.equal(checker.firstWrong, -1, 'each byte is the right one');
      t.equal(checker.received, bytesDown, 'the caller has all that the gate received');
      t.equal(undelivered.down, 0, 'and the log says so');
      facts.add('bytes', [
        'to the caller, as the API server breaks off',
        bytesDown,
        bytesDown - checker.received,
      ]);
      return tookMs;
    }),
  TIMES,
);

await facts.fault(
  'the API server breaks off in the middle of what the caller sends',
  (t) =>
    eachWay(async (protocol, act, how) => {
      const { user, token } = await ground.someone();
      const tunnel = nextTunnel();
      const { socket } = await openExec(ground.gate, token, protocol);
      const { socket: receiver, raw } = await tunnel;
      const checker = newChecker();
      const broken = new Promise<number>((resolve) =>
        receiver.on('data', (chunk: Buffer) => {
          if (checker.received >= SIZE / 4) return;
          checker.received += chunk.length;
          if (checker.received < SIZE / 4) return;
          act(raw);
          // As a process that ends: what still comes finds nobody.
          raw.destroySoon();
          resolve(performance.now());
        }),
      );
      receiver.resume();
      void send(socket, SIZE);
      const tookMs = await endOf(socket, await broken);
      const { bytesUp, undelivered } = await endedByServer(t, user, `${how}, ${protocol}`);
      t.ok(bytesUp - undelivered.up >= checker.received, 'what the API server has read was counted');
      t.ok(
        undelivered.up >= 0 && undelivered.up <= bytesUp,
        `${undelivered.up} of ${bytesUp} are in the log as undelivered`,
      );
      t.ok(tookMs < SOON_MS, 'the caller is told at once');
      return tookMs;
    }),
  TIMES,
);

await facts.fault(
  'the API server half-closes a session',
  async (t) => {
    let slowest = 0;
    for (const protocol of PROTOCOLS) {
      const { user, token } = await ground.someone();
      const tunnel = nextTunnel();
      const { socket } = await openExec(ground.gate, token, protocol);
      const { socket: peer } = await tunnel;
      const [down, up] = [newChecker(), newChecker()];
      check(socket, down);
      socket.resume();
      await send(peer, SIZE);
      const begun = performance.now();
      peer.end();
      await once(socket, 'end');
      slowest = Math.max(slowest, performance.now() - begun);
      // The caller goes on for as long as it likes.
      check(peer, up);
      peer.resume();
      const over = once(peer, 'end');
      await send(socket, SIZE);
      socket.end();
      await over;
      await endedByServer(t, user, protocol);
      t.same(
        [down, up],
        [
          { received: SIZE, firstWrong: -1 },
          { received: SIZE, firstWrong: -1 },
        ],
      );
      facts.add('bytes', [
        'both ways, half-closed by the API server',
        2 * SIZE,
        2 * SIZE - down.received - up.received,
      ]);
    }
    return slowest;
  },
  PROTOCOLS.length,
);

await facts.fault(
  'the API server ends in one piece with the 101',
  async (t) => {
    let slowest = 0;
    for (const protocol of PROTOCOLS) {
      const { user, token } = await ground.someone();
      void nextTunnel(({ socket, head }) => void socket.end(`${accept(head)}bye`));
      const client = await ground.gate.connect();
      const begun = performance.now();
      const { status } = await requestUpgrade(client, execRequest(token, protocol));
      t.equal(status, 101);
      t.equal(await readAll(client), 'bye', 'what came with it is handed over');
      slowest = Math.max(slowest, performance.now() - begun);
      client.end();
      await endedByServer(t, user, protocol);
    }
    return slowest;
  },
  PROTOCOLS.length,
);

t.test('the gate is as before', async (t) => {
  await ground.settled(t, facts, 'sessions that the API server broke off');
  await eventually(() => server.open() === 0);
  t.pass('no connection is left at the API server');
});
