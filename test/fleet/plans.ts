// The sizes of a simulated fleet. A gate takes some 150 to 250 MB, and all have to share the cores of one machine with HAProxy, the load and the API server.

import { freemem } from 'node:os';
import type { FleetPlan } from './measure.ts';

/** One gate, with what belongs to it. bytes */
const GATE_BYTES = 250e6;
/** For everything else. bytes */
const RESERVED_BYTES = 1e9;

/** For CI: about a minute. */
export const SHORT: FleetPlan = { sizes: [1, 10], part: 0.1, bound: 900, warmUp: 3_000, seconds: 8 };

/** As many as 50, where memory allows. */
export function longPlan(freeBytes: number = freemem()): FleetPlan {
  const most = Math.max(1, Math.floor((freeBytes - RESERVED_BYTES) / GATE_BYTES));
  const sizes = [1, 2, 3, 5, 8, 12, 25, 50].filter((size) => size <= most);
  return { sizes, part: 0.05, bound: 800, warmUp: 1_500, seconds: 10 };
}
