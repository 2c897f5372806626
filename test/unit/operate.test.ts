// The pages of the alerts keep their word: what they quote of Postern (log lines, errors, metrics, panels, names of the chart) is there, and each has
// something to type. That each alert has its page, in its parts, is test/dashboards/rules.test.ts.

import { spawnSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { ERRORS } from '../../src/errortable.ts';
import { createMetrics } from '../../src/metrics.ts';
import { UPSTREAM_REASONS } from '../../src/observe.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const PAGES = 'docs/operate/alerts';
/** Metrics of others: the kubelet's, Kubernetes', Prometheus' own. */
const FOREIGN = /^(?:container|kube|apiserver)_/;
/** Error codes of Node's connections and TLS, by their form; OpenSSL's are longer than ours. */
const SYSTEM_ERROR = /^(?:E[A-Z]{4,}|UNABLE_TO_\w+)$/;
/** Words in capitals that are neither: environment variables and what is to be put in. */
const PLACES = new Set([
  'NODE_OPTIONS',
  'POD',
  'PID',
  'HOST',
  'PORT',
  'KEY',
  'FILE',
  'USER',
  'GROUP',
  'REGION',
]);

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const sources = globSync('src/**/*.ts', { cwd: ROOT }).map(read).join('\n');
const dashboards = readdirSync(join(ROOT, 'deploy/grafana'))
  .map((file) => read(join('deploy/grafana', file)))
  .join('\n');
const titles = new Set([...dashboards.matchAll(/"title": "([^"]+)"/g)].map(([, title]) => title));
const { registry } = createMetrics({ version: '', node: '' });
const metrics = new Set(
  registry
    .getMetricsAsArray()
    .flatMap(({ name }) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]),
);
const values = parse(read('deploy/helm/postern/values.yaml')) as object;

const pages = readdirSync(join(ROOT, PAGES)).map((name) => ({
  name: name.replace('.md', ''),
  text: read(join(PAGES, name)),
}));
const quotesOf = (text: string): readonly string[] =>
  [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)].map(([, quoted = '']) => quoted);
const commandsOf = (text: string): string =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block).join('\n');

t.test('each page says what to type, in its part on how to check', async (t) => {
  t.ok(pages.length >= 25, `${pages.length} pages`);
  for (const { name, text } of pages) {
    const [, check = ''] = /\n## How to check\n([\s\S]*?)\n## What to do\n/.exec(text) ?? [];
    t.match(check, /^```(?:sh|promql)$/m, name);
  }
});

t.test('commands name the namespace of the chart, and its objects', async (t) => {
  for (const { name, text } of pages)
    for (const [command] of commandsOf(text).matchAll(/\b(?:kubectl|helm) [^|#\n]+/g)) {
      t.match(command, / (?:-n|--namespace) postern\b/, `${name}: ${command}`);
      const [, kind, object] =
        /\b(deployment|deploy|role|secret|certificate)[ /]([a-z-]+)/.exec(command) ?? [];
      if (object !== undefined && kind !== 'role') t.match(object, /^postern/, `${name}: ${command}`);
    }
});

t.test('log lines that are quoted are written by Postern', async (t) => {
  let found = 0;
  for (const { name, text } of pages) {
    const selected = [...commandsOf(text).matchAll(/\.msg == "([^"]+)"/g)].map(([, line = '']) => line);
    const inText = quotesOf(text).filter((quoted) =>
      /^(?:worker|keys of|a revocation|the session reg|configuration re)/.test(quoted),
    );
    for (const line of [...selected, ...inText]) {
      if (/^worker N/.test(line)) continue;
      t.ok(
        sources.includes(`'${line}`) || sources.includes(`"${line}`) || line === 'request',
        `${name}: ${line}`,
      );
      found++;
    }
  }
  t.ok(found > 20, `${found} lines`);
});

t.test('error codes that are quoted are in the table, in commands too', async (t) => {
  let found = 0;
  for (const { name, text } of pages) {
    const inText = quotesOf(text).filter((quoted) => /^[A-Z][A-Z_]{3,}$/.test(quoted));
    const compared = [...commandsOf(text).matchAll(/\.error == "([^"]+)"/g)].map(([, code = '']) => code);
    for (const code of [...inText, ...compared]) {
      if (SYSTEM_ERROR.test(code) || PLACES.has(code) || code.endsWith('_')) continue;
      t.ok(code in ERRORS, `${name}: ${code}`);
      found++;
    }
  }
  t.ok(found > 10, `${found} codes`);
});

t.test('texts of errors that are quoted are what callers read', async (t) => {
  const page = pages.find(({ name }) => name === 'PosternAuthenticationUnavailable')?.text ?? '';
  t.ok(page.includes(ERRORS.AUTHENTICATION_UNAVAILABLE.text));
  t.ok(
    ERRORS.UPSTREAM_UNREACHABLE.text.startsWith(
      'The API server of this cluster cannot be reached from Postern',
    ),
  );
});

t.test('each reason of an upstream error says what to look at', async (t) => {
  const page = pages.find(({ name }) => name === 'PosternUpstreamErrors')?.text ?? '';
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([a-z_]+)`/g)].map(([, one]) => one),
  );
  t.same(named.sort(), [...UPSTREAM_REASONS.values()].sort());
});

t.test('metrics and panels that are named exist', async (t) => {
  for (const { name, text } of pages) {
    for (const [metric] of text.matchAll(/\b(?:postern|process)_[a-z_]+\b(?=[`{[ ])/g))
      if (!FOREIGN.test(metric)) t.ok(metrics.has(metric), `${name}: ${metric}`);
    for (const [, panels = ''] of text.matchAll(
      /\b(?:Health|Overview|Sessions) › ((?:\*[^*]+\*(?:,? and |, )?)+)/g,
    ))
      for (const [, title] of panels.matchAll(/\*([^*]+)\*/g)) t.ok(titles.has(title), `${name}: ${title}`);
  }
});

t.test('values of the chart that are named exist', async (t) => {
  const known =
    /`((?:resources|metrics|networkPolicy|rollout|drain|tls|service|autoscaling|ingress)\.[a-zA-Z.]+)(?:: [^`]+)?`/g;
  let found = 0;
  for (const { name, text } of pages)
    for (const [, path = ''] of text.matchAll(known)) {
      t.ok(has(values, path.split('.')), `${name}: ${path}`);
      found++;
    }
  t.ok(found > 8, `${found} values`);
});

/** A line of each kind that a page looks for, and what is no JSON. */
const CAUSE = { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' };
const REQUEST = {
  msg: 'request',
  user: 'ada',
  peer: '192.0.2.1',
  cluster: 'prod',
  verb: 'create',
  resource: 'pods',
  cause: CAUSE,
};
const LINES = [
  '(node:1) Warning: of Node itself',
  ...[
    {
      ...REQUEST,
      auditID: 'a',
      subresource: 'exec',
      status: 101,
      target: '/api/v1/namespaces/shop/pods/web/exec',
    },
    {
      ...REQUEST,
      auditID: 'b',
      subresource: 'exec',
      status: 101,
      target: '/api/v1/namespaces/shop/pods/db/exec',
    },
    { ...REQUEST, status: 200, durationMs: 12, upstreamMs: 9 },
    { ...REQUEST, subresource: 'exec', status: 403, namespace: 'shop', name: 'web' },
    { ...REQUEST, status: 429, error: 'TOO_MANY_REQUESTS' },
    ...['AUTHENTICATION_UNAVAILABLE', 'RULE_FAILED', 'UPGRADE_REQUIRED', 'UPSTREAM_TLS'].map((error) => ({
      ...REQUEST,
      status: 503,
      error,
      rule: 'no-shells',
      detail: 'what it was',
    })),
    {
      msg: 'a name is not answered: its last known addresses serve',
      name: 'api.example.com',
      cause: { code: 'EAI_AGAIN', message: 'getaddrinfo EAI_AGAIN api.example.com' },
    },
    { msg: 'session ended', auditID: 'b', end: 'client' },
    { msg: 'session ended', auditID: 'c', end: 'error', detail: 'what it was' },
    { msg: 'keys of an issuer could not be fetched', issuer: 'https://login.example.com', cause: CAUSE },
    {
      msg: 'configuration refused, the running one stays',
      problems: ['postern.yaml:4:3 listen.adress: unknown key'],
    },
    {
      level: 'warn',
      msg: 'the session registry cannot be reached: sessions go on, lists lack this replica',
      cause: CAUSE,
    },
  ].map((line) => JSON.stringify(line)),
].join('\n');
const hasJq = spawnSync('jq', ['--version']).status === 0;

t.test('what is asked of the log finds its lines', { skip: hasJq ? false : 'jq is not there' }, async (t) => {
  let found = 0;
  for (const { name, text } of pages)
    for (const [, flags = '', filter = ''] of commandsOf(text).matchAll(/jq (-\w+) '([^']+)'/g)) {
      const { stdout, stderr } = spawnSync('jq', [flags, filter], { input: LINES, encoding: 'utf8' });
      t.equal(stderr, '', name);
      t.ok(stdout.trim() !== '', `${name} finds something`);
      t.notMatch(stdout, 'of Node itself');
      if (name === 'PosternSessionsCutByDrain')
        t.equal(stdout, 'ada\t/api/v1/namespaces/shop/pods/web/exec\n');
      found++;
    }
  t.ok(found >= 14, `${found} questions`);
});

function has(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  if (typeof value !== 'object' || value === null || !(key in value)) return false;
  return has((value as Readonly<Record<string, unknown>>)[key], rest);
}
