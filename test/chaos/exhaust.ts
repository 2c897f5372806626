// What uses up the descriptors of a gate that has few, and who asks it meanwhile how it is: probes and Prometheus.

import { readdirSync } from 'node:fs';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import type { OpenCall } from '../fakes/caller.ts';
import { type GateProcess, startGateProcess } from '../fakes/gateprocess.ts';
import { startEcho } from '../fakes/sessions.ts';

/** How many descriptors its process may have. */
export const LIMIT = 128;
/** What the log says when callers are let in no more. */
export const FEW = /^hardly any file descriptor is left/;
/** Callers who come at the same time. */
const WAVE = 20;

/** How many a process has open. */
export const openBy = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** A gate whose processes may have LIMIT each, in front of an API server that echoes. */
export async function startGate(t: Test, args: readonly string[] = []): Promise<GateProcess> {
  const upstream = await startEcho();
  t.teardown(() => upstream.close());
  const gate = await startGateProcess({
    upstreams: [{ name: 'prod', upstream }],
    args,
    prefix: ['prlimit', `--nofile=${LIMIT}:${LIMIT}`],
    config: { sessions: { drainTimeout: '1s' } },
  });
  t.teardown(() => gate.stop());
  return gate;
}

/** Connections without a request, as many as the gate takes of so many; those beyond are closed. They have 32 s: the handshake alone would give them 15. */
export async function takeAll(
  gate: GateProcess,
  count: number,
): Promise<{ held: TLSSocket[]; closed: number }> {
  const held: TLSSocket[] = [];
  for (let tried = 0; tried < count; tried += WAVE) {
    const tries = await Promise.allSettled(Array.from({ length: WAVE }, () => gate.connect()));
    held.push(...tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  }
  return { held, closed: count - held.length };
}

/** Takes what callers can't, on the listener of machines that the operator trusts, until connections there are closed, too. */
export async function takeRest({ opsUrl }: GateProcess): Promise<Socket[]> {
  const held: Socket[] = [];
  for (let isClosed = false; !isClosed; ) {
    const socket = connect(Number(new URL(opsUrl).port), '127.0.0.1');
    socket.on('error', () => {});
    // An answer says that the gate has it.
    socket.write('GET /livez HTTP/1.1\r\nHost: gate\r\n\r\n');
    isClosed = await new Promise<boolean>((resolve) => {
      socket.once('close', () => resolve(true)).once('data', () => resolve(false));
    });
    held.push(socket);
  }
  return held;
}

/** Probes and scrapes, each over a connection of its own and one after the other, until it is stopped. @returns what was not answered with 200 */
export function probeAlways({ opsUrl }: GateProcess): { readonly rounds: number; stop(): Promise<string[]> } {
  const wrong: string[] = [];
  let rounds = 0;
  let isStopped = false;
  const ask = (path: string) =>
    new Promise<void>((resolve) => {
      const failed = (error: Error) => {
        wrong.push(`${path}: ${error.message}`);
        resolve();
      };
      get(`${opsUrl}${path}`, { agent: false, timeout: 5_000 }, (response) => {
        if (response.statusCode !== 200) wrong.push(`${path}: ${response.statusCode}`);
        response.resume().on('end', resolve).on('error', failed);
      })
        .on('timeout', () => failed(new Error('no answer')))
        .on('error', failed);
    });
  const running = (async () => {
    for (; !isStopped; rounds++) for (const path of ['/livez', '/readyz', '/metrics']) await ask(path);
  })();
  return {
    get rounds() {
      return rounds;
    },
    async stop() {
      isStopped = true;
      await running;
      return wrong;
    },
  };
}

/** Opens watches until one is refused. */
export async function watchesUntilRefused(
  open: () => OpenCall,
): Promise<{ status: number; open: OpenCall[] }> {
  const opened: OpenCall[] = [];
  for (;;) {
    const one = open();
    const { status, stream } = await one.head;
    stream.resume();
    if (status !== 200) return { status, open: opened };
    opened.push(one);
  }
}
