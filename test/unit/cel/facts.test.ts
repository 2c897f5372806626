// What kube-apiserver 1.36 itself makes of each expression, recorded with its own packages (test/oracle/cel): the value, the error, or why it
// doesn't compile and where. Ours must be the same.

import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { CLAIMS, createEnvironment, USER } from '../../../src/cel/environment.ts';
import { show } from './show.ts';

interface Fact {
  readonly expression: string;
  readonly value?: string;
  readonly error?: string;
  readonly compile?: string;
}

const FACTS = new URL('facts/', import.meta.url);
const variables = JSON.parse(readFileSync(new URL('variables.json', FACTS), 'utf8'));
const environments = {
  claims: createEnvironment({ claims: CLAIMS }),
  user: createEnvironment({ user: USER }),
};
/** The grammar's parser generator lists what it would have taken; ours names the place and what is there. */
const SYNTAX = /<input>:(\d+:\d+): (?:Syntax error|unsupported syntax|.*unescape)/;
/** Values whose text Kubernetes remembers or rounds its own way; that they exist is compared, and their operations are facts of their own. */
const OWN_TEXT = /^kubernetes\.(?:Quantity|Semver) /;
/** Errors in Go's words. */
const OWN_WORDS =
  /^(?:IP Address|network address|Invalid character|No Major|Minor number|Numeric PreRelease|Invalid semantic|Illegal regex|error parsing regexp|program instantiation failed: error parsing regexp|join: invalid|got '|quantities must|no such overload|unable to parse|parsing )/;

for (const file of readdirSync(FACTS).filter((name) => name !== 'variables.json')) {
  t.test(file, async (t) => {
    const facts: readonly Fact[] = JSON.parse(readFileSync(new URL(file, FACTS), 'utf8'));
    t.ok(facts.length > 20, 'the facts were found');
    for (const fact of facts) {
      const found = ask(file === 'user.json' ? 'user' : 'claims', fact.expression);
      t.same(comparable(found), comparable(fact), fact.expression);
    }
  });
}

function ask(subject: 'claims' | 'user', expression: string): Fact {
  const compiled = environments[subject].compile(expression);
  if (!compiled.ok) return { expression, compile: compiled.printed };
  const evaluation = compiled.expression.evaluate(variables);
  return evaluation.ok
    ? { expression, value: show(evaluation.value) }
    : { expression, error: evaluation.message };
}

/** Without what differs on purpose. */
function comparable({ expression, value, error, compile }: Fact): unknown {
  if (value !== undefined) return { expression, value: OWN_TEXT.exec(value)?.[0] ?? value };
  if (error !== undefined) return { expression, error: OWN_WORDS.test(error) ? 'in other words' : error };
  const place = SYNTAX.exec(compile ?? '')?.[1];
  if (place !== undefined) return { expression, syntax: place };
  return { expression, compile: OWN_WORDS.test(compile ?? '') ? 'in other words' : compile };
}
