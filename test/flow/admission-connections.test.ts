import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { caller } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { eventually } from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';

// limits.connections, connectionsPerAddress and handshakes (issue 8 §4; field-lessons S35): what is beyond is closed before TLS has cost anything.

const upstream = await startUpstream();
t.teardown(() => upstream.close());

async function start(limits: object) {
  const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }], config: { limits } });
  const open = new Set<Socket>();
  t.teardown(async () => {
    for (const socket of open) socket.destroy();
    await gate.stop();
  });
  const token = await gate.token();
  return {
    gate,
    refused: (limit: string) => gate.metric(`postern_admission_refused_total{limit="${limit}"}`),
    /** A connection that says nothing. */
    async silent(
      localAddress = '127.0.0.1',
    ): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> {
      const socket = connect({ port: gate.port, host: '127.0.0.1', localAddress });
      open.add(socket);
      socket.on('error', () => {});
      const closed = once(socket, 'close');
      closed.catch(() => {});
      await once(socket, 'connect');
      socket.resume();
      return { socket, closed };
    },
    async passes(): Promise<number> {
      const one = caller(gate, 'h1');
      const { status } = await one.call({
        path: '/api/v1/pods',
        headers: ['Authorization', `Bearer ${token}`],
      });
      one.close();
      return status;
    },
  };
}

t.test(
  'connections in all: one more is closed at once, and there is room again when one has gone',
  async (t) => {
    const { silent, refused, passes, gate } = await start({ connections: 3 });
    const three = [await gate.connect(), await gate.connect(), await gate.connect()];
    const fourth = await silent();
    await fourth.closed;
    t.equal(await refused('connections'), 1);
    three[0]?.destroy();
    await eventually(async () => (await passes().catch(() => 0)) === 200);
    for (const socket of three) socket.destroy();
  },
);

t.test('connections from one address; another one, and a trusted proxy, are not concerned', async (t) => {
  const { silent, refused, passes, gate } = await start({ connectionsPerAddress: 2 });
  await silent('127.0.0.2');
  const second = await silent('127.0.0.2');
  const third = await silent('127.0.0.2');
  await third.closed;
  t.equal(await refused('connectionsPerAddress'), 1);
  t.equal(await passes(), 200, 'from 127.0.0.1');
  second.socket.destroy();
  await eventually(async () => {
    const again = await silent('127.0.0.2');
    const isClosed = await Promise.race([again.closed.then(() => true), passes().then(() => false)]);
    if (isClosed) return false;
    return true;
  });
  gate.writeConfig({
    ...gate.config,
    listen: { ...(gate.config['listen'] as object), trustedProxies: ['127.0.0.2/32'] },
  });
  t.ok(gate.gate.reload());
  const before = await refused('connectionsPerAddress');
  for (let i = 0; i < 5; i++) await silent('127.0.0.2');
  t.equal(await passes(), 200);
  t.equal(await refused('connectionsPerAddress'), before);
});

t.test(
  'handshakes: the address that has most of them loses its oldest, and nobody else anything',
  async (t) => {
    const { silent, refused, passes } = await start({ handshakes: 20 });
    const flood = [];
    for (let i = 0; i < 20; i++) flood.push(await silent('127.0.0.2'));
    t.equal(await passes(), 200);
    await flood[0]?.closed;
    t.equal(await refused('handshakes'), 1);
    t.equal(await passes(), 200, 'the place is the next one’s');
    t.equal(await refused('handshakes'), 1, 'a handshake that is finished counts no more');
  },
);

t.test('handshakes: of the same address, the newcomer is closed while the oldest is young', async (t) => {
  const { silent, refused } = await start({ handshakes: 5 });
  for (let i = 0; i < 5; i++) await silent();
  const sixth = await silent();
  await sixth.closed;
  t.equal(await refused('handshakes'), 1);
});
