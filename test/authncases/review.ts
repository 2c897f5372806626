// Asks a server who the holder of a token is, as `kubectl auth whoami` does: a SelfSubjectReview.

import { type Caller, caller, refusalOf } from '../fakes/caller.ts';
import type { ExpectedUser } from './case.ts';

const PATH = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const BODY = Buffer.from(
  JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
);
const EVERYBODY = 'system:authenticated';

/** What a server answered. `code` is Postern's own, '' at the API server. */
export type Reviewed =
  | ExpectedUser
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly message: string };

export interface Reviewer {
  readonly review: (token: string) => Promise<Reviewed>;
  readonly close: () => void;
}

/** Somebody who asks the server at a loopback port. */
export function openReviewer(place: { readonly port: number; readonly caPem: string }): Reviewer {
  const one: Caller = caller({ port: place.port, ca: { certPem: place.caPem } }, 'h1-alpn');
  return {
    close: () => one.close(),
    async review(token) {
      const headers = ['Authorization', `Bearer ${token}`, 'Content-Type', 'application/json'];
      const reply = await one.call({ method: 'POST', path: PATH, headers, body: BODY });
      if (reply.status === 201) return readUser(JSON.parse(reply.body.toString()));
      const { message, cause } = refusalOf(reply);
      return { kind: 'refused', status: reply.status, code: cause ?? '', message };
    },
  };
}

function readUser(review: unknown): ExpectedUser {
  const { userInfo } = (review as { status: { userInfo: Partial<ExpectedUser> } }).status;
  const { username = '', uid = '', groups = [], extra = {} } = userInfo;
  // Added at the end; a token may have named it before.
  const own = groups.at(-1) === EVERYBODY ? groups.slice(0, -1) : groups;
  return { kind: 'user', username, uid, groups: own, extra };
}
