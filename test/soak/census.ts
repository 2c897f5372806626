// Preloaded into a gate that is soaked (--import): tells what its memory holds when the test asks. Bytes alone are noisy; objects are counted by
// V8 itself, so that one object a session is seen whatever its size. Needs --expose-gc.

import { Socket } from 'node:net';
import { getHeapSpaceStatistics, queryObjects } from 'node:v8';

/** What a process holds. Bytes, and objects by class; `Object` is every object that inherits from Object.prototype: arrays, functions, maps, too. */
export interface Census {
  /** Without what is code: V8 compiles more, and less, as it likes. */
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly rss: number;
  readonly objects: Readonly<Record<string, number>>;
}

type NodeClass = new () => unknown;

/** The message that asks for it. */
export const CENSUS = 'census';

/** A collection may let go of what the next one can collect: as often as it still finds something, and no more than this. */
const MAX_COLLECTIONS = 5;
const WORTH_BYTES = 4096;
/** V8's spaces of machine code, bytecode and what belongs to them. */
const CODE_SPACES = /^(code|trusted|read_only)|_code_|_trusted_/;

// Node keeps timers of one duration in one list; the first timer of a list has it as its neighbour.
const timer = setTimeout(() => {}, 2 ** 31 - 1) as unknown as { readonly _idlePrev: object };
const { constructor: TimersList } = timer._idlePrev as { readonly constructor: NodeClass };
clearTimeout(timer as unknown as NodeJS.Timeout);
const { constructor: Timeout } = timer as unknown as { readonly constructor: NodeClass };
/** Each is counted by a full collection of its own, so they are few; everything is among `Object`. */
const CLASSES: Readonly<Record<string, NodeClass>> = { Object, Socket, Timeout, TimersList };

const collect = (globalThis as { gc?: () => void }).gc;

process.on('message', (message) => {
  if (message === CENSUS) void count().then((census) => process.send?.(census));
});
// The channel to the test must not keep the gate running.
process.channel?.unref();

async function count(): Promise<Census> {
  let before = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MAX_COLLECTIONS; i++) {
    collect?.();
    // Finalizers and closing handles have their turn.
    await new Promise(setImmediate);
    const { heapUsed } = process.memoryUsage();
    if (before - heapUsed < WORTH_BYTES) break;
    before = heapUsed;
  }
  const objects: Record<string, number> = {};
  for (const [name, of] of Object.entries(CLASSES)) objects[name] = Number(queryObjects(of));
  collect?.();
  const { external, arrayBuffers, rss } = process.memoryUsage();
  const heapUsed = getHeapSpaceStatistics()
    .filter(({ space_name: name }) => !CODE_SPACES.test(name))
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
  return { heapUsed, external, arrayBuffers, rss, objects };
}
