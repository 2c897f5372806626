// Reading into named memory: on this Node by what `onread` uses, elsewhere by 'data' events, and the same bytes either way.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { readInto } from '../../../src/proxy/reading.ts';

async function pair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const far = connect(port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  server.close();
  return { near, far };
}

/** A Node that has no such memory: the handle lacks the method. */
const withoutUserBuffers = (socket: Socket) => {
  const { _handle: handle } = socket as unknown as { _handle: { useUserBuffer?: unknown } };
  handle.useUserBuffer = undefined;
};

const WAYS = [
  { name: 'into the landing buffer', prepare: () => {}, direct: true },
  { name: "by 'data' events where Node has no such thing", prepare: withoutUserBuffers, direct: false },
];

for (const { name, prepare, direct } of WAYS) {
  t.test(name, async (t) => {
    const { near, far } = await pair();
    prepare(near);
    const landing = Buffer.alloc(1024);
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));
    const parts: Buffer[] = [];
    let most = 0;
    let landed = 0;
    let stops = 0;
    const isDirect = readInto(near, landing, (size, bytes) => {
      parts.push(Buffer.from(bytes.subarray(0, size)));
      most = Math.max(most, size);
      if (bytes === landing) landed++;
      // Stops now and then; what comes meanwhile has to wait, not to be lost.
      if (parts.length % 3 !== 0) return true;
      stops++;
      setImmediate(() => near.resume());
      return false;
    });
    t.equal(isDirect, direct);
    const ended = once(near, 'end');
    near.resume();
    far.end(sent);
    await ended;
    t.ok(Buffer.concat(parts).equals(sent), 'every byte, in order');
    t.equal(landed > 0, direct);
    if (direct) {
      t.equal(landed, parts.length, 'all of it through the landing buffer');
      t.equal(most, landing.length);
      t.ok(stops > 10);
    }
    near.destroy();
    far.destroy();
  });
}

t.test('what the stream holds already comes first', async (t) => {
  const { near, far } = await pair();
  far.write('first ');
  near.resume().pause();
  const readable = once(near, 'readable');
  near.read(0);
  await readable;
  const parts: string[] = [];
  readInto(near, Buffer.alloc(64), (size, bytes) => {
    parts.push(bytes.toString('latin1', 0, size));
    return true;
  });
  t.same(parts, ['first ']);
  near.removeAllListeners('readable');
  const ended = once(near, 'end');
  near.resume();
  far.end('second');
  await ended;
  t.equal(parts.join(''), 'first second');
  near.destroy();
  far.destroy();
});
