// What the gate adds to a small GET: the same request, over one kept-alive HTTP/1.1 connection each, directly to an upstream and through the
// gate, in alternating blocks. Client, gate and upstream share this process, so CPU is that of all of them: the difference is the gate's.

import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { startTestGate } from '../test/fakes/gate.ts';
import { startUpstream } from '../test/fakes/upstream.ts';

const BLOCKS = Number(process.env['BENCH_BLOCKS'] ?? 9);
const REQUESTS = Number(process.env['BENCH_REQUESTS'] ?? 1000);

const upstream = await startUpstream();
const gate = await startTestGate({ upstreams: [{ name: 'one', upstream }] });
const token = await gate.token();
const ways = {
  direct: {
    port: upstream.port,
    agent: new Agent({ keepAlive: true, maxSockets: 1, ca: upstream.ca.certPem }),
  },
  gate: { port: gate.port, agent: new Agent({ keepAlive: true, maxSockets: 1, ca: gate.ca.certPem }) },
};
type Way = keyof typeof ways;

const results: Record<Way, { cpuUs: number[]; wallUs: number[] }> = {
  direct: { cpuUs: [], wallUs: [] },
  gate: { cpuUs: [], wallUs: [] },
};
for (const way of ['direct', 'gate'] as const) await block(way);
for (let i = 0; i < BLOCKS; i++) {
  for (const way of ['direct', 'gate'] as const) {
    const { cpuUs, wallUs } = await block(way);
    results[way].cpuUs.push(cpuUs);
    results[way].wallUs.push(wallUs);
  }
}
for (const figure of ['cpuUs', 'wallUs'] as const) {
  const [direct, through] = [median(results.direct[figure]), median(results.gate[figure])];
  const range = (way: Way) =>
    `${Math.min(...results[way][figure]).toFixed(0)}–${Math.max(...results[way][figure]).toFixed(0)}`;
  process.stdout.write(
    `${figure === 'cpuUs' ? 'CPU ' : 'wall'} µs a GET: direct ${direct.toFixed(0)} (${range('direct')}), through the gate ${through.toFixed(0)} (${range('gate')}), ` +
      `ratio ${(through / direct).toFixed(2)}, the gate adds ${(through - direct).toFixed(0)}\n`,
  );
}
for (const { agent } of Object.values(ways)) agent.destroy();
await gate.stop();
await upstream.close();

async function block(way: Way): Promise<{ cpuUs: number; wallUs: number }> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  for (let i = 0; i < REQUESTS; i++) await get(way);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / REQUESTS, wallUs: ((performance.now() - startedAt) * 1000) / REQUESTS };
}

async function get(way: Way): Promise<void> {
  const { port, agent } = ways[way];
  const asked = request({
    host: '127.0.0.1',
    port,
    agent,
    path: '/api/v1/namespaces/default/pods/p',
    headers: { Authorization: `Bearer ${token}` },
  });
  asked.end();
  const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`${way} answered ${response.statusCode}`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
