// Questions of the primary to its workers, and their answers. A worker that has too much to do answers late, one that hangs never: nobody
// waits longer than the asker said.

import { afterDelay, type SetTimer } from '../delay.ts';
import type { Answers, Question, ToWorker } from './messages.ts';

/** Whom a question can go to. */
interface Answerer {
  readonly hand: { send(message: ToWorker): void };
}

export interface Asked<M, Q extends Question> {
  readonly member: M;
  /** undefined when it did not answer in time. */
  readonly answer: Answers[Q] | undefined;
}

export interface Questions<M> {
  /** Asks all of them; those that end meanwhile are left out of what comes back. */
  ask<Q extends Question>(
    members: readonly M[],
    question: Q,
    timeoutMs: number,
  ): Promise<readonly Asked<M, Q>[]>;
  answered(id: number, answer: Answers[Question]): void;
  ended(member: M): void;
}

type Outcome = { readonly answer: Answers[Question] | undefined } | 'ended';

/** Nothing is asked yet. */
export function createQuestions<M extends Answerer>(setTimer?: SetTimer): Questions<M> {
  const open = new Map<number, { readonly member: M; readonly settle: (outcome: Outcome) => void }>();
  let last = 0;
  const askOne = (member: M, question: Question, timeoutMs: number) =>
    new Promise<Outcome>((resolve) => {
      const id = ++last;
      const settle = (outcome: Outcome) => {
        cancel();
        open.delete(id);
        resolve(outcome);
      };
      const cancel = afterDelay(timeoutMs, () => settle({ answer: undefined }), setTimer);
      open.set(id, { member, settle });
      member.hand.send({ postern: 'ask', id, question });
    });
  return {
    async ask<Q extends Question>(members: readonly M[], question: Q, timeoutMs: number) {
      const outcomes = await Promise.all(
        members.map(async (member) => ({ member, outcome: await askOne(member, question, timeoutMs) })),
      );
      return outcomes.flatMap(({ member, outcome }) =>
        outcome === 'ended' ? [] : [{ member, answer: outcome.answer as Answers[Q] | undefined }],
      );
    },
    answered: (id, answer) => open.get(id)?.settle({ answer }),
    ended(member) {
      for (const one of [...open.values()]) if (one.member === member) one.settle('ended');
    },
  };
}
