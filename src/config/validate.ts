// Applies the schema to what was read: types, unknown keys, allowed values, formats, defaults. Every problem becomes a finding; a value
// that failed is left out of the result, so that rules over several keys can go on with the rest.

import { childPath, type Findings, itemPath } from './findings.ts';
import { FORMATS } from './formats.ts';
import type { SchemaNode } from './keywords.ts';
import { findNearest, quote } from './quote.ts';
import type { Mapping } from './source.ts';

const EMPTY_TEXT = 'must not be empty';
const NOT_YET = 'not supported by this version yet';

/** The value with its defaults, without what failed; undefined when nothing is left. */
export function applySchema(schema: SchemaNode, value: unknown, path: string, findings: Findings): unknown {
  if (schema['x-later'] !== undefined) return refuseLater(schema, value, path, findings);
  switch (schema.type) {
    case 'object':
      if (isMapping(value)) return applyObject(schema, value, path, findings);
      break;
    case 'array':
      if (Array.isArray(value)) return applyArray(schema, value, path, findings);
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'integer':
      if (typeof value === 'number') return applyInteger(schema, value, path, findings);
      break;
    case 'string':
      if (typeof value === 'string') return applyString(schema, value, path, findings);
      break;
    default:
      throw new TypeError(`the schema has no type at ${path}`);
  }
  return refuseType(schema, value, path, findings);
}

/** Whether it is a mapping as source.ts makes them. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function applyObject(schema: SchemaNode, value: Mapping, path: string, findings: Findings): Mapping {
  const properties = schema.properties ?? {};
  const result: Mapping = {};
  const meant = new Set<string>();
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(properties, key)) continue;
    meant.add(refuseKey(properties, key, path, findings));
  }
  let refusesLater = false;
  for (const [key, property] of Object.entries(properties)) {
    const child = childPath(path, key);
    const given = value[key] ?? structuredClone(property.default);
    if (given === undefined || given === null) {
      if (value[key] === null && schema.required?.includes(key) !== true)
        refuseNothing(property, child, findings);
      continue;
    }
    const applied = applySchema(property, given, child, findings);
    if (applied !== undefined) result[key] = applied;
    refusesLater ||= property['x-later'] !== undefined && findings.failed(child);
  }
  for (const key of refusesLater ? [] : missingKeys(schema, value)) {
    if (meant.has(key)) continue;
    const hint = properties[key]?.['x-missing'];
    findings.error(childPath(path, key), `missing: ${hint ?? `${key} is required`}`, 'key');
  }
  return result;
}

/** A list or text that may be left out and may not be empty, written without a value: whoever wrote it meant less than all that its absence means. */
function refuseNothing(schema: SchemaNode, path: string, findings: Findings): void {
  if ((schema.minItems ?? 0) > 0) findings.error(path, emptyList(schema), 'key');
  else if ((schema.minLength ?? 0) > 0) findings.error(path, EMPTY_TEXT, 'key');
}

/** Keys that must be there and are not; one with a default, or null, counts as there and not there. */
function missingKeys(schema: SchemaNode, value: Mapping): readonly string[] {
  return (schema.required ?? []).filter(
    (key) =>
      schema.properties?.[key]?.default === undefined && (value[key] === undefined || value[key] === null),
  );
}

/** Reports an unknown key; the known one that was probably meant, or ''. */
function refuseKey(
  properties: NonNullable<SchemaNode['properties']>,
  key: string,
  path: string,
  findings: Findings,
): string {
  const allowed = Object.keys(properties).filter((name) => properties[name]?.['x-later'] === undefined);
  const nearest = findNearest(key, Object.keys(properties));
  const question = nearest === '' ? '' : ` did you mean ${JSON.stringify(nearest)}?`;
  const merge = key === '<<' ? ' YAML merge keys are not supported;' : '';
  findings.error(
    childPath(path, key),
    `unknown key ${quote(key)};${merge}${question} allowed here: ${allowed.join(', ')}`,
    'key',
  );
  return nearest;
}

function emptyList(schema: SchemaNode): string {
  return `must not be empty: ${schema['x-missing'] ?? 'at least one item is needed'}`;
}

function applyArray(
  schema: SchemaNode,
  value: readonly unknown[],
  path: string,
  findings: Findings,
): readonly unknown[] {
  const { items = {}, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (value.length < minItems) findings.error(path, emptyList(schema));
  if (value.length > maxItems)
    findings.error(path, `has ${value.length} items; at most ${maxItems} are allowed`);
  const seen = new Set<unknown>();
  return value.map((item, index) => {
    const child = itemPath(path, index);
    if (schema.uniqueItems === true && seen.has(item))
      findings.error(child, 'is in the list already; each item once');
    seen.add(item);
    return applySchema(items, item, child, findings);
  });
}

function applyInteger(
  { minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: SchemaNode,
  value: number,
  path: string,
  findings: Findings,
): number | undefined {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  findings.error(path, `expected a whole number from ${minimum} to ${maximum}, found ${value}`);
  return undefined;
}

function applyString(
  schema: SchemaNode,
  value: string,
  path: string,
  findings: Findings,
): string | undefined {
  const problem = findStringProblem(schema, value);
  if (problem === '') return value;
  findings.error(path, problem);
  return undefined;
}

function findStringProblem(schema: SchemaNode, value: string): string {
  if (value === '' && (schema.minLength ?? 0) > 0) return EMPTY_TEXT;
  if (schema.enum) return findEnumProblem(schema, schema.enum, value);
  const format = schema['x-format'];
  const isEmptyDefault = value === '' && schema.default === '';
  return format === undefined || isEmptyDefault ? '' : FORMATS[format](value);
}

function findEnumProblem(schema: SchemaNode, values: readonly unknown[], value: string): string {
  if (values.includes(value)) return '';
  const instead = schema['x-laterValues']?.[value];
  if (instead !== undefined) return `${value} is ${NOT_YET}; ${instead}`;
  const allowed = values.filter((known): known is string => typeof known === 'string' && known !== '');
  const nearest = allowed.length > 1 ? findNearest(value, allowed) : '';
  const question = nearest === '' ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
  return `expected ${allowed.length > 1 ? 'one of ' : ''}${allowed.join(', ')}; found ${quote(value)}${question}`;
}

function refuseLater(schema: SchemaNode, value: unknown, path: string, findings: Findings): undefined {
  const form = JSON.stringify(value);
  if ((schema.enum ?? []).some((empty) => JSON.stringify(empty) === form)) return undefined;
  findings.error(path, `${NOT_YET}; ${schema['x-later']}`, 'key');
  return undefined;
}

const TYPE_NAMES = {
  object: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  string: 'a string',
} as const;

function refuseType(schema: SchemaNode, value: unknown, path: string, findings: Findings): undefined {
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  const isDuration = schema['x-format'] === 'duration';
  const plainHint = isDuration ? ': write it with its unit, as in 30s, 5m or 0s' : ': put it in quotes';
  const hint = schema.type === 'string' && isPlain ? plainHint : '';
  findings.error(path, `expected ${TYPE_NAMES[schema.type ?? 'string']}, found ${nameType(value)}${hint}`);
  return undefined;
}

function nameType(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}
