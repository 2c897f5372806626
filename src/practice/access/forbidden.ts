// 403 in Kubernetes' words (apiserver pkg/endpoints/handlers/responsewriters/errors.go): kubectl prints them as they are, and people know them.

import type { UserInfo } from '../../kube/userinfo.ts';
import { ApiFailure } from '../objects/failure.ts';
import type { AccessAttributes } from './policy.ts';
import { quote } from './quote.ts';

/** The refusal of a request. `reason` is the authorizer's and may be ''. What people chose is HTML-escaped, as upstream. */
export function forbidden(user: UserInfo, attributes: AccessAttributes, reason = ''): ApiFailure {
  const sentence = escapeMarkup(`User ${quote(user.username)} cannot ${asked(attributes)}`);
  return refusal(attributes, reason === '' ? sentence : `${sentence}: ${reason}`);
}

/** A refusal with a sentence of its own: `pods "x" is forbidden: why`. */
export function refusal(
  { apiGroup, resource, name }: Pick<AccessAttributes, 'apiGroup' | 'resource' | 'name'>,
  why: string,
): ApiFailure {
  const qualified = apiGroup === '' ? resource : `${resource}.${apiGroup}`;
  const details = {
    ...(name === '' ? {} : { name }),
    ...(apiGroup === '' ? {} : { group: apiGroup }),
    ...(resource === '' ? {} : { kind: resource }),
  };
  const subject = name === '' ? `${qualified} is` : `${qualified} ${quote(name)} is`;
  const message = qualified === '' ? `forbidden: ${why}` : `${subject} forbidden: ${why}`;
  return new ApiFailure(403, 'Forbidden', message, details);
}

function asked(attributes: AccessAttributes): string {
  const { verb, apiGroup, resource, subresource, namespace, path } = attributes;
  if (!attributes.isResourceRequest) return `${verb} path ${quote(path)}`;
  const shown = subresource === '' ? resource : `${resource}/${subresource}`;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
  return `${verb} resource ${quote(shown)} in API group ${quote(apiGroup)} ${scope}`;
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
