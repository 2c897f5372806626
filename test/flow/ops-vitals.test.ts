import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { earliestEnd } from '../../src/expiry.ts';
import { startTestGate, type TestGate, type TestGateOptions } from '../fakes/gate.ts';
import { eventually, openSession, startEcho } from '../fakes/sessions.ts';

// What the alerts of deploy/prometheus look at, as a running gate says it.

async function setUp(t: Pick<typeof import('tap').t, 'teardown'>, config: TestGateOptions['config'] = {}) {
  const upstream = await startEcho();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }], config });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  return { gate, upstream };
}

const serving = 'postern_certificate_expiry_timestamp_seconds{purpose="serving",cluster=""}';
const client = 'postern_certificate_expiry_timestamp_seconds{purpose="client",cluster="prod"}';
const text = async (gate: TestGate) => (await fetch(`${gate.gate.opsUrl}/metrics`)).text();

t.test('when the certificates in use end, also after they were replaced', async (t) => {
  const { gate } = await setUp(t);
  t.ok(Math.abs((await gate.metric(serving)) - (Date.now() / 1000 + 30 * 86_400)) < 3600, 'as it was issued');
  t.notMatch(await text(gate), /purpose="(client|webhook)"/, 'the gate comes to this cluster with a token');

  const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 86_400_000);
  const next = await gate.ca.issue({ commonName: 'postern', dnsNames: ['localhost'], notAfter });
  writeFileSync(join(gate.dir, 'tls.crt'), next.certPem);
  writeFileSync(join(gate.dir, 'tls.key'), next.keyPem);
  t.ok(gate.gate.reload());
  t.equal(await gate.metric(serving), notAfter.getTime() / 1000);
});

t.test("the gate's own certificate for a cluster counts under its name", async (t) => {
  const upstream = await startEcho();
  const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 7_200_000);
  const own = await upstream.ca.issue({ commonName: 'gate', client: true, notAfter });
  const user = {
    'client-certificate-data': Buffer.from(own.certPem).toString('base64'),
    'client-key-data': Buffer.from(own.keyPem).toString('base64'),
  };
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream, user }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  t.equal(await gate.metric(client), notAfter.getTime() / 1000);
});

t.test('of a leaf with its intermediates, the first to end counts', async (t) => {
  const { gate } = await setUp(t);
  const [soon, later] = [new Date('2031-01-01T00:00:00Z'), new Date('2032-01-01T00:00:00Z')];
  const pems = [];
  for (const notAfter of [later, soon])
    pems.push((await gate.ca.issue({ commonName: 'x', notAfter })).certPem);
  t.equal(earliestEnd(pems.join('')), soon.getTime());
  t.equal(earliestEnd(''), undefined);
});

t.test('counters that alerts look at begin with 0, so that the first event is a rise', async (t) => {
  const { gate } = await setUp(t);
  const lines = (await text(gate)).split('\n');
  for (const series of [
    'postern_upstream_errors_total{cluster="prod",reason="unreachable"}',
    'postern_upstream_errors_total{cluster="prod",reason="credentials"}',
    'postern_upgrade_required_total{cluster="prod",kind="exec"}',
    `postern_jwks_refresh_total{issuer="${gate.issuer.url}",outcome="failed"}`,
    'postern_authentication_total{source="authorization",outcome="unavailable"}',
  ])
    t.ok(lines.includes(`${series} 0`), series);
  const session = await openSession(gate);
  t.match(await text(gate), /^postern_sessions_total\{.*end="error"\} 0$/m);
  session.socket.destroy();
});

t.test('ready, and until when a drain lasts', async (t) => {
  const { gate } = await setUp(t);
  await eventually(async () => (await gate.metric('postern_ready')) === 1);
  t.equal(await gate.metric('postern_drain_deadline_timestamp_seconds'), 0);
  const session = await openSession(gate);
  const before = Date.now() / 1000;
  const stopped = gate.gate.stop();
  t.equal(await gate.metric('postern_ready'), 0);
  const deadline = await gate.metric('postern_drain_deadline_timestamp_seconds');
  t.ok(deadline >= before + 300 && deadline <= Date.now() / 1000 + 300, 'sessions.drainTimeout is 5m');
  session.socket.end();
  await stopped;
});

t.test('the time in which the gate leaves is before the drain', async (t) => {
  const { gate } = await setUp(t, { sessions: { drainDelay: '1s', drainTimeout: '1m' } });
  await eventually(async () => (await gate.metric('postern_ready')) === 1);
  const before = Date.now() / 1000;
  const stopped = gate.gate.stop();
  const deadline = await gate.metric('postern_drain_deadline_timestamp_seconds');
  t.ok(deadline >= before + 61 && deadline <= Date.now() / 1000 + 61, `in ${deadline - before} s`);
  await stopped;
});
