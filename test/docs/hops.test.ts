// docs/how-to/load-balancers.md keeps its word where the product can be run here: with its blocks stock kubectl works through proxy and gate
// over both protocols, silence is not cut, and without the settings that the page names it fails as the page says.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { runOrFail } from '../cluster/run.ts';
import { startProgram } from '../e2e/background.ts';
import { kubectl, type Protocol, protocolEnv } from '../e2e/context.ts';
import { until } from '../e2e/wait.ts';
import { readDocsContext } from './context.ts';
import { type Hop, type Product, replaceAll, startHop } from './hops.ts';
import { CADDY, ENVOY, HAPROXY, HAPROXY_TCP, hasEnvoy, NGINX, NGINX_TCP } from './products.ts';

const SILENCE_MS = 4_000;
const POD = 'hop';

const { dir, bin, cluster } = readDocsContext();
if (cluster === undefined) throw new Error('no cluster was started');
const { gate, namespace, image } = cluster;
const tool = join(bin, 'kubectl');
const behind = { dir, gate };

const admin = ['--kubeconfig', cluster.adminKubeconfig, '--namespace', namespace];
await runOrFail(tool, [...admin, 'run', POD, `--image=${image}`, '--', 'sleep', '3600']);
await runOrFail(tool, [...admin, 'wait', '--for=condition=Ready', `pod/${POD}`, '--timeout=90s']);
t.teardown(() => runOrFail(tool, [...admin, 'delete', 'pod', POD, '--grace-period=0', '--force']));

const products = [NGINX, NGINX_TCP, HAPROXY, HAPROXY_TCP, CADDY, ...((await hasEnvoy()) ? [ENVOY] : [])];
t.comment(`tried: ${products.map(({ name }) => name).join(', ')}`);

for (const product of products)
  t.test(`${product.name}, as the page has it`, async (t) => {
    const hop = await start(t, product);
    for (const protocol of ['websocket', 'spdy'] as const) {
      const before = await sessionsOf(protocol);
      const result = await through(hop, ['exec', '-i', POD, '--', 'cat'], {
        protocol,
        input: 'there and back',
      });
      t.equal(result.stdout, 'there and back', `exec over ${protocol}: ${result.stderr}`);
      await until('the gate to count it', async () => (await sessionsOf(protocol)) > before);
      t.pass(`and ${protocol} is what came to the gate`);
    }
    t.equal((await through(hop, ['logs', POD])).code, 0, 'logs');
    const watch = watchMaps(hop, 'as-written');
    await delay(SILENCE_MS);
    await makeMap('as-written');
    await watch.seen(/configmap\/as-written\n/);
    t.pass(`a watch that was silent for ${SILENCE_MS / 1000} s is alive`);
    await watch.kill();
  });

for (const { patience, ...product } of products) {
  if (patience === undefined) continue;
  const [found, put] = patience;
  t.test(`${product.name} with ${put} where the page has ${found}`, async (t) => {
    const hop = await start(t, { ...product, patience }, (text) => replaceAll(text, found, put));
    t.equal((await through(hop, ['exec', POD, '--', 'true'])).code, 0, 'it works as such');
    const watch = watchMaps(hop, 'never');
    await watch.ended;
    t.pass('but a silent watch is cut');
  });
}

t.test('nginx without the two lines about upgrades', async (t) => {
  const hop = await start(t, NGINX, (text) =>
    replaceAll(text, /proxy_set_header (Upgrade|Connection) .*;/, ''),
  );
  t.equal((await through(hop, ['get', 'pods'])).code, 0, 'get works');
  for (const protocol of ['websocket', 'spdy'] as const) {
    const { code, stderr } = await through(hop, ['exec', POD, '--', 'true'], { protocol });
    t.equal(code, 1);
    t.match(stderr, 'Upgrade request required', `exec over ${protocol} says what is wrong`);
  }
});

t.test(
  'Envoy without SPDY among its upgrades',
  { skip: !products.includes(ENVOY) && 'no envoy in PATH' },
  async (t) => {
    const hop = await start(t, ENVOY, (text) => replaceAll(text, ', {upgrade_type: spdy/3.1}', ''));
    const { code, stderr } = await through(hop, ['exec', POD, '--', 'true'], { protocol: 'spdy' });
    t.equal(code, 1, stderr);
    t.equal(
      (await through(hop, ['exec', POD, '--', 'true'], { protocol: 'websocket' })).code,
      0,
      'WebSocket works',
    );
  },
);

async function start(t: Test, product: Product, change?: (text: string) => string): Promise<Hop> {
  const hop = await startHop(behind, product, change);
  t.teardown(() => hop.program.kill('SIGTERM'));
  return hop;
}

function through(
  hop: Hop,
  args: readonly string[],
  { protocol = 'websocket', input = '' }: { readonly protocol?: Protocol; readonly input?: string } = {},
) {
  return kubectl(tool, kubeconfigOf(hop), args, { env: protocolEnv(protocol), input });
}

function watchMaps(hop: Hop, name: string) {
  const args = ['get', 'configmaps', '--watch', '--output=name', `--field-selector=metadata.name=${name}`];
  return startProgram(tool, args, { KUBECONFIG: kubeconfigOf(hop), HOME: dir });
}

async function makeMap(name: string): Promise<void> {
  await runOrFail(tool, [...admin, 'delete', 'configmap', name, '--ignore-not-found']);
  await runOrFail(tool, [...admin, 'create', 'configmap', name]);
}

/** alice's, with the proxy's address and authority. */
function kubeconfigOf({ server, caPem }: Hop): string {
  const config = JSON.parse(readFileSync(gate.kubeconfig, 'utf8')) as {
    readonly clusters: readonly { readonly name: string }[];
  };
  const authority = Buffer.from(caPem).toString('base64');
  const cluster = { server, 'certificate-authority-data': authority };
  const file = join(dir, `hop-${new URL(server).port}.kubeconfig`);
  writeFileSync(file, JSON.stringify({ ...config, clusters: [{ name: config.clusters[0]?.name, cluster }] }));
  return file;
}

/** How many exec sessions of a protocol the gate has seen end. */
async function sessionsOf(protocol: Protocol): Promise<number> {
  const text = await (await fetch(`${gate.opsUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('postern_sessions_total{'));
  return lines
    .filter((line) => line.includes(`protocol="${protocol}"`) && !line.includes('end="refused"'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
