import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { Slabs } from '../../../src/proxy/slabs.ts';
import type { Session } from '../../../src/sessions.ts';
import { openTunnel } from '../../../src/upgrade/tunnel.ts';

// A tunnel between two TCP connections whose far ends the test holds. What nobody reads fills the system's buffers and then the tunnel's.

const NOTHING = Buffer.alloc(0);
const MIB = 1024 * 1024;
/** Short, because what is waited for is that they pass. ms */
const SOON = { lingerMs: 100, heldLookMs: 50 };

/** A connection within this process: the tunnel's end, and the far one. */
async function pair(t: Test): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = await accepted;
  server.close();
  for (const socket of [near, far]) socket.on('error', () => {});
  t.teardown(() => far.destroy());
  return { near, far };
}

function newSession(): Session {
  const none = { end: undefined, endDetail: '', close: () => {}, ownBytes: 0 };
  const facts = {
    id: 's',
    cluster: 'c',
    kind: 'exec',
    protocol: 'spdy',
    username: 'u',
    target: '/',
  } as const;
  return { ...none, ...facts, startedAt: 0, received: { up: 0, down: 0 }, delivered: { up: 0, down: 0 } };
}

async function open(t: Test) {
  const [caller, server] = [await pair(t), await pair(t)];
  const session = newSession();
  const ended = new Promise<string>((resolve) =>
    openTunnel({
      ...{ client: caller.near, upstream: server.near, clientHead: NOTHING, upstreamHead: NOTHING },
      ...{ session, slabs: new Slabs(), onEnd: resolve, ...SOON },
    }),
  );
  return { caller: caller.far, server: server.far, near: caller.near, upstream: server.near, session, ended };
}

/** So many turns of the loop without progress: everything between is full. */
const STILL_TURNS = 200;

/** Writes until the tunnel takes nothing more. */
async function fill(from: Socket, to: Socket): Promise<void> {
  const block = Buffer.alloc(MIB);
  for (let still = 0, before = -1; still < STILL_TURNS; ) {
    if (from.writableLength < MIB) from.write(block);
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = from.writableLength + to.writableLength;
    still = waiting === before && to.writableLength > 0 ? still + 1 : 0;
    before = waiting;
  }
}

/** A session whose API server takes nothing of what its caller has sent. */
async function openHeld(t: Test) {
  const one = await open(t);
  one.server.pause();
  await fill(one.caller, one.upstream);
  return one;
}

t.test(
  'a caller that resets while the API server takes nothing: the session ends, and says what was lost',
  async (t) => {
    const { caller, session, ended } = await openHeld(t);
    caller.resetAndDestroy();
    t.equal(await ended, 'client');
    t.ok(session.delivered.up < session.received.up, `${session.received.up - session.delivered.up} bytes`);
  },
);

t.test('a caller that is heard leaving while the API server takes nothing', async (t) => {
  const { near, ended } = await openHeld(t);
  near.destroy();
  t.equal(await ended, 'client');
});

t.test('an API server that takes what is left, if slowly, gets all of it', async (t) => {
  const { server, near, session, ended } = await openHeld(t);
  let read = 0;
  server.on('data', (chunk: Buffer) => {
    read += chunk.length;
    server.pause();
    setImmediate(() => server.resume());
  });
  server.on('end', () => server.end());
  near.destroy();
  server.resume();
  t.equal(await ended, 'client');
  t.equal(read, session.received.up);
  t.equal(session.delivered.up, session.received.up);
});

t.test('a caller that does not read is waited for, also when the API server has gone', async (t) => {
  const { caller, server, near, session, ended } = await open(t);
  caller.pause();
  await fill(server, near);
  server.end();
  server.resetAndDestroy();
  // As long as it takes to let go of an API server that takes nothing.
  const other = await openHeld(t);
  other.caller.resetAndDestroy();
  await other.ended;
  let read = 0;
  caller.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  caller.on('end', () => caller.end());
  caller.resume();
  t.equal(await ended, 'upstream');
  t.equal(read, session.received.down);
});
