// Volume: sessions that carry much in both directions at once, between peers that count and compare every byte. The long form is
// POSTERN_RUNS=100 POSTERN_MB=500 (100 sessions of 500 MB each way); CI runs it small.

import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { check, newChecker, requestUpgrade, send, startUpgrading, upgradeRequest } from '../fakes/peers.ts';

const RUNS = Number(process.env['POSTERN_RUNS'] ?? 3);
const SIZE = Number(process.env['POSTERN_MB'] ?? 20) * 1024 * 1024;

t.setTimeout(7_200_000);
t.test(`${RUNS} sessions of ${SIZE / 1024 / 1024} MiB each way lose no byte`, async (t) => {
  let tunnel: (socket: TLSSocket) => void = () => {};
  const upstream = await startUpgrading((socket) => tunnel(socket));
  const gate = await startTestGate({ upstreams: [{ name: 'one', upstream }] });
  for (let run = 0; run < RUNS; run++) {
    const opened = new Promise<TLSSocket>((resolve) => {
      tunnel = resolve;
    });
    const client = await gate.connect();
    await requestUpgrade(client, upgradeRequest(await gate.token()));
    const server = await opened;
    const session = [...gate.gate.sessions.open.values()][0];
    const ends = [
      { socket: client, checker: newChecker() },
      { socket: server, checker: newChecker() },
    ];
    const ended = ends.map(({ socket }) => once(socket, 'end'));
    for (const { socket, checker } of ends) {
      check(socket, checker);
      socket.resume();
    }
    await Promise.all(
      ends.map(async ({ socket }) => {
        await send(socket, SIZE);
        socket.end();
      }),
    );
    await Promise.all(ended);
    const ok = ends.every(({ checker }) => checker.received === SIZE && checker.firstWrong === -1);
    t.ok(
      ok,
      `run ${run + 1}: ${ends.map(({ checker }) => `${checker.received} bytes, first wrong ${checker.firstWrong}`).join('; ')}`,
    );
    await gate.logged((line) => line['msg'] === 'session ended' && line['auditID'] === session?.id);
    t.same(session?.delivered, session?.received, 'the session says the same');
  }
  await gate.stop();
  await upstream.close();
});
