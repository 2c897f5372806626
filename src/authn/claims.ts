// Verified claims → UserInfo, step by step as apiserver's OIDC authenticator does it (plugin/pkg/authenticator/token/oidc/oidc.go
// AuthenticateToken): username, groups, uid, extra, required claims, rules for the claims, rules for the user. Expressions come compiled.
// Whether the result can be carried to the cluster is decided in identity.ts.

import type { JwtConfig } from '../config/config.ts';
import type { UserInfo } from '../kube/userinfo.ts';
import { isGroupsOverage } from './claimsources.ts';
import { own, type Read, readString, readStrings } from './claimvalue.ts';
import { compileExpressions, type Expressions, type PreparedClaims, type Rule } from './expressions.ts';
import { admitIdentity, type MappedUser } from './identity.ts';

/** What to do with claims: the part of an entry that mapping needs. */
export type ClaimRules = Pick<
  JwtConfig,
  'claimMappings' | 'requiredClaims' | 'claimValidationRules' | 'userValidationRules' | 'systemIdentities'
>;

/** A mapped user, or why there is none. `detail` is for the log; `message` is what a rule's author wrote for the caller. */
export type MappedClaims =
  | { readonly kind: 'user'; readonly user: UserInfo }
  | {
      readonly kind: 'rejected';
      readonly code: 'TOKEN_CLAIMS' | 'TOKEN_SYSTEM_IDENTITY' | 'TOKEN_RULE' | 'TOKEN_GROUPS_OVERAGE';
      readonly detail: string;
      readonly message?: string;
    };

/** The key under which the API server keeps a token's `jti`: k8s.io/apiserver user.CredentialIDKey. */
export const CREDENTIAL_ID_KEY = 'authentication.kubernetes.io/credential-id';

type Claims = Readonly<Record<string, unknown>>;
type Rejected = Extract<MappedClaims, { kind: 'rejected' }>;
/** One token's claims, as they are and for expressions. */
interface Token {
  readonly claims: Claims;
  readonly prepared: PreparedClaims;
}
type Mapped<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly rejected: Rejected };

/**
 * Compiles an entry's rules into the function that maps verified claims to a frozen UserInfo. It does not look at iss, aud or times: they were
 * checked with the signature.
 * @throws TypeError for an expression that does not compile: the configuration's checks refuse those.
 */
export function createClaimMapper(rules: ClaimRules): (claims: Claims) => MappedClaims {
  const expressions = compileExpressions(rules);
  return (claims) => {
    const prepared = expressions.prepare(claims);
    const mapped = mapUser({ claims, prepared }, rules, expressions);
    if (!mapped.ok) return mapped.rejected;
    return (
      findUnmetRequirement(claims, rules.requiredClaims) ??
      findBrokenRule(expressions.claimRules, prepared) ??
      findBrokenRule(expressions.userRules, mapped.value) ??
      admitIdentity(mapped.value, rules.systemIdentities)
    );
  };
}

function mapUser(token: Token, rules: ClaimRules, expressions: Expressions): Mapped<MappedUser> {
  const username = mapUsername(token, rules, expressions);
  if (!username.ok) return username;
  const groups = mapGroups(token, rules, expressions);
  if (!groups.ok) return groups;
  const uid = mapUID(token, rules, expressions);
  if (!uid.ok) return uid;
  const extra = mapExtra(token, expressions);
  if (!extra.ok) return extra;
  return {
    ok: true,
    value: { username: username.value, uid: uid.value, groups: groups.value, extra: extra.value },
  };
}

function mapUsername(
  { claims, prepared }: Token,
  { claimMappings }: ClaimRules,
  expressions: Expressions,
): Mapped<string> {
  const { claim, prefix } = claimMappings.username;
  if (expressions.username !== undefined) {
    const value = expressions.username(prepared);
    if (!value.ok) return failed('claimMappings.username.expression', value.problem);
    return value.value === '' ? failed('claimMappings.username.expression', 'gives an empty name') : value;
  }
  const raw = readString(claims, claim);
  if (!raw.ok) return failedClaim(claim, raw);
  // Before the prefix: an empty name must not become the prefix alone. The API server lets it.
  if (raw.value.trim() === '') return failed(quoteClaim(claim), 'is empty');
  if (raw.value !== raw.value.trim()) return failed(quoteClaim(claim), 'begins or ends with white space');
  const verified = own(claims, 'email_verified');
  if (claim === 'email' && verified !== undefined && verified !== true)
    return failed(quoteClaim('email_verified'), 'is not true');
  return { ok: true, value: prefix + raw.value };
}

/** Absent groups are none. What Entra left out because there are too many is told apart: it is not that there are none. */
function mapGroups(
  { claims, prepared }: Token,
  { claimMappings }: ClaimRules,
  expressions: Expressions,
): Mapped<readonly string[]> {
  const { claim, prefix } = claimMappings.groups;
  const isOverage = isGroupsOverage(claims, claim === '' ? 'groups' : claim);
  if (expressions.groups !== undefined) {
    const value = expressions.groups(prepared);
    if (value.ok) return value;
    return isOverage ? overage('groups') : failed('claimMappings.groups.expression', value.problem);
  }
  if (claim === '') return { ok: true, value: [] };
  if (isOverage) return overage(claim);
  const raw = readStrings(claims, claim);
  if (!raw.ok) return failedClaim(claim, raw);
  if (raw.value.some((group) => group !== group.trim()))
    return failed(quoteClaim(claim), 'has an element that begins or ends with white space');
  return { ok: true, value: prefix === '' ? raw.value : raw.value.map((group) => prefix + group) };
}

function mapUID(
  { claims, prepared }: Token,
  { claimMappings }: ClaimRules,
  expressions: Expressions,
): Mapped<string> {
  if (expressions.uid !== undefined) {
    const value = expressions.uid(prepared);
    return value.ok ? value : failed('claimMappings.uid.expression', value.problem);
  }
  const { claim } = claimMappings.uid;
  if (claim === '') return { ok: true, value: '' };
  const raw = readString(claims, claim);
  return raw.ok ? raw : failedClaim(claim, raw);
}

function mapExtra({ claims, prepared }: Token, expressions: Expressions): Mapped<MappedUser['extra']> {
  const extra: Record<string, readonly string[]> = {};
  const jti = own(claims, 'jti');
  if (typeof jti === 'string' && jti !== '') extra[CREDENTIAL_ID_KEY] = [`JTI=${jti}`];
  for (const [index, { key, evaluate }] of expressions.extra.entries()) {
    const value = evaluate(prepared);
    if (!value.ok) return failed(`claimMappings.extra[${index}].valueExpression`, value.problem);
    if (value.value.length > 0) extra[key] = value.value;
  }
  return { ok: true, value: extra };
}

function findUnmetRequirement(claims: Claims, required: ClaimRules['requiredClaims']): Rejected | undefined {
  for (const { claim, requiredValue } of required) {
    const raw = readString(claims, claim);
    if (!raw.ok) return reject(`required ${quoteClaim(claim)} ${raw.problem}`);
    if (raw.value !== requiredValue) return reject(`required ${quoteClaim(claim)} has another value`);
  }
  return undefined;
}

/** The first rule that is not true. Its message goes to the caller: see docs/adr/0010-authentication-configuration.md. */
function findBrokenRule<T>(rules: readonly Rule<T>[], subject: T): Rejected | undefined {
  for (const { name, message, evaluate } of rules) {
    const value = evaluate(subject);
    if (!value.ok) return reject(`${name} ${value.problem}`);
    if (!value.value) return { kind: 'rejected', code: 'TOKEN_RULE', detail: `${name} is false`, message };
  }
  return undefined;
}

function quoteClaim(claim: string): string {
  return `claim ${JSON.stringify(claim)}`;
}

function failedClaim(claim: string, { problem }: Extract<Read<unknown>, { ok: false }>): Mapped<never> {
  return failed(quoteClaim(claim), problem);
}

function failed(what: string, problem: string): Mapped<never> {
  return { ok: false, rejected: reject(`${what} ${problem}`) };
}

function overage(claim: string): Mapped<never> {
  const detail = `${quoteClaim(claim)} is left out by Entra ID, which does not put so many groups into a token`;
  return { ok: false, rejected: { kind: 'rejected', code: 'TOKEN_GROUPS_OVERAGE', detail } };
}

function reject(detail: string): Rejected {
  return { kind: 'rejected', code: 'TOKEN_CLAIMS', detail };
}
