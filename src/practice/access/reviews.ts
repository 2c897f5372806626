// What people may ask about themselves: who am I (`kubectl auth whoami`), may I do this (`kubectl auth can-i`), what may I do (`--list`).
// Nothing of it is stored. kube-apiserver pkg/registry/authentication and pkg/registry/authorization.

import type { UserInfo } from '../../kube/userinfo.ts';
import { badRequest, type FailureCause, invalid, methodNotAllowed } from '../objects/failure.ts';
import type { KubeObject, ObjectMeta } from '../objects/object.ts';
import type { Authorizer } from './authorizer.ts';
import type { AccessAttributes } from './policy.ts';

/** A review that was posted. */
export interface ReviewOptions {
  /** selfsubjectreviews, selfsubjectaccessreviews or selfsubjectrulesreviews. */
  readonly resource: string;
  /** Checked against its schema. */
  readonly body: KubeObject;
  readonly user: UserInfo;
  readonly authorizer: Authorizer;
  /** RFC 3339. */
  readonly nowIso: string;
}

/** Answers a review. @throws ApiFailure BadRequest or Invalid when it asks nothing that can be answered. */
export function answerReview(options: ReviewOptions): KubeObject {
  switch (options.resource) {
    case 'selfsubjectreviews':
      return whoAmI(options);
    case 'selfsubjectaccessreviews':
      return canI(options);
    case 'selfsubjectrulesreviews':
      return whatCanI(options);
    default:
      throw methodNotAllowed();
  }
}

function whoAmI({ user, nowIso }: ReviewOptions): KubeObject {
  const { username, uid, groups, extra } = user;
  return {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: nameless({ creationTimestamp: nowIso }),
    status: {
      userInfo: {
        username,
        ...(uid === '' ? {} : { uid }),
        ...(groups.length === 0 ? {} : { groups }),
        ...(Object.keys(extra).length === 0 ? {} : { extra }),
      },
    },
  };
}

function canI({ body, user, authorizer }: ReviewOptions): KubeObject {
  const spec = recordAt(body, 'spec') ?? {};
  const resource = recordAt(spec, 'resourceAttributes');
  const path = recordAt(spec, 'nonResourceAttributes');
  const causes = problemsOf(body.metadata, resource, path);
  // kube-apiserver says it without a kind: what it checks there is its internal object, which has none.
  if (causes.length > 0) throw invalid('', 'authorization.k8s.io', '', causes);
  const { allowed, reason } = authorizer.authorize(user, attributesOf(resource, path));
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: nameless({}),
    spec,
    status: { allowed, ...(reason === '' ? {} : { reason }) },
  };
}

function whatCanI({ body, user, authorizer }: ReviewOptions): KubeObject {
  const namespace = textAt(recordAt(body, 'spec'), 'namespace');
  if (namespace === '') throw badRequest('no namespace on request');
  const { resourceRules, nonResourceRules, error } = authorizer.rulesFor(user, namespace);
  return {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: nameless({}),
    spec: {},
    status: {
      resourceRules,
      nonResourceRules,
      incomplete: false,
      ...(error === '' ? {} : { evaluationError: error }),
    },
  };
}

type Attributes = Readonly<Record<string, unknown>>;

function problemsOf(
  metadata: ObjectMeta | undefined,
  resource: Attributes | undefined,
  path: Attributes | undefined,
): readonly FailureCause[] {
  const causes: FailureCause[] = [];
  const refuse = (field: string, value: string, why: string) =>
    causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: ${value}: ${why}`, field });
  if (resource !== undefined && path !== undefined) {
    const value = JSON.stringify({ Path: textAt(path, 'path'), Verb: textAt(path, 'verb') });
    const why = 'cannot be specified in combination with resourceAttributes';
    refuse('spec.nonResourceAttributes', value, why);
  }
  if (resource === undefined && path === undefined) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    refuse('spec.resourceAttributes', 'null', why);
  }
  const told = Object.entries(metadata ?? {}).filter(
    ([key, value]) => key !== 'managedFields' && value !== null && value !== '',
  );
  if (told.length > 0) refuse('metadata', JSON.stringify(Object.fromEntries(told)), 'must be empty');
  return causes;
}

function attributesOf(resource: Attributes | undefined, path: Attributes | undefined): AccessAttributes {
  const asked = resource ?? path;
  return {
    isResourceRequest: resource !== undefined,
    verb: textAt(asked, 'verb'),
    apiGroup: textAt(resource, 'group'),
    resource: textAt(resource, 'resource'),
    subresource: textAt(resource, 'subresource'),
    namespace: textAt(resource, 'namespace'),
    name: textAt(resource, 'name'),
    path: textAt(path, 'path'),
  };
}

/** A review has no name, unlike everything that is stored. */
function nameless(metadata: Omit<ObjectMeta, 'name'>): ObjectMeta {
  return metadata as ObjectMeta;
}

function recordAt(value: Attributes, field: string): Attributes | undefined {
  const found = value[field];
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? Object.fromEntries(Object.entries(found))
    : undefined;
}

function textAt(value: Attributes | undefined, field: string): string {
  const found = value?.[field];
  return typeof found === 'string' ? found : '';
}
