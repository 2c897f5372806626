// A gate in a process of its own that is attacked over HTTP/2: what an attack costs it in CPU time and memory is read from outside, others are served on
// connections of their own meanwhile, and the API server behind it says what it heard.

import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Test } from 'tap';
import { caller } from '../fakes/caller.ts';
import { type GateProcess, startGateProcess } from '../fakes/gateprocess.ts';
import { type FakeUpstream, startUpstream } from '../fakes/upstream.ts';
import { type FrameConnection, openFrames } from './h2connection.ts';
import { opening } from './h2frames.ts';

/** The scheduler's ticks of /proc/PID/stat: USER_HZ, 100 on every Linux. ms */
const TICK_MS = 10;
/** What an attack of at most 20,000 frames may cost. Each costs less than a second on the machine that they were written on. */
const MAX_CPU_MS = 4_000;
const MAX_HELD_BYTES = 48 * 1024 * 1024;

/** What stays on the connection when everything was sent: the gate ends it, or a PING is answered. */
export type End = 'ended' | 'goes on';

export interface Attack {
  /** Sent at once, after the opening. */
  readonly bytes: readonly Buffer[];
  readonly settings?: readonly (readonly [number, number])[];
  readonly end: End;
  /** So many of the attacker's requests may reach the API server at most. */
  readonly reaches: number;
}

export interface Attacked {
  readonly gate: GateProcess;
  readonly upstream: FakeUpstream;
  readonly token: string;
  /** Sends an attack while others ask, and holds it against its bounds. @returns the attacker's connection, open when it goes on */
  attack(t: Test, attack: Attack): Promise<FrameConnection>;
  /** Does `act` while others are served; then the gate may have used so much, and not hold more than before by MAX_HELD_BYTES. */
  bounded<T>(t: Test, act: () => Promise<T>): Promise<T>;
  /** How many requests for other paths than the bystanders' have come. */
  reached(): number;
  stop(): Promise<void>;
}

/** What bystanders ask for. */
const ASIDE = '/version';

/** Starts one; `handler` answers what attackers ask for, when it gets through. */
export async function startAttacked(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Attacked> {
  const upstream = await startUpstream({
    handler: (request, response) => {
      if (request.url === ASIDE) response.end('served');
      else handler(request, response);
    },
  });
  const gate = await startGateProcess({
    upstreams: [{ name: 'main', upstream }],
    // That a loop which is late sheds is admission's doing (test/chaos/overload.test.ts); here others are to be served whatever else runs on this machine.
    config: { limits: { eventLoopDelay: '0s' } },
  });
  const token = await gate.token();
  const place = { port: gate.port, ca: gate.files.ca };
  const authorization = ['Authorization', `Bearer ${token}`];
  const reached = () => upstream.received.filter(({ url }) => url !== ASIDE).length;

  async function bounded<T>(t: Test, act: () => Promise<T>): Promise<T> {
    const before = await gate.holdings();
    const usedMs = cpuOf(gate.pid);
    const bystander = caller(place, 'h2');
    let over = false;
    const serve = async () => {
      const statuses: number[] = [];
      do statuses.push((await bystander.call({ path: ASIDE, headers: authorization })).status);
      while (!over);
      return statuses;
    };
    const acted = act().finally(() => {
      over = true;
    });
    const [statuses, done] = await Promise.all([serve(), acted]);
    bystander.close();
    t.same([...new Set(statuses)], [200], `others are served meanwhile: ${statuses.length} requests`);
    const cpuMs = cpuOf(gate.pid) - usedMs;
    const after = await gate.holdings();
    const held = after.heapUsed + after.external - before.heapUsed - before.external;
    t.ok(cpuMs < MAX_CPU_MS, `CPU time is bounded: ${cpuMs} ms`);
    t.ok(held < MAX_HELD_BYTES, `memory is bounded: ${Math.round(held / 1024)} KiB more than before`);
    return done;
  }

  return {
    gate,
    upstream,
    token,
    reached,
    bounded,
    async attack(t, { bytes, settings = [], end, reaches }) {
      const before = reached();
      const one = await openFrames(gate);
      const isOpen = await bounded(t, async () => {
        await one.send(opening(settings), ...bytes);
        return await one.settled();
      });
      t.equal(isOpen ? 'goes on' : 'ended', end);
      t.ok(reached() - before <= reaches, `${reached() - before} requests reached the API server`);
      return one;
    },
    async stop() {
      await gate.stop(1_000);
      await upstream.close();
    },
  };
}

/** CPU time that a process has used, user's and system's. ms */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; utime and stime are fields 14 and 15 (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
