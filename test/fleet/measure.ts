// What limits a fleet: so many gates, each with a small part of a core, behind HAProxy, in front of an API server that answers so many requests a
// second and no more; callers ask as fast as they are answered. One row a size.

import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writeConfig } from '../../bench/contestants/contestant.ts';
import { makeGateConfig, makeKubeconfig } from '../../bench/contestants/postern.ts';
import { type LaidGround, layGround } from '../../bench/ground.ts';
import { type LoadTarget, startLoad } from '../../bench/load.ts';
import { readCpuSeconds, readMemory } from '../../bench/proc.ts';
import { freePort, type Running, untilReady } from '../../bench/processes.ts';
import type { Programs } from '../../bench/programs.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import type { GatePorts } from './ground.ts';
import { createShares } from './shares.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const UP_MS = 60_000;
const LIMIT_MS = 300_000;
/** Connections of callers, at least; with more gates each gets two. */
const MIN_CALLERS = 32;
const WARM_CALLERS = 8;
/** Health checks take CPU, too. ms */
const CHECK_MS = 2_000;

export interface FleetPlan {
  /** Sizes, growing. */
  readonly sizes: readonly number[];
  /** What each gate has of a core. */
  readonly part: number;
  /** What the API server answers. 1/s */
  readonly bound: number;
  /** Requests that each gate serves before it counts. */
  readonly warmUp: number;
  /** How long each size is measured, at the API server's bound. s */
  readonly seconds: number;
}

/** One size, measured. Rates are 1/s, times s, memory bytes. */
export interface FleetRow {
  readonly gates: number;
  readonly served: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU of all gates for one request. s */
  readonly cpuPerRequest: number;
  /** What all gates used of the CPU that they have together, 0 to 1; and the busiest of its own. */
  readonly used: number;
  readonly busiest: number;
  /** Of one gate, on average. */
  readonly memory: number;
  /** Cores that HAProxy, the API server's stand-in and the load used. */
  readonly others: number;
}

export interface FleetHearer {
  readonly onRow: (row: FleetRow) => void;
  /** Ends it all; the measurement rejects then. */
  readonly signal?: AbortSignal;
}

/** Measures all sizes. Everything it starts has ended when it resolves or rejects. */
export async function measureFleet(
  programs: Programs,
  plan: FleetPlan,
  { onRow, signal }: FleetHearer,
): Promise<readonly FleetRow[]> {
  let clear = async () => {};
  signal?.addEventListener('abort', () => void clear(), { once: true });
  const shares = createShares(`postern-fleet-${process.pid}`);
  const rows: FleetRow[] = [];
  try {
    const ground = await layGround(
      programs,
      (clearing) => {
        clear = clearing;
      },
      ['--rate', String(plan.bound)],
    );
    const gates: (GatePorts & { readonly program: Running })[] = [];
    for (const size of plan.sizes) {
      while (gates.length < size) {
        const gate = await startGate(ground);
        await warm(ground, gate.port, plan);
        await shares.give(gate.program.pid, plan.part);
        gates.push(gate);
      }
      const balancer = await startBalancer(ground, gates, CHECK_MS);
      await untilUp(balancer, size);
      rows.push(
        await measureSize(
          ground,
          gates.map(({ program }) => program.pid),
          { balancer, plan },
        ),
      );
      process.kill(balancer.pid, 'SIGTERM');
      onRow(rows.at(-1) as FleetRow);
    }
    return rows;
  } finally {
    await clear();
    await shares.clear();
  }
}

async function startGate(ground: LaidGround): Promise<GatePorts & { readonly program: Running }> {
  const ports = { port: await freePort(), opsPort: await freePort() };
  const name = `gate-${ports.port}`;
  const kubeconfig = writeConfig(
    ground,
    `${name}.kubeconfig`,
    JSON.stringify(makeKubeconfig(ground, ground.upstream.port)),
  );
  const config = writeConfig(
    ground,
    `${name}.yaml`,
    JSON.stringify(makeGateConfig(ground, ports, kubeconfig)),
  );
  const program = await ground.processes.start({
    name: 'gate',
    command: process.execPath,
    args: [MAIN, 'serve', '--config', config],
    folder: ground.folder,
  });
  await untilReady(program, `http://127.0.0.1:${ports.opsPort}/readyz`);
  return { ...ports, program };
}

/** V8 compiles what a gate does again and again; before that a request costs several times as much. With a whole core, this is soon over. */
async function warm(ground: LaidGround, port: number, { warmUp }: FleetPlan): Promise<void> {
  const load = await startLoad(
    ground.processes,
    loadOf(ground, port, { callers: WARM_CALLERS, requests: warmUp }),
  );
  try {
    await load.ready;
    await load.go();
  } finally {
    await load.stop();
  }
}

function loadOf(
  ground: LaidGround,
  port: number,
  { callers, requests }: { readonly callers: number; readonly requests: number },
): LoadTarget {
  return {
    program: ground.programs.load,
    args: ['get', '--callers', String(callers), '--requests', String(requests)],
    url: `https://127.0.0.1:${port}`,
    caFile: ground.caFile,
    token: ground.token,
    folder: ground.folder,
    limitMs: LIMIT_MS,
  };
}

async function untilUp(balancer: Balancer, count: number): Promise<void> {
  for (const deadline = Date.now() + UP_MS; (await balancer.up()).length < count; await delay(100))
    if (Date.now() > deadline) throw new Error('a gate does not come up');
}

async function measureSize(
  ground: LaidGround,
  pids: readonly number[],
  { balancer, plan }: { readonly balancer: Balancer; readonly plan: FleetPlan },
): Promise<FleetRow> {
  const callers = Math.max(MIN_CALLERS, 2 * pids.length);
  const requests = Math.round(plan.bound * plan.seconds);
  const load = await startLoad(ground.processes, loadOf(ground, balancer.port, { callers, requests }));
  const others = [balancer.pid, ground.upstream.pid, load.pid];
  const read = () => ({ gates: pids.map(readCpuSeconds), others: others.map(readCpuSeconds) });
  try {
    await load.ready;
    const before = read();
    const { work, seconds, p50 = 0, p99 = 0 } = await load.go();
    const after = read();
    const spent = after.gates.map((cpu, i) => cpu - (before.gates[i] ?? 0));
    return {
      gates: pids.length,
      served: work / seconds,
      ...{ p50, p99 },
      cpuPerRequest: sum(spent) / work,
      used: sum(spent) / seconds / (plan.part * pids.length),
      busiest: Math.max(...spent) / seconds / plan.part,
      memory: sum(pids.map((pid) => readMemory(pid).now)) / pids.length,
      others: (sum(after.others) - sum(before.others)) / seconds,
    };
  } finally {
    await load.stop();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
