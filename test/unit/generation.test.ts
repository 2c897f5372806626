import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queryObjects } from 'node:v8';
import t from 'tap';
import { createAdmission } from '../../src/admission/admission.ts';
import type { Authenticator } from '../../src/authn/authenticator.ts';
import type { GateConfig } from '../../src/config/config.ts';
import { holdCurrent } from '../../src/current.ts';
import { buildGeneration, type Generation, GenerationError } from '../../src/generation.ts';

const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
t.teardown(() => rmSync(dir, { recursive: true }));

function kubeconfig(name: string, { port = 6443, token = 'own' } = {}): string {
  const file = join(dir, `${name}.kubeconfig`);
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  return file;
}

/** A configuration of these clusters; `issuer` stands for all of authentication. */
function config(files: Readonly<Record<string, string>>, issuer = 'one', level = 'info'): GateConfig {
  return {
    file: join(dir, 'postern.yaml'),
    listen: { tls: { certFile: '/tls.crt', keyFile: '/tls.key' }, clientCAFile: '', trustedProxies: [] },
    clusters: Object.entries(files).map(([name, file]) => ({
      name,
      kubeconfig: file,
      context: '',
      inCluster: false,
      identity: 'Impersonate',
      impersonation: 'Check',
      gateUser: 'system:postern',
      match: { pathPrefix: '', hosts: [] },
    })),
    authentication: {
      jwt: [{ sourceHeader: issuer === 'one' ? 'authorization' : 'x-assertion' }],
      configFile: '/authn.yaml',
      anonymousPaths: [],
    },
    authorization: { default: 'Allow', rules: [] },
    log: { level },
  } as unknown as GateConfig;
}

/** Builds generations, and says which authenticators were closed. */
function builder() {
  const closed: string[] = [];
  let made = 0;
  const build = (next: GateConfig, previous?: Generation) =>
    buildGeneration(next, previous, {
      env: {},
      createAuthenticator: () => {
        const name = `authenticator ${++made}`;
        return { close: async () => void closed.push(name) } as unknown as Authenticator;
      },
      observeAuthentication: () => {},
      admission: createAdmission({ limits: () => next.limits, onRefused: () => {} }),
    });
  return { build, closed, made: () => made };
}

const NOBODY = { onHead: () => {}, onData: () => {}, onEnd: () => {}, onError: () => {} };

/** Whether its first upstream's pool was closed. */
function isClosed({ clusters }: Generation): unknown {
  try {
    // Refused for its method, unless for the pool's end before: nothing is ever sent.
    clusters[0]?.upstream.pool.send({ method: '', path: '/', lines: [], body: null }, NOBODY);
  } catch (error) {
    return (error as Error).message === 'the pool is closed';
  }
  return undefined;
}

t.test('what is equal is handed on, what differs is built anew', async (t) => {
  const { build, made } = builder();
  const a = kubeconfig('a');
  const first = build(config({ a, b: kubeconfig('b', { port: 7443 }) }));
  const same = build(config({ a, b: kubeconfig('b', { port: 7443 }) }, 'one', 'debug'), first);
  t.equal(same.authenticator, first.authenticator);
  t.equal(same.clusters[0]?.upstream, first.clusters[0]?.upstream);
  t.equal(same.clusters[1]?.upstream, first.clusters[1]?.upstream);
  t.equal(made(), 1);

  const rotated = build(config({ a, b: kubeconfig('b', { port: 7443, token: 'new' }) }, 'two'), same);
  t.equal(rotated.clusters[0]?.upstream, first.clusters[0]?.upstream);
  t.not(rotated.clusters[1]?.upstream, first.clusters[1]?.upstream);
  t.same(rotated.clusters[1]?.upstream.credential, ['Authorization', 'Bearer new']);
  t.not(rotated.authenticator, first.authenticator);
  t.same([...rotated.assertionHeaders], ['x-assertion']);
});

// A gate whose files change every hour would else keep each generation that it ever had: its clusters, rules, revocation lists.
t.test('a generation keeps nothing of the one before it', async (t) => {
  const { build } = builder();
  const a = kubeconfig('a');
  let current = build(config({ a }));
  const before = Array.from({ length: 5 }, () => {
    const old = new WeakRef(current);
    current = build(config({ a }), current);
    return old;
  });
  // What was made in this turn is kept until its end; then a count of objects begins with a collection.
  await new Promise(setImmediate);
  queryObjects(WeakRef);
  t.same(
    before.map((one) => one.deref()),
    before.map(() => undefined),
  );
  t.equal(current.clusters.length, 1);
});

t.test('every file that it was read from is named, absolute', async (t) => {
  const { build } = builder();
  const file = join(dir, 'tokenfile.kubeconfig');
  const parsed = JSON.parse(readFileSync(kubeconfig('t'), 'utf8'));
  parsed.users[0].user = { tokenFile: 'token' };
  writeFileSync(file, JSON.stringify(parsed));
  writeFileSync(join(dir, 'token'), 'secret\n');
  const { files } = build(config({ t: file }));
  t.same(files, [join(dir, 'postern.yaml'), '/authn.yaml', '/tls.crt', '/tls.key', file, join(dir, 'token')]);
});

t.test('all problems come at once, and nothing of the secret', async (t) => {
  const { build, made } = builder();
  const missing = join(dir, 'missing.kubeconfig');
  const empty = join(dir, 'empty.kubeconfig');
  writeFileSync(empty, '{"token": "very-secret"}');
  try {
    build(config({ one: missing, two: empty }));
    t.fail('it was built');
  } catch (error) {
    t.ok(error instanceof GenerationError);
    const { problems } = error as GenerationError;
    t.ok(problems.some((one) => one.startsWith('cluster one: ') && one.includes('ENOENT')));
    t.ok(problems.some((one) => one.startsWith('cluster two: ')));
    t.notMatch(problems.join(), 'very-secret');
  }
  t.equal(made(), 0);
});

t.test(
  'an old generation is closed once its last request has left, but for what a living one shares',
  async (t) => {
    const { build, closed } = builder();
    const a = kubeconfig('a');
    const first = build(config({ a }, 'one'));
    const current = holdCurrent(first);
    t.equal(current.enter(), first);
    t.equal(current.enter(), first);
    const second = build(config({ a }, 'two'), first);
    current.swap(second);
    t.equal(current.enter(), second, 'new requests begin with the new one');
    current.leave(first);
    t.same(closed, []);
    current.leave(first);
    t.same(closed, ['authenticator 1']);
    t.equal(isClosed(first), false, 'shared');
    current.leave(second);
    t.same(closed, ['authenticator 1'], 'the current one stays, used or not');
    await current.close();
    t.same(closed, ['authenticator 1', 'authenticator 2']);
    t.equal(isClosed(first), true);
  },
);

t.test(
  'a configuration that comes back while the first is still in use does not keep the first alive',
  async (t) => {
    const { build, closed } = builder();
    const a = kubeconfig('a');
    const first = build(config({ a }, 'one'));
    const current = holdCurrent(first);
    current.enter();
    const second = build(config({ a }, 'two'), first);
    current.swap(second);
    const third = build(config({ a }, 'one'), second);
    current.swap(third);
    t.same(closed, ['authenticator 2'], 'nobody used the one between');
    t.not(third.authenticator, first.authenticator);
    current.leave(first);
    t.same(closed, ['authenticator 2', 'authenticator 1'], 'equal, but another');
    await current.close();
    t.same(closed.length, 3);
  },
);

t.test('the end closes generations that are still in use, too', async (t) => {
  const { build, closed } = builder();
  const first = build(config({ a: kubeconfig('a') }, 'one'));
  const current = holdCurrent(first);
  current.enter();
  current.swap(build(config({ a: kubeconfig('a') }, 'two'), first));
  await current.close();
  t.same(closed.sort(), ['authenticator 1', 'authenticator 2']);
  current.leave(first);
});

t.test('rules are compiled with the configuration, and there are none where none could decide', async (t) => {
  const { build } = builder();
  const plain = config({ a: kubeconfig('a') });
  t.equal(build(plain).rules, undefined);
  const strict = { ...plain, authorization: { default: 'Deny', rules: [] } } as const;
  t.match(build(strict).rules, { all: [], otherwise: { kind: 'denied', rule: '' } });
});
