// The schema of what an AuthenticationConfiguration entry does with claims: rules for them, the user that they become, rules for that user.
// After k8s.io/apiserver pkg/apis/apiserver/v1 ClaimValidationRule, ClaimMappings, UserValidationRule.

import { Type } from 'typebox';
import { record, textOf } from './keywords.ts';

/** One of claimValidationRules. */
export const claimValidationRule = record(
  {
    claim: Type.Optional(
      Type.String({
        default: '',
        description: 'The claim that a token must have; each claim once. This or `expression`.',
        examples: ['hd'],
      }),
    ),
    requiredValue: Type.Optional(
      Type.String({
        default: '',
        description: 'The value that `claim` must have: a string, equal in every character.',
        examples: ['example.com'],
      }),
    ),
    expression: Type.Optional(
      Type.String({
        default: '',
        description: 'A CEL expression over `claims` that must be true; each expression once.',
        examples: ['claims.exp - claims.nbf <= 86400'],
      }),
    ),
    message: Type.Optional(
      Type.String({
        default: '',
        description: 'Goes with `expression`: what a caller is told when it is false, and the log.',
        examples: ['a token must not be valid for longer than 24 hours'],
      }),
    ),
  },
  { description: 'A rule that every token of this issuer must meet.' },
);

const prefix = Type.Optional(
  Type.String({
    description: 'Put before the value of `claim`, and required with it; `""` for none.',
    examples: [''],
  }),
);

/** A claim's name, or an expression. */
function wordsOf(description: string, example: string) {
  return Type.Optional(Type.String({ default: '', description, examples: [example] }));
}

/** The user by claims or expressions. */
export const claimMappings = record(
  {
    username: record(
      {
        claim: wordsOf(
          'The claim that becomes the user name; this or `expression`. With `email`, a token whose `email_verified` claim is there and not true is refused, as in Kubernetes.',
          'email',
        ),
        prefix,
        expression: wordsOf(
          'A CEL expression over `claims` that gives a string, not empty. Where it uses `claims.email`, something must use `claims.email_verified`.',
          '"oidc:" + claims.sub',
        ),
      },
      { default: {}, description: 'The user name.', dependentRequired: { claim: ['prefix'] } },
    ),
    groups: Type.Optional(
      record(
        {
          claim: wordsOf(
            'The claim that lists the groups: a string or an array of strings; a distributed claim is fetched. This or `expression`.',
            'groups',
          ),
          prefix,
          expression: wordsOf(
            'A CEL expression over `claims` that gives a string or a list of strings; empty ones are left out.',
            "dyn(claims.groups).map(g, 'corp:' + g)",
          ),
        },
        { description: 'The groups. Absent: none are mapped.', dependentRequired: { claim: ['prefix'] } },
      ),
    ),
    uid: Type.Optional(
      record(
        {
          claim: wordsOf('The claim that becomes the user id; this or `expression`.', 'sub'),
          expression: wordsOf('A CEL expression over `claims` that gives a string.', 'claims.sub'),
        },
        { description: 'The user id. Absent: none is sent.' },
      ),
    ),
    extra: Type.Optional(
      Type.Array(
        record(
          {
            key: textOf('extraKey', {
              minLength: 1,
              description:
                'A lower-case path with a domain in front; each key once. `kubernetes.io` and `k8s.io` are reserved.',
              examples: ['example.org/tenant'],
            }),
            valueExpression: Type.String({
              minLength: 1,
              description:
                'A CEL expression over `claims` that gives a string or a list of strings; empty ones are left out.',
              examples: ['claims.tenant'],
            }),
          },
          { description: 'One extra attribute.' },
        ),
        {
          default: [],
          description: 'Extra attributes of the user. A `jti` becomes one by itself, as in Kubernetes.',
        },
      ),
    ),
  },
  { default: {}, description: 'Which claims become the Kubernetes user.' },
);

/** One of userValidationRules. */
export const userValidationRule = record(
  {
    expression: Type.String({
      minLength: 1,
      description:
        'A CEL expression over `user` (`username`, `uid`, `groups`, `extra`) that must be true; each expression once.',
      examples: ["!user.username.startsWith('system:')"],
    }),
    message: Type.Optional(
      Type.String({
        default: '',
        description: 'What a caller is told when it is false, and the log.',
        examples: ['names must not begin with system:'],
      }),
    ),
  },
  { description: 'A rule that the mapped user must meet.' },
);
