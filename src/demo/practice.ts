// The demo's practice cluster: the practice API server with the demo's scene in it, and an account for the gate.

import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { freezeUserInfo } from '../kube/userinfo.ts';
import { startPracticeServer } from '../practice/api/practice.ts';
import { createMachine } from '../practice/machine/create.ts';
import { GATE_ACCOUNT, makeScene } from './scene.ts';

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
    createMachine: (spec) => createMachine(spec, { now, delay: pause }),
    now,
    newUid: randomUUID,
    random: Math.random,
    onError,
  });
  return { url: server.url, token, stop: server.stop };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the pause like its time does.
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
