import t from 'tap';
import { createMetrics } from '../../src/metrics.ts';
import { limitOf, SAMPLE_MS, watchProcess } from '../../src/process.ts';

// What the process says of itself. The system's own figures are compared with what Node tells here and now.

const build = { version: '1', node: 'v26' };

/** A watch on timers that the test fires; `late` is by how many ms the loop comes after them. */
function watched() {
  const metrics = createMetrics(build);
  let elapsed = 0;
  let pending: (() => void) | undefined;
  const watch = watchProcess(metrics, {
    elapsed: () => elapsed,
    setTimer: (callback, delayMs) => {
      elapsed += delayMs;
      pending = callback;
      return () => {
        pending = undefined;
      };
    },
  });
  const comeLate = (late: number) => {
    elapsed += late;
    pending?.();
  };
  return { metrics, watch, comeLate, isWaiting: () => pending !== undefined };
}

async function value(metrics: ReturnType<typeof createMetrics>, series: string): Promise<number> {
  const line = (await metrics.registry.metrics()).split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

t.test('a timer that comes late is counted with how late it was, ten times a second', async (t) => {
  const { metrics, comeLate, watch, isWaiting } = watched();
  t.equal(SAMPLE_MS, 100);
  for (const late of [0, 3, 40, 700]) comeLate(late);
  const name = 'postern_event_loop_delay_seconds';
  t.equal(await value(metrics, `${name}_count`), 4);
  t.equal(await value(metrics, `${name}_sum`), 0.743);
  // [bucket, how many are within]
  for (const [le, count] of [
    ['0.005', 2],
    ['0.025', 2],
    ['0.05', 3],
    ['0.5', 3],
    ['1', 4],
  ] as const)
    t.equal(await value(metrics, `${name}_bucket{le="${le}"}`), count, `${le} s`);
  watch.close();
  t.notOk(isWaiting(), 'and not any more once it is closed');
});

t.test('what it uses is read when it is asked for, and counters never fall', async (t) => {
  const { metrics, watch } = watched();
  t.teardown(watch.close);
  // Before its first turn a loop has done nothing.
  await new Promise(setImmediate);
  watch.collect();
  const cpu = await value(metrics, 'process_cpu_seconds_total');
  const busy = await value(metrics, 'postern_event_loop_busy_seconds_total');
  const { user, system } = process.cpuUsage();
  t.ok(cpu > 0 && cpu <= (user + system) / 1e6);
  t.ok(busy > 0);
  watch.collect();
  t.ok((await value(metrics, 'process_cpu_seconds_total')) >= cpu);
  t.ok((await value(metrics, 'postern_event_loop_busy_seconds_total')) >= busy);
  const resident = await value(metrics, 'process_resident_memory_bytes');
  t.ok(resident > 10e6 && resident < 4e9, `${resident} bytes`);
  const heap = await value(metrics, 'postern_heap_used_bytes');
  t.ok(heap > 1e6 && heap < (await value(metrics, 'postern_heap_limit_bytes')));
  t.equal(await value(metrics, 'postern_processes'), 1);
  const start = await value(metrics, 'process_start_time_seconds');
  t.ok(start > Date.now() / 1000 - 600 && start < Date.now() / 1000);
});

t.test('descriptors and their limit', { skip: process.platform !== 'linux' }, async (t) => {
  const { metrics, watch } = watched();
  t.teardown(watch.close);
  watch.collect();
  const open = await value(metrics, 'process_open_fds');
  t.ok(open >= 3, `${open} are open`);
  t.ok((await value(metrics, 'process_max_fds')) > open);
});

// Node's documentation of process.constrainedMemory: 0 when unknown; on Linux without a constraint it is near 2^64.
t.test('no limit of memory is 0', async (t) => {
  t.equal(limitOf(0), 0);
  t.equal(limitOf(18_446_744_073_709_552_000), 0);
  t.equal(limitOf(512 * 1024 * 1024), 512 * 1024 * 1024);
});
