// One worker process: a whole gate, save that it shares the public listener with its fellows and has no ops listener. It takes orders from its
// primary only. A signal that goes to the whole group (Ctrl-C in a terminal, systemd's stop) reaches the primary as well, which passes it on;
// counting it here again would make the second one of it that ends at once.

import cluster from 'node:cluster';
import type { RunOptions, WorkerRole } from '../parts.ts';
import { ConfigurationRefused } from '../reload.ts';
import { type RunningGate, runGateway } from '../run.ts';
import { holdTicketKeys } from '../tickets.ts';
import type { FromWorker, MetricData, Question, ToWorker } from './messages.ts';
import { isOurs } from './messages.ts';

/** Runs until the primary says stop, or is gone. @returns the exit code. */
export async function runWorker(options: Omit<RunOptions, 'worker'>): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const stopped = Promise.withResolvers<void>();
  const stop = () => stopped.resolve();
  cluster.worker?.once('disconnect', () => {
    // Node would end a worker without a primary at once; sessions get the time that a drain gives them.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
    stop();
  });
  const begun = Promise.withResolvers<WorkerRole>();
  let keys: ReturnType<typeof holdTicketKeys> | undefined;
  let gate: RunningGate | undefined;
  process.on('message', (message) => {
    if (!isOurs(message)) return;
    const order = message as ToWorker;
    if (order.postern === 'begin') {
      keys = holdTicketKeys(decode(order.ticketKeys));
      begun.resolve({ number: order.number, ticketKeys: keys });
    } else if (order.postern === 'tickets') keys?.take(decode(order.ticketKeys));
    else if (order.postern === 'stop') stop();
    else if (order.postern === 'reload') gate?.reload();
    else if (gate !== undefined) void answer(gate, order.id, order.question);
  });
  const worker = await begun.promise;
  try {
    gate = await runGateway({ ...options, worker });
  } catch (error) {
    await send({ postern: 'failed', lines: linesOf(error) });
    leave();
    return 1;
  }
  await send({ postern: 'serving', url: gate.url });
  await stopped.promise;
  if (!process.connected) gate.log.error({}, 'the primary process is gone');
  await gate.stop();
  await send({ postern: 'last', metrics: await metricsOf(gate) });
  leave();
  return 0;
}

function decode(ticketKeys: string): Buffer {
  return Buffer.from(ticketKeys, 'base64');
}

/** An error that kept a gate from starting, as `postern serve` prints it. */
export function linesOf(error: unknown): readonly string[] {
  if (error instanceof ConfigurationRefused) return error.problems;
  return [`postern serve: ${(error as Error).message}`];
}

async function answer(gate: RunningGate, id: number, question: Question): Promise<void> {
  const found = question === 'checks' ? gate.vitals.checks() : await metricsOf(gate);
  await send({ postern: 'answer', id, answer: found });
}

async function metricsOf({ vitals }: RunningGate): Promise<readonly MetricData[]> {
  vitals.collect();
  return (await vitals.registry.getMetricsAsJSON()) as unknown as readonly MetricData[];
}

/** Resolves when it is on its way; a primary that is gone is no fault. */
function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected && process.send !== undefined) process.send(message, () => resolve());
    else resolve();
  });
}

/** Lets go of the channel, which would keep the process. */
function leave(): void {
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
  if (process.connected) process.disconnect?.();
}
