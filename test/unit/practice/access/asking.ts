// Questions to the authorizer, written as `get pods/log x -n web`, `list deployments.apps` or `get /version`.

import type { AccessAttributes } from '../../../../src/practice/access/policy.ts';

/** What a question asks. */
export function ask(question: string): AccessAttributes {
  const [verb = '', what = '', ...words] = question.split(' ');
  const flag = words.indexOf('-n');
  const namespace = flag === -1 ? '' : (words[flag + 1] ?? '');
  const name = flag === 0 ? '' : (words[0] ?? '');
  const isResourceRequest = !what.startsWith('/');
  const [qualified = '', subresource = ''] = isResourceRequest ? what.split('/') : [];
  const [resource = '', ...group] = qualified.split('.');
  return {
    verb,
    isResourceRequest,
    apiGroup: group.join('.'),
    resource,
    subresource,
    namespace,
    name,
    path: isResourceRequest ? '' : what,
  };
}
