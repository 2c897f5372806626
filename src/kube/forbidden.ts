// The words of a 403, as Kubernetes writes them (apiserver pkg/endpoints/handlers/responsewriters/errors.go): kubectl prints them as they
// are, and people know them. What people chose is quoted, never interpreted; whoever sends it escapes markup.

import { quote } from './quote.ts';
import type { StatusDetails } from './status.ts';

/** What somebody may not do. `verb` is the one that was judged. */
export interface ForbiddenAttempt {
  readonly isResourceRequest: boolean;
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
}

/** `details` of the Status of a 403. */
export type ForbiddenDetails = Pick<StatusDetails, 'name' | 'group' | 'kind'>;

type Named = Pick<ForbiddenAttempt, 'apiGroup' | 'resource' | 'name'>;

/** `User "u" cannot create resource "pods/exec" in API group "" in the namespace "ns"`, or `User "u" cannot get path "/x"`. */
export function describeAttempt(username: string, attempt: ForbiddenAttempt): string {
  const { verb, apiGroup, resource, subresource, namespace, path } = attempt;
  // Behind a proxy subresource any method may come, and not every one has a verb.
  const who = `User ${quote(username)} cannot ${verb === '' ? 'use' : verb}`;
  if (!attempt.isResourceRequest) return `${who} path ${quote(path)}`;
  const shown = subresource === '' ? resource : `${resource}/${subresource}`;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
  return `${who} resource ${quote(shown)} in API group ${quote(apiGroup)} ${scope}`;
}

/** What is forbidden, before ` forbidden: …`: `pods "x" is`, `deployments.apps is`; '' where no resource is named. */
export function forbiddenSubject({ apiGroup, resource, name }: Named): string {
  const qualified = apiGroup === '' ? resource : `${resource}.${apiGroup}`;
  if (qualified === '') return '';
  return name === '' ? `${qualified} is` : `${qualified} ${quote(name)} is`;
}

/** The same for programs; empty fields are left out. */
export function forbiddenDetails({ apiGroup, resource, name }: Named): ForbiddenDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(apiGroup === '' ? {} : { group: apiGroup }),
    ...(resource === '' ? {} : { kind: resource }),
  };
}
