// Impersonation: the Impersonate-* lines of a request turned into the user that it is held to be, when the sender may impersonate each single
// part of it (protocol.md §4.5; k8s.io/apiserver endpoints/filters/impersonation). Works on the raw lines, so that a group with a comma
// stays one group.

import { freezeUserInfo, type UserInfo } from '../../kube/userinfo.ts';
import { badRequest } from '../objects/failure.ts';
import { demand } from './authorize.ts';
import { type Arrival, headerValues } from './call.ts';
import type { Attributes, Authorizer } from './parts.ts';

const EXTRA_PREFIX = 'impersonate-extra-';
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** @returns the impersonated user, or `requestor` when none is asked for. @throws ApiFailure 400 or 403. */
export function impersonate(arrival: Arrival, requestor: UserInfo, authorizer: Authorizer): UserInfo {
  const wanted = readWanted(arrival.rawHeaders);
  if (wanted === undefined) return requestor;
  for (const part of partsOf(wanted)) demand(authorizer, requestor, part);
  return freezeUserInfo({ ...wanted, groups: resultingGroups(wanted) });
}

function readWanted(rawHeaders: readonly string[]): UserInfo | undefined {
  const text = (name: string) => headerValues(rawHeaders, name).map(decodeBytes);
  const username = text('impersonate-user')[0]?.trim() ?? '';
  const groups = text('impersonate-group');
  const uid = text('impersonate-uid')[0] ?? '';
  const extra: Record<string, string[]> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    if (!name.startsWith(EXTRA_PREFIX)) continue;
    const key = decodeKey(name.slice(EXTRA_PREFIX.length));
    extra[key] = [...(extra[key] ?? []), decodeBytes(rawHeaders[i + 1] ?? '')];
  }
  if (username !== '') return { username, uid, groups, extra };
  const lonely = groups.length > 0 || uid !== '' || Object.keys(extra).length > 0;
  if (!lonely) return undefined;
  const named = [
    ...groups.map((group) => `group ${JSON.stringify(group)}`),
    ...(uid === '' ? [] : [`uid ${JSON.stringify(uid)}`]),
    ...Object.keys(extra).map((key) => `extra ${JSON.stringify(key)}`),
  ];
  throw badRequest(`requested [${named.join(' ')}] without impersonating a user`);
}

/** Node gives header values as latin1; what was sent is UTF-8. */
function decodeBytes(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}

/** %XX are bytes of UTF-8; a key with an escape that is none stays as it is. */
function decodeKey(key: string): string {
  if (/%(?![0-9a-f]{2})/i.test(key)) return key;
  return Buffer.from(
    key.replace(/%([0-9a-f]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}

/** Everything that the sender has to be allowed, in the order in which it is asked. */
function partsOf({ username, uid, groups, extra }: UserInfo): Attributes[] {
  const account = SERVICE_ACCOUNT.exec(username);
  const user =
    account === null
      ? attributes('', 'users', username)
      : { ...attributes('', 'serviceaccounts', account[2] ?? ''), namespace: account[1] ?? '' };
  return [
    user,
    ...groups.map((group) => attributes('', 'groups', group)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({
        ...attributes('authentication.k8s.io', 'userextras', value),
        subresource: key,
      })),
    ),
    ...(uid === '' ? [] : [attributes('authentication.k8s.io', 'uids', uid)]),
  ];
}

function attributes(apiGroup: string, resource: string, name: string): Attributes {
  return {
    isResourceRequest: true,
    path: '',
    verb: 'impersonate',
    apiGroup,
    namespace: '',
    resource,
    subresource: '',
    name,
  };
}

function resultingGroups({ username, groups }: UserInfo): readonly string[] {
  const account = SERVICE_ACCOUNT.exec(username);
  const own =
    groups.length === 0 && account !== null
      ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`]
      : groups;
  if (own.includes('system:unauthenticated')) return own;
  if (username === 'system:anonymous') return [...own, 'system:unauthenticated'];
  return own.includes('system:authenticated') ? own : [...own, 'system:authenticated'];
}
