// A small schema with every way of merging, and objects of its kinds, for the tests of this folder.
import fc from 'fast-check';
import type { ApiFailure } from '../../../../src/practice/objects/failure.ts';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import type { Field, FieldType, Schema, StructType } from '../../../../src/practice/schema/fieldtype.ts';

const string: FieldType = { is: 'scalar', scalar: 'string' };
const integer: FieldType = { is: 'scalar', scalar: 'integer' };
const boolean: FieldType = { is: 'scalar', scalar: 'boolean' };
const strings: FieldType = { is: 'map', of: string };
const struct = (name: string): FieldType => ({ is: 'struct', name });
const listBy = (name: string, ...keys: string[]): FieldType => ({
  is: 'list',
  of: struct(name),
  merge: { keys },
});

function field(type: FieldType, rest: Partial<Field> = {}): Field {
  return { type, does: 'as its name says', ...rest };
}

const metadata = field(struct('Meta'));
const typeFields = { apiVersion: field(string), kind: field(string), metadata };

const TYPES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  Meta: {
    name: field(string),
    namespace: field(string),
    uid: field(string),
    resourceVersion: field(string),
    generation: field({ is: 'scalar', scalar: 'long' }),
    creationTimestamp: field({ is: 'scalar', scalar: 'time' }),
    labels: field(strings),
    annotations: field(strings),
    finalizers: field({ is: 'list', of: string, merge: 'set' }),
    managedFields: field({ is: 'list', of: { is: 'scalar', scalar: 'any' } }),
  },
  Deployment: { ...typeFields, spec: field(struct('Spec')), status: field(struct('Status')) },
  ConfigMap: { ...typeFields, data: field(strings), immutable: field(boolean) },
  Spec: {
    replicas: field(integer),
    paused: field(boolean),
    whole: field(struct('Whole')),
    minReadySeconds: field(integer),
    selector: field(struct('Selector'), { atomic: true }),
    strategy: field(struct('Strategy'), { retainKeys: true }),
    template: field(struct('Template')),
  },
  Selector: { matchLabels: field(strings) },
  Whole: { a: field(string), b: field(string) },
  Strategy: { type: field(string), rollingUpdate: field(struct('Rolling')) },
  Rolling: { maxSurge: field({ is: 'scalar', scalar: 'intOrString' }) },
  Template: { metadata, spec: field(struct('PodSpec')) },
  PodSpec: {
    containers: field(listBy('Container', 'name'), { required: true }),
    nodeSelector: field({ is: 'map', of: string, atomic: true }),
    tolerations: field({ is: 'list', of: struct('Toleration') }),
    volumes: field(listBy('Volume', 'name')),
  },
  Toleration: { key: field(string), operator: field(string) },
  Volume: { name: field(string), emptyDir: field(struct('EmptyDir')), hostPath: field(string) },
  EmptyDir: { medium: field(string) },
  Container: {
    name: field(string),
    image: field(string),
    args: field({ is: 'list', of: string }),
    env: field(listBy('Env', 'name')),
    ports: field({
      is: 'list',
      of: struct('Port'),
      merge: { keys: ['containerPort', 'protocol'], patchKey: 'containerPort' },
    }),
  },
  Env: { name: field(string), value: field(string) },
  Port: {
    name: field(string),
    containerPort: field(integer),
    protocol: field(string, { defaultValue: 'TCP' }),
  },
  Status: { replicas: field(integer), conditions: field(listBy('Condition', 'type')) },
  Condition: { type: field(string), status: field(string) },
};

const structs: ReadonlyMap<string, StructType> = new Map(
  Object.entries(TYPES).map(([name, fields]) => [
    name,
    { name, does: 'a test', fields, atomic: name === 'Whole' },
  ]),
);

/** Deployment of apps/v1 and ConfigMap of v1, cut down. */
export const SCHEMA: Schema = {
  structs,
  kindOf: (apiVersion, kind) => (/^(apps\/)?v1$/.test(apiVersion) ? structs.get(kind) : undefined),
};

export const NOW = '2026-01-02T03:04:05Z';
export const LATER = '2026-01-02T04:00:00Z';

/** A live Deployment `web`; `spec` is its whole spec. */
export function deployment(spec: object, metadata: object = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7', ...metadata },
    spec,
  };
}

/** A Deployment's spec with these containers. */
export function withContainers(...containers: readonly object[]): object {
  return { template: { spec: { containers } } };
}

/** Any specs of a Deployment; a template has at least so many containers. */
export function specsWith({ minContainers }: { readonly minContainers: number }) {
  const containers = fc.uniqueArray(
    fc.record({ name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('1', '2') }),
    { selector: ({ name }) => name, minLength: minContainers },
  );
  const nodeSelector = fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'));
  return fc.record(
    {
      replicas: fc.integer({ min: 0, max: 2 }),
      paused: fc.boolean(),
      template: fc.record({ spec: fc.record({ containers, nodeSelector }) }),
    },
    { requiredKeys: [] },
  );
}

/** A ConfigMap `settings` as a person applies it. */
export function configMap(data: object, metadata: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'shop', ...metadata },
    data,
  };
}

/** What `run` throws, as far as clients see it. */
export function failureOf(
  run: () => unknown,
): Pick<ApiFailure, 'code' | 'reason' | 'message' | 'details'> | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    const { code, reason, message, details } = error as ApiFailure;
    return { code, reason, message, details };
  }
}

/** `value` frozen to its depth: changing it in place throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const one of Object.values(value)) frozen(one);
    Object.freeze(value);
  }
  return value;
}
