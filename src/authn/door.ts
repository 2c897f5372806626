// The doors beside authentication.jwt for bearer tokens: each token is one door's to judge, told by the token itself, and what that door says is final.

import type { Verdict } from './cache.ts';
import type { CredentialSource } from './credentials.ts';

/** The cluster that a request is for, as far as judging a token needs it. */
export interface ReviewingCluster {
  readonly name: string;
  /** Sends a TokenReview with the gate's own credential. Rejects when there is no answer in time. */
  review(body: string): Promise<{ readonly status: number; readonly body: string }>;
}

/** What a door is told beside the token. */
export interface DoorRequest {
  readonly source: CredentialSource;
  /** Whose request it is: the caller's address, of which trusted proxies may have told; '' when it is not known. */
  readonly address: string;
  /** undefined where no cluster was chosen, as at the token webhook. */
  readonly cluster: ReviewingCluster | undefined;
  /** True for a token that has let somebody in who is still there. */
  readonly wasGood?: boolean;
}

/** Judges tokens of its own kind. */
export interface TokenDoor {
  /** Whether a bearer token is this door's. Pure and cheap. */
  takes(token: string): boolean;
  /** Judges it. @throws only what is a fault of ours */
  judge(token: string, request: DoorRequest): Promise<Verdict>;
}
