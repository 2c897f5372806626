import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import t from 'tap';
import { type Check, runChecks, startOps } from '../../src/ops.ts';

async function setUp(t: Pick<typeof import('tap').t, 'teardown'>, ready: readonly Check[] = []) {
  const registry = new Registry();
  let collected = 0;
  const look = () => runChecks(ready);
  const deps = { registry, collect: () => void collected++, ready: look, onError: () => {} };
  const server = await startOps({ host: '127.0.0.1', port: 0 }, deps);
  t.teardown(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = async (path: string, accept = '*/*') => {
    const answer = await fetch(url + path, { headers: { accept } });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  return { registry, get, collected: () => collected, server };
}

t.test('readyz has one line for each check that fails', async (t) => {
  let problem = '';
  const { get } = await setUp(t, [
    { name: 'one', problem: () => '' },
    { name: 'two', problem: () => problem },
    { name: 'three', problem: () => problem },
  ]);
  t.match(await get('/readyz'), { status: 200, text: 'ok' });
  problem = 'broken';
  t.match(await get('/readyz'), { status: 503, text: 'two: broken\nthree: broken\n' });
  t.match(await get('/readyz?verbose=1'), {
    status: 503,
    text: '[+]one ok\n[-]two failed: broken\n[-]three failed: broken\nreadyz check failed\n',
  });
  t.match(await get('/livez'), { status: 200, text: 'ok' }, 'that is no reason to restart it');
});

t.test('one format does not leak into the other, also when both are asked for at once', async (t) => {
  const { registry, get, collected } = await setUp(t);
  const registers = [registry];
  new Counter({ name: 'a_total', help: 'Counts a_total things.', labelNames: ['x'], registers }).inc({
    x: '# TYPE b',
  });
  new Gauge({ name: 'b_total', help: 'A gauge with an odd name.', registers }).set(2);
  const open = 'application/openmetrics-text; version=1.0.0';
  const answers = await Promise.all(
    ['*/*', open, '*/*', open, 'text/plain'].map((accept) => get('/metrics', accept)),
  );
  const text =
    '# HELP a_total Counts a_total things.\n# TYPE a_total counter\na_total{x="# TYPE b"} 1\n\n' +
    '# HELP b_total A gauge with an odd name.\n# TYPE b_total gauge\nb_total 2\n';
  const openText =
    '# HELP a Counts a_total things.\n# TYPE a counter\na_total{x="# TYPE b"} 1\n' +
    '# HELP b_total A gauge with an odd name.\n# TYPE b_total gauge\nb_total 2\n# EOF\n';
  t.same(
    answers.map((one) => one.text),
    [text, openText, text, openText, text],
  );
  t.match(answers[1]?.type, /^application\/openmetrics-text/);
  t.match(answers[2]?.type, /^text\/plain/);
  t.equal(collected(), 5);
});

t.test('an address that is taken is an error', async (t) => {
  const { server } = await setUp(t);
  const { port } = server.address() as AddressInfo;
  const deps = { registry: new Registry(), collect: () => {}, ready: () => [], onError: () => {} };
  await t.rejects(startOps({ host: '127.0.0.1', port }, deps), { code: 'EADDRINUSE' });
});
