// The sizes of a simulated fleet. A gate takes some 150 to 250 MB, and all have to share the cores of one machine with HAProxy, the load and the API server.

import { freemem } from 'node:os';
import type { FleetPlan } from './measure.ts';

/** One gate, with what belongs to it. bytes */
const GATE_BYTES = 250e6;
/** For everything else. bytes */
const RESERVED_BYTES = 1e9;

/** What each gate of the short form has of a core. */
const SHORT_PART = 0.1;

/** For CI, first: what one gate can serve on this machine, with an API server that could do far more than that. */
export const ALONE: FleetPlan = { sizes: [1], part: SHORT_PART, bound: 6_000, warmUp: 3_000, seconds: 1 };

/** For CI, then: ten gates, and an API server that answers a quarter more than one of them can; machines differ by more than that, so it is measured. 1/s */
export function tenGates(servedByOne: number): FleetPlan {
  return { sizes: [10], part: SHORT_PART, bound: Math.round(1.25 * servedByOne), warmUp: 3_000, seconds: 8 };
}

/** As many as 50, where memory allows. */
export function longPlan(freeBytes: number = freemem()): FleetPlan {
  const most = Math.max(1, Math.floor((freeBytes - RESERVED_BYTES) / GATE_BYTES));
  const sizes = [1, 2, 3, 5, 8, 12, 25, 50].filter((size) => size <= most);
  return { sizes, part: 0.05, bound: 800, warmUp: 1_500, seconds: 10 };
}
