// The gate in front of the practice API server, with a pod in which engineers may run commands: what tests need that look at an exec from its
// caller's end.

import { startTestGate, type TestGate, type TestGateOptions } from './gate.ts';
import { type Json, podObject, startTestPractice, type TestPractice } from './practice.ts';
import type { FakeUpstream } from './upstream.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** A ClusterRole and its binding. */
export function binding(name: string, rules: object[], subject: object) {
  return [
    { apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${GROUP}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: GROUP, ...subject }],
    },
  ];
}

/** The pod `one`, engineers who may run commands in it, and a gate that may impersonate. */
export const OBJECTS = [
  podObject('one'),
  ...binding(
    'gate',
    [
      { apiGroups: [''], resources: ['users', 'groups', 'serviceaccounts'], verbs: ['impersonate'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['*'], verbs: ['impersonate'] },
    ],
    { kind: 'User', name: 'gate' },
  ),
  ...binding(
    'engineers',
    [{ apiGroups: [''], resources: ['pods', 'pods/exec', 'configmaps'], verbs: ['*'] }],
    { kind: 'Group', name: 'engineers' },
  ),
  ...binding('alice', [{ apiGroups: [''], resources: ['pods', 'pods/exec'], verbs: ['*'] }], {
    kind: 'User',
    name: 'alice@example.com',
  }),
  ...binding('runner', [{ apiGroups: [''], resources: ['pods', 'pods/exec'], verbs: ['*'] }], {
    kind: 'User',
    name: 'system:serviceaccount:ci:runner',
  }),
];

export interface PracticeGate {
  readonly practice: TestPractice;
  readonly gate: TestGate;
  stop(): Promise<void>;
}

/** Starts both; the pod `one` runs. What `front` starts stands between them, and ends with them. */
export async function startPracticeGate(
  options: Omit<TestGateOptions, 'upstreams'> = {},
  front?: (practice: TestPractice) => Promise<FakeUpstream>,
): Promise<PracticeGate> {
  const practice = await startTestPractice(OBJECTS);
  const between = await front?.(practice);
  const upstreams = [{ name: 'practice', upstream: between ?? practice, user: { token: 'gate-token' } }];
  const gate = await startTestGate({ ...options, upstreams });
  await untilPodRuns(practice);
  return {
    practice,
    gate,
    async stop() {
      await gate.stop();
      await between?.close();
      await practice.stop();
    },
  };
}

/** The pod `one` runs. */
export async function untilPodRuns(practice: TestPractice): Promise<void> {
  await practice.until(() => practice.machines.length === 1);
  await practice.until(() => {
    const pod = practice.server.store.get({ group: '', resource: 'pods' }, 'default', 'one');
    return (pod?.['status'] as Json)?.phase === 'Running';
  });
}
