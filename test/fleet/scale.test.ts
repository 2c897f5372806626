// The simulated fleet in its short form: one gate is the limit, several are not.

import t from 'tap';
import { buildPrograms } from '../../bench/programs.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { type FleetPlan, type FleetRow, measureFleet } from './measure.ts';
import { AT_BOUND } from './page.ts';
import { ALONE, tenGates } from './plans.ts';

t.test('the API server becomes the limit, and Postern idles', async (t) => {
  const programs = await buildPrograms(sayOnStderr);
  const measure = async (plan: FleetPlan): Promise<FleetRow> => {
    const [row] = await measureFleet(programs, plan, {
      onRow: ({ gates, served, used, cpuPerRequest }) =>
        t.comment(
          `${gates} gates: ${served.toFixed(0)} of ${plan.bound} requests a second, ${(used * 100).toFixed(0)} % of the gates' CPU, ${(cpuPerRequest * 1e6).toFixed(0)} µs each`,
        ),
    });
    if (row === undefined) throw new Error('one size each');
    return row;
  };
  const one = await measure(ALONE);
  t.ok(one.served < AT_BOUND * ALONE.bound, 'one gate serves less than the API server could');
  t.ok(one.busiest > 0.7, 'for want of CPU');
  const plan = tenGates(one.served);
  const ten = await measure(plan);
  t.ok(ten.served >= AT_BOUND * plan.bound, 'ten gates serve all that the API server answers');
  t.ok(ten.served <= 1.05 * plan.bound, 'and no more');
  t.ok(ten.used < 0.75, 'with CPU to spare');
});
