// How much of an answer may wait for a slow caller.

/** What waits in all answers together: about so much. Bytes. */
const QUEUE_BUDGET_BYTES = 64 * 1024 * 1024;
const MIN_QUEUE_BYTES = 64 * 1024;
/** A large list costs 2.7 CPU seconds a GB with 64 KiB and 1.9 with 128; with more, what is read in one go keeps others waiting. */
const MAX_QUEUE_BYTES = 128 * 1024;

/** An answer's share when so many are open: a few may be fast, and thousands that nobody reads don't take the memory. Bytes. */
export function queueShare(openAnswers: number): number {
  const share = QUEUE_BUDGET_BYTES / Math.max(1, openAnswers);
  return Math.min(MAX_QUEUE_BYTES, Math.max(MIN_QUEUE_BYTES, share));
}
