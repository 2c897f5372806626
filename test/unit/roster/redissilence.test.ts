// A Redis that takes connections and does not answer: what hangs is let go of, or each attempt would keep a descriptor.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t from 'tap';
import { createRedisLink } from '../../../src/roster/redislink.ts';

t.test('a connection that is dropped before Redis has greeted is closed', { timeout: 5_000 }, async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const came = once(server, 'connection');
  const { port } = server.address() as { port: number };
  const link = createRedisLink({ url: `redis://127.0.0.1:${port}`, passwordFile: '', caFile: '' });
  const used = link.use(async () => 'used');
  const [socket] = (await came) as [Socket];
  t.teardown(() => {
    socket.destroy();
    server.close();
  });
  await once(socket, 'data');
  const closed = once(socket, 'close');
  socket.resume();
  link.drop();
  await t.rejects(used, /^Redis at 127\.0\.0\.1:/);
  await closed;
});
