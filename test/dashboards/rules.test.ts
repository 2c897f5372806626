// The alert and recording rules, judged by Prometheus' own promtool: each alert fires when it should, with the words that people will read, and
// is silent when it should be. And each has the page that its annotation points to.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { createMetrics } from '../../src/metrics.ts';
import { promtool } from './prometheus.ts';
import { AUTHENTICATION } from './rules/authentication.ts';
import { AVAILABILITY } from './rules/availability.ts';
import type { AlertCase } from './rules/case.ts';
import { PROCESS } from './rules/process.ts';
import { REQUESTS } from './rules/requests.ts';
import { SESSIONS } from './rules/sessions.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const FILES = ['recording.yaml', 'alerts.yaml'].map((name) => join(ROOT, 'deploy/prometheus', name));
const RUNBOOKS = 'https://postern.dev/';
const PAGES = 'docs/operate/alerts';
const HEADINGS = ['## What it means', '## What a user sees', '## How to check', '## What to do'];
const CASES: readonly AlertCase[] = [
  ...AVAILABILITY,
  ...REQUESTS,
  ...AUTHENTICATION,
  ...SESSIONS,
  ...PROCESS,
];

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const rules = FILES.flatMap((file) =>
  (parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  ),
);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const dir = mkdtempSync(join(tmpdir(), 'postern-rules-'));
t.teardown(() => rmSync(dir, { recursive: true, force: true }));

t.test('promtool takes the files', async (t) => {
  const { code, text } = await promtool(['check', 'rules', ...FILES]);
  t.equal(code, 0, text);
  t.match(text, /SUCCESS: \d+ rules found/);
});

t.test('promtool takes a PrometheusRule of them', async (t) => {
  // What an operator does with it: the groups of all files as one.
  const groups = FILES.flatMap((file) => (parse(readFileSync(file, 'utf8')) as { groups: object[] }).groups);
  const file = join(dir, 'together.yaml');
  writeFileSync(file, JSON.stringify({ groups }));
  const { code, text } = await promtool(['check', 'rules', file]);
  t.equal(code, 0, text);
});

for (const [index, one] of CASES.entries())
  t.test(`${one.alert} ${one.fires.length > 0 ? 'fires' : 'is silent'}: ${one.when}`, async (t) => {
    const file = join(dir, `${index}.yaml`);
    writeFileSync(file, JSON.stringify(testFile(one)));
    const { code, text } = await promtool(['test', 'rules', file]);
    t.equal(code, 0, text);
  });

t.test(
  'each alert has a case in which it fires, at each severity, and one in which it is silent',
  async (t) => {
    for (const { alert, labels } of alerts) {
      const mine = CASES.filter((one) => one.alert === alert);
      t.ok(
        mine.some(({ fires }) => fires.some(({ severity }) => severity === labels?.severity)),
        `${alert} fires as ${labels?.severity}`,
      );
      t.ok(
        mine.some(({ fires }) => fires.length === 0),
        `${alert} is silent`,
      );
    }
  },
);

t.test('each alert says what is wrong, with its value, and where to read on', async (t) => {
  for (const { alert, annotations = {}, labels } of alerts) {
    t.match(labels?.severity, /^(critical|warning)$/, String(alert));
    t.match(annotations['summary'], /^[A-Z].*\.$/);
    t.match(annotations['description'], /\.$/);
    t.equal(annotations['runbook_url'], `${RUNBOOKS}${PAGES}/${alert}.md`);
  }
});

t.test('each page has its parts, and each is of an alert that exists', async (t) => {
  const names = [...new Set(alerts.map(({ alert }) => `${alert}.md`))].sort();
  t.same(readdirSync(join(ROOT, PAGES)).sort(), names);
  const map = readFileSync(join(ROOT, 'docs/operate/README.md'), 'utf8');
  for (const name of names) {
    const page = readFileSync(join(ROOT, PAGES, name), 'utf8');
    t.ok(page.startsWith(`# ${name.replace('.md', '')}\n`), `${name} is headed by its alert`);
    const at = HEADINGS.map((heading) => page.indexOf(`\n${heading}\n`));
    t.ok(
      at.every((place, i) => place > (at[i - 1] ?? 0)),
      `${name} has ${HEADINGS.join(', ')}`,
    );
    for (const { labels } of alerts.filter(({ alert }) => `${alert}.md` === name))
      t.ok(page.includes(`**${labels?.severity}**`), `${name} names its severity ${labels?.severity}`);
    t.ok(map.includes(`(alerts/${name})`), `the map has ${name}`);
  }
});

t.test('the rules ask for nothing that Postern does not measure', async (t) => {
  const { registry } = createMetrics({ version: '', node: '' });
  const known = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const recorded = new Set(rules.map(({ record }) => record));
  for (const { expr, alert = '', record = '' } of rules)
    for (const [name] of expr.matchAll(/[a-z_:]*(?:postern|process)_[a-z0-9_:]+/g))
      t.ok(recorded.has(name) || known.has(name.replace(/_bucket$/, '')), `${alert}${record}: ${name}`);
});

function testFile({ alert, series, at, fires }: AlertCase): object {
  return {
    rule_files: FILES,
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [
          {
            eval_time: at,
            alertname: alert,
            exp_alerts: fires.map(({ severity, labels, summary, description }) => ({
              exp_labels: { severity, ...labels },
              exp_annotations: { summary, description, runbook_url: `${RUNBOOKS}${PAGES}/${alert}.md` },
            })),
          },
        ],
      },
    ],
  };
}
