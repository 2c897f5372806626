// What rules see of a request: everything that a decision depends on and nothing else, so that the same facts give the same decision again,
// when a reload brings new rules for a session that is open, or when `postern check --as` asks without a server.

import type { Attributes } from '../kube/attributes.ts';
import type { UserInfo } from '../kube/userinfo.ts';

/** The facts of one request. Frozen in time: keep them, and later rules judge the request as it was. */
export interface Facts {
  /** `clusters[].name`. */
  readonly cluster: string;
  readonly attributes: Attributes;
  /** The verified user; without groups that only the API server adds. */
  readonly user: UserInfo;
  /** The issuer of the credential; '' without one. */
  readonly issuer: string;
  /** The credential's verified claims. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The caller's address, of which trusted proxies may have told. */
  readonly sourceAddress: string;
  /** What the person gave as the reason; '' for none. */
  readonly reason: string;
  /** When the request came, ms since the epoch. */
  readonly timeMs: number;
}
