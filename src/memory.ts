// How V8 counts the memory of buffers. A gate holds little on its heap and moves everything through short-lived buffers outside of it; V8's own
// reckoning takes these for pressure and marks the whole heap again and again: in a profile of one streaming session (npm run bench,
// stream-down) more than a third of the process' CPU time was garbage collection, AES a twentieth. With buffers counted in the one global limit
// the same stream cost 1.6 to 2.0 CPU seconds a GB instead of 2.2 to 2.3 in alternating runs.

import { setFlagsFromString } from 'node:v8';

/** V8's flags, as `node --v8-options` lists them. */
export const MEMORY_FLAGS: readonly string[] = ['--external-memory-accounted-in-global-limit'];
/** The first Node whose V8 has them; an older one runs as it comes. */
const FIRST_NODE = 26;

/** Sets the flags, once, before the gate takes its first request. */
export function tuneMemory(nodeVersion: string = process.versions.node): void {
  if (Number.parseInt(nodeVersion, 10) < FIRST_NODE) return;
  for (const flag of MEMORY_FLAGS) setFlagsFromString(flag);
}
