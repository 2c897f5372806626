import fc from 'fast-check';
import t from 'tap';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { withDefaults } from '../../../../src/practice/schema/defaults.ts';
import { pullPolicyOf } from '../../../../src/practice/schema/poddefaults.ts';
import { SCHEMA } from '../../../../src/practice/schema/schema.ts';
import { checkFields } from '../../../../src/practice/schema/validate.ts';
import { holds } from '../../../properties.ts';

function object(apiVersion: string, kind: string, rest: object): KubeObject {
  return { apiVersion, kind, metadata: { name: 'x' }, ...rest };
}

function pod(spec: object): KubeObject {
  return withDefaults(object('v1', 'Pod', { spec }));
}

function firstContainer(container: object, spec: object = {}): unknown {
  const made = pod({ containers: [{ name: 'c', image: 'web:1', ...container }], ...spec });
  return (made['spec'] as { readonly containers: readonly unknown[] }).containers[0];
}

const CONTAINER = {
  name: 'c',
  image: 'web:1',
  imagePullPolicy: 'IfNotPresent',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};

const POD_SPEC = {
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};

const NODE_GONE = ['not-ready', 'unreachable'].map((state) => ({
  effect: 'NoExecute',
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  tolerationSeconds: 300,
}));

t.test('a pod gets what its kind and admission give it', async (t) => {
  t.same(pod({ containers: [{ name: 'c', image: 'web:1' }] }), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: {
      ...POD_SPEC,
      containers: [CONTAINER],
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
      priority: 0,
      serviceAccount: 'default',
      serviceAccountName: 'default',
      tolerations: NODE_GONE,
    },
  });
});

t.test('what is said stays', async (t) => {
  const said = {
    dnsPolicy: 'None',
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    enableServiceLinks: false,
    serviceAccountName: 'robot',
    tolerations: [{ operator: 'Exists' }],
  };
  t.match(pod(said)['spec'], { ...said, serviceAccount: 'robot' });
  t.match(pod({ serviceAccount: 'old' })['spec'], { serviceAccountName: 'old' });
});

// k8s.io/kubernetes pkg/util/parsers
t.test('the pull policy comes from the tag', async (t) => {
  const rows: Readonly<Record<string, string>> = {
    nginx: 'Always',
    'nginx:latest': 'Always',
    'nginx:1.27': 'IfNotPresent',
    'registry:5000/nginx': 'Always',
    'registry:5000/a/nginx:2': 'IfNotPresent',
    'nginx@sha256:abc': 'IfNotPresent',
    'nginx:latest@sha256:abc': 'Always',
    'nginx:1@sha256:abc': 'IfNotPresent',
  };
  for (const [image, policy] of Object.entries(rows)) t.equal(pullPolicyOf(image), policy, image);
});

t.test('containers: ports, probes, environment, resources', async (t) => {
  t.match(firstContainer({ ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }] }), {
    ports: [{ containerPort: 80, protocol: 'TCP', hostPort: undefined }, { protocol: 'UDP' }],
  });
  t.match(firstContainer({ ports: [{ containerPort: 80 }] }, { hostNetwork: true }), {
    ports: [{ hostPort: 80 }],
  });
  const counts = { failureThreshold: 3, periodSeconds: 10, successThreshold: 1, timeoutSeconds: 1 };
  t.match(
    firstContainer({ livenessProbe: { httpGet: { port: 80 }, periodSeconds: 0, initialDelaySeconds: 0 } }),
    {
      livenessProbe: { ...counts, initialDelaySeconds: 0, httpGet: { path: '/', port: 80, scheme: 'HTTP' } },
    },
  );
  t.match(firstContainer({ readinessProbe: { grpc: { port: 1 }, timeoutSeconds: 7 } }), {
    readinessProbe: { ...counts, timeoutSeconds: 7, grpc: { port: 1, service: '' } },
  });
  t.match(firstContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }), {
    env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
  });
  t.match(firstContainer({ resources: { limits: { cpu: 1, memory: '1Gi' }, requests: { cpu: '100m' } } }), {
    resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m', memory: '1Gi' } },
  });
});

t.test('volumes: modes, and an empty directory where no source is said', async (t) => {
  const spec = pod({
    volumes: [
      { name: 'a' },
      { name: 'b', configMap: { name: 'c' } },
      { name: 'c', secret: { secretName: 's', defaultMode: 256 } },
      { name: 'd', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      { name: 'e', hostPath: { path: '/x' } },
      { name: 'f', downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'metadata.name' } }] } },
    ],
  })['spec'];
  t.match(spec, {
    volumes: [
      { name: 'a', emptyDir: {} },
      { configMap: { defaultMode: 420 }, emptyDir: undefined },
      { secret: { defaultMode: 256 } },
      { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] } },
      { hostPath: { path: '/x', type: '' } },
      { downwardAPI: { defaultMode: 420, items: [{ fieldRef: { apiVersion: 'v1' } }] } },
    ],
  });
});

t.test('a deployment, whose template gets less than a pod', async (t) => {
  const spec = { selector: {}, template: { spec: { containers: [{ name: 'c', image: 'web:1' }] } } };
  t.same(withDefaults(object('apps/v1', 'Deployment', { spec }))['spec'], {
    progressDeadlineSeconds: 600,
    replicas: 1,
    revisionHistoryLimit: 10,
    selector: {},
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    template: { spec: { ...POD_SPEC, containers: [CONTAINER] } },
  });
  const recreate = { ...spec, replicas: 0, strategy: { type: 'Recreate' } };
  const made = withDefaults(object('apps/v1', 'Deployment', { spec: recreate }))['spec'];
  t.match(made, { replicas: 0, strategy: { type: 'Recreate', rollingUpdate: undefined } });
  t.match(withDefaults(object('apps/v1', 'ReplicaSet', { spec }))['spec'], {
    replicas: 1,
    strategy: undefined,
  });
});

t.test('a service', async (t) => {
  const service = (spec: object): unknown => withDefaults(object('v1', 'Service', { spec }));
  t.match(service({ ports: [{ port: 80 }, { port: 81, targetPort: 'http', protocol: 'UDP' }] }), {
    spec: {
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      externalTrafficPolicy: undefined,
      ports: [
        { port: 80, protocol: 'TCP', targetPort: 80 },
        { port: 81, protocol: 'UDP', targetPort: 'http' },
      ],
    },
    status: { loadBalancer: {} },
  });
  t.match(service({ type: 'LoadBalancer' }), {
    spec: { externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true },
  });
  t.match(service({ type: 'ExternalName' }), { spec: { internalTrafficPolicy: undefined } });
  t.match(service({ sessionAffinity: 'ClientIP' }), {
    spec: { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } },
  });
});

t.test('stringData of a secret goes into data and is gone', async (t) => {
  const made = withDefaults(
    object('v1', 'Secret', { data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 'new', c: 'ü' } }),
  );
  t.equal(made['type'], 'Opaque');
  t.same(made['data'], { a: 'YQ==', b: 'bmV3', c: 'w7w=' });
  t.notOk('stringData' in made);
  t.equal(withDefaults(object('v1', 'Secret', { type: 'helm.sh/release.v1' }))['type'], 'helm.sh/release.v1');
});

t.test('a namespace is labelled with its name; bindings get their API group', async (t) => {
  const named = withDefaults(object('v1', 'Namespace', { metadata: { name: 'team', labels: { a: 'b' } } }));
  t.same(named.metadata.labels, { a: 'b', 'kubernetes.io/metadata.name': 'team' });
  t.same(named['status'], { phase: 'Active' });
  const subjects = [
    { kind: 'User', name: 'ada' },
    { kind: 'ServiceAccount', name: 'robot', namespace: 'n' },
  ];
  const binding = object('rbac.authorization.k8s.io/v1', 'RoleBinding', {
    roleRef: { kind: 'Role', name: 'r' },
    subjects,
  });
  const made = withDefaults(binding);
  t.same(made['roleRef'], { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' });
  t.same(made['subjects'], [{ ...subjects[0], apiGroup: 'rbac.authorization.k8s.io' }, subjects[1]]);
});

t.test('kinds without defaults, and kinds of other groups, come back as they are', async (t) => {
  for (const one of [
    object('v1', 'ConfigMap', { data: { a: 'b' } }),
    object('example.com/v1', 'Pod', { spec: {} }),
  ]) {
    t.equal(withDefaults(one), one);
  }
});

t.test('a second time changes nothing, and the object itself is never touched', async (t) => {
  const kinds = [
    object('v1', 'Pod', {
      spec: {
        containers: [
          {
            name: 'c',
            image: 'a',
            ports: [{ containerPort: 1 }],
            livenessProbe: { exec: { command: ['x'] } },
          },
        ],
        volumes: [{ name: 'v' }],
      },
    }),
    object('apps/v1', 'Deployment', {
      spec: { selector: {}, template: { spec: { containers: [{ name: 'c', image: 'a' }] } } },
    }),
    object('v1', 'Service', { spec: { ports: [{ port: 1 }] } }),
    object('v1', 'Secret', { stringData: { a: 'b' } }),
    object('v1', 'Namespace', {}),
  ];
  for (const one of kinds) {
    const before = structuredClone(one);
    const made = withDefaults(one);
    t.same(one, before, `${one.kind} is untouched`);
    t.same(withDefaults(made), made, `${one.kind} twice`);
    const type = SCHEMA.kindOf(one.apiVersion, one.kind);
    if (type === undefined) throw new Error(one.kind);
    const { unknown, wrong } = checkFields(made, type, SCHEMA);
    t.same([...unknown, ...wrong], [], `the defaults of ${one.kind} are fields of it`);
  }
});

t.test('malformed objects pass through without an exception', async (t) => {
  holds(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      for (const kind of ['Pod', 'Service', 'Secret', 'Namespace']) {
        withDefaults(object('v1', kind, { spec: a, stringData: a, status: b }));
        withDefaults(object('v1', kind, { spec: { containers: a, volumes: b, ports: a, tolerations: b } }));
      }
      withDefaults(object('apps/v1', 'Deployment', { spec: { strategy: a, template: b } }));
      withDefaults(
        object('apps/v1', 'Deployment', { spec: { template: { spec: { containers: [a], volumes: [b] } } } }),
      );
    }),
  );
  t.match(pod({ containers: 'none', tolerations: 5 })['spec'], { containers: 'none', tolerations: 5 });
});
