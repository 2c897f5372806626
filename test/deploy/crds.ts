// The kinds of other projects that the chart makes objects of: their own definitions, out of the Go modules that carry them, by version and
// checksum. None is copied into this repository.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { announced, type Say } from '../cluster/progress.ts';
import { runOrFail } from '../cluster/run.ts';

interface Module {
  readonly path: string;
  readonly version: string;
  /** The module's checksum, as in go.sum. */
  readonly sum: string;
  readonly folder: string;
  readonly files: readonly string[];
}

const MODULES: readonly Module[] = [
  {
    path: 'github.com/prometheus-operator/prometheus-operator',
    version: 'v0.85.0',
    sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
    folder: 'example/prometheus-operator-crd',
    files: ['podmonitors', 'prometheusrules', 'servicemonitors'].map(
      (name) => `monitoring.coreos.com_${name}.yaml`,
    ),
  },
  {
    path: 'github.com/cert-manager/cert-manager',
    version: 'v1.21.2',
    sum: 'h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=',
    folder: 'deploy/crds',
    files: ['cert-manager.io_certificates.yaml'],
  },
  {
    path: 'sigs.k8s.io/gateway-api',
    version: 'v1.6.3',
    sum: 'h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=',
    folder: 'config/crd/standard',
    files: ['gateway.networking.k8s.io_tlsroutes.yaml'],
  },
];

/** The definitions as one YAML stream. @throws Error when a module cannot be had or is not the one that is pinned. */
export async function loadDefinitions(say: Say): Promise<string> {
  const texts: string[] = [];
  for (const module of MODULES) {
    const dir = await announced(say, `${module.path} ${module.version}`, () => download(module));
    for (const file of module.files) texts.push(await readFile(join(dir, module.folder, file), 'utf8'));
  }
  return texts.join('\n---\n');
}

async function download({ path, version, sum }: Module): Promise<string> {
  const answer = await runOrFail('go', ['mod', 'download', '-json', `${path}@${version}`], {
    env: { GOFLAGS: '-mod=mod' },
    cwd: import.meta.dirname,
    timeoutMs: 300_000,
  });
  const found = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string };
  if (found.Sum !== sum)
    throw new Error(`${path} ${version} has the checksum ${found.Sum}, not the pinned one`);
  return found.Dir;
}
