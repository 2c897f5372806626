// Reads the YAML text into plain data and remembers where everything stood. Nothing here knows the format; the data is untrusted and
// bounded in depth and size (aliases included).

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
} from 'yaml';
import { type Aim, childPath, type Findings, isWithin, itemPath, parentPath } from './findings.ts';
import { quote } from './quote.ts';
import { yamlProblem } from './yamlproblem.ts';

const MAX_DEPTH = 32;
const MAX_NODES = 100_000;

/** A mapping as read; it has no prototype. */
export type Mapping = Record<string, unknown>;

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface Source {
  /** Mappings, arrays and scalars; undefined when the text holds none. */
  readonly tree: unknown;
  readonly places: Places;
}

/** Where the keys and values are, by path. */
export interface Places {
  readonly set: (path: string, aim: Aim, place: Place) => void;
  /** Moves the path, and forgets what was beneath it. */
  readonly replace: (path: string, place: Place) => void;
  /** The place of the path, or of the nearest one that it is in. */
  readonly find: (path: string, aim: Aim) => Place;
}

/** Parses the text. Problems go to `findings`; after syntax errors there is no tree. An empty one is told that it begins with `apiVersion`. */
export function readSource(
  file: string,
  text: string,
  findings: Findings,
  apiVersion = 'postern.dev/v1',
): Source {
  const lines = new LineCounter();
  const places = createPlaces(file);
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    strict: true,
    logLevel: 'error',
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = [...document.errors, ...document.warnings];
  for (const [index, { code, message, pos }] of problems.entries()) {
    const path = `#${index}`;
    places.set(path, 'value', at(pos[0]));
    findings.error(path, yamlProblem(code, message));
  }
  if (problems.length > 0) return { tree: undefined, places };
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    findings.error('', `the file is empty; it begins with apiVersion: ${apiVersion}`);
    return { tree: undefined, places };
  }
  const reader: Reader = { document, at, places, findings, budget: { count: 0, isSpent: false } };
  const tree = convert(document.contents, '', 0, reader);
  return { tree: reader.budget.isSpent ? undefined : tree, places };
}

/** No places yet; paths that are not known are at the start of `file`. */
function createPlaces(file: string): Places {
  const known = new Map<string, Place>();
  const find = (path: string, aim: Aim): Place => {
    const other = aim === 'key' ? 'value' : 'key';
    const place = known.get(`${aim} ${path}`) ?? known.get(`${other} ${path}`);
    if (place) return place;
    return path === '' ? { file, line: 1, column: 1 } : find(parentPath(path), 'key');
  };
  const set = (path: string, aim: Aim, place: Place): void => void known.set(`${aim} ${path}`, place);
  const replace = (path: string, place: Place): void => {
    for (const key of known.keys()) {
      if (isWithin(key.slice(key.indexOf(' ') + 1), path)) known.delete(key);
    }
    set(path, 'key', place);
    set(path, 'value', place);
  };
  return { set, replace, find };
}

interface Reader {
  readonly document: Document.Parsed;
  readonly at: (offset: number) => Place;
  readonly places: Places;
  readonly findings: Findings;
  /** Nodes so far, shared by all of one text. */
  readonly budget: { count: number; isSpent: boolean };
}

function convert(node: ParsedNode | null, path: string, depth: number, reader: Reader): unknown {
  reader.budget.count += 1;
  if (depth > MAX_DEPTH || reader.budget.count > MAX_NODES) {
    reader.budget.isSpent = true;
    reader.findings.error('', 'is nested too deeply, or repeats itself through aliases');
    return undefined;
  }
  if (node === null) return null;
  const place = reader.at(node.range[0]);
  reader.places.set(path, 'value', place);
  if (isAlias(node)) {
    const target = node.resolve(reader.document);
    // What is wrong with the anchor's value is reported at the alias, which is where it does not fit.
    if (target) return convert(target as ParsedNode, path, depth + 1, { ...reader, at: () => place });
    reader.findings.error(path, 'an alias without an anchor; a value that begins with * has to be in quotes');
    return undefined;
  }
  if (isMap(node)) return convertMap(node, path, depth, reader);
  if (isSeq(node)) {
    return node.items.map((item, index) => convert(item, itemPath(path, index), depth + 1, reader));
  }
  return node.value;
}

function convertMap(
  node: ParsedNode & { items: readonly unknown[] },
  path: string,
  depth: number,
  reader: Reader,
): Mapping {
  const mapping: Mapping = Object.create(null);
  const keyLines = new Map<string, number>();
  for (const { key, value } of node.items as readonly { key: ParsedNode; value: ParsedNode | null }[]) {
    const place = reader.at(key.range[0]);
    if (!isScalar(key) || typeof key.value === 'object') {
      const child = childPath(path, '?');
      reader.places.set(child, 'key', place);
      reader.findings.error(child, 'keys must be plain names', 'key');
      continue;
    }
    const name = String(key.value);
    const known = keyLines.get(name);
    if (known !== undefined) {
      const child = childPath(path, name);
      reader.places.set(child, 'key', place);
      reader.findings.error(child, `duplicate key ${quote(name)}: it is already on line ${known}`, 'key');
      continue;
    }
    keyLines.set(name, place.line);
    const child = childPath(path, name);
    reader.places.set(child, 'key', place);
    mapping[name] = convert(value, child, depth + 1, reader);
  }
  return mapping;
}
