// An identity as Kubernetes' Impersonate-* header lines, and the search for lines of that kind that a caller sent. Trusts that the identity
// was verified; headervalue.ts checks once more that it can be carried at all. After client-go's transport and KEP-5284.

import { carry, escapeExtraKey } from './headervalue.ts';
import type { UserInfo } from './userinfo.ts';

/** The user whose groups an API server that impersonates knows by itself, when it is given none. */
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

/**
 * The header lines of an identity, flat: name, value, name, value … One line per group and per extra value. A service account without
 * groups gets one explicit `system:authenticated`, else the API server would add the groups of service accounts by itself.
 * @throws Uncarriable (a TypeError) when the identity cannot be carried
 */
export function impersonationHeaders(user: UserInfo): string[] {
  const isBareAccount = user.groups.length === 0 && user.username.startsWith(SERVICE_ACCOUNT_PREFIX);
  return askedLines(isBareAccount ? { ...user, groups: ['system:authenticated'] } : user);
}

/** The header lines that ask for exactly this, as client-go would write them: what the API server adds by itself, it shall add. @throws Uncarriable */
export function askedLines(user: UserInfo): string[] {
  const lines = ['Impersonate-User', carry('username', user.username)];
  for (const group of user.groups) lines.push('Impersonate-Group', carry('group', group));
  if (user.uid !== '') lines.push('Impersonate-Uid', carry('uid', user.uid));
  return [...lines, ...extraLines('Impersonate-Extra-', user)];
}

/** One line for each value of each extra key. @throws Uncarriable */
export function extraLines(prefix: string, { extra }: UserInfo): string[] {
  const lines: string[] = [];
  for (const [key, values] of Object.entries(extra)) {
    const name = `${prefix}${escapeExtraKey(key)}`;
    for (const value of values) lines.push(name, value === '' ? '' : carry('extra value', value));
  }
  return lines;
}

/** `make` with a memory: a verified user's lines are made once, for as long as the verdict on the token is remembered. */
export function rememberIdentities(
  make: (user: UserInfo) => readonly string[] = impersonationHeaders,
): (user: UserInfo) => readonly string[] {
  const known = new WeakMap<UserInfo, readonly string[]>();
  return (user) => {
    const remembered = known.get(user);
    if (remembered !== undefined) return remembered;
    const lines = make(user);
    known.set(user, lines);
    return lines;
  };
}

/**
 * The first header of a caller that would impersonate: any name that begins with `impersonate-` in any case, known to Kubernetes or not,
 * also with `_` for `-` (some servers take the one for the other). The name as it was received; undefined when there is none.
 * @param rawHeaders flat, as Node's `rawHeaders`
 */
export function findInboundImpersonation(rawHeaders: readonly string[]): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length >= PREFIX_LENGTH && IMPERSONATE.test(name)) return name;
  }
  return undefined;
}

const IMPERSONATE = /^\s*impersonate[-_]/i;
const PREFIX_LENGTH = 'impersonate-'.length;
