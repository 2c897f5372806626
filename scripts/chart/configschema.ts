// The JSON Schema of the chart's `config`: that of the configuration file, less what the chart says itself (version and kind are optional,
// the listeners' addresses and the certificate are refused), and with rules over several keys that `postern check` has as code.

import { configNode } from '../../src/config/schema.ts';
import { toJSONSchema } from '../docs/config.ts';
import { when } from './node.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Keys that the chart sets: path of the mapping, and the key. */
const CHARTS_OWN = [
  ['listen', 'address'],
  ['listen', 'tls', 'certFile'],
  ['listen', 'tls', 'keyFile'],
  ['ops', 'address'],
] as const;

/** Keys that the file must have and the chart adds. */
const ADDED = ['apiVersion', 'kind', 'listen', 'clusters'];

/** A cluster is reached by a kubeconfig or as the pod's own; src/config/rules.ts and onwardrules.ts. */
const ONE_WAY_IN: Schema = {
  ...when(
    { properties: { inCluster: { const: true } }, required: ['inCluster'] },
    {
      properties: {
        kubeconfig: { maxLength: 0 },
        context: { maxLength: 0 },
        identity: { enum: ['Impersonate', 'Passthrough'] },
      },
    },
  ),
  else: { properties: { kubeconfig: { minLength: 1 } }, required: ['kubeconfig'] },
};

/** Client certificates need the authorities that issue them; src/config/authenticationrules.ts. */
const AUTHORITIES: Schema = when(
  under(['authentication', 'clientCertificates', 'enabled'], { const: true }),
  under(['listen', 'clientCAFile'], { minLength: 1 }),
);

/** The schema. */
export function chartConfigSchema(): Schema {
  const { description: _, ...whole } = structuredClone(toJSONSchema(configNode)) as Record<string, unknown>;
  for (const path of CHARTS_OWN) remove(whole, path);
  makeOptional(whole, ADDED);
  makeOptional(propertyOf(whole, 'listen'), ['tls']);
  const clusters = propertyOf(whole, 'clusters');
  clusters['items'] = { ...(clusters['items'] as Schema), ...ONE_WAY_IN };
  return { ...(forGo(whole) as Schema), allOf: [AUTHORITIES] };
}

/** `schema` for the value at this path, which then has to be there. */
function under(path: readonly string[], schema: Schema): Schema {
  return path.reduceRight<Schema>(
    (inner, key) => ({ properties: { [key]: inner }, required: [key] }),
    schema,
  );
}

function propertyOf(node: Schema, key: string): Record<string, unknown> {
  const found = (node['properties'] as Record<string, Record<string, unknown>> | undefined)?.[key];
  if (found === undefined) throw new TypeError(`the configuration's schema has no ${key}`);
  return found;
}

function remove(node: Record<string, unknown>, [key = '', ...rest]: readonly string[]): void {
  const property = propertyOf(node, key);
  if (rest.length > 0) {
    remove(property, rest);
    return;
  }
  delete (node['properties'] as Record<string, unknown>)[key];
  makeOptional(node, [key]);
}

function makeOptional(node: Record<string, unknown>, keys: readonly string[]): void {
  const needed = ((node['required'] ?? []) as string[]).filter((key) => !keys.includes(key));
  if (needed.length > 0) node['required'] = needed;
  else delete node['required'];
}

/** Helm's regular expressions are Go's, which look nowhere ahead: "at least one character" is said by `minLength` there. */
function forGo(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(forGo);
  if (typeof node !== 'object' || node === null) return node;
  const { pattern, ...rest } = node as { readonly pattern?: unknown };
  const copy = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, forGo(value)]));
  if (typeof pattern !== 'string') return pattern === undefined ? copy : { ...copy, pattern: forGo(pattern) };
  const isLooking = pattern.startsWith(NOT_EMPTY);
  return isLooking
    ? { ...copy, minLength: 1, pattern: `^${pattern.slice(NOT_EMPTY.length)}` }
    : { ...copy, pattern };
}

const NOT_EMPTY = '^(?=.)';
