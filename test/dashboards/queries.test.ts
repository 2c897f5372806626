// Every query of every dashboard is asked of a real Prometheus that has scraped gates under load, variables replaced as Grafana replaces them.
// None may fail, and none may be empty save those named below.

import type { Dashboard } from '@grafana/schema';
import t from 'tap';
import { DASHBOARDS } from '../../scripts/docs/grafana.ts';
import { limitOf } from '../../src/process.ts';
import { runCampaign, SHORTEST_SECONDS } from './campaign.ts';
import type { Range, Series } from './prometheus.ts';
import { chooseAll, substitute } from './substitute.ts';

const STEP_SECONDS = 2;

/** Panels whose query has no answer here, and why that is right: [dashboard, panel, legend, why]. */
const EMPTY: readonly (readonly [uid: string, panel: string, legend: string, why: string])[] =
  limitOf(process.constrainedMemory()) === 0
    ? [['postern-health', 'Memory', '{{instance}} limit', 'this machine sets the gates no limit of memory']]
    : [];

// How long and how much; the variables are for a slower look.
const seconds = Number(process.env['POSTERN_DAY_SECONDS'] ?? SHORTEST_SECONDS);
const perSecond = Number(process.env['POSTERN_DAY_RATE'] ?? 40);
const { prometheus, start, end, draining } = await runCampaign({ seconds, perSecond }, (close) =>
  t.teardown(close),
);
const range: Range = { start, end, step: STEP_SECONDS };

for (const dashboard of DASHBOARDS)
  t.test(String(dashboard.title), async (t) => {
    const { values, found } = await chooseAll(dashboard, prometheus, range);
    t.test('each variable has values to choose from', async (t) => {
      for (const [name, all] of found) t.ok(all.length > 0, `${name}: ${all.join(', ')}`);
    });
    for (const { title, query, legend, instant } of queriesOf(dashboard))
      t.test(`${title}: ${legend}`, async (t) => {
        const expr = substitute(query, values, STEP_SECONDS);
        const answer = instant
          ? [...(await prometheus.query(expr, end)), ...(await prometheus.query(expr, draining))]
          : await prometheus.queryRange(expr, range);
        const empty = EMPTY.find(
          ([uid, ...names]) => uid === dashboard.uid && names[0] === title && names[1] === legend,
        );
        t.equal(
          hasValues(answer),
          empty === undefined,
          empty === undefined ? expr : `empty, since ${empty[3]}`,
        );
        // Prometheus leaves out a label that is empty, as the verb is of what was no request at all.
        for (const label of empty === undefined ? labelsOf(legend) : [])
          t.ok(
            answer.some(({ labels }) => label in labels),
            `the legend's ${label} is a label of the answer`,
          );
      });
  });

t.test('the recording rules have recorded, and every rule can be evaluated', async (t) => {
  const { groups } = (await prometheus.get('/api/v1/rules')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  t.ok(rules.length > 30, `${rules.length} rules`);
  for (const { name, type, health, lastError = '' } of rules) {
    t.equal(health, 'ok', `${name} ${lastError}`);
    if (type === 'recording') t.ok(hasValues(await prometheus.queryRange(name, range)), `${name} has values`);
  }
});

t.test('what an operator lived through is what the metrics say', async (t) => {
  const is = async (expr: string) => hasValues(await prometheus.queryRange(expr, range));
  // [what happened, a query that has an answer only then]
  for (const [what, expr] of [
    ['an issuer could not be reached', 'increase(postern_jwks_refresh_total{outcome="failed"}[10s]) > 0'],
    ['its users got 503', 'increase(postern_authentication_total{outcome="unavailable"}[10s]) > 0'],
    ['meanwhile the gates were not ready', 'postern_ready{instance="gate-2"} == 0'],
    ['later they were', 'postern_ready{instance="gate-2"} == 1'],
    ['a configuration was refused', 'postern_config_last_reload_success{instance="gate-1"} == 0'],
    ['the others had no such thing', 'postern_config_last_reload_success{instance="gate-2"} == 1'],
    ['and it was mended', 'postern_config_last_reload_success{instance="gate-1"} == 1'],
    ['somebody was locked out', 'postern_sessions_total{end="killed"} > 0'],
    ['identities ended', 'postern_sessions_total{end="expired"} > 0'],
    ['some were ended by the API server', 'postern_sessions_total{end="upstream"} > 0'],
    ['a gate drained', 'postern_drain_deadline_timestamp_seconds{instance="gate-3"} > 0'],
    [
      'with a session open',
      'postern_sessions_open{instance="gate-3"} > 0 and on (instance) postern_drain_deadline_timestamp_seconds > 0',
    ],
    ['and went away', 'up{instance="gate-3"} == 0'],
    ['two workers serve as one gate', 'postern_processes{instance="gate-1"} == 2'],
  ] as const)
    t.ok(await is(expr), `${what}: ${expr}`);
  for (const kind of ['exec', 'attach', 'portforward', 'proxy'])
    t.ok(await is(`postern_sessions_total{kind="${kind}"} > 0`), kind);
  for (const source of ['authorization', 'subprotocol', 'header', 'certificate'])
    for (const outcome of ['ok', 'rejected'])
      t.ok(
        await is(`postern_authentication_total{source="${source}",outcome="${outcome}"} > 0`),
        `${source} ${outcome}`,
      );
});

interface Rule {
  readonly name: string;
  readonly type: 'recording' | 'alerting';
  readonly health: string;
  readonly lastError?: string;
}

interface Asked {
  readonly title: string;
  readonly query: string;
  readonly legend: string;
  readonly instant: boolean;
}

function queriesOf({ panels = [] }: Dashboard): readonly Asked[] {
  return panels.flatMap((panel) =>
    panel.type === 'row' || !('targets' in panel)
      ? []
      : (panel.targets ?? []).map((target) => ({
          title: panel.title ?? '',
          query: String(target['expr']),
          legend: String(target['legendFormat']),
          instant: target['instant'] === true,
        })),
  );
}

function hasValues(answer: readonly Series[]): boolean {
  return answer.some(({ points }) => points.some(([, value]) => Number.isFinite(value)));
}

function labelsOf(legend: string): readonly string[] {
  return [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
}
