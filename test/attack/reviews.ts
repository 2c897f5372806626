// An upstream that answers the gate's own questions, SubjectAccessReviews and TokenReviews, as the test says, and everything else as the usual one.

import type { RecordedRequest } from './recorded.ts';
import {
  type AttackUpstream,
  type Script,
  serve,
  startAttackUpstream,
  type UpstreamConnection,
} from './upstream.ts';

/** A question as it was asked. */
export interface Review {
  readonly kind: 'SubjectAccessReview' | 'TokenReview';
  readonly spec: Readonly<Record<string, unknown>>;
}

/** `true` and `false` are well-formed answers; a text is the answer's bytes; undefined none at all. */
export type Judge = (review: Review) => boolean | object | string | undefined;

export interface ReviewingUpstream extends AttackUpstream {
  readonly reviews: readonly Review[];
  /** Judges from now on. */
  judge(judge: Judge): void;
}

const PATHS =
  /^POST \/apis\/(?:authorization\.k8s\.io\/v1\/subjectaccess|authentication\.k8s\.io\/v1\/token)reviews /;

/** Starts one that says no until `judge` was called. */
export async function startReviewing(): Promise<ReviewingUpstream> {
  const reviews: Review[] = [];
  let judge: Judge = () => false;
  const script: Script = async (connection) => {
    // The gate may use a connection again for its questions, and a request may come behind one.
    for (let index = 0; ; index++) {
      const request = await connection.request(index);
      if (!PATHS.test(request.line)) return serve(withFirst(connection, request));
      const review = JSON.parse(request.body.toString()) as Review;
      reviews.push({ kind: review.kind, spec: review.spec });
      const verdict = judge(review);
      if (verdict === undefined) continue;
      await connection.write(typeof verdict === 'string' ? verdict : answerTo(review, verdict));
    }
  };
  return Object.assign(await startAttackUpstream(script), {
    reviews,
    judge(next: Judge) {
      judge = next;
    },
  });
}

/** An HTTP answer of the gate's own questions. */
export function jsonAnswer(status: number, body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

function answerTo(review: Review, verdict: boolean | object): string {
  const member = review.kind === 'TokenReview' ? 'authenticated' : 'allowed';
  const status = typeof verdict === 'boolean' ? { [member]: verdict } : verdict;
  return jsonAnswer(201, { ...review, status });
}

/** The connection as one whose next request is this one. */
function withFirst(connection: UpstreamConnection, request: RecordedRequest): UpstreamConnection {
  return Object.assign(Object.create(connection) as UpstreamConnection, {
    request: () => Promise.resolve(request),
  });
}
