// The gates of a fleet as processes: each keeps its ports over restarts, as a pod keeps its place behind a Service.

import { fileURLToPath } from 'node:url';
import { freePort, type Running, untilReady } from '../../bench/processes.ts';
import { type FleetGround, GATE, type GatePorts } from './ground.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface FleetGate extends GatePorts {
  readonly number: number;
  readonly pid: () => number;
  /** SIGTERM, waits for its end, starts it anew and waits until it is ready. */
  restart(): Promise<Restarted>;
}

export interface Restarted {
  readonly gate: number;
  readonly exitCode: number;
  /** When SIGTERM was sent, and when it had ended; ms since the epoch. */
  readonly orderedAt: number;
  readonly endedAt: number;
}

/** Starts so many; `sessions` is their configuration. */
export async function startGates(
  ground: FleetGround,
  count: number,
  sessions: object,
): Promise<readonly FleetGate[]> {
  const gates: FleetGate[] = [];
  for (let number = 0; number < count; number++) gates.push(await startGate(ground, number, sessions));
  return gates;
}

async function startGate(ground: FleetGround, number: number, sessions: object): Promise<FleetGate> {
  const ports = { port: await freePort(), opsPort: await freePort() };
  const config = ground.writeConfig(`${GATE}${number}`, ports, sessions);
  const start = async () => {
    const program = await ground.processes.start({
      name: `${GATE}-${number}`,
      command: process.execPath,
      args: [MAIN, 'serve', '--config', config],
      folder: ground.folder,
    });
    await untilReady(program, `http://127.0.0.1:${ports.opsPort}/readyz`);
    return program;
  };
  let running: Running = await start();
  return {
    ...ports,
    number,
    pid: () => running.pid,
    async restart() {
      const orderedAt = Date.now();
      process.kill(running.pid, 'SIGTERM');
      const exitCode = await running.ended;
      const endedAt = Date.now();
      running = await start();
      return { gate: number, exitCode, orderedAt, endedAt };
    },
  };
}
