// Runs one program to its end and keeps what it printed: for the many small commands (ip, ctr, mount, kubectl) that bring a cluster up and
// down. Trusts its arguments; nothing goes through a shell.

import { spawn } from 'node:child_process';

/** What a program printed and how it ended; `code` is 128 + n after a signal, 127 when it could not be started. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. `timeoutMs` ends it with SIGKILL (default: none); `env` is added to our own. */
export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Runs `command` and resolves with its output whatever its exit code. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: 'pipe',
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      signal: options.signal,
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined); // it may end before it read all: its exit code tells
    child.once('error', (error) => resolve({ code: 127, stdout: '', stderr: String(error) }));
    child.once('close', (code, signal) => {
      const stderr = Buffer.concat(err).toString();
      const reason = signal === null ? '' : `\nended by ${signal}`;
      resolve({ code: code ?? 137, stdout: Buffer.concat(out).toString(), stderr: stderr + reason });
    });
    child.stdin.end(options.input);
  });
}

/**
 * Runs `command` and resolves with what it printed on stdout.
 * @throws Error with the command and its stderr when it fails.
 */
export async function runOrFail(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(command, args, options);
  if (result.code === 0) return result.stdout;
  throw new Error(
    `${command} ${args.join(' ')}: exit code ${result.code}: ${result.stderr.trim() || result.stdout.trim()}`,
  );
}
