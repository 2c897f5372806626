// Preloaded into a gate to prove that a soak sees it: for each connection to its listener the process keeps one more of what POSTERN_SOAK_LEAK names.
// Node itself tells of connections (diagnostics_channel net.server.socket); not a line of the product knows of it.

import { subscribe } from 'node:diagnostics_channel';

/** Names the leak. */
export const LEAK_VARIABLE = 'POSTERN_SOAK_LEAK';

const kept: unknown[] = [];
let count = 0;

/** What can be kept of a session. */
export const LEAKS = {
  'one small object': () => kept.push({ at: ++count }),
  // Flat: V8 makes a rope of what is repeated or padded.
  'a string of 2,000 characters': () => kept.push(Buffer.alloc(2000, `${++count}`).toString()),
} as const satisfies Readonly<Record<string, () => unknown>>;

const leak = LEAKS[(process.env[LEAK_VARIABLE] ?? '') as keyof typeof LEAKS];
if (leak !== undefined) subscribe('net.server.socket', () => void leak());
