// What the end-to-end tests share: one cluster and one gate in front of it, started by run.ts, told to the test files through one file.

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Person } from '../cluster/front.ts';
import { type RunOptions, type RunResult, run } from '../cluster/run.ts';

/** Name of the environment variable that names the context file. */
export const CONTEXT_VARIABLE = 'POSTERN_E2E_CONTEXT';

/** Everything a test file needs to know. */
export interface Context {
  /** `full` for the whole matrix and sizes, `short` for CI. */
  readonly form: 'short' | 'full';
  readonly dir: string;
  readonly namespace: string;
  readonly image: string;
  /** Past the gate, as administrator. */
  readonly adminKubeconfig: string;
  /** The gate's own account, for a second gate. */
  readonly gateKubeconfig: string;
  /** Through the gate, by person; `prefixed` goes by the path prefix. */
  readonly kubeconfigs: Readonly<Record<Person, string>>;
  readonly prefixedKubeconfig: string;
  readonly gate: {
    readonly server: string;
    readonly opsUrl: string;
    readonly caPem: string;
    readonly configFile: string;
    readonly logFile: string;
    readonly pid: number;
  };
  /** The gate's issuer, and the desk that signs tokens of any claims with its keys. */
  readonly issuer: { readonly url: string; readonly deskUrl: string };
  readonly kubectls: readonly { readonly version: string; readonly path: string }[];
  readonly helm: string;
  /** '' when the cluster is not ours. */
  readonly auditLog: string;
  /** Built Go programs: the client-go harness, the terminal and aws-iam-authenticator. */
  readonly goclient: string;
  readonly terminal: string;
  readonly authenticator: string;
}

/** Reads the context. @throws Error that says how to start the suite when there is none. */
export function readContext(): Context {
  const file = process.env[CONTEXT_VARIABLE];
  if (file === undefined) throw new Error('start the end-to-end tests with "npm run test:cluster"');
  return JSON.parse(readFileSync(file, 'utf8')) as Context;
}

/** How kubectl is to carry exec and port-forward. */
export type Protocol = 'websocket' | 'spdy';

/** Environment that makes kubectl prefer a protocol; versions that know only SPDY ignore it. */
export function protocolEnv(protocol: Protocol): Readonly<Record<string, string>> {
  const value = protocol === 'websocket' ? 'true' : 'false';
  return { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: value, KUBECTL_PORT_FORWARD_WEBSOCKETS: value };
}

/** Runs a kubectl with a kubeconfig; its caches lie beside that file. */
export function kubectl(
  path: string,
  kubeconfig: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run(path, args, { timeoutMs: 120_000, ...options, env: { ...kubeEnv(kubeconfig), ...options.env } });
}

/** The environment that makes a Kubernetes client use a kubeconfig, with its caches beside that file. */
export function kubeEnv(kubeconfig: string): Readonly<Record<string, string>> {
  return { KUBECONFIG: kubeconfig, HOME: dirname(kubeconfig) };
}
