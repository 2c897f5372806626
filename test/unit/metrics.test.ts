import t from 'tap';
import { createMetrics } from '../../src/metrics.ts';

const build = { version: '1.2.3', node: 'v26' };

t.test('names and labels follow the conventions of Prometheus, and each has a text', async (t) => {
  const { registry } = createMetrics(build);
  for (const metric of await registry.getMetricsAsJSON()) {
    t.match(metric.name, /^(postern|process)_[a-z_]+$/);
    t.equal(
      /_total$/.test(metric.name),
      String(metric.type) === 'counter',
      `${metric.name}: counters end in _total`,
    );
    t.match(metric.help, /^[A-Z0-9a-z].*\.$/, metric.name);
    if (String(metric.type) === 'histogram') t.match(metric.name, /_seconds$/);
  }
});

t.test('each gate has metrics of its own', async (t) => {
  const one = createMetrics(build);
  const two = createMetrics(build);
  one.requests.inc({ cluster: 'a', verb: 'get', resource: 'pods', subresource: '', code: '200' });
  t.match(await one.registry.metrics(), 'code="200"');
  t.notMatch(await two.registry.metrics(), 'code="200"');
  t.match(await two.registry.metrics(), 'postern_build_info{version="1.2.3",node="v26"} 1');
});
