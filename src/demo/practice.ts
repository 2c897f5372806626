// The demo's practice cluster: the practice API server with the demo's scene in it, and an account for the gate.

import { randomBytes, randomUUID } from 'node:crypto';
import { freezeUserInfo } from '../kube/userinfo.ts';
import { startPracticeServer } from '../practice/api/practice.ts';
import type { KubeObject } from '../practice/objects/object.ts';
import type { Store } from '../practice/objects/store.ts';
import { GATE_ACCOUNT, makeScene } from './scene.ts';

const DEPLOYMENTS = { group: 'apps', resource: 'deployments' };
/** The pods of the scene need some 600 ms to run; a demo that is slower is ready all the same. */
const SETTLING_MS = 3_000;

/** What it is started with. */
export interface PracticeClusterOptions {
  /** A loopback address. */
  readonly host: string;
  readonly tls: { readonly cert: string; readonly key: string };
  /** PEM: what the pods are told to trust. */
  readonly caPem: string;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Told of what went wrong inside. */
  readonly onError: (error: unknown, what: string) => void;
}

/** A practice cluster that runs. */
export interface PracticeCluster {
  readonly url: string;
  /** The gate's bearer token. */
  readonly token: string;
  /** Resolves when the scene's deployments run, at the latest after SETTLING_MS. */
  readonly settled: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts it on any free port. */
export async function startPracticeCluster(options: PracticeClusterOptions): Promise<PracticeCluster> {
  const { host, tls, caPem, now, onError } = options;
  const token = randomBytes(24).toString('base64url');
  const account = freezeUserInfo({
    username: GATE_ACCOUNT,
    uid: 'postern',
    groups: ['system:authenticated'],
  });
  const server = await startPracticeServer({
    tls,
    rootCertificate: caPem,
    tokens: new Map([[token, account]]),
    address: { host, port: 0 },
    objects: makeScene(),
    now,
    newUid: randomUUID,
    random: Math.random,
    onError,
  });
  return { url: server.url, token, settled: whenSettled(server.store), stop: server.stop };
}

/** Whether a deployment has all that it wants. */
function isAvailable({ spec, status }: KubeObject): boolean {
  const wanted = (spec as { readonly replicas?: number } | undefined)?.replicas;
  return (status as { readonly availableReplicas?: number } | undefined)?.availableReplicas === wanted;
}

function whenSettled(store: Store): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    if (store.list(DEPLOYMENTS, '').every(isAvailable)) resolve();
  };
  const end = store.watch(DEPLOYMENTS, '', store.resourceVersion(), look);
  const timer = setTimeout(resolve, SETTLING_MS);
  look();
  return promise.finally(() => {
    clearTimeout(timer);
    end();
  });
}
