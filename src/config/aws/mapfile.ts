// authentication.awsIAM.mapFile: who the identities of AWS are in Kubernetes. The formats are those of aws-iam-authenticator: the `aws-auth`
// ConfigMap (pkg/mapper/configmap) or its data alone, and IAMIdentityMapping objects (iamauthenticator.k8s.aws/v1alpha1). As there, an ARN is
// compared without regard to case, roles come before users, and of two entries for one ARN the later counts.

import { itemPath } from '../findings.ts';
import { quote } from '../quote.ts';
import { isMapping } from '../validate.ts';
import { isAccountID } from './arn.ts';
import {
  isWithoutContent,
  type Placed,
  type Problem,
  readDocuments,
  readEmbedded,
  type TextFile,
} from './documents.ts';
import { type Entry, readEntry, type Scope, warnOfUnusable } from './entry.ts';
import type { IdentityMap, Mapping } from './map.ts';

/** A map, and what is wrong with the file. */
export interface MapFile {
  readonly map: IdentityMap;
  readonly problems: readonly Problem[];
}

const KINDS = 'a ConfigMap, its data (mapRoles, mapUsers, mapAccounts), an IAMIdentityMapping or a List';
const LISTS: ReadonlySet<string> = new Set(['List', 'ConfigMapList', 'IAMIdentityMappingList']);
const MAPS: ReadonlySet<string> = new Set(['mapRoles', 'mapUsers', 'mapAccounts']);
/** What some tools write for "nothing". */
const BLANKS: ReadonlySet<string> = new Set(['', '``', '""', "''"]);
const ROLES_LAST: readonly Entry['from'][] = ['object', 'user', 'role'];

interface Reading {
  readonly source: TextFile;
  readonly problems: Problem[];
  readonly entries: Entry[];
  readonly accounts: Set<string>;
}

/** Reads a map; with `systemIdentities: Refuse` it warns of entries that begin with `system:`. */
export function readMapFile(source: TextFile, systemIdentities: 'Refuse' | 'Allow'): MapFile {
  const reading: Reading = { source, problems: [], entries: [], accounts: new Set() };
  const { problems, entries, accounts } = reading;
  for (const { tree, find } of readDocuments(source, problems)) {
    if (tree !== undefined) readObject(tree, '', { problems, root: '', find }, reading);
  }
  for (const entry of entries) warnOfUnusable(entry, systemIdentities, problems);
  const map = { mappings: settle(entries, problems), accounts: [...accounts] };
  if (
    map.mappings.length + map.accounts.length === 0 &&
    !problems.some(({ severity }) => severity === 'error')
  )
    problems.push({
      severity: 'warning',
      place: { file: source.file, line: 1, column: 1 },
      path: '',
      message: 'maps nobody: every identity of AWS will be refused',
    });
  return { map, problems };
}

/** The later of two for one ARN counts; roles before users, both before IAMIdentityMapping objects. */
function settle(entries: readonly Entry[], problems: Problem[]): readonly Mapping[] {
  const known = new Map<string, Entry>();
  for (const from of ROLES_LAST) {
    for (const entry of entries.filter((one) => one.from === from)) {
      const other = known.get(entry.mapping.arn);
      if (other !== undefined) {
        const message = `is mapped again on line ${entry.place.line}, and that entry counts`;
        problems.push({ severity: 'warning', place: other.place, path: other.path, message });
      }
      known.set(entry.mapping.arn, entry);
    }
  }
  return [...known.values()].map(({ mapping }) => mapping);
}

function readObject(tree: unknown, path: string, scope: Scope, reading: Reading): void {
  const child = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const kind = isMapping(tree) ? tree['kind'] : null;
  if (!isMapping(tree)) report(scope, path, `expected ${KINDS}`);
  else if (kind === 'ConfigMap') readData(tree['data'], child('data'), scope, reading);
  else if (kind === undefined) readData(tree, path, scope, reading);
  else if (kind === 'IAMIdentityMapping') {
    const entry = readEntry(tree['spec'], child('spec'), 'object', scope);
    if (entry !== undefined) reading.entries.push(entry);
  } else if (typeof kind === 'string' && LISTS.has(kind)) {
    const { items } = tree;
    if (!Array.isArray(items)) report(scope, child('items'), 'expected a list of objects');
    else
      for (const [index, item] of (items as readonly unknown[]).entries())
        readObject(item, itemPath(child('items'), index), scope, reading);
  } else {
    const found = typeof kind === 'string' ? `; found ${quote(kind)}` : '';
    report(scope, child('kind'), `expected ${KINDS}${found}`);
  }
}

function readData(data: unknown, path: string, scope: Scope, reading: Reading): void {
  if (!isMapping(data)) {
    report(scope, path, 'expected mapRoles, mapUsers or mapAccounts');
    return;
  }
  for (const [name, value] of Object.entries(data)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (!MAPS.has(name)) {
      const message = `${quote(name)} is not read; known are ${[...MAPS].join(', ')}`;
      scope.problems.push({ severity: 'warning', place: scope.find(at, 'key'), path: at, message });
      continue;
    }
    const list = openList(value, at, scope, reading.source);
    for (const [index, item] of list.items.entries())
      readItem(name, item, { ...list, path: itemPath(list.path, index) }, reading);
  }
}

function readItem(map: string, item: unknown, { path, scope }: OpenList, reading: Reading): void {
  if (map === 'mapAccounts') {
    const text = typeof item === 'number' ? String(item) : item;
    if (typeof text === 'string' && isAccountID(text)) reading.accounts.add(text);
    else report(scope, path, 'expected an account id of 12 digits, in quotes');
    return;
  }
  const entry = readEntry(item, path, map === 'mapRoles' ? 'role' : 'user', scope);
  if (entry !== undefined) reading.entries.push(entry);
}

interface OpenList {
  readonly items: readonly unknown[];
  /** Of the list in its own document. */
  readonly path: string;
  readonly scope: Scope;
}

/** The list that a value is, or that the YAML in a text holds; empty after an error. */
function openList(value: unknown, path: string, scope: Scope, source: TextFile): OpenList {
  const nothing: OpenList = { items: [], path, scope };
  if (Array.isArray(value)) return { items: value, path, scope };
  if (value === null) return nothing;
  if (typeof value !== 'string') {
    report(scope, path, 'expected a list, or a text that holds one (mapRoles: |)');
    return nothing;
  }
  if (BLANKS.has(value.trim()) || isWithoutContent(value)) return nothing;
  const inside: Problem[] = [];
  const placed: Placed = readEmbedded(source, value, scope.find(path), inside);
  const root = scope.root + path;
  scope.problems.push(...inside.map((problem) => ({ ...problem, path: root + problem.path })));
  if (placed.tree === undefined) return nothing;
  const inner: Scope = { problems: scope.problems, root, find: placed.find };
  if (Array.isArray(placed.tree)) return { items: placed.tree, path: '', scope: inner };
  report(inner, '', 'expected a list (- rolearn: …)');
  return nothing;
}

function report(scope: Scope, path: string, message: string): void {
  scope.problems.push({ severity: 'error', place: scope.find(path), path: scope.root + path, message });
}
