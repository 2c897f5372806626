// The bodies of reviews in protobuf, as kubectl 1.35 posts them (`auth can-i`, `auth whoami`): field numbers of generated.proto in k8s.io/api
// authorization/v1 and authentication/v1.

import { badRequest } from '../objects/failure.ts';
import type { KubeObject, ObjectMeta } from '../objects/object.ts';
import { decodeMessage, type Message, openEnvelope } from './protobuf.ts';

/** Reads the three reviews; selectors of a SelfSubjectAccessReview are passed over. @throws ApiFailure BadRequest for anything else. */
export function decodeReview(body: Uint8Array): KubeObject {
  const { apiVersion, kind, raw } = openEnvelope(body);
  const message = REVIEWS.get(`${apiVersion} ${kind}`);
  if (message === undefined) {
    throw badRequest(`${kind} of ${apiVersion} cannot be read as protobuf here: send application/json`);
  }
  // A review has no name, unlike everything that is stored.
  const { metadata, ...content } = decodeMessage(raw, message);
  return { apiVersion, kind, metadata: (metadata ?? {}) as ObjectMeta, ...content };
}

const METADATA: Message = new Map([
  [1, ['name', 'string']],
  [2, ['generateName', 'string']],
  [3, ['namespace', 'string']],
]);

const RESOURCE_ATTRIBUTES: Message = new Map([
  [1, ['namespace', 'string']],
  [2, ['verb', 'string']],
  [3, ['group', 'string']],
  [4, ['version', 'string']],
  [5, ['resource', 'string']],
  [6, ['subresource', 'string']],
  [7, ['name', 'string']],
]);

const NON_RESOURCE_ATTRIBUTES: Message = new Map([
  [1, ['path', 'string']],
  [2, ['verb', 'string']],
]);

const ACCESS_SPEC: Message = new Map([
  [1, ['resourceAttributes', RESOURCE_ATTRIBUTES]],
  [2, ['nonResourceAttributes', NON_RESOURCE_ATTRIBUTES]],
]);

const REVIEWS: ReadonlyMap<string, Message> = new Map<string, Message>([
  ['authentication.k8s.io/v1 SelfSubjectReview', new Map([[1, ['metadata', METADATA]]])],
  [
    'authorization.k8s.io/v1 SelfSubjectAccessReview',
    new Map([
      [1, ['metadata', METADATA]],
      [2, ['spec', ACCESS_SPEC]],
    ]),
  ],
  [
    'authorization.k8s.io/v1 SelfSubjectRulesReview',
    new Map([
      [1, ['metadata', METADATA]],
      [2, ['spec', new Map([[1, ['namespace', 'string']]])]],
    ]),
  ],
]);
