// One kubectl of one version and protocol against the demo: how it is run.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Kubectl } from '../cluster/kubectls.ts';
import type { Protocol } from '../e2e/context.ts';
import { type KubectlOptions, kubectl, type StartedDemo, startKubectl } from './started.ts';
import type { Tools } from './tools.ts';

/** One kubectl and protocol against the demo. */
export interface Way {
  readonly demo: StartedDemo;
  readonly tools: Tools;
  readonly minor: number;
  readonly path: string;
  readonly protocol: Protocol;
  /** Unique; fit for names of objects. */
  readonly id: string;
  readonly folder: string;
  /** Runs it; a failure is thrown with what it said. @returns stdout. */
  readonly ok: (args: readonly string[], options?: KubectlOptions) => Promise<string>;
  readonly run: (args: readonly string[], options?: KubectlOptions) => ReturnType<typeof kubectl>;
  readonly start: (args: readonly string[]) => ReturnType<typeof startKubectl>;
}

export function makeWay(
  demo: StartedDemo,
  tools: Tools,
  { version, path }: Kubectl,
  protocol: Protocol,
): Way {
  const minor = Number(/^1\.(\d+)/.exec(version)?.[1]);
  const runOne = (args: readonly string[], options: KubectlOptions = {}) =>
    kubectl(demo, path, args, { protocol, ...options });
  return {
    demo,
    tools,
    minor,
    path,
    protocol,
    id: `k${minor}${version.includes('machine') ? 'm' : ''}-${protocol === 'spdy' ? 's' : 'w'}`,
    folder: mkdtempSync(join(tools.dir, 'way-')),
    run: runOne,
    ok: async (args, options) => {
      const { code, stdout, stderr } = await runOne(args, options);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    start: (args) => startKubectl(demo, path, args, { protocol }),
  };
}
