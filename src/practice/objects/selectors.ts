// Label and field selectors of lists and watches, by the grammars of apimachinery pkg/labels and pkg/fields. Trusts nothing of the text: what
// does not parse, and a field that the kind cannot be selected by, is a BadRequest in Kubernetes' words.

import { badRequest } from './failure.ts';
import type { KubeObject } from './object.ts';
import type { Resource } from './resources.ts';

/** Whether an object is selected. */
export type Selection = (object: KubeObject) => boolean;

/** Reads a label selector: `a=b,c!=d,e,!f,g in (h,i),j notin (k),n>1`. '' selects all. @throws ApiFailure BadRequest. */
export function parseLabelSelector(text: string): Selection {
  const requirements = splitOutside(text).map(parseRequirement);
  return ({ metadata }) => requirements.every((matches) => matches(metadata.labels ?? {}));
}

/** Reads a field selector: `metadata.name=a,status.phase!=Running`. '' selects all. @throws ApiFailure BadRequest. */
export function parseFieldSelector(text: string, resource: Pick<Resource, 'group' | 'resource'>): Selection {
  const terms = splitTerms(text).map((term) => parseTerm(term, resource));
  return (object) => terms.every(({ label, value, equal }) => (readField(object, label) === value) === equal);
}

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const KEY = `(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?`;
const VALUE = `(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?`;
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);
const EQUALS = new RegExp(`^(${KEY})\\s*(=|==|!=)\\s*(${VALUE})$`);
const IN = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const COMPARES = new RegExp(`^(${KEY})\\s*([<>])\\s*(-?[0-9]+)$`);
const WHOLE_VALUE = new RegExp(`^${VALUE}$`);

function splitOutside(text: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return text.trim() === '' ? [] : terms.map((term) => term.trim());
}

function parseRequirement(term: string): Requirement {
  const exists = EXISTS.exec(term);
  if (exists !== null) {
    const [, not, key = ''] = exists;
    return (labels) => Object.hasOwn(labels, key) === (not === '');
  }
  const equals = EQUALS.exec(term);
  if (equals !== null) {
    const [, key = '', operator, value = ''] = equals;
    return (labels) => (Object.hasOwn(labels, key) && labels[key] === value) === (operator !== '!=');
  }
  const member = IN.exec(term);
  if (member !== null) {
    const [, key = '', operator, list = ''] = member;
    const values = list.split(',').map((value) => value.trim());
    if (!values.every((value) => WHOLE_VALUE.test(value))) throw unreadable(term);
    // A label that is not there is in no set: `notin` selects it.
    return (labels) =>
      (Object.hasOwn(labels, key) && values.includes(labels[key] ?? '')) === (operator === 'in');
  }
  const compares = COMPARES.exec(term);
  if (compares === null) throw unreadable(term);
  const [, key = '', operator, bound = ''] = compares;
  return (labels) => {
    const value = labels[key];
    if (value === undefined || !/^-?[0-9]+$/.test(value)) return false;
    return operator === '<' ? BigInt(value) < BigInt(bound) : BigInt(value) > BigInt(bound);
  };
}

function unreadable(term: string) {
  return badRequest(`unable to parse requirement: ${JSON.stringify(term)} is no label requirement`);
}

/** Which fields a kind may be selected by, beside metadata.name and metadata.namespace (pkg/apis core/v1 and events/v1 conversion.go). */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  '/events': [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
      (field) => `involvedObject.${field}`,
    ),
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  '/namespaces': ['status.phase'],
  '/secrets': ['type'],
  '/services': ['spec.clusterIP', 'spec.type'],
  'apps/replicasets': ['status.replicas'],
};

/** events.k8s.io's words for what is stored in those of core. */
const EVENT_WORDS: ReadonlyMap<string, string> = new Map([
  ['reason', 'reason'],
  ['type', 'type'],
  ['reportingController', 'reportingComponent'],
]);

interface Term {
  readonly label: string;
  readonly value: string;
  readonly equal: boolean;
}

/** Splits at commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  const terms = text.match(/(?:\\.|[^,\\])+/g) ?? [];
  return terms.filter((term) => term !== '');
}

function parseTerm(term: string, resource: Pick<Resource, 'group' | 'resource'>): Term {
  const found = /^((?:\\.|[^=!])*?)(!=|==|=)(.*)$/s.exec(term);
  if (found === null) {
    throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  }
  const [, label = '', operator, raw = ''] = found;
  if (/[\\,=]/.test(raw.replace(/\\[\\,=]/g, ''))) throw badRequest(`invalid field selector: ${term}`);
  const known = fieldOf(label, resource);
  if (known === undefined) throw badRequest(`field label not supported: ${label}`);
  return { label: known, value: raw.replace(/\\(.)/g, '$1'), equal: operator !== '!=' };
}

/** The field as it is stored; undefined when the kind cannot be selected by it. */
function fieldOf(
  label: string,
  { group, resource }: Pick<Resource, 'group' | 'resource'>,
): string | undefined {
  if (label === 'metadata.name' || label === 'metadata.namespace') return label;
  if (group === 'events.k8s.io') {
    if (label.startsWith('regarding.'))
      return fieldOf(label.replace('regarding', 'involvedObject'), CORE_EVENTS);
    return EVENT_WORDS.get(label);
  }
  if (label === 'spec.host' && resource === 'pods') return 'spec.nodeName';
  return FIELDS[`${group}/${resource}`]?.includes(label) === true ? label : undefined;
}

const CORE_EVENTS = { group: '', resource: 'events' };

function readField(object: KubeObject, label: string): string {
  if (label === 'source') {
    return readPath(object, ['source', 'component']) || readPath(object, ['reportingComponent']);
  }
  if (label === 'spec.hostNetwork') return readPath(object, ['spec', 'hostNetwork']) || 'false';
  if (label === 'status.podIPs') return readPath(object, ['status', 'podIP']);
  return readPath(object, label.split('.'));
}

function readPath(object: KubeObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
