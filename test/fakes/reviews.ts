// An upstream that answers SubjectAccessReviews as it is told and everything else by an empty object: what was asked, and what went on, can be
// told apart.

import type { Handler } from './upstream.ts';

/** One SubjectAccessReview's spec, as it was asked. */
export interface AskedReview {
  readonly user: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  readonly resourceAttributes?: Readonly<Record<string, string>>;
  readonly nonResourceAttributes?: Readonly<Record<string, string>>;
}

/** What is answered: yes, no, or a status and body of the test's own. */
export type ReviewAnswer = boolean | { readonly status: number; readonly body: unknown };

export const REVIEWS_URL = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

/** Answers reviews by `judge`, and keeps them in `asked`. */
export function reviewing(judge: (review: AskedReview) => ReviewAnswer): {
  readonly handler: Handler;
  readonly asked: AskedReview[];
} {
  const asked: AskedReview[] = [];
  const handler: Handler = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url !== REVIEWS_URL) return void response.end('{}');
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { kind: string; spec: AskedReview };
      asked.push(body.spec);
      const answer = judge(body.spec);
      const { status, body: said } =
        typeof answer === 'boolean'
          ? { status: 201, body: { ...body, status: { allowed: answer } } }
          : answer;
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(typeof said === 'string' ? said : JSON.stringify(said));
    });
  };
  return { handler, asked };
}
