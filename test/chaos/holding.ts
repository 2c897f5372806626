// What a gate holds before a fault and after it: descriptors, heap after a full collection, and what its gauges say is open.

import type { Test } from 'tap';
import type { GateProcess, Holdings } from '../fakes/gateprocess.ts';
import { eventually } from '../fakes/sessions.ts';
import type { Facts } from '../reliability/facts.ts';

/** The heap of a process that has just begun still grows a little with what it has not done before. Bytes */
const HEAP_BYTES = 4 * 1024 * 1024;
/** Connections that the pools to the API server and the issuer keep. */
const POOLED = 8;

/** Resolves when the gate is back where it was: nothing is open, and it holds no more; says so in the facts. @returns how long that took, ms */
export async function comesBack(
  t: Test,
  gate: GateProcess,
  { before, facts, what }: { readonly before: Holdings; readonly facts: Facts; readonly what: string },
): Promise<number> {
  const from = performance.now();
  let after = await gate.holdings();
  await eventually(async () => {
    after = await gate.holdings();
    return after.descriptors <= before.descriptors + POOLED;
  }).catch(() => {});
  t.ok(
    after.descriptors <= before.descriptors + POOLED,
    `descriptors: ${before.descriptors} to ${after.descriptors}`,
  );
  t.ok(after.heapUsed <= before.heapUsed + HEAP_BYTES, `heap: ${before.heapUsed} to ${after.heapUsed}`);
  t.equal(await openNow(gate), 0, 'gauges of what is open');
  facts.add('growth', [
    `heap, KiB: ${what}`,
    kib(before.heapUsed),
    kib(after.heapUsed),
    `+ ${kib(HEAP_BYTES)}`,
  ]);
  facts.add('growth', [`descriptors: ${what}`, before.descriptors, after.descriptors, `+ ${POOLED}`]);
  return performance.now() - from;
}

/** Sessions and requests that are open by the gate's own account. */
export async function openNow({ opsUrl }: Pick<GateProcess, 'opsUrl'>): Promise<number> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => /^postern_(sessions_open|requests_in_flight)\{/.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

function kib(bytes: number): number {
  return Math.round(bytes / 1024);
}
