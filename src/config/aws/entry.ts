// One entry of a map: whose ARN, which user, which groups. Keys are found as Go's encoding/json finds them, in any case; what could never work
// is an error, what will be refused when somebody comes with it is a warning.

import { type Aim, childPath, itemPath } from '../findings.ts';
import { findNearest, quote } from '../quote.ts';
import type { Place } from '../source.ts';
import { isMapping } from '../validate.ts';
import { parsePrincipal } from './arn.ts';
import type { Problem } from './documents.ts';
import type { Mapping } from './map.ts';
import { checkTemplate, needsEC2 } from './template.ts';

/** A mapping, and where it came from. */
export interface Entry {
  readonly mapping: Mapping;
  readonly from: 'role' | 'user' | 'object';
  /** Of its ARN. */
  readonly path: string;
  readonly place: Place;
}

/** Where a part of the file is, and what is wrong in it. */
export interface Scope {
  readonly problems: Problem[];
  /** What its paths are beneath. */
  readonly root: string;
  readonly find: (path: string, aim?: Aim) => Place;
}

const ARN_KEYS: Readonly<Record<Entry['from'], string>> = { role: 'rolearn', user: 'userarn', object: 'arn' };
const SYSTEM_PREFIX = 'system:';

/** Reads an entry; undefined after an error. */
export function readEntry(item: unknown, path: string, from: Entry['from'], scope: Scope): Entry | undefined {
  const arnKey = ARN_KEYS[from];
  if (!isMapping(item)) return refuse(scope, path, `expected ${arnKey}, username and groups`);
  const fields = readFields(item, path, [arnKey, 'username', 'groups', 'userid'], scope);
  const arn = readText(fields.get(arnKey), childPath(path, arnKey), scope);
  const username = readText(fields.get('username'), childPath(path, 'username'), scope);
  const groups = readGroups(fields.get('groups'), childPath(path, 'groups'), scope);
  if (arn === undefined || username === undefined || groups === undefined) return undefined;
  // As the real one: a session's ARN stands for its role, and the case of letters does not count.
  const parsed = parsePrincipal(arn.value.trim().toLowerCase());
  if (!parsed.ok) return refuse(scope, arn.path, `${quote(arn.value)} ${parsed.problem}`);
  const { canonical } = parsed.arn;
  const mapping = { arn: canonical, username: username.value, groups: groups.map(({ value }) => value) };
  for (const { value, path: at } of [username, ...groups]) {
    const problem = checkTemplate(value);
    if (problem !== '') return refuse(scope, at, problem);
  }
  const place = scope.find(arn.path);
  return { mapping, from, path: scope.root + arn.path, place };
}

/** Warns of an entry that is right, but by which nobody will come in. */
export function warnOfUnusable(
  { mapping, place, path }: Entry,
  systemIdentities: 'Refuse' | 'Allow',
  problems: Problem[],
): void {
  const message = findUnusable(mapping, systemIdentities);
  if (message !== '') problems.push({ severity: 'warning', place, path, message });
}

function findUnusable({ arn, username, groups }: Mapping, systemIdentities: 'Refuse' | 'Allow'): string {
  const names = [username, ...groups];
  if (names.some(needsEC2))
    return 'is for nodes ({{EC2PrivateDNSName}} asks EC2, which Postern does not): whoever comes with it is refused; nodes go to the API server directly';
  const name = /:role\/.*\/([^/]+)$/.exec(arn)?.[1];
  if (name !== undefined)
    return `has a path, which STS leaves out of a session's ARN: nobody will match it; write …:role/${name}`;
  const system = names.find((one) => one.startsWith(SYSTEM_PREFIX));
  return system === undefined || systemIdentities === 'Allow'
    ? ''
    : `gives ${quote(system)}, and systemIdentities is Refuse: whoever comes with it is refused; write awsIAM.systemIdentities: Allow to let them in`;
}

interface Text {
  readonly value: string;
  readonly path: string;
}

interface Field {
  readonly value: unknown;
  readonly path: string;
}

/** The known fields by their names in lower case; the exact spelling comes before others. */
function readFields(
  item: Readonly<Record<string, unknown>>,
  path: string,
  known: readonly string[],
  scope: Scope,
): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const [key, value] of Object.entries(item)) {
    const name = key.toLowerCase();
    const at = childPath(path, key);
    if (!known.includes(name)) {
      const nearest = findNearest(key, known);
      const hint =
        nearest === '' ? `known are ${known.join(', ')}` : `did you mean ${JSON.stringify(nearest)}?`;
      const place = scope.find(at, 'key');
      const message = `${quote(key)} is not read; ${hint}`;
      scope.problems.push({ severity: 'warning', place, path: scope.root + at, message });
    } else if (key === name || !fields.has(name)) fields.set(name, { value, path: at });
  }
  return fields;
}

function readText(field: Field | undefined, path: string, scope: Scope): Text | undefined {
  if (field === undefined) return refuse(scope, path, 'missing');
  if (typeof field.value !== 'string') return refuse(scope, field.path, 'expected a text; put it in quotes');
  if (field.value.trim() === '') return refuse(scope, field.path, 'is empty');
  return { value: field.value, path: field.path };
}

function readGroups(field: Field | undefined, path: string, scope: Scope): readonly Text[] | undefined {
  const value = field?.value ?? [];
  const at = field?.path ?? path;
  if (!Array.isArray(value)) return refuse(scope, at, 'expected a list of names (- developers)');
  const groups: Text[] = [];
  for (const [index, group] of (value as readonly unknown[]).entries()) {
    if (typeof group !== 'string' || group === '')
      return refuse(scope, itemPath(at, index), 'expected a name; put it in quotes');
    groups.push({ value: group, path: itemPath(at, index) });
  }
  return groups;
}

function refuse(scope: Scope, path: string, message: string): undefined {
  scope.problems.push({ severity: 'error', place: scope.find(path), path: scope.root + path, message });
  return undefined;
}
