// Releases, namespaces and most objects may have names of digits alone, which YAML takes for numbers: what the chart writes of them are names.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../cluster/run.ts';
import { CHART, readContext } from './context.ts';
import { parseObjects } from './render.ts';
import { jwt } from './rows.ts';

const { helm } = readContext();
const dir = t.testdir();
/** Keys of names and of mappings of names, wherever they stand. */
const NAMES = /^(name|namespace|\w+Name|loadBalancerClass)$/;
const MAPPINGS = /^(labels|matchLabels|annotations)$/;

const VALUES = {
  config: {
    authentication: { jwt, serviceAccounts: {} },
    sessions: { registry: { kubernetes: { namespace: '20260131' } } },
  },
  rbac: { serviceAccountNamespaces: ['1e3', '0x10'] },
  serviceAccount: { name: '007' },
  priorityClassName: '10',
  ingress: { enabled: true, hosts: ['12.example.com'], className: '11', tlsSecret: '12' },
  service: { type: 'LoadBalancer', loadBalancerClass: '13' },
};

const TLS: Readonly<Record<string, object>> = {
  SelfSigned: {},
  ExistingSecret: { existingSecret: '14' },
  CertManager: { certManager: { issuerRef: { name: '15' } } },
};

for (const [mode, more] of Object.entries(TLS))
  for (const kind of ['', 'Secret', 'ConfigMap'])
    t.test(`names of digits, tls.mode ${mode}, a configuration in ${kind || 'the values'}`, async (t) => {
      const file = join(dir, `${mode}${kind}.json`);
      const existingConfig = kind === '' ? {} : { kind, name: '16' };
      writeFileSync(file, JSON.stringify({ ...VALUES, existingConfig, tls: { mode, ...more } }));
      const args = ['template', '2026', CHART, '--namespace', '31', '--values', file];
      const { code, stdout, stderr } = await run(helm, args, { env: { HOME: dir } });
      t.equal(code, 0, stderr);
      const found = parseObjects(stdout).flatMap((object) => numbersIn(object, object.kind));
      t.strictSame(found, []);
    });

/** Where a number stands in a name's place. */
function numbersIn(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const isMapping = MAPPINGS.test(path.split('.').at(-1) ?? '');
  return Object.entries(value).flatMap(([key, inner]) =>
    (isMapping || NAMES.test(key)) && typeof inner === 'number'
      ? [`${path}.${key}`]
      : numbersIn(inner, `${path}.${key}`),
  );
}
