// The rows of the table of errors (errortable.ts) that come from the rules at the gate. The rule's own message, or what it requires, is put
// at the end of the text.

/** Rows by code. */
export const RULE_ERRORS = {
  RULE_DENIED: {
    status: 403,
    text: '{attempt|This request is forbidden}: the rule "{rule|?}" of this gate denies it.',
    when: 'A rule of `authorization.rules` with `decision: Deny` was the first that matched. Its message stands at the end.',
    solve:
      'Do what the message says. `postern check --as USER --groups … --request …` explains the decision: [rules](../how-to/rules.md).',
  },
  RULE_DEFAULT: {
    status: 403,
    text: '{attempt|This request is forbidden}: no rule of this gate allows it. Ask the administrator of this gate for a rule that does.',
    when: 'No rule matched, and `authorization.default` is `Deny`.',
    solve: 'Add a rule that allows it: [rules](../how-to/rules.md).',
  },
  RULE_REQUIRES: {
    status: 403,
    text: '{attempt|This request is forbidden}: the rule "{rule|?}" of this gate requires',
    when: 'The first rule that matched has `decision: Require`, and the request lacks something of it. What it lacks and how to get it stands at the end.',
    solve:
      'Do what the answer says: sign in again, with a second factor, or give a reason: [rules](../how-to/rules.md#require).',
  },
  RULE_FAILED: {
    status: 403,
    text: '{attempt|This request is forbidden}: the rule "{rule|?}" of this gate could not be evaluated for it, and what cannot be judged is refused. Tell the administrator of this gate.',
    when: 'An expression of a rule failed at run time, for example because a claim that it reads is not in the token. The log has the expression and the error.',
    solve:
      'Guard the expression: `has(claims.x) && claims.x == …`. `postern check --as` shows what it gives.',
  },
  REASON_MALFORMED: {
    status: 400,
    text: 'The reason in the server URL cannot be used: {detail|it is malformed}. Write it as /reason/TEXT, with %20 for spaces.',
    when: 'The path begins with `/reason/`, and what follows is empty, longer than 256 characters, or holds control characters.',
    solve: 'As in `kubectl --server https://GATE/reason/INC-42 …`.',
  },
} as const;
