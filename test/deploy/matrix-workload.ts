// Rows of the matrix: the workload and its life.

import { NAME, people, pod, ROLE, type Row } from './rows.ts';

/** Workload and lifecycle. */
export const WORKLOAD: readonly Row[] = [
  {
    for: 'nothing but an issuer: two replicas that reach their own cluster, as nobody, on a file system that is read only',
    values: { config: people },
    shows: {
      ...pod({
        automountServiceAccountToken: true,
        terminationGracePeriodSeconds: 320,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            args: ['serve', '--config', '/etc/postern/config/postern.yaml'],
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            lifecycle: { preStop: { sleep: { seconds: 5 } } },
            livenessProbe: { httpGet: { path: '/livez', port: 'ops' } },
            readinessProbe: { httpGet: { path: '/readyz', port: 'ops' } },
          },
        ],
      }),
      [`PodDisruptionBudget/${NAME}`]: { spec: { maxUnavailable: 1 } },
      [`Service/${NAME}`]: { spec: { type: 'ClusterIP', ports: [{ port: 443, targetPort: 'https' }] } },
    },
    lacks: ['HorizontalPodAutoscaler', 'NetworkPolicy', 'Ingress', 'TLSRoute', 'Role'],
  },
  {
    for: 'an older cluster: no sleep handler, no constrained impersonation',
    kubeVersion: '1.29.4',
    values: { config: people },
    shows: {
      ...pod({ terminationGracePeriodSeconds: 315 }),
      [ROLE]: { rules: [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }] },
    },
  },
  ...[
    ['0s', 20],
    ['90s', 110],
    ['5m', 320],
    ['1h30m', 5420],
    ['500ms', 21],
    ['2h1m1s1ms', 7282],
  ].map(
    ([drainTimeout, seconds]): Row => ({
      for: `sessions that may go on for ${drainTimeout} after SIGTERM`,
      values: { config: { ...people, sessions: { drainTimeout } } },
      shows: pod({ terminationGracePeriodSeconds: seconds }),
    }),
  ),
  {
    for: 'load balancers that need half a minute to look away',
    values: { config: { ...people, sessions: { drainTimeout: '1m', drainDelay: '30s' } } },
    shows: pod({ terminationGracePeriodSeconds: 110 }),
  },
  {
    for: "a grace period of one's own",
    values: { config: people, drain: { terminationGracePeriodSeconds: 60 } },
    shows: pod({ terminationGracePeriodSeconds: 60 }),
  },
  {
    for: 'replicas that must not share a node or a zone, in a class that evicts others',
    values: {
      config: people,
      replicaCount: 3,
      podAntiAffinity: 'Hard',
      topologySpread: 'Hard',
      priorityClassName: 'system-cluster-critical',
      nodeSelector: { pool: 'edge' },
      tolerations: [{ key: 'edge', operator: 'Exists' }],
    },
    shows: pod({
      priorityClassName: 'system-cluster-critical',
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname' }],
        },
      },
      topologySpreadConstraints: [{ whenUnsatisfiable: 'DoNotSchedule' }],
      nodeSelector: { pool: 'edge' },
    }),
  },
  {
    for: 'scaling by CPU and by open sessions',
    values: { config: people, autoscaling: { enabled: true, sessionsPerPod: 500 } },
    shows: {
      [`HorizontalPodAutoscaler/${NAME}`]: {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: NAME },
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 70 } } },
            {
              type: 'Pods',
              pods: { metric: { name: 'postern_sessions_open' }, target: { averageValue: '500' } },
            },
          ],
        },
      },
    },
  },
  {
    for: 'a private registry, a digest, workers, an override, other names and labels',
    values: {
      config: people,
      fullnameOverride: 'door',
      commonLabels: { team: 'platform' },
      image: { repository: 'registry.example.com/postern', digest: `sha256:${'ab'.repeat(32)}` },
      imagePullSecrets: [{ name: 'registry' }],
      workers: 2,
      overrides: ['log.level=debug'],
      env: [{ name: 'TZ', value: 'UTC' }],
    },
    shows: {
      'Deployment/door': {
        metadata: { labels: { team: 'platform' } },
        spec: {
          template: {
            spec: {
              imagePullSecrets: [{ name: 'registry' }],
              containers: [
                {
                  image: `registry.example.com/postern@sha256:${'ab'.repeat(32)}`,
                  args: [
                    'serve',
                    '--config',
                    '/etc/postern/config/postern.yaml',
                    '--set',
                    'log.level=debug',
                    '--workers',
                    '2',
                  ],
                },
              ],
            },
          },
        },
      },
    },
  },
  {
    for: 'pods that are replaced for every change',
    values: { config: people, rollout: { onConfigChange: true } },
    shows: {
      [`Deployment/${NAME}`]: {
        spec: { template: { metadata: { annotations: { 'postern.dev/configuration': /^[0-9a-f]{64}$/ } } } },
      },
    },
  },
];
