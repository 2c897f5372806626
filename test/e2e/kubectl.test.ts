// The matrix: every stock kubectl, WebSocket and SPDY, each thing that people do with it, direct and through the gate, which must be the
// same. Short form: the core for all, everything for the oldest and the newest. POSTERN_E2E_CASES=REGEXP chooses cases by name.

import t from 'tap';
import { EXEC_CASES } from './cases-exec.ts';
import { REST_CASES, SHARED } from './cases-rest.ts';
import { STREAM_CASES } from './cases-streams.ts';
import { TERMINAL_CASES } from './cases-terminal.ts';
import { type Case, type Combination, compare, makeSide } from './compare.ts';
import { type Context, type Protocol, readContext } from './context.ts';
import { metric } from './evidence.ts';
import { createObjects, createPods, podOf, removeObjects, type Script } from './objects.ts';
import { until } from './wait.ts';

const CASES = [...REST_CASES, ...EXEC_CASES, ...STREAM_CASES, ...TERMINAL_CASES];
/** kubectl mostly waits: so many combinations at once. */
const JOBS = 3;
/** The first minor version that knows the variable that chooses the protocol; older ones speak SPDY whatever it says. */
const FIRST_WITH_WEBSOCKET = 29;

const context = readContext();
const combinations = combinationsOf(context);

const pods: Record<string, readonly Script[]> = { [SHARED.pod]: ['serve', 'speak', 'silent'] };
for (const one of combinations)
  for (const way of ['direct', 'gate'] as const) pods[makeSide(context, one, way).pod] = ['serve'];
await createObjects(context, [deployment()]);
await createPods(context, pods);
t.teardown(async () => {
  const names = Object.keys(pods).map((name) => `pod/${name}`);
  await removeObjects(context, [`deployment/${SHARED.deployment}`, ...names]);
});

t.jobs = JOBS;
const done = combinations.map((one) => {
  const cases = CASES.filter((each) => isWanted(each, one));
  return t.test(`kubectl ${one.version}, ${one.protocol}`, { buffered: true }, async (inner) => {
    for (const each of cases) await inner.test(each.name, (test) => compare(test, each, context, one));
  });
});
await Promise.all(done);

t.test('and the gate holds nothing open any more', async (t) => {
  const { opsUrl } = context.gate;
  await until('the last session to end', async () => (await metric(opsUrl, 'postern_sessions_open')) === 0);
  await until(
    'the last request to end',
    async () => (await metric(opsUrl, 'postern_requests_in_flight')) === 0,
  );
  t.pass('no session, watch or log');
});

function combinationsOf({ kubectls, form }: Context): Combination[] {
  return kubectls.flatMap(({ version, path }) => {
    const knowsWebSocket = minorOf(version) >= FIRST_WITH_WEBSOCKET;
    const protocols: readonly Protocol[] =
      knowsWebSocket || form === 'full' ? ['websocket', 'spdy'] : ['spdy'];
    return protocols.map((protocol) => ({ version, path, protocol }));
  });
}

function isWanted(one: Case, { version, protocol }: Combination): boolean {
  if (!new RegExp(process.env['POSTERN_E2E_CASES'] ?? '').test(one.name)) return false;
  if (minorOf(version) < (one.from ?? 0)) return false;
  if (context.form === 'full') return true;
  // What is no upgrade is the same for both protocols.
  const last = minorOf(version) >= FIRST_WITH_WEBSOCKET ? 'websocket' : 'spdy';
  if (one.upgrades !== true && protocol !== last) return false;
  return one.core === true || isOldestOrNewest(version);
}

function isOldestOrNewest(version: string): boolean {
  const minors = context.kubectls.map((each) => minorOf(each.version));
  return [Math.min(...minors), Math.max(...minors)].includes(minorOf(version));
}

function minorOf(version: string): number {
  return Number(/^1\.(\d+)/.exec(version)?.[1]);
}

function deployment(): object {
  const { spec } = podOf(context, SHARED.deployment, ['speak']) as { spec: object };
  const labels = { app: SHARED.deployment };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: SHARED.deployment, namespace: context.namespace },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...spec, restartPolicy: 'Always' } },
    },
  };
}
