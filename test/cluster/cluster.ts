// What a test may rely on in any cluster, ours or an existing one. Names that the tests' objects carry are here, so that the suite and the
// two kinds of cluster agree.

import type { CertificatePair } from '../../src/certificates.ts';
import type { RunOptions, RunResult } from './run.ts';

/** The namespace of the tests' objects. */
export const TEST_NAMESPACE = 'e2e';
/** The gate's own account: it may impersonate and nothing else. */
export const GATE_USER = 'postern-gate';
/** Users of this group may do everything (cluster-admin). */
export const ENGINEERS = 'engineers';
/** Users of this group have `edit` in the tests' namespace. */
export const EDITORS = 'editors';
/** Users of this group have `view` in the tests' namespace: no exec. */
export const VIEWERS = 'viewers';

/** The command of a pod that runs until it is told to end, and then ends at once. */
export const SLEEP_COMMAND = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1; done'] as const;

/** A running cluster. `stop` ends it and leaves nothing behind; calling it again waits for the same end. */
export interface Cluster {
  /** A folder of this run, for files that a test wants to keep until the end. */
  readonly dir: string;
  /** https URL of the API server, reachable from this process. */
  readonly server: string;
  readonly caPem: string;
  /** Kubeconfig file of a user that may do everything, past the gate. */
  readonly adminKubeconfig: string;
  /** Kubeconfig file of the gate's own account. */
  readonly gateKubeconfig: string;
  /** A busybox image that pods can use (tar, sh, nc, httpd, dd, sha256sum, stty …). Its own command is `sh`; see SLEEP_COMMAND. */
  readonly image: string;
  /** Present when the node is ours. */
  readonly node: Node | undefined;
  readonly stop: () => Promise<void>;
}

/** What only a node of our own offers. */
export interface Node {
  /** The network namespace, for `nsenter --net=FILE`. */
  readonly netns: string;
  /** Our address as the API server and the pods see it: for webhooks and issuers that listen in the test's process. */
  readonly hostAddress: string;
  /** The API server's audit log: one event a line, level Metadata, stages ResponseStarted, ResponseComplete and Panic. */
  readonly auditLog: string;
  readonly logFolder: string;
  /** Runs a program inside the node's network namespace. */
  readonly exec: (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;
  /** A client certificate that the API server takes for `user` in `groups`. */
  readonly issueClient: (user: string, groups?: readonly string[]) => Promise<CertificatePair>;
  /** Kills the API server as a crash would and starts it again; resolves when it is ready. */
  readonly restartApiServer: () => Promise<void>;
  /** A client certificate that the API server takes for an authenticating proxy (X-Remote-User). */
  readonly frontProxy: CertificatePair;
}
