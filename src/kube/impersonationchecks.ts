// What the API server asks its authorizer before it lets a requestor be taken for somebody else, as SubjectAccessReviews: for each part of the
// wanted identity the verb `impersonate` (since 1.3), or, on servers that know constrained impersonation (KEP-5284, on since 1.36), the pair
// `impersonate:MODE` for the identity and `impersonate-on:MODE:VERB` for the request itself. Which names, groups and versions each question
// has: k8s.io/apiserver endpoints/filters/impersonation/mode.go.

import type { ForbiddenAttempt } from './forbidden.ts';
import type { RequestInfo } from './requestinfo.ts';
import type { UserInfo } from './userinfo.ts';
import { effectiveGroups, isSubdomain, resultingGroups, serviceAccountOf } from './wanteduser.ts';

/** A question to the authorizer, with the version that it would see too. */
export type Question = ForbiddenAttempt & Pick<RequestInfo, 'apiVersion'>;

/** One way to be allowed: all its questions have to be answered with yes, and these groups come of it. */
export interface ImpersonationWay {
  readonly questions: readonly Question[];
  readonly groups: readonly string[];
  /** What the authorizer hears of the requestor's extras; absent: all of them. */
  readonly extra?: UserInfo['extra'];
}

/** Where a review is created. */
export const ACCESS_REVIEWS_PATH = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

/** The ways by which `requestor` may impersonate `wanted` for a request, the plain `impersonate` first; one suffices. */
export function impersonationWays(
  requestor: UserInfo,
  wanted: UserInfo,
  info: RequestInfo,
): readonly ImpersonationWay[] {
  const legacy = { questions: partsOf(wanted, 'impersonate', ''), groups: resultingGroups(wanted) };
  const constrained = constrainedWay(wanted, info);
  return [
    legacy,
    ...associatedWay(requestor, wanted, info),
    ...(constrained === undefined ? [] : [constrained]),
  ];
}

/** The review that asks whether a verified user may do something, as JSON. */
export function accessReview(user: UserInfo, question: Question): string {
  const { verb, apiGroup: group, apiVersion: version, namespace, name, path } = question;
  const { resource, subresource } = question;
  const asked = question.isResourceRequest
    ? { resourceAttributes: { verb, group, version, resource, subresource, namespace, name } }
    : { nonResourceAttributes: { verb, path } };
  return JSON.stringify({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      ...asked,
      user: user.username,
      uid: user.uid,
      groups: effectiveGroups(user),
      extra: user.extra,
    },
  });
}

/** The answer in a review that came back; undefined for anything that is none. Only a plain yes is one. */
export function readAccessReview(body: string): { allowed: boolean; reason: string } | undefined {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { kind, status } = (review ?? {}) as { kind?: unknown; status?: Record<string, unknown> | null };
  if (kind !== 'SubjectAccessReview' || typeof status !== 'object' || status === null) return undefined;
  const { allowed, denied, reason } = status;
  if (typeof allowed !== 'boolean') return undefined;
  return { allowed: allowed && denied !== true, reason: typeof reason === 'string' ? reason : '' };
}

const AUTHENTICATION = 'authentication.k8s.io';
const NODE_GROUPS: readonly string[] = ['system:nodes'];
const NODE_PREFIX = 'system:node:';
/** The node that a service account's token is bound to, with its pod or by itself (KEP-4193). */
const NODE_NAME = 'authentication.kubernetes.io/node-name';
const ASSOCIATED_KEYS = 'authentication.kubernetes.io/associated-node-keys';

/**
 * A service account on a node, as the agents of DaemonSets are, may be allowed to be the node that it runs on, whichever that is: nothing but its
 * name is asked for. As at the API server the authorizer hears of no particular node and of the requestor's extras only which there are, so that
 * one answer is good for the account on every node.
 */
function associatedWay(
  requestor: UserInfo,
  wanted: UserInfo,
  info: RequestInfo,
): readonly ImpersonationWay[] {
  const node = nodeOf(wanted.username);
  const [on, ...more] = requestor.extra[NODE_NAME] ?? [];
  const isOnIt = node !== undefined && on === node && more.length === 0;
  if (!isOnIt || !hasNameOnly(wanted) || serviceAccountOf(requestor.username) === undefined) return [];
  const about = { isResourceRequest: true, path: '', namespace: '', subresource: '', apiVersion: 'v1' };
  return [
    {
      questions: [
        { ...info, verb: `impersonate-on:associated-node:${info.verb}` },
        {
          ...about,
          ...{ verb: 'impersonate:associated-node', apiGroup: AUTHENTICATION, resource: 'nodes', name: '*' },
        },
      ],
      groups: NODE_GROUPS,
      extra: { [ASSOCIATED_KEYS]: Object.keys(requestor.extra).sort() },
    },
  ];
}

/** The name of the node that a user is; undefined for all others. */
function nodeOf(username: string): string | undefined {
  if (!username.startsWith(NODE_PREFIX)) return undefined;
  const name = username.slice(NODE_PREFIX.length);
  return isSubdomain(name) ? name : undefined;
}

function hasNameOnly({ uid, groups, extra }: UserInfo): boolean {
  return uid === '' && groups.length === 0 && Object.keys(extra).length === 0;
}

/** Node and service account may be given by their names alone; nobody becomes system:masters like this. */
function constrainedWay(wanted: UserInfo, info: RequestInfo): ImpersonationWay | undefined {
  const account = serviceAccountOf(wanted.username);
  const isNode = nodeOf(wanted.username) !== undefined;
  if ((account !== undefined || isNode) && !hasNameOnly(wanted)) return undefined;
  if (wanted.groups.includes('system:masters')) return undefined;
  if (!Object.keys(wanted.extra).every(isDomainPrefixed)) return undefined;
  const mode = account !== undefined ? 'serviceaccount' : isNode ? 'arbitrary-node' : 'user-info';
  return {
    questions: [
      { ...info, verb: `impersonate-on:${mode}:${info.verb}` },
      ...partsOf(wanted, `impersonate:${mode}`, AUTHENTICATION),
    ],
    groups: isNode ? NODE_GROUPS : resultingGroups(wanted),
  };
}

/** A question for each part of an identity; `group` is that of users, groups, nodes and accounts. */
function partsOf(wanted: UserInfo, verb: string, group: string): readonly Question[] {
  const about = (apiGroup: string, resource: string, name: string): Question => ({
    ...{ isResourceRequest: true, path: '', namespace: '', subresource: '' },
    ...{ verb, apiGroup, apiVersion: 'v1', resource, name },
  });
  const subject = (): Question => {
    const account = serviceAccountOf(wanted.username);
    if (account !== undefined)
      return { ...about(group, 'serviceaccounts', account.name), namespace: account.namespace };
    if (verb !== 'impersonate:arbitrary-node') return about(group, 'users', wanted.username);
    return about(group, 'nodes', wanted.username.slice(NODE_PREFIX.length));
  };
  return [
    subject(),
    ...(wanted.uid === '' ? [] : [about(AUTHENTICATION, 'uids', wanted.uid)]),
    ...wanted.groups.map((name) => about(group, 'groups', name)),
    ...Object.entries(wanted.extra).flatMap(([key, values]) =>
      values.map((value) => ({ ...about(AUTHENTICATION, 'userextras', value), subresource: key })),
    ),
  ];
}

/** apimachinery pkg/util/validation IsDomainPrefixedPath: DOMAIN/PATH. */
function isDomainPrefixed(key: string): boolean {
  const slash = key.indexOf('/');
  return slash > 0 && isSubdomain(key.slice(0, slash)) && PATH.test(key.slice(slash + 1));
}

const PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;
