// What an object has to be beyond the types of its fields: names that can be names, and what must not change once it is there. A small part of
// pkg/apis/*/validation of kubernetes/kubernetes: the part that people run into.

import { isDeepStrictEqual } from 'node:util';
import { type FailureCause, invalid } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const MAX_SUBDOMAIN = 253;
const MAX_LABEL = 63;
/** Names that are DNS labels; RBAC's may be anything that fits in a path. */
const LABEL_KINDS: ReadonlySet<string> = new Set(['Namespace', 'Service']);
const ANY_NAME = /Role(Binding)?$/;

/** @throws ApiFailure Invalid with everything that is wrong. */
export function checkRules(after: KubeObject, before: KubeObject | undefined): void {
  const causes = [...nameProblems(after), ...labelProblems(after), ...kindProblems(after, before)];
  if (causes.length === 0) return;
  const group = after.apiVersion.includes('/') ? (after.apiVersion.split('/')[0] ?? '') : '';
  throw invalid(after.kind, group, after.metadata.name ?? '', causes);
}

function nameProblems({ kind, metadata }: KubeObject): FailureCause[] {
  const name = metadata.name ?? '';
  const field = 'metadata.name';
  if (name === '' && (metadata.generateName ?? '') === '') {
    const message = 'Required value: name or generateName is required';
    return [{ reason: 'FieldValueRequired', message, field }];
  }
  // What generateName makes of itself ends in a letter or digit.
  const [value, shown] = name === '' ? [`${metadata.generateName}x`, 'metadata.generateName'] : [name, field];
  if (ANY_NAME.test(kind)) {
    const bad = value === '.' || value === '..' || /[/%]/.test(value);
    return bad ? [invalidValue(shown, value, "may not be '.' or '..' and may not contain '/' or '%'")] : [];
  }
  if (LABEL_KINDS.has(kind)) {
    if (LABEL.test(value) && value.length <= MAX_LABEL) return [];
    return [
      invalidValue(
        shown,
        value,
        `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
      ),
    ];
  }
  if (SUBDOMAIN.test(value) && value.length <= MAX_SUBDOMAIN) return [];
  return [
    invalidValue(
      shown,
      value,
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ),
  ];
}

function labelProblems({ metadata }: KubeObject): FailureCause[] {
  return Object.values(metadata.labels ?? {})
    .filter((value) => typeof value === 'string' && (!LABEL_VALUE.test(value) || value.length > MAX_LABEL))
    .map((value) =>
      invalidValue(
        'metadata.labels',
        value,
        `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
      ),
    );
}

type Fields = Readonly<Record<string, unknown>>;

function kindProblems(after: KubeObject, before: KubeObject | undefined): FailureCause[] {
  const spec = fieldsOf(after['spec']);
  const old = fieldsOf(before?.['spec']);
  if (after.kind === 'Pod') return before === undefined ? podProblems(spec) : podChanges(spec, old);
  if (after.kind === 'Deployment' || after.kind === 'ReplicaSet') {
    return [...selectorProblems(spec), ...(before === undefined ? [] : sameSelector(spec, old))];
  }
  if ((after.kind === 'RoleBinding' || after.kind === 'ClusterRoleBinding') && before !== undefined) {
    if (isDeepStrictEqual(after['roleRef'], before['roleRef'])) return [];
    return [invalidValue('roleRef', after['roleRef'], 'cannot change roleRef')];
  }
  if ((after.kind === 'ConfigMap' || after.kind === 'Secret') && before?.['immutable'] === true) {
    const changed = ['data', 'binaryData', 'immutable'].filter(
      (field) => !isDeepStrictEqual(after[field], before[field]),
    );
    return changed.map((field) => forbidden(field, `field is immutable when \`immutable\` is set`));
  }
  return [];
}

function podProblems(spec: Fields): FailureCause[] {
  const containers = listOf(spec['containers']);
  if (containers.length === 0) return [required('spec.containers', '')];
  const names = new Set<string>();
  return [...containers.entries()].flatMap(([index, container]) => {
    const field = `spec.containers[${index}].name`;
    const name = fieldsOf(container)['name'];
    if (typeof name !== 'string' || name === '') return [required(field, '')];
    if (!LABEL.test(name) || name.length > MAX_LABEL)
      return [
        invalidValue(
          field,
          name,
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ),
      ];
    if (names.has(name)) {
      return [{ reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(name)}`, field }];
    }
    names.add(name);
    return [];
  });
}

/** Of a pod's spec only a few fields may change. */
function podChanges(spec: Fields, old: Fields): FailureCause[] {
  if (isDeepStrictEqual(fixedPart(spec), fixedPart(old))) return [];
  const may =
    '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
  return [forbidden('spec', `pod updates may not change fields other than ${may}`)];
}

function fixedPart(spec: Fields): unknown {
  const { nodeName: _node, activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...rest } = spec;
  const withoutImages = (list: unknown) => listOf(list).map((one) => ({ ...fieldsOf(one), image: '' }));
  return {
    ...rest,
    terminationGracePeriodSeconds: 0,
    containers: withoutImages(spec['containers']),
    initContainers: withoutImages(spec['initContainers']),
  };
}

function selectorProblems(spec: Fields): FailureCause[] {
  const selector = fieldsOf(spec['selector']);
  const labels = fieldsOf(fieldsOf(fieldsOf(spec['template'])['metadata'])['labels']);
  const wanted = Object.entries(fieldsOf(selector['matchLabels']));
  if (wanted.length === 0 && listOf(selector['matchExpressions']).length === 0)
    return [required('spec.selector', '')];
  if (wanted.every(([key, value]) => labels[key] === value)) return [];
  return [
    invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
  ];
}

function sameSelector(spec: Fields, old: Fields): FailureCause[] {
  if (isDeepStrictEqual(spec['selector'], old['selector'])) return [];
  return [invalidValue('spec.selector', spec['selector'], 'field is immutable')];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function required(field: string, why: string): FailureCause {
  return {
    reason: 'FieldValueRequired',
    message: why === '' ? 'Required value' : `Required value: ${why}`,
    field,
  };
}

function forbidden(field: string, why: string): FailureCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}

function invalidValue(field: string, value: unknown, why: string): FailureCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}
