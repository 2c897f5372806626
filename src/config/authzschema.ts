// The schema of `authorization`: rules at the gate, first match wins. Who and what are written as in an audit.k8s.io/v1 Policy (users,
// userGroups, verbs, resources, namespaces, nonResourceURLs, with its meaning); the rest is Postern's.

import { Type } from 'typebox';
import { oneOf, record, textOf } from './keywords.ts';
import { DURATION_PATTERN } from './units.ts';

/** Verbs of RequestInfo: those of resources, then methods in lower case for other paths. */
export const RULE_VERBS = [
  '*',
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'head',
  'post',
  'put',
  'options',
] as const;

const STAR = 'One `*` in each stands for any characters.';

/** A condition: absent it holds for everything; an empty list is a mistake, since it would hold for everything too. */
function listOf<T extends Parameters<typeof Type.Array>[0]>(
  items: T,
  description: string,
  example: readonly unknown[],
) {
  return Type.Optional(
    Type.Array(items, {
      minItems: 1,
      'x-missing': 'leave the key out instead',
      description,
      examples: [example],
    }),
  );
}

const resources = record(
  {
    group: textOf('apiGroup', {
      default: '',
      description: 'The API group without version; empty is the core group, `*` is every group.',
      examples: ['apps'],
    }),
    resources: listOf(
      textOf('resourcePattern', {}),
      '`pods` (without subresources), `pods/log`, `*/scale`, `pods/*` (pods themselves included), `*` (everything). Absent: all of the group.',
      ['pods', 'pods/log'],
    ),
    resourceNames: listOf(
      textOf('starPattern', {}),
      `Names of objects. ${STAR} A request for several objects (list, watch, deletecollection) and most creates name none, so they don't match.`,
      ['web-*'],
    ),
  },
  { description: 'Resources of one API group.' },
);

const command = record(
  {
    prefix: listOf(
      textOf('starPattern', {}),
      'The first words of the command, one item each; more may follow.',
      ['tar'],
    ),
    argv: listOf(textOf('starPattern', {}), 'The whole command, one item for each word.', [
      'cat',
      '/etc/hostname',
    ]),
  },
  { description: `A command of exec: exactly one of \`prefix\` and \`argv\`. ${STAR}` },
);

const requiredClaim = record(
  {
    claim: Type.String({ minLength: 1, description: 'The name of the claim.', examples: ['amr'] }),
    anyOf: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'The claim, a string or a list of strings, has to be or hold one of these.',
      examples: [['mfa']],
    }),
  },
  { description: "A claim of the caller's token." },
);

const requiredExpression = record(
  {
    expression: Type.String({
      minLength: 1,
      description: 'CEL over the same variables as `when`; has to be true.',
      examples: ["request.reason.matches('^INC-[0-9]+$')"],
    }),
    message: textOf('message', {
      minLength: 1,
      description: 'What the caller is told when it is not.',
      examples: ['give the number of an incident as the reason'],
    }),
  },
  { description: 'An expression, and what to say when it is not true.' },
);

const require = record(
  {
    claims: listOf(requiredClaim, 'Claims that the token has to have, all of them.', [
      { claim: 'amr', anyOf: ['mfa'] },
    ]),
    maxAuthAge: Type.Optional(
      textOf('duration', {
        pattern: DURATION_PATTERN,
        description:
          "How long ago the person may have signed in: the age of the token's `auth_time` claim (OpenID Connect Core §2). A token without one does not do.",
        examples: ['15m'],
      }),
    ),
    reason: Type.Boolean({
      default: false,
      description:
        'true: the request has to give a reason, as `/reason/TEXT` at the end of the server URL: `kubectl --server https://GATE/reason/INC-42 …`.',
    }),
    expressions: listOf(requiredExpression, 'Expressions that have to be true, all of them.', [
      { expression: "request.reason.matches('^INC-[0-9]+$')", message: 'name an incident as the reason' },
    ]),
  },
  { description: 'With `decision: Require`: what has to be so, all of it, for the request to be allowed.' },
);

const rule = record(
  {
    name: textOf('ruleName', {
      minLength: 1,
      description: 'A DNS label, unique; denials, metrics and the log name it.',
      examples: ['no-exec-in-prod'],
    }),
    users: listOf(textOf('starPattern', {}), `User names. ${STAR}`, [
      'ada@example.com',
      '*@contractor.example',
    ]),
    userGroups: listOf(
      textOf('starPattern', {}),
      `Groups: the user is in one of them. ${STAR} Groups that only the API server adds (\`system:authenticated\`) are not seen here.`,
      ['contractors'],
    ),
    issuers: listOf(
      Type.String({ minLength: 1 }),
      "Issuers of the caller's token, as in `issuer.url`. A credential without issuer matches none.",
      ['https://login.example.com'],
    ),
    clusters: listOf(textOf('starPattern', {}), `Names of \`clusters\`. ${STAR}`, ['prod-*']),
    verbs: listOf(
      oneOf(RULE_VERBS, {}),
      "Verbs as the API server's authorizer sees them; for paths that are no resources the method in lower case. exec, attach and portforward are `create`, whatever the method.",
      ['get', 'list', 'watch'],
    ),
    resources: listOf(resources, 'Resources, in any of the entries. Requests for other paths never match.', [
      { group: 'apps', resources: ['deployments', '*/scale'] },
    ]),
    namespaces: listOf(
      textOf('starPattern', {}),
      `Namespaces. ${STAR} \`""\` is none: cluster-scoped resources, and requests across all namespaces.`,
      ['prod-*'],
    ),
    nonResourceURLs: listOf(
      textOf('nonResourceURL', {}),
      'Paths that are no resources: exact, or the beginning with `*` at its end. Requests for resources never match. Discovery is always open.',
      ['/metrics', '/logs/*'],
    ),
    classes: listOf(
      oneOf(['interactive'], {}),
      'Classes of requests. `interactive` is all that can run code in, or open a channel to, something in the cluster: exec, attach, portforward, ephemeralcontainers, and `proxy` of pods, services and nodes, whatever the method.',
      ['interactive'],
    ),
    commands: listOf(
      command,
      'Commands of `kubectl exec` and the like, one of them. Matches requests for `pods/exec` only.',
      [{ prefix: ['tar'] }],
    ),
    when: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A CEL expression over `request`, `user`, `claims`, `source` and `time`; true matches. One that fails at run time (a claim that is not there, say) denies the request.',
        examples: ["has(claims.hd) && claims.hd == 'example.com' && time.getHours('Europe/Berlin') >= 8"],
      }),
    ),
    decision: oneOf(['Allow', 'Deny', 'Require'], {
      description:
        "What becomes of a request that matches. Allow: it goes on to the cluster's own authorization. Deny: 403 with `message`. Require: as Allow when all of `require` is so, else 403 that says what is missing.",
    }),
    message: Type.Optional(
      textOf('message', {
        minLength: 1,
        description:
          'What the caller is told to do instead: required with Deny; with Require it is added to what is missing.',
        examples: ['use the jump pod in namespace tools'],
      }),
    ),
    require: Type.Optional(require),
  },
  {
    description:
      'One rule. It matches a request that all of its conditions fit; what it does not mention fits. The first rule that matches decides.',
  },
);

/** The key `authorization`. */
export const authorizationSchema = record(
  {
    default: oneOf(['Allow', 'Deny'], {
      default: 'Allow',
      description:
        "What becomes of requests that no rule matches. Allow: they go on to the cluster's own authorization (RBAC). Deny: 403, so the rules are a list of what is allowed. Discovery is open either way.",
    }),
    rules: Type.Array(rule, {
      default: [],
      maxItems: 1000,
      description: 'The rules, in order: the first that matches decides.',
    }),
  },
  {
    default: {},
    description:
      "Postern's own rules, before and beside the cluster's RBAC: they can only take away. See the [how-to](../how-to/rules.md).",
  },
);
