// The chart installed into the test cluster: releases made and changed by helm, the gate's pods, and how to reach them.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINEERS } from '../cluster/cluster.ts';
import { makeKubeconfig } from '../cluster/pki.ts';
import type { RunResult } from '../cluster/run.ts';
import { askForToken } from '../e2e/desk.ts';
import type { CallerSettings } from './caller.ts';
import { adminOrFail, CHART, type Context, helm, NAMESPACE } from './context.ts';

/** The release, and the name of its objects. */
export const RELEASE = 'gate';
export const NAME = 'gate-postern';
/** How long open sessions may go on here after SIGTERM, in s. */
export const DRAIN_SECONDS = 20;

/** Who goes through the gate. */
const ALICE = { sub: 'alice-id', email: 'alice@example.com', groups: [ENGINEERS] };

/** Values of the install; `config` and others replace keys. */
export function installValues(
  context: Context,
  more: { readonly config?: object; readonly [key: string]: unknown } = {},
): object {
  const { issuer, image } = context;
  const { config, ...others } = more;
  return {
    image: { ...image, pullPolicy: 'Never' },
    service: { type: 'NodePort' },
    networkPolicy: { enabled: true },
    config: {
      authentication: {
        jwt: [
          {
            issuer: { url: issuer.url, audiences: ['postern'], certificateAuthority: issuer.caPem },
            claimMappings: {
              username: { claim: 'email', prefix: '' },
              groups: { claim: 'groups', prefix: '' },
              uid: { claim: 'sub' },
            },
          },
        ],
      },
      sessions: { drainTimeout: `${DRAIN_SECONDS}s` },
      ...config,
    },
    ...others,
  };
}

/** Runs `helm install` or `upgrade` with these values, and waits until the pods are ready. */
export function release(context: Context, verb: 'install' | 'upgrade', values: object): Promise<RunResult> {
  const file = join(context.dir, `${verb}-${process.hrtime.bigint()}.json`);
  writeFileSync(file, JSON.stringify(values));
  return helm(context, [
    verb,
    RELEASE,
    CHART,
    '--namespace',
    NAMESPACE,
    '--values',
    file,
    '--wait',
    '--timeout',
    '120s',
  ]);
}

/** A token of alice's. */
export function tokenOfAlice({ issuer }: Context): Promise<string> {
  return askForToken(issuer.deskUrl, { claims: ALICE, options: { expiresIn: 3600 } });
}

/** One pod of the gate. */
export interface GatePod {
  readonly name: string;
  readonly uid: string;
  /** The pod's own. */
  readonly address: string;
  readonly isReady: boolean;
  readonly isEnding: boolean;
}

/** The gate's pods, by name. */
export async function gatePods(context: Context): Promise<readonly GatePod[]> {
  const selector = `app.kubernetes.io/instance=${RELEASE}`;
  const { items } = JSON.parse(
    await adminOrFail(context, ['get', 'pods', '--namespace', NAMESPACE, '-l', selector, '-o', 'json']),
  ) as { items: PodObject[] };
  return items
    .map(({ metadata, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      address: status.podIP ?? '',
      isReady: (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
      isEnding: metadata.deletionTimestamp !== undefined,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface PodObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/**
 * Has the kubelet look at the gate's pods now, as docs/how-to/helm.md says: it renews files of ConfigMaps when it looks at a pod. Pods that
 * are ending are left alone: after `helm upgrade --wait` the replaced ones may go at any moment, and kubectl fails for one that has gone.
 */
export async function lookNow(context: Context): Promise<void> {
  const note = `postern.dev/look=${process.hrtime.bigint()}`;
  const staying = (await gatePods(context)).filter(({ isEnding }) => !isEnding).map(({ name }) => name);
  await adminOrFail(context, ['annotate', 'pods', '--overwrite', '--namespace', NAMESPACE, ...staying, note]);
}

/** How to reach the Service at its node port, as alice, without kubectl. */
export async function reachService(context: Context): Promise<CallerSettings> {
  const read = (kind: string, name: string, path: string) =>
    adminOrFail(context, ['get', kind, name, '--namespace', NAMESPACE, '-o', `jsonpath=${path}`]);
  const ca = await read('secret', `${NAME}-tls`, '{.data.ca\\.crt}');
  return {
    host: context.nodeAddress,
    port: Number(await read('service', NAME, '{.spec.ports[0].nodePort}')),
    caPem: Buffer.from(ca, 'base64').toString(),
    servername: NAME,
    token: await tokenOfAlice(context),
  };
}

/** Writes alice's kubeconfig for a gate whose certificate is of this authority; its server is given with each command. */
export async function writeKubeconfig(context: Context, name: string, caPem: string): Promise<string> {
  const file = join(context.dir, `${name}.kubeconfig`);
  const token = await tokenOfAlice(context);
  writeFileSync(file, makeKubeconfig({ server: 'https://gate.invalid', caPem, user: 'alice', token }), {
    mode: 0o600,
  });
  return file;
}
