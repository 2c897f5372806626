// The simulated fleet in its short form: one gate is the limit, several are not, and then more of them change nothing.

import t from 'tap';
import { buildPrograms } from '../../bench/programs.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { measureFleet } from './measure.ts';
import { AT_BOUND } from './page.ts';
import { SHORT } from './plans.ts';

t.test('the API server becomes the limit, and Postern idles', async (t) => {
  const rows = await measureFleet(await buildPrograms(sayOnStderr), SHORT, {
    onRow: ({ gates, served, used, cpuPerRequest }) =>
      t.comment(
        `${gates} gates: ${served.toFixed(0)} requests a second, ${(used * 100).toFixed(0)} % of the gates' CPU, ${(cpuPerRequest * 1e6).toFixed(0)} µs each`,
      ),
  });
  const [first, ...more] = rows;
  const last = more.at(-1);
  if (first === undefined || last === undefined) throw new Error('two sizes at least');
  t.ok(first.served < AT_BOUND * SHORT.bound, 'one gate serves less than the API server could');
  t.ok(first.busiest > 0.7, 'for want of CPU');
  t.ok(last.served >= AT_BOUND * SHORT.bound, 'the largest fleet serves all that the API server answers');
  t.ok(last.served <= 1.05 * SHORT.bound, 'and no more');
  t.ok(last.used < 0.75, 'with CPU to spare');
});
