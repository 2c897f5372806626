import t from 'tap';
import { createMetrics, type Metrics } from '../../src/metrics.ts';
import { createLedger } from '../../src/workers/ledger.ts';
import type { MetricData } from '../../src/workers/messages.ts';

// Many registries as one: what sums up, what does not, and what outlives the worker that counted it.

const REQUEST = { cluster: 'c', verb: 'get', resource: 'pods', subresource: '', code: '200' };
const SESSION = { cluster: 'c', kind: 'exec', protocol: 'spdy' };

type GaugeName = {
  [K in keyof Metrics]: Metrics[K] extends { set(value: number): void } ? K : never;
}[keyof Metrics];

function worker() {
  const metrics = createMetrics({ version: '1', node: 'v26' });
  // Over the channel they go as JSON.
  const report = async () =>
    JSON.parse(JSON.stringify(await metrics.registry.getMetricsAsJSON())) as MetricData[];
  return { metrics, report };
}

const value = (text: string, series: string) =>
  text
    .split('\n')
    .find((line) => line.startsWith(`${series} `))
    ?.slice(series.length + 1);

t.test('a single worker reads as its own registry does', async (t) => {
  const { metrics, report } = worker();
  metrics.requests.inc(REQUEST, 3);
  metrics.requestDuration.observe({ cluster: 'c', verb: 'get', scope: 'resource' }, 0.02);
  metrics.sessionsOpen.set(SESSION, 2);
  const ledger = createLedger();
  ledger.report(1, await report());
  t.same((await ledger.text()).split('\n').sort(), (await metrics.registry.metrics()).split('\n').sort());
});

t.test('each gauge has its way to become one', async (t) => {
  const [one, two] = [worker(), worker()];
  // [metric, one worker's value, the other's, all]
  const cases: [GaugeName, number, number, number][] = [
    ['sessionsOpen', 2, 3, 5],
    ['inFlight', 1, 0, 1],
    ['admissionWaiting', 3, 4, 7],
    ['shedding', 0, 1, 1],
    ['jwksAge', 40, 900, 900],
    ['reloadSuccess', 1, 0, 0],
    ['reloadTimestamp', 1000, 2000, 1000],
    ['ready', 1, 0, 0],
    ['registryUp', 1, 0, 0],
    ['logWritable', 1, 0, 0],
    ['drainDeadline', 0, 5000, 5000],
    ['certificateExpiry', 9000, 8000, 8000],
    ['processes', 1, 1, 2],
    ['heapUsed', 10, 20, 30],
    ['heapLimit', 100, 100, 200],
    ['memoryLimit', 500, 500, 500],
    ['residentMemory', 60, 70, 130],
    ['openDescriptors', 20, 30, 50],
    ['maxDescriptors', 1024, 1024, 2048],
    ['processStart', 1000, 2000, 2000],
  ];
  const names = new Map<string, string>();
  for (const [key, first, second] of cases) {
    one.metrics[key].set(first);
    two.metrics[key].set(second);
    names.set(key, (one.metrics[key] as unknown as { name: string }).name);
  }
  const ledger = createLedger();
  ledger.report(1, await one.report());
  ledger.report(2, await two.report());
  const text = await ledger.text();
  for (const [key, , , all] of cases) t.equal(value(text, names.get(key) ?? ''), String(all), key);
  t.equal(value(text, 'postern_build_info{version="1",node="v26"}'), '1');
  const gauges = (await one.report()).filter(({ type }) => type === 'gauge').map(({ name }) => name);
  t.same(
    gauges.sort(),
    [...names.values(), 'postern_build_info'].sort(),
    'a new gauge needs a row here, which is the moment to ask how it adds up',
  );
});

t.test('what a worker counted stays when it has ended, what it had open does not', async (t) => {
  const [one, two, three] = [worker(), worker(), worker()];
  for (const { metrics } of [one, two, three]) {
    metrics.requests.inc(REQUEST, 10);
    metrics.requestDuration.observe({ cluster: 'c', verb: 'get', scope: 'resource' }, 0.02);
    metrics.sessionsOpen.set(SESSION, 1);
  }
  const ledger = createLedger();
  const facts = async () => {
    const text = await ledger.text();
    return [
      value(text, 'postern_requests_total{cluster="c",verb="get",resource="pods",subresource="",code="200"}'),
      value(text, 'postern_request_duration_seconds_count{cluster="c",verb="get",scope="resource"}'),
      value(
        text,
        'postern_request_duration_seconds_bucket{le="0.025",cluster="c",verb="get",scope="resource"}',
      ),
      value(text, 'postern_sessions_open{cluster="c",kind="exec",protocol="spdy"}'),
    ];
  };
  ledger.report(1, await one.report());
  ledger.report(2, await two.report());
  t.same(await facts(), ['20', '2', '2', '2']);
  const late = await one.report();
  ledger.ended(1);
  t.same(await facts(), ['20', '2', '2', '1']);
  ledger.report(1, late);
  t.same(await facts(), ['20', '2', '2', '1'], 'an answer that is read after the end counts nothing twice');
  ledger.report(3, await three.report());
  t.same(await facts(), ['30', '3', '3', '2']);
  ledger.ended(2);
  ledger.ended(3);
  t.same(await facts(), ['30', '3', '3', undefined]);
});
