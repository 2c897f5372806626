// What the cases of pods are made of.

import type { KubeObject } from '../../../../src/practice/objects/object.ts';

/** A pod and the cells READY, STATUS and RESTARTS of it, and IP, NODE, NOMINATED NODE and READINESS GATES where they are not `<none>`. */
export interface PodCase {
  readonly title: string;
  readonly pod: KubeObject;
  readonly cells: readonly [ready: string, status: string, restarts: string];
  readonly wide?: readonly [ip: string, node: string, nominated: string, gates: string];
}

/** When ages are counted. */
export const NOW = '2026-01-02T03:04:05Z';

export const RAN = { running: { startedAt: '2026-01-02T03:00:00Z' } };
export const RESTARTED = { terminated: { exitCode: 1, finishedAt: '2026-01-02T02:59:05Z' } };
export const EARLIER = { terminated: { exitCode: 1, finishedAt: '2026-01-02T02:04:05Z' } };
export const READY = [{ type: 'Ready', status: 'True' }];

export function ended(exitCode: number, more: object = {}): object {
  return { terminated: { exitCode, ...more } };
}

export function waiting(reason: string): object {
  return { waiting: { reason } };
}

export function status(name: string, state: object, more: object = {}): object {
  return { name, state, ready: false, restartCount: 0, ...more };
}

interface Parts {
  readonly spec?: object;
  readonly status?: object;
  readonly deleted?: boolean;
}

export function pod({ spec = {}, status = {}, deleted = false }: Parts): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'web',
      creationTimestamp: '2026-01-02T03:04:00Z',
      ...(deleted ? { deletionTimestamp: NOW } : {}),
    },
    spec: { containers: [{ name: 'a', image: 'i' }], ...spec },
    status,
  };
}

export const TWO = { containers: [{ name: 'a' }, { name: 'b' }] };
export const INIT = { initContainers: [{ name: 'i' }, { name: 'j' }] };
export const SIDECAR = { initContainers: [{ name: 'i', restartPolicy: 'Always' }] };

/** Which container fills a status with `phase`. */
export function phase(name: string, ...containerStatuses: readonly object[]): object {
  return { phase: name, containerStatuses };
}
