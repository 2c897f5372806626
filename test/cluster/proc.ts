// Reads /proc and ends processes, by id and start time together: an id alone may be another process's by now (proc(5)).

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;
/** Field 22 of /proc/PID/stat, counted from the field after the name in parentheses. */
const START_TIME_FIELD = 19;

/** When process `pid` was started, in clock ticks since boot; undefined when there is none, or it is a zombie. */
export function readStartTime(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[START_TIME_FIELD];
}

/** All processes whose command line holds every one of `words`. */
export function findProcesses(words: readonly string[]): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      const commandLine = Number.isInteger(pid) ? readText(`/proc/${pid}/cmdline`) : '';
      return commandLine !== '' && words.every((word) => commandLine.includes(word));
    });
}

/** Sends `signal` and waits until the process is gone, for at most `timeoutMs`; whether it is. */
export async function endProcess(
  target: { readonly pid: number; readonly startTime: string },
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<boolean> {
  const isAlive = (): boolean => readStartTime(target.pid) === target.startTime;
  if (!isAlive()) return true;
  sendSignal(target.pid, signal);
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
    if (!isAlive()) return true;
    await delay(POLL_MS);
  }
  return !isAlive();
}

/** Kills each and waits until they are gone (at most 5 s). */
export async function killAll(pids: readonly number[]): Promise<void> {
  await Promise.all(
    pids.map(async (pid) => {
      const startTime = readStartTime(pid);
      if (startTime !== undefined) await endProcess({ pid, startTime }, 'SIGKILL', 5_000);
    }),
  );
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone in between
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
