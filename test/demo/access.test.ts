// Stock kubectl through the gate to the practice API server, where a whole demo would be in the way: behind each access proxy that has a
// preset, and in sessions that the gate ends.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Kubectl } from '../cluster/kubectls.ts';
import { type RunResult, run } from '../cluster/run.ts';
import { protocolEnv } from '../e2e/context.ts';
import { startAccessProxy } from '../fakes/accessproxy.ts';
import { type PracticeGate, startPracticeGate } from '../fakes/practicegate.ts';
import { clockWaitingFor } from '../fakes/time.ts';
import { ENTRIES, makeVendors } from '../fakes/vendors.ts';
import { namedKubectls, readTools } from './tools.ts';

const tools = readTools();
const kubectls = namedKubectls(tools);
const newest = kubectls.find(({ version }) => version === '1.35') ?? kubectls.at(-1);
if (newest === undefined) throw new Error('no kubectl');
const dir = mkdtempSync(join(tools.dir, 'access-'));

function kubectl(
  { path }: Kubectl,
  server: { readonly port: number; readonly caPem: string; readonly token?: string },
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const file = join(dir, `${server.port}.kubeconfig`);
  const cluster = {
    server: `https://127.0.0.1:${server.port}`,
    'certificate-authority-data': Buffer.from(server.caPem).toString('base64'),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    // Without any credential kubectl asks for a user name.
    users: [{ name: 'u', user: { token: server.token ?? 'nobody-looks-at-this' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(file, JSON.stringify(config));
  const home = join(dir, `cache-${server.port}`);
  return run(path, ['--kubeconfig', file, '--cache-dir', home, ...args], { env, timeoutMs: 60_000 });
}

t.test('behind an access proxy nobody needs a credential of their own', async (t) => {
  const vendors = makeVendors(Date.now);
  const { gate, stop } = await startPracticeGate({
    listen: { trustedProxies: ['127.0.0.1'] },
    config: { authentication: { jwt: Object.values(ENTRIES) } },
    fetcher: vendors.fetcher,
  });
  t.teardown(stop);
  const gateItself = { port: gate.port, caPem: gate.ca.certPem };
  const refused = await kubectl(newest, gateItself, ['get', 'pods']);
  t.equal(refused.code, 1, 'without the proxy there is no assertion');
  t.match(refused.stderr, /You must be logged in|Unauthorized/);
  for (const [name, vendor] of [
    ['cloudflare-access', vendors.cloudflare],
    ['google-iap', vendors.google],
    ['aws-alb', vendors.amazon],
    ['pomerium', vendors.pomerium],
  ] as const)
    await t.test(name, async (t) => {
      const proxy = await startAccessProxy(vendor, gate);
      t.teardown(() => proxy.close());
      const pods = await kubectl(newest, proxy, ['get', 'pods', '--output=name']);
      t.match(pods, { code: 0, stdout: 'pod/one\n' }, pods.stderr);
      for (const protocol of ['websocket', 'spdy'] as const) {
        const ran = await kubectl(newest, proxy, ['exec', 'one', '--', 'echo'], protocolEnv(protocol));
        t.match(ran, { code: 3, stdout: 'done\n' }, ran.stderr);
      }
      const seen = await kubectl(newest, proxy, ['get', '--raw', '/practice/request']);
      t.match(seen.stdout, /^Impersonate-User: alice@example\.com$/m, seen.stderr);
      t.notMatch(seen.stdout, new RegExp(vendor.header, 'i'), 'the assertion ends at the gate');
      t.notMatch(seen.stdout, 'nobody-looks-at-this');
    });
});

const EXP = Math.floor(Date.now() / 1000) + 600;

for (const one of kubectls)
  for (const protocol of ['websocket', 'spdy'] as const)
    t.test(`kubectl ${one.version} over ${protocol} prints why its session ended, and fails`, async (t) => {
      // The gate's clock waits for the session, which has some two seconds then.
      const open = (): number => started?.gate.gate.sessions.open.size ?? 0;
      let started: PracticeGate | undefined;
      started = await startPracticeGate({ now: clockWaitingFor(() => open() > 0, EXP * 1000) });
      const { gate, stop } = started;
      t.teardown(stop);
      const server = { port: gate.port, caPem: gate.ca.certPem, token: await gate.token({ exp: EXP }) };
      const ended = await kubectl(one, server, ['exec', 'one', '--', 'wait'], protocolEnv(protocol));
      t.equal(ended.stdout, 'waiting\n');
      t.match(
        ended.stderr,
        /^error: the session has ended because the credential that opened it has ended: log in again/m,
      );
      t.equal(ended.code, 1);
    });
