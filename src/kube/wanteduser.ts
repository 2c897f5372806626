// Whom a caller asks to be taken for, `kubectl --as`: its own Impersonate-* lines, read as the API server reads them (k8s.io/apiserver
// endpoints/filters/impersonation) and more strictly. What the API server ignores or takes the first of, where two readers could come to two
// identities, is refused: nothing of what was asked for is ever dropped. Reading grants nothing.

import { escapeExtraKey, textOf, Uncarriable, uncarriable, unescapeExtraKey } from './headervalue.ts';
import { freezeUserInfo, type UserInfo } from './userinfo.ts';

/** Names, groups, uid and extra values together; each is a question to the cluster (field-lessons S40). */
export const MAX_WANTED_VALUES = 32;

/** What was asked for; `detail` names the header, never its value. */
export type WantedUser =
  | { readonly ok: true; readonly user: UserInfo }
  | { readonly ok: false; readonly why: 'malformed' | 'too many'; readonly detail: string };

/**
 * Reads the Impersonate-* lines; there has to be one. Groups are those that were given: `resultingGroups` says what comes of them.
 * @param rawHeaders flat, latin1
 */
export function readWantedUser(rawHeaders: readonly string[]): WantedUser {
  const found: Found = { users: [], uids: [], groups: new Set(), extra: new Map() };
  let values = 0;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (!IMPERSONATE.test(name)) continue;
    values++;
    if (values > MAX_WANTED_VALUES)
      return { ok: false, why: 'too many', detail: `more than ${MAX_WANTED_VALUES} values` };
    const problem = take(name, rawHeaders[i + 1] ?? '', found);
    if (problem !== undefined) return malformed(problem);
  }
  const { users, uids, groups, extra } = found;
  const [username] = users;
  if (username === undefined) return malformed('Impersonate-User is missing');
  if (users.length > 1) return malformed('Impersonate-User is there more than once');
  if (uids.length > 1) return malformed('Impersonate-Uid is there more than once');
  const wanted = { username, uid: uids[0] ?? '', groups: [...groups], extra: Object.fromEntries(extra) };
  return { ok: true, user: freezeUserInfo(wanted) };
}

/** The groups that the API server gives an impersonated user who asked for `groups`, but for system:authenticated, which it adds. */
export function resultingGroups({ username, groups }: UserInfo): readonly string[] {
  const account = groups.length === 0 ? serviceAccountOf(username) : undefined;
  if (account === undefined) return groups;
  return ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
}

/** The groups that an authorizer sees: with system:authenticated, or system:unauthenticated for nobody. */
export function effectiveGroups({ username, groups }: UserInfo): readonly string[] {
  if (groups.includes('system:unauthenticated')) return groups;
  const everybody = username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  return groups.includes(everybody) ? groups : [...groups, everybody];
}

/** The parts of a service account's username; undefined for another's. apiserver pkg/authentication/serviceaccount SplitUsername */
export function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined;
  const [namespace = '', name = '', ...more] = username.slice(SERVICE_ACCOUNT_PREFIX.length).split(':');
  if (more.length > 0 || namespace.length > 63 || !DNS_LABEL.test(namespace)) return undefined;
  return isSubdomain(name) ? { namespace, name } : undefined;
}

const IMPERSONATE = /^\s*impersonate[-_]/;
const EXTRA = 'impersonate-extra-';
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** RFC 1123 as apimachinery's NameIsDNSSubdomain has it: what service accounts and nodes may be called. */
export function isSubdomain(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => DNS_LABEL.test(label));
}

interface Found {
  readonly users: string[];
  readonly uids: string[];
  readonly groups: Set<string>;
  readonly extra: Map<string, string[]>;
}

/** Notes one line; what is wrong with it, or undefined. `name` is in lower case. */
function take(name: string, bytes: string, found: Found): string | undefined {
  const value = textOf(bytes);
  const problem = value === undefined ? 'is not UTF-8' : uncarriable(value);
  if (value === undefined || problem !== undefined) return `${shown(name)} ${problem}`;
  if (name === 'impersonate-user') found.users.push(value);
  else if (name === 'impersonate-uid') found.uids.push(value);
  else if (name === 'impersonate-group') found.groups.add(value);
  else if (name.startsWith(EXTRA)) return takeExtra(name, value, found.extra);
  else return `${shown(name)} is no header of Kubernetes`;
  return undefined;
}

function takeExtra(name: string, value: string, extra: Found['extra']): string | undefined {
  const key = unescapeExtraKey(name.slice(EXTRA.length));
  try {
    escapeExtraKey(key ?? '');
  } catch (cause) {
    if (cause instanceof Uncarriable) return `${shown(name)}: ${cause.message}`;
    throw cause;
  }
  if (key === undefined) return `${shown(name)} is not UTF-8`;
  extra.set(key, [...(extra.get(key) ?? []), value]);
  return undefined;
}

/** As people know it; an extra's key is the caller's own text. */
function shown(name: string): string {
  const known: Readonly<Record<string, string>> = {
    'impersonate-user': 'Impersonate-User',
    'impersonate-uid': 'Impersonate-Uid',
    'impersonate-group': 'Impersonate-Group',
  };
  return (
    known[name] ??
    (name.startsWith(EXTRA) ? 'an Impersonate-Extra header' : 'a header that begins with Impersonate')
  );
}

function malformed(detail: string): WantedUser {
  return { ok: false, why: 'malformed', detail };
}
