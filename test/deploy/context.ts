// What the chart's tests share: programs, one cluster with services, an issuer and the image, told to the test files through one file.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunOptions, type RunResult, run } from '../cluster/run.ts';

/** Name of the environment variable that names the context file. */
export const CONTEXT_VARIABLE = 'POSTERN_DEPLOY_CONTEXT';
/** The chart. */
export const CHART = fileURLToPath(new URL('../../deploy/helm/postern', import.meta.url));
/** Where the tests install. */
export const NAMESPACE = 'gate';

/** Everything a test file needs to know. */
export interface Context {
  readonly dir: string;
  /** helm 4, and the oldest helm 3 that is at hand. */
  readonly helm: string;
  readonly oldHelm: string;
  readonly kubectl: string;
  readonly adminKubeconfig: string;
  /** The node's address: node ports answer there. */
  readonly nodeAddress: string;
  /** busybox. */
  readonly testImage: string;
  /** Postern's image in the node, as the chart names it; undefined when it was not built. */
  readonly image: { readonly repository: string; readonly tag: string } | undefined;
  /** An issuer that pods reach, and the desk that signs tokens with its keys. */
  readonly issuer: { readonly url: string; readonly caPem: string; readonly deskUrl: string };
}

/** Reads the context. @throws Error that says how to start the suite when there is none. */
export function readContext(): Context {
  const file = process.env[CONTEXT_VARIABLE];
  if (file === undefined) throw new Error('start the chart\'s tests with "npm run test:deploy"');
  return JSON.parse(readFileSync(file, 'utf8')) as Context;
}

/** Runs helm 4 as administrator; its caches lie in the run's folder. */
export function helm(
  context: Context,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const env = {
    KUBECONFIG: context.adminKubeconfig,
    HOME: context.dir,
    HELM_CACHE_HOME: join(context.dir, 'helm'),
  };
  return run(context.helm, args, { timeoutMs: 300_000, ...options, env: { ...env, ...options.env } });
}

/** Runs kubectl as administrator, past the gate. */
export function admin(
  context: Context,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const env = { KUBECONFIG: context.adminKubeconfig, HOME: context.dir };
  return run(context.kubectl, args, { timeoutMs: 180_000, ...options, env: { ...env, ...options.env } });
}

/** The same, with what it printed. @throws Error with its stderr when it fails. */
export async function adminOrFail(
  context: Context,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await admin(context, args, options);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}
