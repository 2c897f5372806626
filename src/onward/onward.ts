// How the identity of a caller goes on to one cluster, built once for each cluster of a configuration (docs/how-to/identity-modes.md):
// Impersonate, as the gate's account with Impersonate-* lines; Passthrough, with the caller's own token; RequestHeader, as an authenticating
// proxy with X-Remote-* lines. And what is needed to judge `kubectl --as` where the API server cannot: in the other two modes it sees the
// caller as requestor itself, and does.

import type { IdentityMode, ImpersonationPolicy } from '../config/config.ts';
import { gateError } from '../errors.ts';
import { carry, Uncarriable } from '../kube/headervalue.ts';
import { askedLines, impersonationHeaders, rememberIdentities } from '../kube/impersonation.ts';
import { requestHeaderLines } from '../kube/requestheader.ts';
import { freezeUserInfo, type UserInfo } from '../kube/userinfo.ts';
import type { CheckImpersonation } from './check.ts';
import type { IsRefused } from './credential.ts';

/** Where the target's extra says who really is there; its value is the JSON of a UserInfo. Callers may not set it. */
export const ORIGINAL_USER_KEY = 'postern.dev/original-user';

/** The identity of one cluster's requests. */
export interface Onward {
  readonly mode: IdentityMode;
  readonly impersonation: ImpersonationPolicy;
  /** The lines that state a verified user, flat; remembered. None in Passthrough. @throws GateError for what no header can carry */
  readonly identityOf: (user: UserInfo) => readonly string[];
  /** The lines of a target, flat; in Passthrough and RequestHeader those that ask the API server for it. @throws GateError likewise */
  readonly targetLines: (target: UserInfo) => readonly string[];
  /** Judges in the API server's place; undefined where that judges itself. */
  readonly check: CheckImpersonation | undefined;
  /** Tells of a 401 whether it means the gate; undefined where requests go on with the caller's own credential. */
  readonly isRefused: IsRefused | undefined;
}

/** What asks the cluster. */
export interface OnwardQuestions {
  /** Used in the mode Impersonate only. */
  readonly check: CheckImpersonation;
  /** Used in all modes but Passthrough. */
  readonly isRefused: IsRefused;
}

/** The header that names the user, and lines of no identity. */
export const USER_HEADER = {
  Impersonate: 'Impersonate-User',
  RequestHeader: 'X-Remote-User',
  Passthrough: '',
} as const satisfies Record<IdentityMode, string>;
const NO_LINES: readonly string[] = Object.freeze([]);

/** Builds it. */
export function createOnward(
  {
    identity,
    impersonation,
  }: { readonly identity: IdentityMode; readonly impersonation: ImpersonationPolicy },
  { check, isRefused }: OnwardQuestions,
): Onward {
  const common = { mode: identity, impersonation };
  switch (identity) {
    case 'Impersonate':
      return {
        ...common,
        identityOf: rememberIdentities(refusing(impersonationHeaders)),
        targetLines: refusing(askedLines),
        check,
        isRefused,
      };
    case 'RequestHeader':
      return {
        ...common,
        identityOf: rememberIdentities(refusing(requestHeaderLines)),
        targetLines: refusing(askedLines),
        check: undefined,
        isRefused,
      };
    case 'Passthrough':
      return {
        ...common,
        identityOf: () => NO_LINES,
        targetLines: refusing(askedLines),
        check: undefined,
        isRefused: undefined,
      };
    default:
      identity satisfies never;
      throw new TypeError('unknown identity mode');
  }
}

/** The target as the API server shall see it: with its groups, and with an extra that says who acts. Nothing else of the original goes with it. */
export function actingTarget(original: UserInfo, wanted: UserInfo, groups: readonly string[]): UserInfo {
  const { username, uid, groups: own, extra } = original;
  const said = JSON.stringify({
    username,
    ...(uid === '' ? {} : { uid }),
    ...(own.length === 0 ? {} : { groups: own }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  });
  return freezeUserInfo({ ...wanted, groups, extra: { ...wanted.extra, [ORIGINAL_USER_KEY]: [said] } });
}

/** What no header can carry is the identity's fault, not the program's. */
function refusing(make: (user: UserInfo) => readonly string[]): (user: UserInfo) => readonly string[] {
  return (user) => {
    try {
      return make(user);
    } catch (cause) {
      if (cause instanceof Uncarriable) throw gateError('IDENTITY_UNCARRIABLE', { detail: cause.message });
      throw cause;
    }
  };
}

/**
 * The lines beside the credential with which the gate asks for itself, flat. An authenticating proxy has to name somebody: without a user the API
 * server would look at its certificate as at a client's. No groups, so that the name's own bindings are all that it may do.
 */
export function ownLines({
  identity,
  gateUser,
}: {
  readonly identity: IdentityMode;
  readonly gateUser: string;
}): readonly string[] {
  return identity === 'RequestHeader' ? [USER_HEADER.RequestHeader, carry('username', gateUser)] : NO_LINES;
}
