// An identity as Kubernetes' Impersonate-* header lines, and the search for lines of that kind that a caller sent. Trusts that the identity
// was verified; checks once more that it can be carried at all, because what a header silently changes (outer white space, a blank name that
// means "nobody", a broken character) would make the API server act for someone else. After client-go's transport and KEP-5284.

import type { UserInfo } from './userinfo.ts';

/**
 * The header lines of an identity, flat: name, value, name, value … One line per group and per extra value. Values are UTF-8 bytes
 * carried as latin1, which is what Node writes when message bodies are Buffers only. A service account without groups gets one explicit
 * `system:authenticated`, else the API server would add the groups of service accounts by itself.
 * @throws TypeError when the identity cannot be carried: authentication has to refuse it before (a programmer error here).
 */
export function impersonationHeaders(user: UserInfo): string[] {
  const lines = ['Impersonate-User', carry('username', user.username)];
  for (const group of user.groups) lines.push('Impersonate-Group', carry('group', group));
  if (user.groups.length === 0 && user.username.startsWith(SERVICE_ACCOUNT_PREFIX)) {
    lines.push('Impersonate-Group', 'system:authenticated');
  }
  if (user.uid !== '') lines.push('Impersonate-Uid', carry('uid', user.uid));
  for (const [key, values] of Object.entries(user.extra)) {
    const name = `Impersonate-Extra-${escapeExtraKey(key)}`;
    for (const value of values) lines.push(name, value === '' ? '' : carry('extra value', value));
  }
  return lines;
}

/** `impersonationHeaders` with a memory: a verified user's lines are made once, for as long as the verdict on the token is remembered. */
export function rememberIdentities(): (user: UserInfo) => readonly string[] {
  const known = new WeakMap<UserInfo, readonly string[]>();
  return (user) => {
    const lines = known.get(user) ?? impersonationHeaders(user);
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

const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';
const IMPERSONATE = /^\s*impersonate[-_]/i;
const PREFIX_LENGTH = 'impersonate-'.length;

/** RFC 9110 token characters but for `%`, which has to be escaped itself. */
const TOKEN = /[^A-Za-z0-9!#$&'*+\-.^_`|~]/;

function carry(what: string, value: string): string {
  const problem = uncarriable(value);
  if (problem !== undefined) throw new TypeError(`impersonation: the ${what} ${problem}`);
  return Buffer.from(value).toString('latin1');
}

/** Why a value cannot be carried in a header unchanged, as the end of a sentence about it; undefined when it can. */
function uncarriable(value: string): string | undefined {
  if (value.trim() === '') return 'is blank';
  if (/^[ \t]|[ \t]$/.test(value)) return 'begins or ends with white space';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: header values hold no control characters
  if (/[\x00-\x1f\x7f]/.test(value)) return 'holds a control character';
  if (!value.isWellFormed()) return 'is not well-formed Unicode';
  return undefined;
}

/** Every byte that is no token character, and `%`, becomes %XX; the server lower-cases the name before it decodes. */
function escapeExtraKey(key: string): string {
  if (key === '') throw new TypeError('impersonation: an extra key is empty');
  if (key !== key.toLowerCase()) throw new TypeError('impersonation: an extra key is not lower-case');
  if (!key.isWellFormed()) throw new TypeError('impersonation: an extra key is not well-formed Unicode');
  if (!TOKEN.test(key)) return key;
  let escaped = '';
  for (const byte of Buffer.from(key)) {
    const char = String.fromCharCode(byte);
    escaped += TOKEN.test(char) ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : char;
  }
  return escaped;
}
