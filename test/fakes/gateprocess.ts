// A whole gate as an operator runs it: `postern serve` in a process of its own, so that signals, limits of the system and what the process holds
// (heap after a full collection, descriptors) are real. The files are the same as of a gate within the test (gatefiles.ts).

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { bareEnv } from './bareenv.ts';
import { type ConnectOptions, collectLines, openConnection, readMetric } from './gate.ts';
import { type GateFiles, type GateFilesOptions, layGateFiles } from './gatefiles.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** How often a log file is looked at. ms */
const FOLLOW_MS = 25;
const INSIDE = new URL('./inside.ts', import.meta.url).href;

/** What a process holds. Bytes; `resources` are Node's own names of what keeps its loop alive. */
export interface Holdings {
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly rss: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly descriptors: number;
}

export interface GateProcessOptions extends GateFilesOptions {
  /** After `serve --config FILE`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What goes before node, as `prlimit --nofile=64`. */
  readonly prefix?: readonly string[];
  /** Node's own options beside --expose-gc. */
  readonly nodeOptions?: readonly string[];
  /** Where stdout and stderr go, as descriptors; default are pipes that are read. The log is on stderr. */
  readonly output?: { readonly stdout: number; readonly stderr: number };
  /** Where the log comes to lie instead, as a path that may depend on the process; it is read from there as it grows. */
  readonly logFile?: (pid: number) => string;
}

export interface GateProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly opsUrl: string;
  readonly files: GateFiles;
  /** Every log line so far, raw. */
  readonly log: readonly string[];
  /** Resolves with the first log line, old or new, that fits. */
  logged(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A TLS connection without ALPN, as kubectl's upgrades open it. */
  connect(options?: ConnectOptions): Promise<TLSSocket>;
  /** The value of one line of /metrics; 0 when it is not there. */
  metric(line: string): Promise<number>;
  /** What the process holds now, after a full garbage collection. */
  holdings(): Promise<Holdings>;
  /** Resolves with the exit code, or the signal's name. */
  readonly exit: Promise<number | string>;
  /** SIGTERM, and SIGKILL when it has not ended after `killAfterMs` (default 15 s); then the files are removed. @returns what it exited with */
  stop(killAfterMs?: number): Promise<number | string>;
}

/** Starts one; resolves when it serves. @throws Error with what it printed when it ends before */
export async function startGateProcess(options: GateProcessOptions): Promise<GateProcess> {
  const files = await layGateFiles(options);
  const lines = collectLines();
  const { prefix = [], nodeOptions = [], args = [], output } = options;
  const command = [
    ...prefix,
    process.execPath,
    '--expose-gc',
    `--import=${INSIDE}`,
    ...nodeOptions,
    MAIN,
    'serve',
    '--config',
    files.file,
    ...args,
  ];
  const child = spawn(command[0] ?? '', command.slice(1), {
    env: { ...bareEnv(), ...options.env },
    stdio: ['ignore', output?.stdout ?? 'pipe', output?.stderr ?? 'pipe', 'ipc'],
  });
  const other: string[] = [];
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.startsWith('{')) lines.stream.write(line);
      else other.push(line);
    });
  child.stdout?.resume();
  const followed =
    options.logFile === undefined ? undefined : followFile(options.logFile(child.pid ?? 0), lines.stream);
  const exit = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  const serving = await Promise.race([lines.find(({ msg }) => msg === 'serving'), exit]);
  void exit.then(() => followed?.end());
  if (typeof serving !== 'object') {
    await files.remove();
    throw new Error(`the gate ended (${serving}): ${[...lines.all, ...other].join('\n')}`);
  }
  const port = Number(new URL(String(serving['address'])).port);
  const opsUrl = String(serving['ops']);
  const pid = child.pid ?? 0;
  return {
    child,
    pid,
    port,
    opsUrl,
    files,
    log: lines.all,
    logged: lines.find,
    token: (claims = {}) =>
      files.issuer.sign({ sub: 'alice-id', email: 'alice@example.com', groups: ['engineers'], ...claims }),
    connect: (more = {}) => openConnection(port, files.ca.certPem, more),
    metric: (line) => readMetric(opsUrl, line),
    holdings: async () => {
      const answer = once(child, 'message');
      child.send('holdings');
      const [held] = (await answer) as [Omit<Holdings, 'descriptors'>];
      return { ...held, descriptors: readdirSync(`/proc/${pid}/fd`).length };
    },
    exit,
    stop: async (killAfterMs = 15_000) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      const code = await exit;
      clearTimeout(timer);
      await files.remove();
      return code;
    },
  };
}

/** Reads lines from a file that grows; one that is not there yet is empty. */
function followFile(path: string, to: { write(line: string): void }): { end(): void } {
  let at = 0;
  let rest = '';
  const look = () => {
    let text: string;
    try {
      const bytes = readFileSync(path);
      text = rest + bytes.toString('utf8', at);
      at = bytes.length;
    } catch {
      return;
    }
    const lines = text.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('{')) to.write(line);
  };
  const timer = setInterval(look, FOLLOW_MS);
  return {
    end() {
      clearInterval(timer);
      look();
    },
  };
}
