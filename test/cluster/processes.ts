// The node's processes: started in its network namespace and in sessions of their own (Ctrl-C in a terminal is for us alone, or they would
// all end at once and in no order), each with a log file, each written down by id and start time so that another process can end it too.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readStartTime } from './proc.ts';

const TAIL_LINES = 25;

/** What is needed to start a node's processes. */
export interface ProcessSettings {
  readonly netns: string;
  readonly logFolder: string;
  /** One line a process: id, start time, name. */
  readonly pidsFile: string;
  /** Told when one ends that nobody asked to end. */
  readonly onExit: (name: string, reason: string) => void;
}

/** The node's processes. */
export interface Processes {
  readonly start: (name: string, command: string, args: readonly string[]) => void;
  /** Kills one at once, as a crash would, and starts it again the same way; resolves when it has been started. */
  readonly restart: (name: string) => Promise<void>;
  /** Rejects when one of them ends: to race with while waiting for it. */
  readonly died: Promise<never>;
  /** From now on ends are expected. */
  readonly expectExits: () => void;
}

/** Starts nothing yet. */
export function makeProcesses(settings: ProcessSettings): Processes {
  let isEnding = false;
  const { promise: died, reject } = Promise.withResolvers<never>();
  died.catch(() => undefined);
  const running = new Map<string, { readonly child: ChildProcess; readonly again: () => void }>();
  const restarting = new Set<string>();
  const end = (name: string, reason: string): void => {
    if (isEnding || restarting.has(name)) return;
    reject(new Error(`${name} ${reason}; the end of its log:\n${tailLog(settings.logFolder, name)}`));
    settings.onExit(name, reason);
  };
  const start: Processes['start'] = (name, command, args) => {
    const log = openSync(join(settings.logFolder, `${name}.log`), 'a');
    const child = spawn('nsenter', [`--net=${settings.netns}`, '--', command, ...args], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.once('error', (error) => end(name, `did not start: ${error.message}`));
    child.once('exit', (code, signal) => end(name, `ended by itself (${signal ?? `exit code ${code}`})`));
    running.set(name, { child, again: () => start(name, command, args) });
    if (child.pid === undefined) return;
    appendFileSync(settings.pidsFile, `${child.pid} ${readStartTime(child.pid) ?? 0} ${name}\n`);
  };
  return {
    died,
    expectExits: () => {
      isEnding = true;
    },
    start,
    restart: async (name) => {
      const one = running.get(name);
      if (one === undefined) throw new TypeError(`${name} was never started`);
      restarting.add(name);
      const ended = once(one.child, 'exit');
      one.child.kill('SIGKILL');
      await ended;
      restarting.delete(name);
      one.again();
    },
  };
}

/** The last lines of a process's log, or that there is none. */
export function tailLog(logFolder: string, name: string): string {
  try {
    const lines = readFileSync(join(logFolder, `${name}.log`), 'utf8')
      .trimEnd()
      .split('\n');
    return lines.slice(-TAIL_LINES).join('\n');
  } catch {
    return '(no log)';
  }
}

/** A process that was written down. */
export interface WrittenProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly name: string;
}

/** The processes of a pids file, in the order they were started; none when there is no file. */
export async function readPids(pidsFile: string): Promise<readonly WrittenProcess[]> {
  const text = await readFile(pidsFile, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [pid, startTime, name] = line.split(' ');
    return pid && startTime && name ? [{ pid: Number(pid), startTime, name }] : [];
  });
}
