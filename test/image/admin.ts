// The administrator's kubectl in the tests' cluster, past the gate, and what the tests ask of pods.

import { type RunResult, run, runOrFail } from '../cluster/run.ts';
import { kubeEnv } from '../e2e/context.ts';
import { until } from '../e2e/wait.ts';
import type { Context } from './context.ts';

const TIMEOUT_MS = 60_000;

/** How a container ended (core/v1 ContainerStateTerminated). */
export interface Ending {
  readonly exitCode: number;
  readonly reason: string;
}

/** kubectl as administrator; `orFail` and all below it throw with what kubectl said. */
export interface Admin {
  readonly run: (args: readonly string[]) => Promise<RunResult>;
  readonly orFail: (args: readonly string[]) => Promise<string>;
  readonly create: (object: object) => Promise<string>;
  /** Waits until a pod is ready; its log is in the error when it isn't after a minute. */
  readonly waitReady: (pod: string, namespace: string) => Promise<void>;
  /** A pod's address; '' before it has one. */
  readonly addressOf: (pod: string, namespace: string) => Promise<string>;
  /** How a pod's container ended; undefined while it runs. */
  readonly endingOf: (pod: string, namespace: string) => Promise<Ending | undefined>;
  /** The same, waited for. */
  readonly ended: (pod: string, namespace: string) => Promise<Ending>;
}

interface Pod {
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly state: { readonly terminated?: Ending } }[];
  };
}

/** The administrator of the context's cluster. */
export function makeAdmin({ kubectl, adminKubeconfig }: Context): Admin {
  const options = { env: kubeEnv(adminKubeconfig), timeoutMs: TIMEOUT_MS };
  const orFail = (args: readonly string[], input = ''): Promise<string> =>
    runOrFail(kubectl, args, { ...options, input });
  const read = async (pod: string, namespace: string): Promise<Pod> =>
    JSON.parse(await orFail(['get', 'pod', pod, '--namespace', namespace, '--output=json'])) as Pod;
  const endingOf = async (pod: string, namespace: string): Promise<Ending | undefined> =>
    (await read(pod, namespace)).status.containerStatuses?.[0]?.state.terminated;
  return {
    run: (args) => run(kubectl, args, options),
    orFail: (args) => orFail(args),
    create: (object) => orFail(['create', '--filename=-'], JSON.stringify(object)),
    waitReady: async (pod, namespace) => {
      const of = [`pod/${pod}`, '--namespace', namespace];
      await orFail(['wait', '--for=condition=Ready', ...of, '--timeout=50s']).catch(
        async (cause: unknown) => {
          throw new Error(`${pod} is not ready: ${await orFail(['logs', ...of])}`, { cause });
        },
      );
    },
    addressOf: async (pod, namespace) => (await read(pod, namespace)).status.podIP ?? '',
    endingOf,
    ended: (pod, namespace) => until(`the end of ${pod}`, () => endingOf(pod, namespace)),
  };
}
