import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { startEcho } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { comesBack } from './holding.ts';
import { startStreams } from './streams.ts';

// The ops listener: readers that never read, and a port that somebody else has.

const facts = recordFacts('chaos-ops');
const READERS = 100;

await facts.fault('100 slow readers of metrics', async (t) => {
  const upstream = await startEcho();
  const gate = await startGateProcess({ upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  await (await startStreams(gate, 10)).close();
  const before = await gate.holdings();
  const streams = await startStreams(gate, 10);
  const { hostname, port } = new URL(gate.opsUrl);
  const readers: Socket[] = [];
  for (let i = 0; i < READERS; i++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.pause();
    // Each asks ten times at once and reads nothing.
    socket.write('GET /metrics HTTP/1.1\r\nHost: ops\r\n\r\n'.repeat(10));
    readers.push(socket);
  }
  await Promise.all(readers.map((socket) => once(socket, 'connect')));
  const from = performance.now();
  t.equal((await fetch(`${gate.opsUrl}/livez`)).status, 200, 'others are answered');
  t.equal((await fetch(`${gate.opsUrl}/metrics`)).status, 200);
  await streams.settle();
  const tookMs = performance.now() - from;
  t.equal(streams.open, 10, 'sessions live');
  const { heapUsed } = await gate.holdings();
  t.ok(heapUsed - before.heapUsed < 64 * 1024 * 1024, `heap: ${before.heapUsed} to ${heapUsed}`);
  for (const socket of readers) socket.destroy();
  await streams.close();
  await comesBack(t, gate, { before, facts, what: '100 slow readers of metrics' });
  t.equal(await gate.stop(), 0, 'SIGTERM waits for none of them');
  return tookMs;
});

await facts.fault('port taken at the start', async (t) => {
  const upstream = await startEcho();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(async () => {
    other.close();
    await upstream.close();
  });
  const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const from = performance.now();
  for (const [what, more] of [
    ['ops', { config: { ops: { address } } }],
    ['public', { listen: { address } }],
  ] as const)
    await t.rejects(
      startGateProcess({ upstreams: [{ name: 'prod', upstream }], ...more }),
      { message: new RegExp(`the gate ended \\(1\\): [\\s\\S]*EADDRINUSE[\\s\\S]*${address}`) },
      `${what}: it ends with exit code 1 and says which address`,
    );
  return performance.now() - from;
});
