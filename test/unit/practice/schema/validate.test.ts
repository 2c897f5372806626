import fc from 'fast-check';
import t from 'tap';
import type { StructType } from '../../../../src/practice/schema/fieldtype.ts';
import { SCHEMA } from '../../../../src/practice/schema/schema.ts';
import { checkFields, type FieldFindings } from '../../../../src/practice/schema/validate.ts';
import { holds } from '../../../properties.ts';
import { CHART_DEPLOYMENT, OTHERS } from './manifests.ts';

function kind(apiVersion: string, name: string): StructType {
  const type = SCHEMA.kindOf(apiVersion, name);
  if (type === undefined) throw new Error(`no ${apiVersion} ${name}`);
  return type;
}

function check(object: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}): FieldFindings {
  return checkFields(object, kind(object.apiVersion, object.kind), SCHEMA);
}

const container = { name: 'web', image: 'web:1' };

function pod(spec: object): FieldFindings {
  return check({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [container], ...spec },
  });
}

function deployment(spec: object): FieldFindings {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } };
  return check({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { app: 'web' } }, template, ...spec },
  });
}

const CLEAN = { unknown: [], wrong: [], missing: [] };

t.test('usual manifests are clean', async (t) => {
  t.same(check(CHART_DEPLOYMENT), CLEAN, 'helm create');
  for (const one of OTHERS) t.same(check(one), CLEAN, one.kind);
  t.same(check({ ...CHART_DEPLOYMENT, status: null, metadata: null }), CLEAN, 'null is as good as absent');
});

// Worded by sigs.k8s.io/json and apimachinery's strict decoding error.
t.test('unknown fields are named with their path and indices', async (t) => {
  t.same(deployment({ replica: 2 }).unknown, ['unknown field "spec.replica"']);
  t.same(
    pod({ containers: [container, { ...container, foo: 1, env: [{ name: 'A', vaule: 'b' }] }] }).unknown,
    ['unknown field "spec.containers[1].foo"', 'unknown field "spec.containers[1].env[0].vaule"'],
  );
  t.same(check({ apiVersion: 'v1', kind: 'ConfigMap', dta: {} }).unknown, ['unknown field "dta"']);
  t.same(check({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { label: {} } }).unknown, [
    'unknown field "metadata.label"',
  ]);
  t.same(pod({ Containers: [] }).unknown, ['unknown field "spec.Containers"'], 'case matters');
  t.same(
    pod({ constructor: 1 }).unknown,
    ['unknown field "spec.constructor"'],
    'not what objects have anyway',
  );
});

const field = (said: string, where: string, type: string): string =>
  `json: cannot unmarshal ${said} into Go struct field ${where} of type ${type}`;

t.test('wrong types are worded as by the decoder', async (t) => {
  const rows: readonly (readonly [FieldFindings, string])[] = [
    [deployment({ replicas: 'two' }), field('string', 'DeploymentSpec.spec.replicas', 'int32')],
    [deployment({ replicas: 1.5 }), field('number 1.5', 'DeploymentSpec.spec.replicas', 'int32')],
    [deployment({ replicas: 3e9 }), field('number 3000000000', 'DeploymentSpec.spec.replicas', 'int32')],
    [deployment({ paused: 'yes' }), field('string', 'DeploymentSpec.spec.paused', 'bool')],
    [deployment({ template: [] }), field('array', 'DeploymentSpec.spec.template', 'v1.PodTemplateSpec')],
    [pod({ containers: { name: 'a' } }), field('object', 'PodSpec.spec.containers', '[]v1.Container')],
    [pod({ containers: ['a'] }), field('string', 'PodSpec.spec.containers', 'v1.Container')],
    [pod({ nodeSelector: { a: true } }), field('bool', 'PodSpec.spec.nodeSelector', 'string')],
    [pod({ nodeSelector: 'a' }), field('string', 'PodSpec.spec.nodeSelector', 'map[string]string')],
    [
      pod({ containers: [{ ...container, env: [{ name: 'A', value: 1 }] }] }),
      field('number', 'EnvVar.spec.containers.env.value', 'string'),
    ],
  ];
  for (const [found, message] of rows) t.same(found.wrong, [message], message);
});

t.test('types that read themselves say what they cannot read', async (t) => {
  const limit = (cpu: unknown): FieldFindings =>
    pod({ containers: [{ ...container, resources: { limits: { cpu } } }] });
  for (const good of ['1', '100m', '1.5Gi', '-1', '+.5', '1e3', '12E', 2, 0.5])
    t.same(limit(good).wrong, [], String(good));
  t.same(limit('1Gb').wrong.length, 1);
  t.same(limit('1mm').wrong, ["unable to parse quantity's suffix"]);
  t.match(limit('lots').wrong[0], /^quantities must match/);
  t.match(limit(true).wrong[0], /^quantities must match/);

  const port = (value: unknown): FieldFindings =>
    pod({ containers: [{ ...container, livenessProbe: { tcpSocket: { port: value } } }] });
  t.same(port('http').wrong, []);
  t.same(port(true).wrong, ['json: cannot unmarshal bool into Go value of type int32']);

  const secret = (value: unknown): FieldFindings =>
    check({ apiVersion: 'v1', kind: 'Secret', data: { a: value } });
  for (const good of ['', 'YQ==', 'YWI=', 'YWJj', 'YW\nJj']) t.same(secret(good).wrong, [], good);
  t.same(secret('a b').wrong, ['illegal base64 data at input byte 1']);
  t.same(secret('YQ').wrong.length, 1, 'padding is needed');
  t.same(secret(1).wrong, [field('number', 'Secret.data', '[]uint8')]);

  const made = (creationTimestamp: unknown): FieldFindings =>
    check({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { creationTimestamp } });
  t.same(made('2026-01-02T03:04:05Z').wrong, []);
  t.same(made('2026-01-02T03:04:05+01:00').wrong, []);
  t.match(made('yesterday').wrong[0], /^parsing time "yesterday" as "2006-01-02T15:04:05Z07:00"/);
  t.match(made('2026-13-02T03:04:05Z').wrong[0], /^parsing time/);
  t.same(made(5).wrong, ['json: cannot unmarshal number into Go value of type string']);
});

t.test('what is no object at all', async (t) => {
  for (const [object, said] of [
    [[], 'array'],
    ['x', 'string'],
    [7, 'number'],
  ] as const) {
    const { wrong } = checkFields(object, kind('v1', 'Pod'), SCHEMA);
    t.same(wrong, [`json: cannot unmarshal ${said} into Go value of type v1.Pod`]);
  }
});

const missing = (...names: string[]): unknown =>
  names.map((name) => ({ reason: 'FieldValueRequired', message: 'Required value', field: name }));

// k8s.io/kubernetes pkg/apis/*/validation.
t.test('required fields that are absent', async (t) => {
  t.same(
    check({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }).missing,
    missing('spec.containers'),
  );
  t.same(pod({ containers: [] }).missing, missing('spec.containers'), 'an empty list is none');
  t.same(pod({ containers: [{}] }).missing, missing('spec.containers[0].image', 'spec.containers[0].name'));
  t.same(pod({ containers: [{ ...container, name: '' }] }).missing, missing('spec.containers[0].name'));
  t.same(pod({ volumes: [{ name: 'v', secret: {} }] }).missing, missing('spec.volumes[0].secret.secretName'));
  t.same(
    pod({ containers: [{ ...container, ports: [{ name: 'http' }] }] }).missing,
    missing('spec.containers[0].ports[0].containerPort'),
  );
  t.same(
    check({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } }).missing,
    missing('spec.selector', 'spec.template.spec.containers'),
  );
  t.same(
    check({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { selector: { a: 'b' } } })
      .missing,
    missing('spec.ports'),
  );
  t.same(
    check({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', subjects: [{ kind: 'User' }] })
      .missing,
    missing('roleRef.kind', 'roleRef.name', 'subjects[0].name'),
  );
  t.same(
    check({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', rules: [{ resources: ['pods'] }] })
      .missing,
    [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: verbs must contain at least one value',
        field: 'rules[0].verbs',
      },
    ],
  );
});

t.test('a status lacks nothing, and metadata is looked at by others', async (t) => {
  const found = check({
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { containers: [container] },
    status: { conditions: [{}], containerStatuses: [{ name: 'web' }] },
  });
  t.same(found, CLEAN);
});

t.test('any JSON is looked at without an exception', async (t) => {
  holds(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const type = kind('v1', 'Pod');
      for (const object of [
        a,
        { spec: a },
        { spec: { containers: a, volumes: [b] } },
        { metadata: a, status: b },
      ]) {
        checkFields(object, type, SCHEMA);
      }
    }),
  );
  t.pass();
});
