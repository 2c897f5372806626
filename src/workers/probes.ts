// Readiness and liveness of all workers as one gate's.

import type { CheckResult } from '../ops.ts';
import type { Asked } from './questions.ts';

type Checked = Asked<{ readonly number: number }, 'checks'>;

/** Ready when the gate is and `size` workers are: a check fails with what any of them says, once for all that say the same. */
export function readiness(
  own: readonly CheckResult[],
  answers: readonly Checked[],
  size: number,
): readonly CheckResult[] {
  const problems = new Map<string, Set<string>>();
  for (const { name, problem } of [...own, ...answers.flatMap(({ answer = [] }) => answer)]) {
    const said = problems.get(name) ?? new Set();
    problems.set(name, problem === '' ? said : said.add(problem));
  }
  const results = [...problems].map(([name, said]) => ({ name, problem: [...said].join('; ') }));
  const silent = silence(answers);
  const missing = answers.length < size ? `${answers.length} of ${size} workers serve` : '';
  return [...results, { name: 'workers', problem: [missing, silent].filter((one) => one !== '').join('; ') }];
}

/** Alive when every worker that serves answers. One that is being replaced is no reason to restart all. */
export function liveness(answers: readonly Checked[]): readonly CheckResult[] {
  return [{ name: 'workers', problem: silence(answers) }];
}

function silence(answers: readonly Checked[]): string {
  const numbers = answers
    .filter(({ answer }) => answer === undefined)
    .map(({ member }) => `worker ${member.number}`);
  if (numbers.length === 0) return '';
  return `${numbers.join(', ')} ${numbers.length === 1 ? 'does' : 'do'} not answer`;
}
