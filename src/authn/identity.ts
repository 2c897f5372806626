// What an identity must be to go on to the cluster. The claims are signed, but their content is still the caller's to choose at many
// issuers: what can't be carried in an Impersonate-* header unchanged, or would make somebody part of the cluster itself (system:), is refused
// instead of repaired. This is where Postern is stricter than the API server, which carries nothing.

import { uncarriable } from '../kube/headervalue.ts';
import { freezeUserInfo, type UserInfo } from '../kube/userinfo.ts';

/** A user as mapped; empty groups are still among them. */
export interface MappedUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** An identity that can be carried, or why it can't. `detail` names parts and counts, never values that the caller chose at length. */
export type Admission =
  | { readonly kind: 'user'; readonly user: UserInfo }
  | {
      readonly kind: 'rejected';
      readonly code: 'TOKEN_CLAIMS' | 'TOKEN_SYSTEM_IDENTITY';
      readonly detail: string;
    };

/** The most groups one identity may have after empty ones are dropped. Entra's overage begins at 200. */
export const MAX_GROUPS = 2000;
/** The most bytes of name, uid, groups and extra as Impersonate-* lines: half of what the API server reads in all. */
export const MAX_IDENTITY_BYTES = 512 * 1024;

/** "Impersonate-Group: " and the line's end. */
const LINE_OVERHEAD_BYTES = 21;
const SYSTEM_PREFIX = 'system:';

/** Freezes a mapped user that can be carried. An empty group is dropped: no header can carry it, and no binding can name it. */
export function admitIdentity(mapped: MappedUser, systemIdentities: 'Refuse' | 'Allow'): Admission {
  const { username, uid, extra } = mapped;
  if (username.trim() === '') return refuse('the username is empty');
  const groups = mapped.groups.filter((group) => group !== '');
  const problem = findUncarriable({ ...mapped, groups });
  if (problem !== undefined) return refuse(problem);
  if (groups.length > MAX_GROUPS) return refuse(`${groups.length} groups, allowed are ${MAX_GROUPS}`);
  const bytes = identityBytes({ ...mapped, groups });
  if (bytes > MAX_IDENTITY_BYTES) {
    return refuse(
      `identity is ${bytes} bytes with ${groups.length} groups, allowed are ${MAX_IDENTITY_BYTES}`,
    );
  }
  const system = systemIdentities === 'Allow' ? undefined : describeSystemIdentity(username, groups);
  if (system !== undefined) return { kind: 'rejected', code: 'TOKEN_SYSTEM_IDENTITY', detail: system };
  return { kind: 'user', user: freezeUserInfo({ username, uid, groups, extra }) };
}

function findUncarriable({ username, uid, groups, extra }: MappedUser): string | undefined {
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['the username', [username]],
    ['the uid', [uid]],
    ['a group', groups],
    ...Object.entries(extra).map(([key, values]) => [`extra ${JSON.stringify(key)}`, values] as const),
  ];
  for (const [part, values] of parts) {
    for (const value of values) {
      // An empty uid is none, and an empty extra value has a line of its own.
      const problem = value === '' ? undefined : uncarriable(value);
      if (problem !== undefined) return `${part} ${problem}`;
    }
  }
  return undefined;
}

function describeSystemIdentity(username: string, groups: readonly string[]): string | undefined {
  if (username.startsWith(SYSTEM_PREFIX)) return 'username begins with system:';
  const count = groups.filter((group) => group.startsWith(SYSTEM_PREFIX)).length;
  return count > 0 ? `${count} of ${groups.length} groups begin with system:` : undefined;
}

function identityBytes({ username, uid, groups, extra }: MappedUser): number {
  let bytes = 0;
  for (const value of [username, uid, ...groups, ...Object.entries(extra).flat(2)])
    bytes += Buffer.byteLength(value) + LINE_OVERHEAD_BYTES;
  return bytes;
}

function refuse(detail: string): Admission {
  return { kind: 'rejected', code: 'TOKEN_CLAIMS', detail };
}
