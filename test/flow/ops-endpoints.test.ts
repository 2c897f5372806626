import { readFileSync } from 'node:fs';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { ask, askAs, EXEC, openSession, openWatch, startEcho } from '../fakes/sessions.ts';

// ../shared/contract/interface.md, "Ops endpoints and metrics": names and labels that dashboards rely on.

// The table as it stands there, less postern_audit_events_total (there is no audit yet), and one metric more: [name, type, labels]
const CONTRACT: readonly (readonly [name: string, type: string, labels: string | undefined])[] = [
  ['postern_requests_total', 'counter', 'cluster, verb, resource, subresource, code'],
  ['postern_request_duration_seconds', 'histogram', 'cluster, verb, scope'],
  ['postern_requests_in_flight', 'gauge', 'cluster, kind'],
  ['postern_sessions_open', 'gauge', 'cluster, kind, protocol'],
  ['postern_sessions_total', 'counter', 'cluster, kind, protocol, end'],
  ['postern_session_duration_seconds', 'histogram', 'cluster, kind'],
  ['postern_session_bytes_total', 'counter', 'cluster, kind, direction'],
  ['postern_admission_refused_total', 'counter', 'limit'],
  ['postern_admission_waiting', 'gauge', ''],
  ['postern_admission_shedding', 'gauge', ''],
  ['postern_authentication_total', 'counter', 'source, outcome'],
  ['postern_jwks_refresh_total', 'counter', 'issuer, outcome'],
  ['postern_jwks_age_seconds', 'gauge', 'issuer'],
  ['postern_name_lookups_total', 'counter', 'outcome'],
  ['postern_upstream_errors_total', 'counter', 'cluster, reason'],
  ['postern_rule_decisions_total', 'counter', 'cluster, rule, decision'],
  ['postern_token_reviews_total', 'counter', 'outcome'],
  ['postern_tls_handshake_errors_total', 'counter', 'reason'],
  ['postern_upgrade_required_total', 'counter', 'cluster, kind'],
  ['postern_config_last_reload_success', 'gauge', ''],
  ['postern_config_last_reload_timestamp_seconds', 'gauge', ''],
  ['postern_build_info', 'gauge', 'version, node'],
  // What the dashboards and alerts of deploy/ ask for beside these.
  ['postern_ready', 'gauge', ''],
  ['postern_drain_deadline_timestamp_seconds', 'gauge', ''],
  ['postern_certificate_expiry_timestamp_seconds', 'gauge', 'purpose, cluster'],
  ['postern_log_writable', 'gauge', ''],
  ['postern_log_lines_dropped_total', 'counter', ''],
  ['postern_processes', 'gauge', ''],
  ['postern_event_loop_busy_seconds_total', 'counter', ''],
  ['postern_event_loop_delay_seconds', 'histogram', ''],
  ['postern_heap_used_bytes', 'gauge', ''],
  ['postern_heap_limit_bytes', 'gauge', ''],
  ['postern_memory_limit_bytes', 'gauge', ''],
  ['process_cpu_seconds_total', 'counter', ''],
  ['process_resident_memory_bytes', 'gauge', ''],
  ['process_open_fds', 'gauge', ''],
  ['process_max_fds', 'gauge', ''],
  ['process_start_time_seconds', 'gauge', ''],
  // These have samples only with a session registry, and once somebody acts as somebody else.
  ['postern_session_registry_up', 'gauge', undefined],
  ['postern_session_registry_writes_total', 'counter', undefined],
  ['postern_session_orders_total', 'counter', undefined],
  ['postern_impersonation_checks_total', 'counter', undefined],
  ['postern_subject_access_review_duration_seconds', 'histogram', undefined],
];

const upstream = await startEcho();
const dead = await startEcho();
await dead.close();
const gate = await startTestGate({
  upstreams: [
    { name: 'prod', upstream },
    { name: 'dead', upstream: dead, match: { pathPrefix: '/dead' } },
  ],
  config: { authorization: { rules: [{ name: 'all', decision: 'Allow' }] } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

async function ops(path: string, init: RequestInit = {}) {
  const answer = await fetch(gate.gate.opsUrl + path, init);
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

/** Something of everything, so that each metric has a value. */
async function makeTraffic(t: Pick<typeof import('tap').t, 'equal'>): Promise<void> {
  t.equal((await askAs(gate, '/api/v1/pods')).status, 200);
  t.equal((await ask(gate, '/api/v1/pods')).status, 401);
  t.equal((await askAs(gate, '/dead/api/v1/pods')).status, 502);
  t.equal((await askAs(gate, EXEC)).status, 400);
  const session = await openSession(gate);
  await session.say('x');
  session.socket.end();
  await session.reader.ended;
  await gate.logged((line) => line['msg'] === 'session ended');
}

t.test(
  'every metric of the contract is there with its type and exactly its labels, in both formats',
  async (t) => {
    await makeTraffic(t);
    const plain = await ops('/metrics');
    t.match(plain.type, /^text\/plain; version=0\.0\.4/);
    const open = await ops('/metrics', {
      headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' },
    });
    t.match(open.type, /^application\/openmetrics-text; version=1\.0\.0/);
    const again = await ops('/metrics');

    for (const [name, type, labels] of CONTRACT) {
      for (const { text } of [plain, again]) {
        t.ok(text.includes(`# TYPE ${name} ${type}\n`), `${name} is a ${type}`);
        t.match(text, new RegExp(`^# HELP ${name} \\S`, 'm'));
        t.same(labelsOf(text, name, type), labels, `labels of ${name}`);
      }
      const family = type === 'counter' ? name.replace(/_total$/, '') : name;
      t.ok(open.text.includes(`# TYPE ${family} ${type}\n`), `${family} in OpenMetrics`);
      t.same(labelsOf(open.text, name, type), labels);
    }
    t.ok(open.text.endsWith('\n# EOF\n'));
    t.notMatch(open.text, /\n\n/);
    const names = [...plain.text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    t.same(names.sort(), CONTRACT.map(([name]) => name).sort(), 'and no other');
  },
);

/** The label names of a metric's first sample, in order, without `le`. */
function labelsOf(text: string, name: string, type: string): string | undefined {
  const sample = type === 'histogram' ? `${name}_bucket` : name;
  const line = text.split('\n').find((one) => one.startsWith(`${sample}{`) || one.startsWith(`${sample} `));
  return (
    line &&
    [...line.matchAll(/[{,](\w+)="/g)]
      .map(([, label]) => label)
      .filter((label) => label !== 'le')
      .join(', ')
  );
}

t.test('the values of labels are of bounded vocabularies', async (t) => {
  await askAs(gate, '/apis/example.com/v1/namespaces/secret-team/widgets/gadget/knob');
  await askAs(gate, '/some/path/of/alice');
  const { text } = await ops('/metrics');
  t.match(text, 'verb="get",resource="other",subresource="other",code="200"');
  t.match(
    text,
    `postern_jwks_refresh_total{issuer="${gate.issuer.url}",outcome="ok"} `,
    'the configured URL',
  );
  t.match(text, `postern_jwks_age_seconds{issuer="${gate.issuer.url}"} `);
  for (const word of ['alice', 'secret-team', 'gadget', 'knob', 'widgets', 'default', 'engineers'])
    t.notOk(text.includes(word), `never ${word}`);
  t.match(text, 'postern_authentication_total{source="authorization",outcome="ok"} ');
  t.match(text, 'postern_authentication_total{source="none",outcome="none"} ');
  t.match(text, 'postern_upgrade_required_total{cluster="prod",kind="exec"} 1\n');
  t.match(text, 'postern_upstream_errors_total{cluster="dead",reason="unreachable"} 1\n');
});

t.test('requests in flight are counted by kind, and given back', async (t) => {
  const value = (kind: string) => gate.metric(`postern_requests_in_flight{cluster="prod",kind="${kind}"}`);
  const watch = await openWatch(gate);
  await upstream.watching(1);
  const log = await openWatch(gate, '/api/v1/namespaces/d/pods/p/log?follow=1&watch=');
  await upstream.watching(2);
  t.same([await value('watch'), await value('log'), await value('short')], [1, 1, 0]);
  upstream.watches[0]?.end();
  log.close();
  await gate.logged((line) => line['verb'] === 'watch');
  await gate.logged((line) => line['subresource'] === 'log');
  t.same([await value('watch'), await value('log'), await value('short')], [0, 0, 0]);
  watch.close();
  t.notMatch(
    (await ops('/metrics')).text,
    /duration_seconds_count\{cluster="prod",verb="watch"/,
    'no duration',
  );
});

t.test('probes', async (t) => {
  t.match(await ops('/livez'), { status: 200, text: 'ok' });
  t.match(await ops('/readyz'), { status: 200, text: 'ok' });
  t.match(await ops('/livez?verbose'), { status: 200, text: 'livez check passed\n' });
  t.match(await ops('/readyz?verbose'), {
    status: 200,
    text: '[+]started ok\n[+]not-draining ok\n[+]issuer-keys ok\nreadyz check passed\n',
  });
  t.match(await ops('/readyz', { method: 'HEAD' }), { status: 200, text: '' });
  t.match(await ops('/readyz', { method: 'POST' }), { status: 405 });
  t.match(await ops('/api/v1/pods'), { status: 404, text: /livez \/readyz \/metrics/ });
});

t.test('nothing of it is on the public listener', async (t) => {
  for (const path of ['/metrics', '/livez', '/readyz', '/readyz?verbose', '/healthz']) {
    const before = upstream.received.length;
    t.equal((await ask(gate, path)).status, 401, `${path} needs a credential`);
    t.equal(upstream.received.length, before);
    const { status, body } = await askAs(gate, path);
    t.equal(status, 200);
    t.match(JSON.parse(body), { url: path }, `${path} goes to the API server`);
  }
});

t.test('the contract names nothing that is missing here', async (t) => {
  // Only on a machine that has the shared notes beside the checkout.
  let text = '';
  try {
    text = readFileSync(new URL('../../../shared/contract/interface.md', import.meta.url), 'utf8');
  } catch {
    return void t.pass('not here');
  }
  const named = new Set([...text.matchAll(/`(postern_\w+)`/g)].map(([, name]) => name));
  named.delete('postern_audit_events_total');
  t.same(
    [...named].filter((name) => !CONTRACT.some(([known]) => known === name)),
    [],
  );
});
