import t from 'tap';
import { parseResult } from '../../../bench/load.ts';
import { workValues } from '../../../bench/measure.ts';

const reasons = async () => 'connection reset';
const DONE = { at: 'done', work: 4, unit: 'GB', seconds: 2, p50: 0.001, p99: 0.01, errors: 0, detail: {} };

t.test('what the load generator reports is taken as it is', async (t) => {
  t.same(await parseResult(DONE, reasons), {
    work: 4,
    seconds: 2,
    p50: 0.001,
    p99: 0.01,
    idleP99: undefined,
  });
  t.match(await parseResult({ ...DONE, idleP99: 0.002 }, reasons), { idleP99: 0.002 });
  t.match(await parseResult({ ...DONE, detail: { idleP99: 0.002 } }, reasons), { idleP99: 0.002 });
  t.match(await parseResult({ ...DONE, p50: 'fast', p99: null }, reasons), {
    p50: undefined,
    p99: undefined,
  });
});

t.test('errors and missing work are failures, with the reason', async (t) => {
  await t.rejects(parseResult({ ...DONE, errors: 3 }, reasons), {
    message: "3 of the load's operations failed: connection reset",
  });
  for (const wrong of [{ work: 0 }, { work: undefined }, { seconds: 0 }, { seconds: -1 }, { work: 'much' }])
    await t.rejects(parseResult({ ...DONE, ...wrong }, reasons), /reported no work/);
});

t.test('values are per unit of work', async (t) => {
  const result = await parseResult({ ...DONE, idleP99: 0.005, detail: { scheduled: 5 } }, reasons);
  t.same(workValues(result, { cpuSeconds: 8, growth: 1000 }), {
    cpu: 2,
    wall: 0.5,
    p50: 0.001,
    p99: 0.01,
    slowdown: 2,
    kept: 0.8,
    rss: undefined,
    growth: 1000,
  });
  const without = workValues({ ...result, idleP99: undefined }, { cpuSeconds: undefined, growth: undefined });
  t.match(without, { cpu: undefined, slowdown: undefined, growth: undefined });
});
