// What holds for any kubeconfig: it is read or refused, never thrown at; what is read speaks https and verifies; and no message repeats a credential.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { holds } from '../../properties.ts';

const directory = mkdtempSync(join(tmpdir(), 'postern-kubeconfig-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));
const file = join(directory, 'kubeconfig');
const RUNS = { numRuns: 200 };
/** Stands in every credential. */
const SECRET = 'S3CRET';

function load(text: string | Uint8Array) {
  writeFileSync(file, text);
  return loadKubeconfig({ file });
}

const server = fc.oneof(
  fc.constantFrom(
    'https://a:6443',
    'http://a',
    'https://user:pass@a',
    'a:6443',
    'https://a?x',
    'https://a#x',
    'https://[::1]/x',
    'unix:/run',
    '',
  ),
  fc.webUrl({ validSchemes: ['https', 'http'] }),
  fc.string(),
  fc.anything(),
);
const cluster = fc.record(
  {
    server,
    'insecure-skip-tls-verify': fc.oneof(fc.boolean(), fc.constantFrom('true', 'false', 1, null)),
    'certificate-authority-data': fc.oneof(fc.base64String(), fc.anything()),
    'certificate-authority': fc.oneof(fc.constant('missing.crt'), fc.anything()),
    'tls-server-name': fc.oneof(fc.domain(), fc.anything()),
    'proxy-url': fc.oneof(fc.webUrl(), fc.anything()),
  },
  { requiredKeys: ['server'] },
);
const credential = fc.oneof(
  fc.constantFrom(SECRET, `${SECRET}\n`, `${SECRET}\u0000`, ` ${SECRET}`),
  fc.string().map((rest) => `${SECRET}${rest}`),
  fc.constant([SECRET]),
);
const user = fc.record(
  {
    token: credential,
    username: fc.string(),
    password: credential,
    'client-key-data': credential,
    'client-certificate-data': fc.string(),
    as: fc.string(),
    'as-groups': fc.array(fc.string()),
    'auth-provider': fc.record({ name: fc.string(), config: fc.record({ 'id-token': credential }) }),
  },
  { requiredKeys: [] },
);
const kubeconfig = fc.record({
  'current-context': fc.constantFrom('x', 'y', ''),
  clusters: fc.array(fc.record({ name: fc.constantFrom('c', 'd'), cluster }), { maxLength: 3 }),
  users: fc.array(fc.record({ name: fc.constantFrom('u', 'v'), user }), { maxLength: 3 }),
  contexts: fc.array(
    fc.record({
      name: fc.constantFrom('x', 'y'),
      context: fc.record({ cluster: fc.constantFrom('c', 'd'), user: fc.constantFrom('u', 'v') }),
    }),
    { maxLength: 3 },
  ),
});

t.test('what is read speaks https to a host, and what is refused says why without a credential', async () => {
  holds(
    fc.property(kubeconfig, (config) => {
      const result = load(JSON.stringify(config));
      if (!result.ok) return result.errors.length > 0 && !result.errors.join().includes(SECRET);
      const { origin, host, port } = result.access.server;
      return origin.startsWith('https://') && host !== '' && port > 0 && !/[@?#\s]/.test(origin);
    }),
    RUNS,
  );
});

t.test('a cluster that asks for no verification, or for a proxy, is never read', async () => {
  const weakened = fc.constantFrom<Record<string, unknown>>(
    { 'insecure-skip-tls-verify': true },
    { 'proxy-url': 'http://p:3128' },
  );
  holds(
    fc.property(kubeconfig, weakened, (config, weak) => {
      const all = config.clusters.map((one) => ({ ...one, cluster: { ...one.cluster, ...weak } }));
      return !load(JSON.stringify({ ...config, clusters: all })).ok;
    }),
    RUNS,
  );
});

t.test('any text and any bytes are read or refused', async () => {
  holds(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.uint8Array()),
      (text) => typeof load(text).ok === 'boolean',
    ),
    RUNS,
  );
});

t.test('any value in any place is read or refused', async () => {
  holds(
    fc.property(
      fc.anything(),
      fc.constantFrom('clusters', 'users', 'contexts', 'current-context'),
      kubeconfig,
      (value, key, config) => {
        let text: string | undefined;
        try {
          text = JSON.stringify({ ...config, [key]: value });
        } catch {
          return true;
        }
        return typeof load(text ?? '').ok === 'boolean';
      },
    ),
    RUNS,
  );
});
