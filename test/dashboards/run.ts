// `npm run test:dashboards`: the queries of the dashboards and the rules, asked of and judged by a real Prometheus. With --draw the same is lived
// through for longer, and each dashboard is drawn from what Prometheus has scraped.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DASHBOARDS } from '../../scripts/docs/grafana.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { runTap } from '../run.ts';
import { runCampaign, SHORTEST_SECONDS } from './campaign.ts';
import { drawDashboard } from './draw/picture.ts';
import { ensurePrometheus } from './ensure.ts';
import { chooseAll } from './substitute.ts';

const HELP = `npm run test:dashboards [-- FILES]
npm run test:dashboards -- --draw DIR [--seconds N]

Runs test/dashboards/*.test.ts, or FILES, with the Prometheus and promtool in PATH (2.42 or later), else with those of Debian's package,
which is fetched into the cache and not installed.

--draw DIR      draws each dashboard into DIR instead, from a day of --seconds
--seconds N     how long that day is; default 300
`;
/** Points of a line in a picture. */
const POINTS = 100;
const PER_SECOND = 30;

const { values, positionals } = parseArgs({
  options: {
    help: { type: 'boolean' },
    draw: { type: 'string' },
    seconds: { type: 'string', default: '300' },
  },
  allowPositionals: true,
});
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await main();

async function main(): Promise<number> {
  // The tests' own processes inherit it.
  process.env['PATH'] = await ensurePrometheus();
  if (values.draw !== undefined) return draw(values.draw, Number(values.seconds));
  return runTap(positionals.length > 0 ? positionals : ['test/dashboards/*.test.ts'], {
    jobs: 1,
    timeoutSeconds: 600,
  });
}

async function draw(dir: string, seconds: number): Promise<number> {
  if (!(seconds >= SHORTEST_SECONDS)) {
    sayOnStderr(`--seconds: at least ${SHORTEST_SECONDS}`);
    return 2;
  }
  const closing: (() => unknown)[] = [];
  try {
    const {
      prometheus,
      start,
      evening: end,
      version,
    } = await runCampaign({ seconds, perSecond: PER_SECOND }, (close) => closing.unshift(close));
    const range = { start, end, step: Math.max(1, Math.round((end - start) / POINTS)) };
    const date = new Date(start * 1000).toISOString().slice(0, 10);
    const note =
      `Drawn by test/dashboards/run.ts (not by Grafana) from what Prometheus ${version} scraped of three gates ` +
      `in a load test of ${Math.round(end - start)} s on ${date}, UTC.`;
    for (const dashboard of DASHBOARDS) {
      const { values: chosen } = await chooseAll(dashboard, prometheus, range);
      const file = join(dir, `${String(dashboard.uid).replace('postern-', '')}.svg`);
      writeFileSync(file, await drawDashboard(dashboard, { prometheus, values: chosen, range, note }));
      sayOnStderr(file);
    }
    return 0;
  } catch (error) {
    sayOnStderr(`no picture: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    for (const close of closing) await close();
  }
}
