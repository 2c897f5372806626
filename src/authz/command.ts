// Which commands of exec a rule is about. A command is the list of words that the container gets, from the repeated `command` parameters of
// the query, with no shell between: `kubectl exec p -- sh -c 'rm x'` is the three words sh, -c and rm x.

import type { CommandCondition } from '../config/authzconfig.ts';
import { compilePattern, type Matcher } from '../config/starpattern.ts';
import type { Attributes } from '../kube/attributes.ts';

/** Compiles `commands`; any of them fits, and only requests for `pods/exec` have a command to fit. */
export function compileCommands(
  conditions: readonly CommandCondition[],
): (attributes: Attributes) => boolean {
  const compiled = conditions.map(({ words, isWhole }) => ({ isWhole, words: words.map(compilePattern) }));
  return ({ command }) =>
    command.length > 0 && compiled.some(({ words, isWhole }) => fits(command, words, isWhole));
}

function fits(command: readonly string[], words: readonly Matcher[], isWhole: boolean): boolean {
  if (isWhole ? command.length !== words.length : command.length < words.length) return false;
  return words.every((word, index) => word(command[index] ?? ''));
}
