// Waits beside a test cluster for the end of the process that started it, however it ends (SIGKILL, an uncaught exception, the end of a
// terminal): its standard input then closes, and what is left of the run is removed. Started by startReaper, in a session of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { removeRun } from './remove.ts';

/** Starts the reaper for the run of `dir`. It ends by itself. */
export function startReaper(dir: string, keepLogs: boolean): ChildProcess {
  const child = spawn(process.execPath, [import.meta.filename, dir, keepLogs ? 'keep-logs' : ''], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  return child;
}

async function reap(dir: string, keepLogs: boolean): Promise<void> {
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('close', resolve).once('end', resolve));
  await removeRun(dir, keepLogs);
}

if (import.meta.main) await reap(process.argv[2] ?? '', process.argv[3] === 'keep-logs');
