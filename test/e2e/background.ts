// Programs that run while a test goes on (logs -f, get -w, port-forward, proxy): what they print is waited for, and they are ended.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { kubeEnv, type Protocol, protocolEnv } from './context.ts';

const PATIENCE_MS = 30_000;

/** A program that runs. */
export interface Background {
  readonly pid: number;
  /** What it printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when what it printed on both streams fits, with the match. @throws Error when it ends before or time is over. */
  readonly seen: (pattern: RegExp, timeoutMs?: number) => Promise<RegExpExecArray>;
  readonly send: (text: string) => void;
  readonly closeInput: () => void;
  /** Ends it and waits until it is gone. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Its exit code, 128 + n after a signal; resolves when it is gone. */
  readonly ended: Promise<number>;
}

/** Which kubectl, as whom. */
export interface Caller {
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly protocol?: Protocol;
}

/** Starts a kubectl. */
export function startKubectl(caller: Caller, args: readonly string[]): Background {
  const env = { ...kubeEnv(caller.kubeconfig), ...protocolEnv(caller.protocol ?? 'websocket') };
  return startProgram(caller.kubectl, args, env);
}

/** Starts any program; `env` is added to our own. */
export function startProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Background {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  const printed = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  const notify = () => {
    for (const listener of listeners) listener();
  };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
      notify();
    });
  child.stdin.on('error', () => undefined);
  let code: number | undefined;
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      printed.stderr += String(error);
      resolve(127);
    });
    child.once('close', (exit, signal) => {
      code = exit ?? (signal === 'SIGKILL' ? 137 : signal === 'SIGTERM' ? 143 : 130);
      notify();
      resolve(code);
    });
  });
  const seen = (pattern: RegExp, timeoutMs = PATIENCE_MS) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const finish = (done: () => void) => {
        clearTimeout(timer);
        listeners.delete(look);
        done();
      };
      const fail = (why: string) =>
        finish(() =>
          reject(new Error(`${command} ${args.join(' ')}: ${why} before ${pattern}: ${shown(printed)}`)),
        );
      const timer = setTimeout(() => fail(`${timeoutMs / 1000} s passed`), timeoutMs);
      const look = () => {
        const match = pattern.exec(printed.stdout) ?? pattern.exec(printed.stderr);
        if (match !== null) finish(() => resolve(match));
        else if (code !== undefined) fail(`it ended with ${code}`);
      };
      listeners.add(look);
      look();
    });
  return {
    pid: child.pid ?? 0,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    seen,
    ended,
    ...hands(child, ended),
  };
}

function hands(child: ChildProcessWithoutNullStreams, ended: Promise<number>) {
  return {
    send: (text: string) => void child.stdin.write(text),
    closeInput: () => void child.stdin.end(),
    kill: async (signal: NodeJS.Signals = 'SIGKILL') => {
      child.kill(signal);
      await ended;
    },
  };
}

function shown({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return JSON.stringify({ stdout: stdout.slice(-500), stderr: stderr.slice(-500) });
}
