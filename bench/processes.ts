// The processes of a benchmark: each is known from its start to its end, and every one ends when the benchmark does, whichever way that is.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, readStartTime } from '../test/cluster/proc.ts';
import { processTree } from './proc.ts';

const START_TIMEOUT_MS = 15_000;
const POLL_MS = 10;
/** A program that was asked to end and still runs is killed after this. */
const END_TIMEOUT_MS = 3_000;
const TAIL_CHARS = 1_500;

/** How to start a program. Its standard error goes to `NAME.log` in the folder, its standard output too unless `talks`. */
export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly folder: string;
  /** We read its standard output line by line, and write to its standard input. */
  readonly talks?: boolean;
}

export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Its exit code, -1 after a signal; resolves when it is gone. */
  readonly ended: Promise<number>;
  /** The first line of its standard output, so far or from now on, of which `pick` makes something. @throws Error with its last words. */
  readonly seen: <T>(what: string, pick: (line: string) => T | undefined, limitMs: number) => Promise<T>;
  readonly send: (line: string) => void;
  /** Ends its standard input. */
  readonly end: () => void;
  /** The end of what it wrote on standard error, each line once. */
  readonly tail: () => string;
  /** Ends it and its children, and waits until they are gone. */
  readonly stop: () => Promise<void>;
}

export interface Processes {
  /** @throws Error when the program can't be started, or everything is being ended. */
  readonly start: (program: Program) => Promise<Running>;
  readonly endAll: () => Promise<void>;
}

/** Starts nothing yet. */
export function makeProcesses(): Processes {
  const running = new Set<Running>();
  let count = 0;
  let isOver = false;
  return {
    async start(program) {
      if (isOver) throw new Error('the benchmark was ended');
      count += 1;
      const one = await startProgram(program, `${program.name}-${count}.log`);
      running.add(one);
      void one.ended.then(() => running.delete(one));
      // The end may have come meanwhile.
      if (isOver) await one.stop();
      return one;
    },
    async endAll() {
      isOver = true;
      await Promise.all([...running].map((one) => one.stop()));
    },
  };
}

async function startProgram(program: Program, logName: string): Promise<Running> {
  const logFile = join(program.folder, logName);
  const log = openSync(logFile, 'a');
  const talks = program.talks === true;
  const child = spawn(program.command, program.args, {
    cwd: program.folder,
    env: { ...process.env, ...program.env },
    stdio: talks ? ['pipe', 'pipe', log] : ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? -1));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${program.name} did not start: ${error.message}`)));
  });
  child.stdin?.on('error', () => undefined); // it may be gone: `ended` tells
  return {
    name: program.name,
    pid: child.pid ?? 0,
    ended,
    seen: readLines(child, program.name, () => readTail(logFile)),
    send: (line) => void child.stdin?.write(`${line}\n`),
    end: () => void child.stdin?.end(),
    tail: () => readTail(logFile),
    stop: () => stopTree(child, ended),
  };
}

/** By id and start time together, children too: a killed parent would leave them behind. */
async function stopTree(child: ChildProcess, ended: Promise<number>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const tree = processTree(child.pid).flatMap((pid) => {
    const startTime = readStartTime(pid);
    return startTime === undefined ? [] : [{ pid, startTime }];
  });
  child.stdin?.end();
  child.kill('SIGTERM');
  await Promise.race([ended, delay(END_TIMEOUT_MS, undefined, { ref: false })]);
  await Promise.all(tree.map((one) => endProcess(one, 'SIGKILL', END_TIMEOUT_MS)));
  await ended;
}

/** A port of the loopback that was free a moment ago, for programs that cannot say which one the system chose. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(),
      );
    });
  });
}

/** Resolves when something listens on the port. @throws Error with the program's last words when it ends before, or time is over. */
export function untilListening(program: Running, port: number): Promise<void> {
  return until(program, 'listen', () => accepts(port));
}

/** Resolves when a URL of the program answers with a success. @throws Error as untilListening. */
export function untilReady(program: Running, url: string): Promise<void> {
  return until(program, 'get ready', () => isOk(url));
}

async function until(program: Running, what: string, isSo: () => Promise<boolean>): Promise<void> {
  let isGone = false;
  void program.ended.then(() => {
    isGone = true;
  });
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline && !isGone; ) {
    if (await isSo()) return;
    await delay(POLL_MS);
  }
  await program.stop();
  throw new Error(`${program.name} ${isGone ? 'ended' : `did not ${what}`} at its start: ${program.tail()}`);
}

/** The port of a program that prints {"listening":"HOST:PORT"}. @throws Error as untilListening. */
export async function announcedPort(program: Running): Promise<number> {
  const pick = (line: string) => {
    const port = /"listening"\s*:\s*"[^"]*:(\d+)"/.exec(line)?.[1];
    return port === undefined ? undefined : Number(port);
  };
  try {
    return await program.seen('say where it listens', pick, START_TIMEOUT_MS);
  } catch (error) {
    await program.stop();
    throw error;
  }
}

/** Keeps the lines that a program prints, and lets others wait for one. */
function readLines(child: ChildProcess, name: string, tail: () => string): Running['seen'] {
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  let isClosed = child.stdout === null;
  const notify = () => {
    for (const listener of [...listeners]) listener();
  };
  if (child.stdout !== null) {
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => {
      lines.push(line);
      notify();
    });
    // Not its end: its last lines may still be in the pipe then.
    reader.on('close', () => {
      isClosed = true;
      notify();
    });
  }
  return <T>(what: string, pick: (line: string) => T | undefined, limitMs: number) =>
    new Promise<T>((resolve, reject) => {
      const settle = (done: () => void) => {
        clearTimeout(timer);
        listeners.delete(look);
        done();
      };
      const fail = (why: string) => settle(() => reject(new Error(`${name} ${why}: ${tail()}`)));
      const timer = setTimeout(() => fail(`did not ${what} in ${limitMs / 1000} s`), limitMs);
      const look = () => {
        for (const line of lines) {
          const found = pick(line);
          if (found !== undefined) return settle(() => resolve(found));
        }
        if (isClosed) fail(`ended and did not ${what}`);
      };
      listeners.add(look);
      look();
    });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function readTail(file: string): string {
  try {
    const lines = new Set(readFileSync(file, 'utf8').trim().split('\n'));
    return [...lines].join('\n').slice(-TAIL_CHARS) || '(it printed nothing)';
  } catch {
    return '(no log)';
  }
}
