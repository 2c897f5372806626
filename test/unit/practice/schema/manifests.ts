// Manifests as people and charts write them, with nothing wrong in them.

// The shape of what the default chart of `helm create` (helm 4) renders, with every list of its values filled.
export const CHART_DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'demo',
    labels: { 'helm.sh/chart': 'demo-0.1.0', 'app.kubernetes.io/managed-by': 'Helm' },
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: { 'app.kubernetes.io/name': 'demo' } },
    template: {
      metadata: { annotations: { a: 'b' }, labels: { 'app.kubernetes.io/name': 'demo' } },
      spec: {
        imagePullSecrets: [{ name: 'pull' }],
        serviceAccountName: 'demo',
        securityContext: { fsGroup: 2000 },
        containers: [
          {
            name: 'demo',
            securityContext: {
              capabilities: { drop: ['ALL'] },
              readOnlyRootFilesystem: true,
              runAsNonRoot: true,
              runAsUser: 1000,
            },
            image: 'nginx:1.16.0',
            imagePullPolicy: 'IfNotPresent',
            ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
            livenessProbe: { httpGet: { path: '/', port: 'http' } },
            readinessProbe: { httpGet: { path: '/', port: 80 } },
            resources: { limits: { cpu: '100m', memory: '128Mi' }, requests: { cpu: 0.5 } },
            volumeMounts: [{ name: 'foo', mountPath: '/etc/foo', readOnly: true }],
            env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
          },
        ],
        volumes: [
          { name: 'foo', secret: { secretName: 'mysecret', optional: false } },
          {
            name: 'all',
            projected: { sources: [{ configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } }] },
          },
          { name: 'old', rbd: { whatever: { nobody: ['looks'] } } },
        ],
        nodeSelector: { disk: 'ssd' },
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } } },
              },
            ],
          },
        },
        tolerations: [{ key: 'a', operator: 'Exists', tolerationSeconds: 5 }],
      },
    },
    strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: '10%' } },
  },
};

export const OTHERS = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', creationTimestamp: null },
    spec: {
      type: 'ClusterIP',
      ports: [{ port: 80, targetPort: 'http', protocol: 'TCP', name: 'http' }],
      selector: { a: 'b' },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'a', annotations: {} },
    automountServiceAccountToken: true,
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sh.helm.release.v1.demo.v1' },
    type: 'helm.sh/release.v1',
    data: { release: 'SDRzSUFBQUE=' },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'h' },
    spec: { clusterIP: 'None', selector: { a: 'b' } },
  },
  {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'n' },
    involvedObject: { kind: 'Pod', name: 'p' },
    eventTime: '2026-01-02T03:04:05.000000Z',
    firstTimestamp: '2026-01-02T03:04:05Z',
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: 'ada' }],
  },
  {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'p' },
    deleteOptions: { gracePeriodSeconds: 0 },
  },
];
