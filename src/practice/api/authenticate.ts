// Who sends a request: a table of bearer tokens, nobody else (k8s.io/apiserver authentication/request/bearertoken). The practice server has
// no anonymous callers; everything that names no known token is 401.

import { createHash, timingSafeEqual } from 'node:crypto';
import { freezeUserInfo, type UserInfo } from '../../kube/userinfo.ts';
import { ApiFailure } from '../objects/failure.ts';
import { type Arrival, header } from './call.ts';

/** @returns the token's user, in the group system:authenticated. @throws ApiFailure 401. */
export function authenticate(arrival: Arrival, tokens: ReadonlyMap<string, UserInfo>): UserInfo {
  const token = bearerToken(header(arrival, 'authorization'));
  for (const [known, user] of tokens) {
    if (token !== '' && sameToken(token, known)) return withAuthenticated(user);
  }
  throw new ApiFailure(401, 'Unauthorized', 'Unauthorized');
}

/** The token of an Authorization header; '' when it holds none. */
function bearerToken(value: string): string {
  const [scheme, token] = value.trim().split(' ', 3);
  return scheme?.toLowerCase() === 'bearer' ? (token ?? '') : '';
}

function sameToken(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function withAuthenticated(user: UserInfo): UserInfo {
  const group = 'system:authenticated';
  return user.groups.includes(group) ? user : freezeUserInfo({ ...user, groups: [...user.groups, group] });
}
