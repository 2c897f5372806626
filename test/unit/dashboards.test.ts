import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { DASHBOARDS, dashboardFiles } from '../../scripts/docs/grafana.ts';
import { createMetrics } from '../../src/metrics.ts';

// deploy/grafana as a person imports it. That Prometheus answers the queries is shown by test/dashboards.

const ROOT = join(import.meta.dirname, '../..');
const { registry } = createMetrics({ version: '', node: '' });
const METRICS = new Set(registry.getMetricsAsArray().map(({ name }) => name));
/** What Prometheus itself makes. */
const OTHERS = new Set(['ALERTS', 'up']);

for (const [index, dashboard] of DASHBOARDS.entries()) {
  const { title = '', panels = [], templating, links = [] } = dashboard;
  const drawn = panels.filter((panel) => panel.type !== 'row') as Exclude<
    (typeof panels)[number],
    { type: 'row' }
  >[];

  t.test(`${title}: the file is what the source makes`, async (t) => {
    const { file, render } = dashboardFiles[index] ?? { file: '', render: () => '' };
    t.equal(readFileSync(join(ROOT, file), 'utf8'), render(), file);
  });

  t.test(`${title}: panels have ids of their own and do not overlap`, async (t) => {
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const taken = new Map<string, string>();
    const overlaps: string[] = [];
    for (const { gridPos, title: name = '' } of panels) {
      const { x, y, w, h } = gridPos ?? { x: 0, y: 0, w: 0, h: 0 };
      t.ok(w > 0 && h > 0 && x + w <= 24, `${name} fits 24 columns`);
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          const other = taken.get(`${column},${line}`);
          if (other !== undefined) overlaps.push(`${name} lies on ${other}`);
          taken.set(`${column},${line}`, name);
        }
    }
    t.same([...new Set(overlaps)], []);
  });

  t.test(`${title}: each panel says what it is and what to do`, async (t) => {
    for (const { title: name, description = '', fieldConfig, datasource, targets = [] } of drawn) {
      t.match(description, /^[A-Za-z0-9].{30,}\.$/, `${name}: a description`);
      t.ok(fieldConfig?.defaults.unit, `${name}: a unit`);
      t.ok((fieldConfig?.defaults.thresholds?.steps.length ?? 0) > 0, `${name}: thresholds`);
      t.same(
        datasource,
        { type: 'prometheus', uid: '${' + 'datasource}' },
        `${name}: the reader's data source`,
      );
      t.ok(targets.length > 0);
      for (const target of targets) t.ok(target['legendFormat'], `${name}: a legend`);
    }
  });

  t.test(`${title}: links lead to pages that exist, and to the other dashboards`, async (t) => {
    for (const { links: own = [], title: name } of drawn)
      for (const { url = '' } of own) {
        t.match(url, /^\$\{docs\}\//, String(name));
        t.ok(existsSync(join(ROOT, url.replace('${' + 'docs}', 'docs'))), `${name}: ${url}`);
      }
    t.match(links, [{ type: 'dashboards', tags: ['postern'] }, { type: 'link' }]);
  });

  t.test(`${title}: asks only for what Postern measures, of what the reader has chosen`, async (t) => {
    const variables = (templating?.list ?? []).map(({ name }) => name);
    t.same(variables.slice(0, 4), ['datasource', 'job', 'namespace', 'cluster']);
    for (const { targets = [], title: name } of drawn)
      for (const target of targets) {
        const expr = String(target['expr']);
        for (const [, metric = ''] of expr.matchAll(/([A-Za-z_]+)\{/g))
          t.ok(METRICS.has(metric.replace(/_bucket$/, '')) || OTHERS.has(metric), `${name}: ${metric}`);
        for (const [, variable = ''] of expr.matchAll(/\$(\w+)/g))
          t.ok(variable === '__rate_interval' || variables.includes(variable), `${name}: $${variable}`);
        if (!expr.includes('ALERTS')) t.match(expr, 'job=~"$job"', String(name));
      }
  });
}

t.test('every metric of Postern is on a dashboard', async (t) => {
  const text = JSON.stringify(DASHBOARDS);
  for (const metric of METRICS) t.ok(text.includes(metric), metric);
});
