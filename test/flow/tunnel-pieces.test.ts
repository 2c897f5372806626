// Small pieces are written at once and large ones gathered: whatever their sizes and however they mix, they arrive whole and in order.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { check, newChecker, requestUpgrade, send, startUpgrading, upgradeRequest } from '../fakes/peers.ts';

const KIB = 1024;
/** Around what is written at once (4 KiB), a TLS record (16 KiB) and a slab (160 KiB). */
const PIECES = [1, 4 * KIB, 4 * KIB + 1, 16 * KIB - 1, 16 * KIB + 1, 160 * KIB, 160 * KIB + 1];

async function session(t: Test): Promise<{ readonly client: Socket; readonly server: TLSSocket }> {
  let tunnel: (socket: TLSSocket) => void = () => {};
  const opened = new Promise<TLSSocket>((resolve) => {
    tunnel = resolve;
  });
  const upstream = await startUpgrading((socket) => tunnel(socket));
  const gate = await startTestGate({ upstreams: [{ name: 'one', upstream }] });
  const client = await gate.connect();
  await requestUpgrade(client, upgradeRequest(await gate.token()));
  const server = await opened;
  t.teardown(async () => {
    client.destroy();
    server.destroy();
    await gate.stop();
    await upstream.close();
  });
  return { client, server };
}

for (const size of PIECES) {
  t.test(`pieces of ${size} bytes, both ways at once`, async (t) => {
    const { client, server } = await session(t);
    const total = Math.min(4 * KIB * KIB, size * 2000);
    const ends = [client, server].map((socket) => ({ socket, checker: newChecker() }));
    const ended = ends.map(({ socket }) => once(socket, 'end'));
    for (const { socket, checker } of ends) {
      check(socket, checker);
      socket.resume();
    }
    await Promise.all(
      ends.map(async ({ socket }) => {
        await send(socket, total, size);
        socket.end();
      }),
    );
    await Promise.all(ended);
    for (const { checker } of ends) t.same(checker, { received: total, firstWrong: -1 });
  });
}

t.test('a small piece behind a large one does not overtake it', async (t) => {
  const { client, server } = await session(t);
  const large = Buffer.alloc(24 * KIB, 'L');
  const expected = Buffer.concat(Array.from({ length: 50 }, () => [large, Buffer.from('small')]).flat());
  const parts: Buffer[] = [];
  client.on('data', (chunk: Buffer) => parts.push(chunk)).resume();
  const ended = once(client, 'end');
  server.resume();
  for (let i = 0; i < 50; i++) {
    server.write(large);
    server.write('small');
  }
  server.end();
  await ended;
  t.ok(Buffer.concat(parts).equals(expected));
});

t.test('an echo comes back before anything else is sent', async (t) => {
  const { client, server } = await session(t);
  server.on('data', (chunk: Buffer) => server.write(chunk)).resume();
  client.resume();
  for (const text of ['l', 's', '\r']) {
    client.write(text);
    const [echo] = (await once(client, 'data')) as [Buffer];
    t.equal(echo.toString(), text);
  }
});
