// Whether the caller may: asked of the Authorizer, refused in Kubernetes' words.

import type { UserInfo } from '../../kube/userinfo.ts';
import { forbidden } from '../access/forbidden.ts';
import type { Attributes, Authorizer } from './parts.ts';

/** @throws ApiFailure 403 Forbidden when `user` may not. */
export function demand(authorizer: Authorizer, user: UserInfo, info: Attributes): void {
  const { allowed, reason } = authorizer.authorize(user, info);
  if (!allowed) throw forbidden(user, info, reason);
}
