// The comparison: a case does the same thing with the same kubectl direct and through the gate, and what was seen must be the same. What
// a kubectl does wrong on its own is thereby no finding; a wrong result on both sides is, unless the case leaves it open.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type RunOptions, type RunResult, run } from '../cluster/run.ts';
import { type Background, startKubectl } from './background.ts';
import { type Context, kubectl, kubeEnv, type Protocol, protocolEnv } from './context.ts';

const ATTEMPTS = 4;

/** One of the two ways, for one kubectl and protocol. */
export interface Side {
  readonly context: Context;
  readonly way: 'direct' | 'gate';
  /** Unique; fit for names of objects, and replaced by ID where things are compared. */
  readonly id: string;
  /** The side's own pod: it serves. */
  readonly pod: string;
  /** A folder of its own. */
  readonly folder: string;
  readonly kubeconfig: string;
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<RunResult>;
  readonly start: (args: readonly string[]) => Background;
  /** Runs kubectl on a terminal; `steps` are those of terminal/main.go. */
  readonly onTerminal: (steps: readonly string[], args: readonly string[]) => Promise<RunResult>;
}

/** What a case saw: plain data, compared between the two ways after `comparable`. */
export type Seen = Readonly<Record<string, unknown>>;

/** A thing that people do with kubectl. */
export interface Case {
  readonly name: string;
  /** In the short form too for every version and protocol. */
  readonly core?: boolean;
  /** Does it differ with the protocol (exec, attach, port-forward)? */
  readonly upgrades?: boolean;
  /** The first minor version that can do it. */
  readonly from?: number;
  readonly act: (side: Side) => Promise<Seen>;
  /** What of it must be so at least through the gate. */
  readonly expected: Seen;
}

/** A kubectl and a protocol. */
export interface Combination {
  readonly version: string;
  readonly path: string;
  readonly protocol: Protocol;
}

/** Makes one of the two ways. */
export function makeSide(context: Context, { version, path, protocol }: Combination, way: Side['way']): Side {
  const minor = Number(/^1\.(\d+)/.exec(version)?.[1]);
  const machine = version.includes('machine') ? 'm' : '';
  // Of equal length both ways, for tables are as wide as names are long.
  const id = `k${minor}${machine}-${protocol}-${way.charAt(0)}`;
  const kubeconfig = way === 'gate' ? context.kubeconfigs.alice : context.adminKubeconfig;
  const folder = join(context.dir, `side-${id}`);
  mkdirSync(folder, { recursive: true });
  const inNamespace = ['--namespace', context.namespace];
  const env = protocolEnv(protocol);
  return {
    context,
    way,
    id,
    pod: `own-${id}`,
    folder,
    kubeconfig,
    run: (args, options = {}) =>
      kubectl(path, kubeconfig, [...inNamespace, ...args], { ...options, env: { ...env, ...options.env } }),
    start: (args) => startKubectl({ kubectl: path, kubeconfig, protocol }, [...inNamespace, ...args]),
    onTerminal: (steps, args) =>
      run(context.terminal, ['--timeout', '60s', ...steps, '--', path, ...inNamespace, ...args], {
        env: { ...kubeEnv(kubeconfig), ...env },
      }),
  };
}

/** Runs a case both ways at once and asserts that they agree. */
export async function compare(t: Test, one: Case, context: Context, combination: Combination): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const [direct, gate] = await Promise.all([
      actOnce(one, makeSide(context, combination, 'direct')),
      actOnce(one, makeSide(context, combination, 'gate')),
    ]);
    const quirks = Object.entries({ direct, gate }).filter(([, seen]) => isQuirk(seen));
    for (const [way, seen] of quirks)
      t.comment(`kubectl ${combination.version}'s own trouble, ${way}: ${seen}`);
    if (quirks.length > 0 && attempt < ATTEMPTS) continue;
    t.same(JSON.parse(gate), JSON.parse(direct), 'as direct');
    t.match(JSON.parse(gate), one.expected, 'as it should be');
    return;
  }
}

async function actOnce(one: Case, side: Side): Promise<string> {
  try {
    return comparable(JSON.stringify(await one.act(side)), side);
  } catch (error) {
    return JSON.stringify({ thrown: comparable(String(error), side) });
  }
}

/** Whether this is kubectl's own trouble. Seen direct too: a stream that it has forgotten, with lost output (1.30, 1.31). */
export function isQuirk(seen: string): boolean {
  return seen.includes('Unknown stream id');
}

/** Takes out what differs between any two runs: names, addresses, ages, ids. */
export function comparable(text: string, side: Side): string {
  return text
    .replaceAll(side.folder, 'FOLDER')
    .replaceAll(side.kubeconfig, 'KUBECONFIG')
    .replaceAll(side.id, 'ID')
    .replace(/https:\/\/[\d.]+:\d+(\/clusters\/lab)?/g, 'SERVER')
    .replace(/127\.0\.0\.1:\d+/g, 'LOCAL')
    .replace(/[\d.]+:6443/g, 'LOCAL')
    .replace(/\b[IEW]\d{4} [\d:.]+ +\d+ /g, 'LOG ')
    .replace(/ +(?:\d+[smhd])+\b/g, ' AGE')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b/g, 'UUID')
    .replace(/\b[0-9a-f]{64}\b/g, 'CONTAINER')
    .replace(/\bdebugger-\w{5}\b/g, 'DEBUGGER');
}
