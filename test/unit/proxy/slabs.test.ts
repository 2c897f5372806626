// Slabs are used again, and however many receivers don't read, what waits for them is bounded.

import t from 'tap';
import { Slabs } from '../../../src/proxy/slabs.ts';

const KIB = 1024;
const SLAB = 160 * KIB;
const BUDGET = 64 * KIB * KIB;

t.test('a slab that was given back is the next one taken', async (t) => {
  const slabs = new Slabs();
  const first = slabs.take();
  t.equal(first.length, SLAB, 'ten TLS records');
  const second = slabs.take();
  t.not(second.buffer, first.buffer, 'two in use are two');
  slabs.give(first);
  t.equal(slabs.take(), first);
});

t.test('beyond 64 MiB in use new slabs are small, until some come back', async (t) => {
  const slabs = new Slabs();
  const taken: Buffer[] = [];
  while (taken.length < Math.ceil(BUDGET / SLAB)) taken.push(slabs.take());
  t.ok(taken.every(({ length }) => length === SLAB));
  const small = slabs.take();
  t.equal(small.length, 32 * KIB);
  slabs.give(small);
  t.equal(slabs.take().length, 32 * KIB, 'a small one given back makes no room');
  slabs.give(taken.pop() as Buffer);
  t.equal(slabs.take().length, SLAB);
});

t.test('what nobody uses is kept up to 8 MiB and let go beyond', async (t) => {
  const slabs = new Slabs();
  const taken = Array.from({ length: 100 }, () => slabs.take());
  const known = new Set(taken);
  for (const slab of taken) slabs.give(slab);
  const again = Array.from({ length: 100 }, () => slabs.take());
  t.equal(again.filter((slab) => known.has(slab)).length, Math.ceil((8 * KIB * KIB) / SLAB));
});

t.test('reads land in a buffer of one TLS record', async (t) => {
  t.equal(new Slabs().landing.length, 16 * KIB);
});
