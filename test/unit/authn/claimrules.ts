// Rules of claims with a name, groups and a uid, and what they make of a token’s claims.

import { type ClaimRules, createClaimMapper, type MappedClaims } from '../../../src/authn/claims.ts';
import { CLAIM_RULES } from '../../fakes/authn.ts';

export function rules(username: string, usernamePrefix = '', groupsPrefix = ''): ClaimRules {
  return {
    ...CLAIM_RULES,
    claimMappings: {
      username: { claim: username, prefix: usernamePrefix, expression: '' },
      groups: { claim: 'groups', prefix: groupsPrefix, expression: '' },
      uid: { claim: '', expression: '' },
      extra: [],
    },
  };
}

export function mapClaims(claims: Readonly<Record<string, unknown>>, entry: ClaimRules): MappedClaims {
  return createClaimMapper(entry)(claims);
}

/** A name for a test: printable ASCII. */
export function label(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text
    .replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)
    .replaceAll('#', '')
    .slice(0, 80);
}
