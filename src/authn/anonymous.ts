// Callers without any credential, as apiserver's anonymous authenticator knows them (pkg/authentication/request/anonymous): system:anonymous in
// the group system:unauthenticated, on the paths that the configuration names, compared whole. A bad credential never becomes this.

import { freezeUserInfo, type UserInfo } from '../kube/userinfo.ts';

const ANONYMOUS: UserInfo = freezeUserInfo({
  username: 'system:anonymous',
  groups: ['system:unauthenticated'],
});

/** Who a caller without a credential is on a (decoded) path; undefined for nobody. */
export type AnonymousUser = (path: string) => UserInfo | undefined;

/** Nobody, unless there are paths. */
export function createAnonymous(paths: readonly string[]): AnonymousUser {
  const open = new Set(paths);
  return (path) => (open.has(path) ? ANONYMOUS : undefined);
}
