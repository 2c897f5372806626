// Rights made for a test. The API server's RBAC authorizer reads roles and bindings from watches of its own, so what `kubectl apply` has written
// is not yet what a request right after it is judged by: here its own answer to a SubjectAccessReview is what is waited for.

import type { Context } from './context.ts';
import { asAdmin, createObjects } from './objects.ts';
import { until } from './wait.ts';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** A subject as a SubjectAccessReview names it. */
export type Subject = { readonly user: string } | { readonly groups: readonly string[] };

/** Roles, bindings and what else belongs to them, and what must be allowed to whom once they count. */
export interface Rights {
  readonly objects: readonly object[];
  readonly subjects: readonly Subject[];
  readonly rules: readonly Rule[];
  /** Where a Role's rules hold; default: everywhere. */
  readonly namespace?: string;
}

/** Makes them, and comes back when the API server's authorizer says yes to every rule for every subject. @throws Error when it goes on saying no. */
export async function grantRights(context: Context, rights: Rights): Promise<void> {
  if (rights.objects.length > 0) await createObjects(context, rights.objects);
  const questions = rights.subjects.flatMap((subject) =>
    rights.rules.map((rule) => ({ ...subject, ...attributesOf(rule, rights.namespace) })),
  );
  await until(`rights: ${JSON.stringify(questions)}`, async () => {
    for (const spec of questions) if (!(await isAllowed(context, spec))) return false;
    return true;
  });
}

/** One review at a time: what `kubectl create` prints of several is no JSON document. */
async function isAllowed(context: Context, spec: object): Promise<boolean> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  const answer = await asAdmin(context, ['create', '-o', 'json', '-f', '-'], JSON.stringify(review));
  return (JSON.parse(answer) as { status: { allowed: boolean } }).status.allowed;
}

function attributesOf(rule: Rule, namespace: string | undefined): object {
  const [verb = ''] = rule.verbs;
  const {
    nonResourceURLs: [path] = [],
    apiGroups: [group = ''] = [],
    resources: [resources = ''] = [],
  } = rule;
  if (path !== undefined) return { nonResourceAttributes: { verb, path: path.replace('*', '/version') } };
  const cut = resources.indexOf('/');
  const [resource, subresource] =
    cut < 0 ? [resources, ''] : [resources.slice(0, cut), resources.slice(cut + 1)];
  const [name = ''] = rule.resourceNames ?? [];
  return { resourceAttributes: { verb, group, resource, subresource, name, namespace } };
}
