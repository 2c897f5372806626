// `postern serve --workers N` in front of an API server, and what can be seen of its processes: log lines, /proc, metrics and probes.

import { readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import type { TestGate } from '../fakes/gate.ts';
import { configured, dialTls, postern, type Run, ready, says, type Test } from '../fakes/serve.ts';
import { openSession, read } from '../fakes/sessions.ts';

/** A configuration with an API server behind it, and `count` workers that serve it. */
export async function setUp(t: Test, options: { count?: number; more?: object; args?: string[] } = {}) {
  const { count = 2, more = {}, args = [] } = options;
  const { gate, upstream } = await configured(t, more);
  const run = postern(t, ['serve', '--config', gate.file, '--workers', String(count), ...args]);
  const serving = await run.logged(says('serving'));
  const ops = String(serving['ops']);
  const port = Number(new URL(String(serving['address'])).port);
  await ready(ops);
  const dial = () => dialTls(port, gate);
  return { upstream, gate, run, serving, ops, port, dial };
}

/** One request on a connection of its own. */
export async function get(dial: () => Promise<TLSSocket>, gate: TestGate, path: string): Promise<string> {
  const socket = await dial();
  const reader = read(socket);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nAuthorization: Bearer ${await gate.token()}\r\n\r\n`,
  );
  await reader.ended;
  socket.destroy();
  return reader.text();
}

export const pidsOf = (run: Run) =>
  new Map(
    run
      .lines()
      .filter(says('worker serves'))
      .map((line) => [line['worker'], Number(line['pid'])]),
  );

export async function metric(ops: string, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${ops}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** The parent of a process, undefined when there is no such process (or only its entry for the parent to read). */
export function parentOf(pid: number): number | undefined {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** Resolves when none of the processes is left: a process closes what it has open a little before it is gone. */
export async function gone(pids: Iterable<number>): Promise<void> {
  for (const pid of pids)
    while (parentOf(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A session, and the number of the worker that has it. */
export async function sessionOn(run: Run, gate: TestGate, dial: () => Promise<TLSSocket>) {
  const before = run.lines().filter((line) => line['status'] === 101).length;
  const session = await openSession(gate, { socket: await dial() });
  const line = await run.logged((one) => one['status'] === 101, before + 1);
  return { ...session, worker: Number(line['worker']) };
}

export async function probe(url: string): Promise<[number, string]> {
  const answer = await fetch(url);
  return [answer.status, await answer.text()];
}

export function requestsIn(text: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith('postern_requests_total{'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
