// What may wait for slow callers, by how many answers are open.

import t from 'tap';
import { queueShare } from '../../../src/proxy/queue.ts';

const KIB = 1024;
const CASES: readonly [open: number, bytes: number][] = [
  [0, 128 * KIB],
  [1, 128 * KIB],
  [512, 128 * KIB],
  [768, (64 * KIB * KIB) / 768],
  [1024, 64 * KIB],
  [10_000, 64 * KIB],
];

for (const [open, bytes] of CASES)
  t.test(`${open} open answers: ${Math.floor(bytes)} bytes each`, async (t) => {
    t.equal(queueShare(open), bytes);
  });
