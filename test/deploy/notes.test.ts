// What the install says: the warnings where something will not work as people expect, and none where all is well.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../cluster/run.ts';
import { CHART, NAMESPACE, readContext } from './context.ts';
import { people } from './rows.ts';

const { helm, adminKubeconfig } = readContext();
const dir = t.testdir();

const ROWS: readonly {
  readonly for: string;
  readonly values: object;
  readonly says: readonly RegExp[];
  readonly warnings: number;
}[] = [
  {
    for: 'nobody could come in',
    values: {},
    says: [/WARNING: nobody can come in yet: config\.authentication names no issuer/],
    warnings: 1,
  },
  {
    for: 'a layer-7 hop would drop upgrades',
    values: { config: people, ingress: { enabled: true, hosts: ['k8s.example.com'], passthrough: 'None' } },
    says: [
      /WARNING: ingress\.passthrough is None.*exec, attach, cp, port-forward/,
      /SERVER=https:\/\/k8s\.example\.com$/m,
    ],
    warnings: 1,
  },
  {
    for: 'TLS passes through, and nothing is to be warned of',
    values: { config: people, ingress: { enabled: true, hosts: ['k8s.example.com'] } },
    says: [/SERVER=https:\/\/k8s\.example\.com$/m, /--certificate-authority=postern-ca\.crt/],
    warnings: 0,
  },
  {
    for: "a load balancer with its cloud's own idle timeout",
    values: { config: people, service: { type: 'LoadBalancer' } },
    says: [/WARNING: a LoadBalancer with no preset.*AWS 350 s, Azure 4 min/],
    warnings: 1,
  },
  {
    for: 'a load balancer with a preset',
    values: { config: people, service: { type: 'LoadBalancer', preset: 'aws-nlb' } },
    says: [/status\.loadBalancer\.ingress/],
    warnings: 0,
  },
  {
    for: 'a cluster IP, reached by port-forward',
    values: { config: people },
    says: [/port-forward service\/gate-postern 8443:443/, /--tls-server-name=gate-postern/],
    warnings: 0,
  },
  {
    for: 'a Gateway, and a certificate that the world trusts',
    values: {
      config: people,
      tls: { mode: 'ExistingSecret', existingSecret: 'wildcard' },
      gateway: {
        enabled: true,
        apiVersion: 'gateway.networking.k8s.io/v1',
        parentRefs: [{ name: 'edge' }],
        hostnames: ['k8s.example.com'],
      },
    },
    says: [/set-cluster postern --server="\$SERVER"$/m],
    warnings: 0,
  },
];

for (const [index, { for: name, values, says, warnings }] of ROWS.entries())
  t.test(name, async (t) => {
    const file = join(dir, `${index}.json`);
    writeFileSync(file, JSON.stringify(values));
    const args = ['install', 'gate', CHART, '--namespace', NAMESPACE, '--values', file, '--dry-run=client'];
    const { code, stdout, stderr } = await run(helm, args, {
      env: { HOME: dir, KUBECONFIG: adminKubeconfig },
    });
    t.equal(code, 0, stderr);
    const notes = stdout.slice(stdout.indexOf('NOTES:'));
    for (const words of says) t.match(notes, words);
    t.equal(notes.match(/WARNING/g)?.length ?? 0, warnings);
  });
