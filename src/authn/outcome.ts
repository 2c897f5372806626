// What an authenticator answers. Outcomes are values, not exceptions: a refusal is a fact about the request, and the difference between
// "not mine", "bad" and "cannot tell right now" decides between asking the next one, 401 and 503 (after apiserver's authenticator.Request).

import type { UserInfo } from '../kube/userinfo.ts';

/** Stable codes of a refused credential; each has a row in errors.ts. */
export type RejectedCode =
  | 'TOKEN_MALFORMED'
  | 'TOKEN_UNKNOWN_ISSUER'
  | 'TOKEN_AUDIENCE'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_NOT_YET_VALID'
  | 'TOKEN_ALGORITHM'
  | 'TOKEN_SIGNATURE'
  | 'TOKEN_CLAIMS'
  | 'TOKEN_SYSTEM_IDENTITY'
  | 'TOKEN_RULE'
  | 'TOKEN_GROUPS_OVERAGE'
  | 'AWS_TOKEN_MALFORMED'
  | 'AWS_TOKEN_REFUSED'
  | 'AWS_IDENTITY_UNMAPPED'
  | 'TOKEN_REFUSED_BY_CLUSTER'
  | 'CERTIFICATE_UNTRUSTED'
  | 'CERTIFICATE_EXPIRED'
  | 'CERTIFICATE_REVOKED'
  | 'CREDENTIALS_CONFLICT'
  | 'CREDENTIALS_MALFORMED'
  | 'TOO_MANY_UNAUTHENTICATED';

/** Stable codes of what keeps a credential from being judged until somebody mends the gate's own access to the cluster; each has a row in errors.ts. */
export type UnjudgedCode = 'TOKEN_REVIEW_GATE_RIGHTS' | 'UPSTREAM_CREDENTIALS';

/** What a credential said beside the user, for rules at the gate: who vouched for it, and its verified claims. */
export interface Evidence {
  /** The JWT's issuer; '' for credentials without one. */
  readonly issuer: string;
  /** The header whose entry judged it, lower case; absent for credentials without an issuer. */
  readonly sourceHeader?: string;
  /** The verified claims as they were signed, with a distributed groups claim in its place; empty for credentials without any. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Who vouched; absent where nobody did. */
  readonly door?: 'jwt' | 'certificate' | 'serviceAccount' | 'aws';
  /** The signature's algorithm, as a JWT's header names it; absent without one. */
  readonly algorithm?: string;
}

/** The evidence of callers without a credential. */
export const NO_EVIDENCE: Evidence = Object.freeze({ issuer: '', claims: Object.freeze({}) });

/** The evidence of credentials that have no issuer and no claims, by their door. */
export const DOOR_EVIDENCE: Readonly<Record<'certificate' | 'serviceAccount' | 'aws', Evidence>> = {
  certificate: Object.freeze({ ...NO_EVIDENCE, door: 'certificate' }),
  serviceAccount: Object.freeze({ ...NO_EVIDENCE, door: 'serviceAccount' }),
  aws: Object.freeze({ ...NO_EVIDENCE, door: 'aws' }),
};

/**
 * - `user`: verified; `expiresAt` is when the credential ends, ms since the epoch.
 * - `noOpinion`: this authenticator found nothing that is its own.
 * - `rejected`: the credential is bad; `detail` is for the log only and never holds the token.
 * - `unavailable`: it could not be judged now (issuer down, no keys yet): 503, or 502 by a `code` where waiting does not help; never 401.
 */
export type Outcome =
  | {
      readonly kind: 'user';
      readonly user: UserInfo;
      readonly evidence: Evidence;
      readonly expiresAt: number;
      /** How long a session may go on that outlives the credential, from its beginning. ms */
      readonly sessionLifetimeMs?: number;
      readonly source: string;
    }
  | { readonly kind: 'noOpinion' }
  | {
      readonly kind: 'rejected';
      readonly code: RejectedCode;
      readonly detail: string;
      /** What the author of a rule wrote for whom it refuses; '' and absent for nothing. */
      readonly message?: string;
      readonly source: string;
    }
  | {
      readonly kind: 'unavailable';
      readonly cause: unknown;
      readonly source: string;
      /** Absent: it may pass by itself. */
      readonly code?: UnjudgedCode;
    };

/** Why somebody who is in may not stay. */
export interface Objection {
  /** For the log. */
  readonly detail: string;
  /** For the person, behind "The session has ended because "; '' for the words that fit all. */
  readonly cause: string;
}

/** Makes one; without a `cause` the person is told the same as the log. */
export function objection(detail: string, cause = detail): Objection {
  return { detail, cause };
}
