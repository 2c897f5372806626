// `--set path=value`: one key of the configuration from the command line, and POSTERN_LOG_LEVEL, which is the same by another name. The
// value is YAML; where the schema has a string, plain text needs no quotes.

import { parseDocument } from 'yaml';
import { childPath, type Findings, itemPath } from './findings.ts';
import type { SchemaNode } from './keywords.ts';
import { quote } from './quote.ts';
import type { Mapping, Source } from './source.ts';
import { isMapping } from './validate.ts';

const PATH = /^[A-Za-z_][\w-]*(?:\[\d{1,4}\])*(?:\.[A-Za-z_][\w-]*(?:\[\d{1,4}\])*)*$/;
const USAGE = 'expected path=value, as in log.level=debug or clusters[0].context=prod';

/** One value from outside of the file, and the name that its errors are reported under. */
export interface Override {
  readonly origin: string;
  /** `path=value`. */
  readonly assignment: string;
}

type Segment = string | number;

/** Writes the overrides into the tree, in their order; the tree, or undefined when it had none and there are no overrides. */
export function applyOverrides(
  source: Source,
  overrides: readonly Override[],
  schema: SchemaNode,
  findings: Findings,
): unknown {
  if (source.tree !== undefined && !isMapping(source.tree)) return source.tree;
  const tree = source.tree;
  for (const [index, { origin, assignment }] of overrides.entries()) {
    const place = { file: origin, line: 1, column: 1 };
    const at = assignment.indexOf('=');
    const path = assignment.slice(0, at);
    if (at < 1 || !PATH.test(path)) {
      source.places.set(`#set${index}`, 'value', place);
      findings.error(`#set${index}`, at < 1 ? USAGE : `${USAGE}; found path ${quote(path)}`);
      continue;
    }
    const segments = [...path.matchAll(/[A-Za-z_][\w-]*|\d+(?=\])/g)].map(([text]) =>
      /^\d/.test(text) ? Number(text) : text,
    );
    source.places.replace(path, place);
    const made = (container: string): void => source.places.set(container, 'value', place);
    const value = readValue(schema, segments, assignment.slice(at + 1));
    const problem = tree ? assign(tree, segments, value, made) : '';
    if (problem !== '') findings.error(path, problem);
  }
  return tree;
}

function readValue(schema: SchemaNode, segments: readonly Segment[], text: string): unknown {
  const value = readYaml(text);
  return typeof value === 'string' || findNode(schema, segments)?.type !== 'string' ? value : text;
}

function readYaml(text: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
    return document.errors.length > 0 ? text : withoutPrototypes(document.toJS({ maxAliasCount: 0 }));
  } catch {
    return text;
  }
}

function findNode(schema: SchemaNode, segments: readonly Segment[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const segment of segments) {
    node = typeof segment === 'number' ? node?.items : ownProperty(node?.properties, segment);
  }
  return node;
}

function ownProperty(properties: SchemaNode['properties'], key: string): SchemaNode | undefined {
  return properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

/** Sets one value, making the mappings and list items on its way. What is wrong, or ''. */
function assign(
  tree: Mapping,
  segments: readonly Segment[],
  value: unknown,
  made: (path: string) => void,
): string {
  let container: Mapping | unknown[] = tree;
  let path = '';
  for (const [index, segment] of segments.entries()) {
    const outer = path === '' ? 'the file' : path;
    path = typeof segment === 'number' ? itemPath(path, segment) : childPath(path, segment);
    const slot = openSlot(container, segment);
    if (typeof slot === 'string') return `cannot be set: ${outer} ${slot}`;
    if (index === segments.length - 1) {
      slot.write(value);
      return '';
    }
    let next = slot.read();
    if (next === undefined || next === null) {
      next = typeof segments[index + 1] === 'number' ? [] : Object.create(null);
      slot.write(next);
      made(path);
    }
    if (!isMapping(next) && !Array.isArray(next)) return `cannot be set: ${path} is a single value`;
    container = next;
  }
  return '';
}

interface Slot {
  readonly read: () => unknown;
  readonly write: (value: unknown) => void;
}

function openSlot(container: Mapping | unknown[], segment: Segment): Slot | string {
  if (typeof segment === 'number') {
    if (!Array.isArray(container)) return 'is not a list';
    if (segment > container.length) return `has ${container.length} items: the next is [${container.length}]`;
    return {
      read: () => container[segment],
      write: (value) => void Object.assign(container, { [segment]: value }),
    };
  }
  if (Array.isArray(container)) return 'is a list: name an item, as in [0]';
  return {
    read: () => container[segment],
    write: (value) => void Object.assign(container, { [segment]: value }),
  };
}

/** Mappings as source.ts makes them, so that no key can reach a prototype. */
function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (typeof value !== 'object' || value === null) return value;
  const mapping: Mapping = Object.create(null);
  for (const [key, item] of Object.entries(value)) mapping[key] = withoutPrototypes(item);
  return mapping;
}
