// Preloaded into a gate that a test started as a process (gateprocess.ts): answers the test's question of how much the process holds, without a line
// of the product's knowing of it. Needs --expose-gc.

import cluster from 'node:cluster';
import { getHeapStatistics } from 'node:v8';
import type { Holdings } from './gateprocess.ts';

const collect = (globalThis as { gc?: () => void }).gc;

process.on('message', (message) => {
  if (message !== 'holdings') return;
  // Twice, with a turn of the loop between: what finalizers and weak references let go of is gone after the second.
  collect?.();
  setImmediate(() => {
    collect?.();
    const { heapUsed, external, arrayBuffers, rss } = memoryUsage();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    process.send?.({ heapUsed, external, arrayBuffers, rss, resources } satisfies Omit<
      Holdings,
      'descriptors'
    >);
  });
});
/** Reading `rss` takes a descriptor, of which a test may have left none. */
function memoryUsage(): Pick<NodeJS.MemoryUsage, 'heapUsed' | 'external' | 'arrayBuffers' | 'rss'> {
  try {
    return process.memoryUsage();
  } catch {
    return { heapUsed: getHeapStatistics().used_heap_size, external: 0, arrayBuffers: 0, rss: 0 };
  }
}

if (cluster.isPrimary) {
  // The channel to the test must not keep the gate running. A worker's is to its primary, and keeps it until that has told it to begin.
  process.channel?.unref();
  // A gate does not outlive the test that started it.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}
