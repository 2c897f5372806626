// Where faults are injected: a gate as a process of its own, and what it has to return to when the fault is over: gauges at 0, as many descriptors as
// before, and a heap that has not grown beyond what code that ran for the first time takes.

import type { TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import {
  type GateProcess,
  type GateProcessOptions,
  type Holdings,
  startGateProcess,
} from '../fakes/gateprocess.ts';
import { requestUpgrade, upgradeRequest } from '../fakes/peers.ts';
import { eventually, type Reader, read, upgradeHead } from '../fakes/sessions.ts';
import type { Facts } from '../reliability/facts.ts';

/** A heap after all faults may be so much above the one before: code and shapes that V8 has met meanwhile; measured 0.2 to 1.5 MiB. KiB */
const HEAP_ALLOWED_KIB = 4096;
/** Within which everything is let go of after the last caller has gone. ms */
const SETTLED_MS = 15_000;

export interface Ground {
  readonly gate: GateProcess;
  /** A token of somebody who is nobody else: the log's lines are found by this user. */
  someone(): Promise<{ readonly user: string; readonly token: string }>;
  /** The line of a user's request, resp. of the session's end. */
  requestOf(user: string): Promise<Record<string, unknown>>;
  sessionOf(user: string): Promise<Record<string, unknown>>;
  /** Resolves when everything is as it was at the start, resp. after `warm`; facts go to `growth`. */
  settled(t: Test, facts: Facts, what: string): Promise<void>;
  /** Remembers what the gate holds now as the state before. */
  warm(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it. */
export async function startGround(options: GateProcessOptions): Promise<Ground> {
  const gate = await startGateProcess(options);
  let before = await gate.holdings();
  let people = 0;
  const lineOf = (msg: string, user: string) =>
    gate.logged((line) => line['msg'] === msg && line['user'] === user);
  return {
    gate,
    someone: async () => {
      const user = `someone-${++people}@example.com`;
      return { user, token: await gate.token({ email: user }) };
    },
    requestOf: (user) => lineOf('request', user),
    sessionOf: (user) => lineOf('session ended', user),
    warm: async () => {
      await eventually(async () => (await openNow(gate)) === 0);
      before = await gate.holdings();
    },
    settled: async (t, facts, what) => {
      const after = await comeDown(gate, before);
      t.equal(await openNow(gate), 0, 'gauges are at 0');
      t.ok(
        after.descriptors <= before.descriptors,
        `descriptors: ${before.descriptors}, then ${after.descriptors}`,
      );
      const [heapBefore, heapAfter] = [before, after].map((one) =>
        Math.round((one.heapUsed + one.external) / 1024),
      ) as [number, number];
      t.ok(heapAfter - heapBefore < HEAP_ALLOWED_KIB, `heap: ${heapBefore} KiB, then ${heapAfter}`);
      facts.add('growth', [`descriptors: ${what}`, before.descriptors, after.descriptors, '+ 0']);
      facts.add('growth', [`heap, KiB: ${what}`, heapBefore, heapAfter, `+ ${HEAP_ALLOWED_KIB}`]);
    },
    stop: async () => {
      await gate.stop();
    },
  };
}

async function comeDown(gate: GateProcess, before: Holdings): Promise<Holdings> {
  let held = await gate.holdings();
  const isDown = async () => {
    held = await gate.holdings();
    return held.descriptors <= before.descriptors && (await openNow(gate)) === 0;
  };
  await eventually(isDown, SETTLED_MS).catch(() => {});
  return held;
}

/** What is open by the gate's own gauges: sessions and requests in flight. */
export async function openNow({ opsUrl }: Pick<GateProcess, 'opsUrl'>): Promise<number> {
  const text = await (await fetch(`${opsUrl}/metrics`, { headers: { connection: 'close' } })).text();
  const values = text.matchAll(/^postern_(?:sessions_open|requests_in_flight)\{[^}]*\} (\d+)$/gm);
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** The value of postern_upstream_errors_total for a reason, all clusters. */
export function upstreamErrors(gate: GateProcess, reason: string, cluster = 'main'): Promise<number> {
  return gate.metric(`postern_upstream_errors_total{cluster="${cluster}",reason="${reason}"}`);
}

export const PROTOCOLS = ['websocket', 'spdy'] as const;
export type Protocol = (typeof PROTOCOLS)[number];
export const EXEC = '/api/v1/namespaces/default/pods/p/exec?command=cat&stdin=true&stdout=true';

/** Opens an exec over either protocol; the socket is paused behind the head of the answer. */
export async function openExec(
  gate: GateProcess,
  token: string,
  protocol: Protocol = 'spdy',
): Promise<{ readonly socket: TLSSocket; readonly status: number }> {
  const socket = await gate.connect();
  const { status } = await requestUpgrade(socket, execRequest(token, protocol));
  return { socket, status };
}

/** The bytes of its request. */
export function execRequest(token: string, protocol: Protocol): string {
  return protocol === 'spdy'
    ? upgradeRequest(token)
    : upgradeHead('websocket', EXEC, [`Authorization: Bearer ${token}`]);
}

/** The head of a request over HTTP/1.1. */
export function requestHead(
  method: string,
  path: string,
  token: string,
  more: readonly string[] = [],
): string {
  return `${[`${method} ${path} HTTP/1.1`, 'Host: gate', `Authorization: Bearer ${token}`, ...more].join('\r\n')}\r\n\r\n`;
}

/** Sends bytes on a connection of its own and reads what comes. */
export async function speak(
  gate: GateProcess,
  bytes: string,
): Promise<{ readonly socket: TLSSocket; readonly reader: Reader }> {
  const socket = await gate.connect();
  const reader = read(socket);
  socket.write(bytes);
  return { socket, reader };
}
