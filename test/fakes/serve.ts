// `postern serve` as a process of its own for flow tests: started with arguments, watched by its log lines, ended with the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { bareEnv } from './bareenv.ts';
import { startTestGate, type TestGate } from './gate.ts';
import { type EchoUpstream, read, startEcho } from './sessions.ts';

export const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

/** What a helper needs of a test. */
export type Test = Pick<typeof import('tap').t, 'teardown'>;
/** A log line. */
export type Line = Readonly<Record<string, unknown>>;

/** A process that serves, and what it and its workers log. */
export interface Run {
  readonly child: ChildProcess;
  readonly err: ReturnType<typeof read>;
  readonly out: ReturnType<typeof read>;
  readonly exit: Promise<number | null>;
  lines(): Line[];
  /** Resolves with the `count`th line that fits, old or new. */
  logged(fits: (line: Line) => boolean, count?: number): Promise<Line>;
}

/** A configuration file, `more` in it, with an API server behind it. A gate of the test's own serves it as well, on other ports. */
export async function configured(
  t: Test,
  more: object = {},
): Promise<{ gate: TestGate; upstream: EchoUpstream }> {
  const upstream = await startEcho();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
  gate.writeConfig({ ...gate.config, ...more });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  return { gate, upstream };
}

/** Runs `postern` with these arguments until the test ends. */
export function postern(t: Test, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  return node(t, [MAIN, ...args], env);
}

/** Runs node with these arguments until the test ends; of the test's own variables it has PATH alone. */
export function node(t: Test, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, args, {
    env: { ...bareEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const err = read(child.stderr);
  const out = read(child.stdout);
  // 'close' comes when the last process that holds standard error has ended: the workers, too.
  const exit = once(child, 'close').then(([code]) => code as number | null);
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const lines = () =>
    err
      .text()
      .split('\n')
      .slice(0, -1)
      .filter((text) => text.startsWith('{'))
      .map((text) => JSON.parse(text) as Line);
  return {
    child,
    err,
    out,
    exit,
    lines,
    async logged(fits, count = 1) {
      for (;;) {
        const found = lines().filter(fits)[count - 1];
        if (found !== undefined) return found;
        await moreOf({ child, err, exit });
      }
    },
  };
}

/** Resolves with more output; rejects when there will be none. */
async function moreOf({ child, err, exit }: Pick<Run, 'child' | 'err' | 'exit'>): Promise<void> {
  const over = exit.then(() => {
    throw new Error(`ended before: ${err.text()}`);
  });
  await Promise.race([once(child.stderr as NonNullable<typeof child.stderr>, 'data'), over]);
}

/** Fits the lines of one message. */
export const says = (msg: string) => (line: Line) => line['msg'] === msg;

/** Resolves when it is ready. */
export async function ready(ops: string): Promise<void> {
  // Keys of issuers come by the network; only asking tells that they have.
  while ((await fetch(`${ops}/readyz`)).status !== 200)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A TLS connection to it; `more` are options of node:tls. */
export async function dialTls(port: number, gate: TestGate, more: object = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: gate.ca.certPem, ...more });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}
