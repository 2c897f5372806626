// Verified claims → UserInfo, as apiserver's OIDC authenticator maps claims without expressions (apiserver
// plugin/pkg/authenticator/token/oidc/oidc.go: getUsername, getGroups, getUID, requiredClaims). The claims are signed, but their content is
// still the caller's to choose at many issuers: what can't be carried in an Impersonate-* header unchanged, or would make somebody part of
// the cluster itself (system:), is refused instead of repaired.

import type { JwtConfig } from '../config/config.ts';
import { freezeUserInfo, type UserInfo } from '../kube/userinfo.ts';

/** What to do with claims: the part of an entry that mapping needs. */
export type ClaimRules = Pick<JwtConfig, 'claimMappings' | 'requiredClaims' | 'systemIdentities'>;

/** A mapped user, or why there is none. `detail` names claims and counts, never values that the caller chose at length. */
export type MappedClaims =
  | { readonly kind: 'user'; readonly user: UserInfo }
  | {
      readonly kind: 'rejected';
      readonly code: 'TOKEN_CLAIMS' | 'TOKEN_SYSTEM_IDENTITY';
      readonly detail: string;
    };

/** The most groups one identity may have after empty and repeated ones are dropped. Entra's overage begins at 200. */
export const MAX_GROUPS = 2000;
/** The most bytes of name, uid and groups as Impersonate-* lines: half of what the API server reads in all. */
export const MAX_IDENTITY_BYTES = 512 * 1024;

/** "Impersonate-Group: " and the line's end. */
const LINE_OVERHEAD_BYTES = 21;
const SYSTEM_PREFIX = 'system:';
const CONTROL = /\p{Cc}/u;

type Claims = Readonly<Record<string, unknown>>;
type Value<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly detail: string };

/** Maps verified claims to a frozen UserInfo. Does not look at iss, aud or times: they were checked with the signature. */
export function mapClaims(claims: Claims, rules: ClaimRules): MappedClaims {
  const username = readUsername(claims, rules.claimMappings.username);
  if (!username.ok) return refuse(username.detail);
  const groups = readGroups(claims, rules.claimMappings.groups);
  if (!groups.ok) return refuse(groups.detail);
  const uid = readUID(claims, rules.claimMappings.uid.claim);
  if (!uid.ok) return refuse(uid.detail);
  const missing = findUnmetRequirement(claims, rules.requiredClaims);
  if (missing !== undefined) return refuse(missing);
  const bytes = identityBytes(username.value, uid.value, groups.value);
  if (bytes > MAX_IDENTITY_BYTES) {
    return refuse(
      `identity is ${bytes} bytes with ${groups.value.length} groups, allowed are ${MAX_IDENTITY_BYTES}`,
    );
  }
  if (rules.systemIdentities !== 'Allow') {
    const system = describeSystemIdentity(username.value, groups.value);
    if (system !== undefined) return { kind: 'rejected', code: 'TOKEN_SYSTEM_IDENTITY', detail: system };
  }
  return {
    kind: 'user',
    user: freezeUserInfo({ username: username.value, uid: uid.value, groups: groups.value }),
  };
}

function readUsername(
  claims: Claims,
  source: { readonly claim: string; readonly prefix: string },
): Value<string> {
  const raw = own(claims, source.claim);
  if (typeof raw !== 'string')
    return fail(source.claim, raw === undefined ? 'is missing' : 'is not a string');
  // Before the prefix: an empty name must not become the prefix alone.
  if (raw.trim() === '') return fail(source.claim, 'is empty');
  if (
    source.claim === 'email' &&
    Object.hasOwn(claims, 'email_verified') &&
    claims['email_verified'] !== true
  ) {
    return fail('email_verified', 'is not true');
  }
  return carriable(source.claim, raw, source.prefix);
}

/** A string is one group, an array is one group per element; null is none, as Go reads it, also inside the array. */
function readGroups(
  claims: Claims,
  source: { readonly claim: string; readonly prefix: string },
): Value<readonly string[]> {
  if (source.claim === '') return { ok: true, value: [] };
  const raw = own(claims, source.claim);
  if (raw === undefined && isDistributed(claims, source.claim)) {
    return fail(source.claim, 'is a distributed claim (_claim_names), which is not resolved');
  }
  const list: unknown = typeof raw === 'string' ? [raw] : (raw ?? []);
  if (!Array.isArray(list)) return fail(source.claim, 'is not a string or an array of strings');
  const groups = new Set<string>();
  for (const element of list as readonly unknown[]) {
    if (element === null || element === '') continue;
    if (typeof element !== 'string') return fail(source.claim, 'has an element that is not a string');
    const group = carriable(source.claim, element, source.prefix);
    if (!group.ok) return group;
    groups.add(group.value);
  }
  if (groups.size > MAX_GROUPS)
    return fail(source.claim, `has ${groups.size} groups, allowed are ${MAX_GROUPS}`);
  return { ok: true, value: [...groups] };
}

function readUID(claims: Claims, claim: string): Value<string> {
  if (claim === '') return { ok: true, value: '' };
  const raw = own(claims, claim);
  if (typeof raw !== 'string') return fail(claim, raw === undefined ? 'is missing' : 'is not a string');
  return carriable(claim, raw, '');
}

/** OIDC Core §5.6.2; the API server would fetch it or fail, never go on without the groups. */
function isDistributed(claims: Claims, claim: string): boolean {
  const names = own(claims, '_claim_names');
  return typeof names === 'object' && names !== null && Object.hasOwn(names, claim);
}

/** Refuses what would arrive changed or not at all: white space at the ends is lost in transit, control characters split lines. */
function carriable(claim: string, raw: string, prefix: string): Value<string> {
  const value = prefix + raw;
  if (!value.isWellFormed()) return fail(claim, 'holds half a surrogate pair');
  if (CONTROL.test(value)) return fail(claim, 'holds a control character');
  if (raw !== raw.trim() || value !== value.trim()) return fail(claim, 'begins or ends with white space');
  return { ok: true, value };
}

function findUnmetRequirement(claims: Claims, required: ClaimRules['requiredClaims']): string | undefined {
  for (const { claim, requiredValue } of required) {
    const value = own(claims, claim);
    if (value === undefined) return `required claim ${JSON.stringify(claim)} is missing`;
    if (value !== requiredValue) return `required claim ${JSON.stringify(claim)} has another value`;
  }
  return undefined;
}

function describeSystemIdentity(username: string, groups: readonly string[]): string | undefined {
  if (username.startsWith(SYSTEM_PREFIX)) return 'username begins with system:';
  const count = groups.filter((group) => group.startsWith(SYSTEM_PREFIX)).length;
  return count > 0 ? `${count} of ${groups.length} groups begin with system:` : undefined;
}

function identityBytes(username: string, uid: string, groups: readonly string[]): number {
  let bytes = 0;
  for (const value of [username, uid, ...groups]) bytes += Buffer.byteLength(value) + LINE_OVERHEAD_BYTES;
  return bytes;
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function fail(claim: string, what: string): { readonly ok: false; readonly detail: string } {
  return { ok: false, detail: `claim ${JSON.stringify(claim)} ${what}` };
}

function refuse(detail: string): MappedClaims {
  return { kind: 'rejected', code: 'TOKEN_CLAIMS', detail };
}
