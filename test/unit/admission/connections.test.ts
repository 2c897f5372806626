import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import t, { type Test } from 'tap';
import { guardConnections } from '../../../src/admission/connections.ts';

// What the guard has of connections between the system's accept and TLS: they wait for their turn there, and go when they like.

const LIMITS = {
  connections: 0,
  connectionsPerAddress: 0,
  handshakes: 0,
  unauthenticatedPerAddress: 0,
  requestsInFlightPerUser: 0,
  watchesPerUser: 0,
  sessionsPerUser: 0,
  eventLoopDelayMs: 0,
};

/** A server in which TLS begins, and is never finished. */
async function listen(t: Test) {
  const begun: Socket[] = [];
  const server: Server = createServer((socket) => begun.push(socket));
  const guard = guardConnections(server, {
    admission: { limits: () => LIMITS, onRefused: () => {} },
    isTrusted: () => false,
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const open: Socket[] = [];
  t.teardown(() => {
    for (const socket of [...open, ...begun]) socket.destroy();
    server.close();
  });
  const connect = async (to: object) => {
    const socket = new Socket();
    socket.on('error', () => {});
    open.push(socket);
    const came = once(server, 'connection');
    socket.connect({ port, host: '127.0.0.1', ...to });
    const [[accepted]] = (await Promise.all([came, once(socket, 'connect')])) as [[Socket], unknown];
    return { socket, accepted };
  };
  return { server, guard, begun, connect };
}

t.test('one that is reset while it waits for its turn is forgotten, and ends nothing else', async (t) => {
  const { server, guard, begun } = await listen(t);
  // Several in one turn, as a loop with more than a thousand sockets to read takes them; the second has to wait for the next one.
  const pair = [new Socket(), new Socket()];
  for (const [index, socket] of pair.entries()) {
    Object.defineProperty(socket, 'remoteAddress', { value: '192.0.2.1' });
    Object.defineProperty(socket, 'remotePort', { value: 5000 + index });
    server.emit('connection', socket);
  }
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  // Not events.once, which listens for errors, too.
  const closed = new Promise((resolve) => pair[1]?.on('close', resolve));
  pair[1]?.destroy(reset);
  await closed;
  await new Promise((resolve) => setImmediate(resolve));
  t.same(begun, [pair[0]]);
  t.equal(guard.unfinished, 1);
  pair[0]?.destroy();
});

t.test('one port of a caller may be connected to two addresses of the gate', async (t) => {
  const { guard, connect } = await listen(t);
  const first = await connect({ localAddress: '127.0.0.1' });
  const { localPort } = first.socket;
  const second = await connect({ host: '127.0.0.2', localAddress: '127.0.0.1', localPort });
  t.equal(guard.unfinished, 2);
  t.equal(guard.sources, 1);
  for (const { socket, accepted } of [first, second]) {
    const closed = once(accepted, 'close');
    socket.destroy();
    accepted.resume();
    await closed;
  }
  t.equal(guard.unfinished, 0);
  t.equal(guard.sources, 0);
});
