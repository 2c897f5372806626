// An identity as an authenticating proxy states it: X-Remote-* header lines, by the names that kubeadm, kops and kube-apiserver's own
// documentation give to --requestheader-*-headers. They count only from a client certificate of --requestheader-client-ca-file.
// After k8s.io/apiserver pkg/authentication/request/headerrequest.

import { carry } from './headervalue.ts';
import { extraLines } from './impersonation.ts';
import type { UserInfo } from './userinfo.ts';

/**
 * The header lines of an identity, flat; one line per group and per extra value. The API server adds `system:authenticated` and nothing else.
 * @throws Uncarriable (a TypeError) when the identity cannot be carried
 */
export function requestHeaderLines(user: UserInfo): string[] {
  const lines = ['X-Remote-User', carry('username', user.username)];
  // An API server before 1.32 knows no uid here, and does without.
  if (user.uid !== '') lines.push('X-Remote-Uid', carry('uid', user.uid));
  for (const group of user.groups) lines.push('X-Remote-Group', carry('group', group));
  return [...lines, ...extraLines('X-Remote-Extra-', user)];
}
