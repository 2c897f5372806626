// Drives the load generator (bench/go/load): it prepares, says "ready", waits for "go", works, says "done" with what it saw. The contract
// is JSON lines on its standard output, one word a line on its standard input.

import { setTimeout as delay } from 'node:timers/promises';
import type { Processes, Running } from './processes.ts';

/** A load generator that had errors has so long to say which. ms */
const REASONS_MS = 2_000;

/** What the load generator saw. Seconds; latencies are absent where the figure has none. */
export interface LoadResult {
  /** In the figure's unit: GB, round trips, sessions, requests, events, connections. */
  readonly work: number;
  readonly seconds: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** mixed: the p99 of the same session before the other one was busy. */
  readonly idleP99: number | undefined;
  /** watch: the events that were due meanwhile. */
  readonly scheduled: number | undefined;
}

/** One run of the load generator. */
export interface Load {
  readonly pid: number;
  /** Resolves when everything is set up and warm. */
  readonly ready: Promise<void>;
  /** Does the work. @throws Error when any of it failed. */
  readonly go: () => Promise<LoadResult>;
  /** Ends what it holds, and waits until it is gone. */
  readonly stop: () => Promise<void>;
}

/** Where the load goes. */
export interface LoadTarget {
  readonly program: string;
  readonly args: readonly string[];
  readonly url: string;
  readonly caFile: string;
  readonly token: string;
  readonly folder: string;
  /** Longest time for each of the two halves, before ready and before done. */
  readonly limitMs: number;
}

/** Starts it. @throws Error when it does not start. */
export async function startLoad(processes: Processes, target: LoadTarget): Promise<Load> {
  const [figure = '', ...options] = target.args;
  const program = await processes.start({
    name: `load-${figure}`,
    command: target.program,
    args: [figure, '--target', target.url, '--ca', target.caFile, '--token', target.token, ...options],
    folder: target.folder,
    talks: true,
  });
  const ready = heard(program, 'ready', target.limitMs).then(() => undefined);
  ready.catch(() => undefined); // whoever waits for it hears of it
  return {
    pid: program.pid,
    ready,
    async go() {
      const done = heard(program, 'done', target.limitMs);
      program.send('go');
      return parseResult(await done, () => lastWords(program));
    },
    async stop() {
      program.send('end');
      await program.stop();
    },
  };
}

/** Waits for the line {"at": …}. @throws Error when it does not come. */
function heard(program: Running, at: string, limitMs: number): Promise<Readonly<Record<string, unknown>>> {
  const pick = (line: string) => {
    const message = parseLine(line);
    return message?.['at'] === at ? message : undefined;
  };
  return program.seen(`get to "${at}"`, pick, limitMs);
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws Error when there were errors, or no work. */
export async function parseResult(
  message: Readonly<Record<string, unknown>>,
  reasons: () => Promise<string>,
): Promise<LoadResult> {
  const { work, seconds, p50, p99, errors, detail } = message;
  if (typeof errors === 'number' && errors > 0)
    throw new Error(`${errors} of the load's operations failed: ${await reasons()}`);
  if (typeof work !== 'number' || typeof seconds !== 'number' || !(work > 0) || !(seconds > 0))
    throw new Error(`the load reported no work: ${JSON.stringify(message).slice(0, 300)}`);
  const details = typeof detail === 'object' && detail !== null ? (detail as Record<string, unknown>) : {};
  return {
    work,
    seconds,
    p50: numberOf(p50),
    p99: numberOf(p99),
    idleP99: numberOf(message['idleP99'] ?? details['idleP99']),
    scheduled: numberOf(details['scheduled']),
  };
}

/** It writes its reasons when it has reported, and ends. */
async function lastWords(program: Running): Promise<string> {
  await Promise.race([program.ended, delay(REASONS_MS, undefined, { ref: false })]);
  return program.tail();
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
