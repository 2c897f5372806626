// Whether an answer is the one that the table has, said so that a failing test shows both.

import { isDeepStrictEqual } from 'node:util';
import { ERRORS } from '../../src/errortable.ts';
import type { Case } from './batches.ts';
import type { Expected } from './case.ts';
import type { Reviewed } from './review.ts';

/** What kube-apiserver should answer, and what Postern should. */
export function expectedOf({ row: [, , kubernetes, differs] }: Case): {
  readonly kubernetes: Expected;
  readonly postern: Expected | NonNullable<typeof differs>['expected'];
} {
  return { kubernetes, postern: differs?.expected ?? kubernetes };
}

/** '' when the API server's answer fits; `reasons` is what its log says of refused requests since the question. */
export function misfitOfKubernetes(one: Case, answer: Reviewed, reasons: readonly string[]): string {
  const { kubernetes } = expectedOf(one);
  if (kubernetes.kind === 'user') return misfitOfUser(kubernetes, answer, reasons.join('; '));
  if (answer.kind === 'user') return `expected a refusal, it made ${JSON.stringify(answer)}`;
  if (answer.status !== 401) return `expected 401, it answered ${answer.status} ${answer.message}`;
  if (reasons.some((reason) => reason.includes(kubernetes.reason))) return '';
  return `expected it to say "${kubernetes.reason}", it said "${reasons.join('; ')}"`;
}

/** '' when Postern's answer fits. */
export function misfitOfPostern(one: Case, answer: Reviewed): string {
  const { postern } = expectedOf(one);
  if (postern.kind === 'user') return misfitOfUser(postern, answer, '');
  if (answer.kind === 'user') return `expected ${postern.code}, it made ${JSON.stringify(answer)}`;
  const { status } = ERRORS[postern.code];
  if (answer.status === status && answer.code === postern.code) return '';
  return `expected ${status} ${postern.code}, it answered ${answer.status} ${answer.code} ${answer.message}`;
}

function misfitOfUser(expected: Expected, answer: Reviewed, reasons: string): string {
  if (isDeepStrictEqual(answer, expected)) return '';
  return `expected ${JSON.stringify(expected)}, it made ${JSON.stringify(answer)} ${reasons}`;
}
