// What is wrong with rules is said with its place; and a rule that could never have an effect is said to be one.

import t from 'tap';
import { BASE, errorsOf, warningsOf } from './base.ts';

/** A configuration whose one rule has these lines, at 2 + the base's; its `name` stands on the first. */
function withRule(...lines: readonly string[]): string {
  return `${BASE}authorization:\n  rules:\n    - name: one\n${lines.map((line) => `      ${line}\n`).join('')}`;
}

const ERRORS: readonly (readonly [lines: readonly string[], expected: RegExp])[] = [
  [[], /^27:7 authorization\.rules\[0\]\.decision: missing: decision is required/],
  [
    ['decision: deny'],
    /28:17 authorization\.rules\[0\]\.decision: expected one of Allow, Deny, Require; found "deny"/,
  ],
  [
    ['decision: Deny'],
    /27:7 authorization\.rules\[0\]\.message: missing: say what the person is to do instead/,
  ],
  [['decision: Deny', 'message: ""'], /29:16 authorization\.rules\[0\]\.message: must not be empty/],
  [['decision: Deny', 'message: "a\\nb"'], /message: must be one line/],
  [
    ['decision: Deny', `message: ${'x'.repeat(401)}`],
    /message: is 401 characters long; at most 400 are allowed/,
  ],
  [['decision: Allow', 'message: hello'], /message: nobody would read it/],
  [['decision: Allow', 'require: {reason: true}'], /require: has no meaning with decision: Allow/],
  [['decision: Require'], /require: missing: say what is required/],
  [['decision: Require', 'require: {}'], /require: missing: say what is required/],
  [['decision: Require', 'require: {maxAuthAge: 0s}'], /require: missing: say what is required/],
  [['decision: Require', 'require: {maxAuthAge: 15}'], /maxAuthAge: expected a string, found a number/],
  [
    ['decision: Require', 'require: {claims: []}'],
    /29:25 authorization\.rules\[0\]\.require\.claims: must not be empty/,
  ],
  [['decision: Require', 'require: {claims: [{claim: amr}]}'], /claims\[0\]\.anyOf: missing/],
  [['decision: Allow', 'users: []'], /users: must not be empty: leave the key out instead/],
  // Written, and left empty: whoever wrote it meant less than everything.
  [
    ['decision: Allow', 'users:'],
    /29:7 authorization\.rules\[0\]\.users: must not be empty: leave the key out/,
  ],
  [['decision: Allow', 'when:'], /29:7 authorization\.rules\[0\]\.when: must not be empty/],
  [['decision: Require', 'require: {claims: , reason: true}'], /require\.claims: must not be empty/],
  [['decision: Allow', 'resources: [{group: apps, resourceNames: }]'], /resourceNames: must not be empty/],
  [['decision: Allow', 'commands: [{prefix: [sh], argv: }]'], /argv: must not be empty/],
  [['decision: Allow', 'users: [a*b*]'], /users\[0\]: at most one \* is allowed in each/],
  [['decision: Allow', 'groups: [x]'], /groups: unknown key "groups";.* allowed here: .*userGroups/],
  [['decision: Allow', 'verbs: [craete]'], /verbs\[0\]: expected one of .*; did you mean "create"\?/],
  [['decision: Allow', 'verbs: [proxy]'], /verbs\[0\]: expected one of/],
  [['decision: Allow', 'classes: [interactiv]'], /classes\[0\]: expected interactive/],
  [
    ['decision: Allow', 'clusters: [prd]'],
    /29:18 .*clusters\[0\]: fits none of clusters\[\]\.name; did you mean "prod"\?/,
  ],
  [
    ['decision: Allow', 'resources: [{resources: [Pods]}]'],
    /resources\[0\]: expected a resource .*: resources are lower case/,
  ],
  [['decision: Allow', 'resources: [{resources: [pods/log/x]}]'], /expected a resource/],
  [['decision: Allow', 'resources: [{resources: ["*/*"]}]'], /expected a resource/],
  [
    ['decision: Allow', 'resources: [{group: apps/v1}]'],
    /group: expected an API group .*: write "apps", without the version/,
  ],
  [
    ['decision: Allow', 'resources: [{group: apps, resourceNames: [x]}]'],
    /resourceNames: needs resources beside it/,
  ],
  [['decision: Allow', 'nonResourceURLs: [metrics]'], /expected a path that begins with \//],
  [['decision: Allow', 'nonResourceURLs: ["/a*b"]'], /a \* may only be the last character/],
  [
    ['decision: Allow', 'nonResourceURLs: [/x]', 'namespaces: [web]'],
    /nonResourceURLs: no request is for a resource and for another path/,
  ],
  [
    ['decision: Allow', 'nonResourceURLs: [/x]', 'classes: [interactive]'],
    /so classes and nonResourceURLs exclude each other/,
  ],
  [['decision: Allow', 'commands: [{}]'], /commands\[0\]: write exactly one of prefix/],
  [['decision: Allow', 'commands: [{prefix: [a], argv: [a]}]'], /commands\[0\]: write exactly one of prefix/],
  [['decision: Allow', 'commands: [{argv: sh}]'], /argv: expected a list, found a string/],
  [['decision: Allow', 'when: "request.verb =="'], /^29:13 authorization\.rules\[0\]\.when: /],
  [['decision: Allow', 'when: nobody.knows == 1'], /^29:13 authorization\.rules\[0\]\.when: .*nobody/],
  [['decision: Allow', 'when: request.verb'], /^29:13 authorization\.rules\[0\]\.when: .*bool/],
  [['decision: Allow', 'when: request.verbs == "get"'], /^29:13 authorization\.rules\[0\]\.when: .*verbs/],
  [
    ['decision: Require', 'require: {expressions: [{expression: "1 +", message: x}]}'],
    /^29:44 authorization\.rules\[0\]\.require\.expressions\[0\]\.expression: /,
  ],
  [
    ['decision: Require', 'require: {expressions: [{expression: "true"}]}'],
    /expressions\[0\]\.message: missing/,
  ],
];
for (const [lines, expected] of ERRORS)
  t.test(`${lines.join(' | ').slice(0, 80)}: an error`, async (t) => {
    t.ok(
      errorsOf(withRule(...lines)).some((error) => expected.test(error)),
      errorsOf(withRule(...lines)).join('\n'),
    );
  });

t.test('names are unique, and DNS labels', async (t) => {
  const rules = (...names: readonly string[]) =>
    `${BASE}authorization: {rules: [${names.map((name) => `{name: ${name}, decision: Allow}`).join(', ')}]}\n`;
  t.match(errorsOf(rules('a', 'a')), [/\[1\]\.name: "a" is the name of authorization\.rules\[0\] already/]);
  t.match(errorsOf(rules('No_Exec')), [/\[0\]\.name: expected a DNS label/]);
});

const WARNINGS: readonly (readonly [lines: readonly string[], expected: RegExp])[] = [
  [['decision: Allow', 'nonResourceURLs: [/api/v1]'], /has no effect on GET: discovery/],
  [
    ['decision: Allow', 'issuers: [https://other.example]'],
    /no entry of authentication\.jwt has the issuer\.url/,
  ],
  [
    ['decision: Allow', 'resources: [{resources: [deployments]}]'],
    /is not in the API group "": write group: "apps"/,
  ],
  [['decision: Allow', 'resources: [{resources: [deployments/scale]}]'], /write group: "apps"/],
  [['decision: Allow', 'resources: [{group: apps, resources: [pods]}]'], /^29:.*write group: ""/],
  [['decision: Allow', 'verbs: [get]', 'resources: [{resources: [pods/exec]}]'], /judged as create/],
];
for (const [lines, expected] of WARNINGS)
  t.test(`${lines.join(' | ').slice(0, 80)}: a warning`, async (t) => {
    const warnings = warningsOf(withRule(...lines));
    t.equal(warnings.length, 1);
    t.match(warnings[0], expected);
  });

t.test('what is behind a rule that matches everything is never reached', async (t) => {
  const all = '{name: all, decision: Deny, message: no}';
  const text = `${BASE}authorization: {rules: [${all}, {name: b, decision: Allow, users: [x]}]}\n`;
  t.match(warningsOf(text), [
    /authorization\.rules\[1\]: is never reached: authorization\.rules\[0\] matches every request/,
  ]);
});

t.test('rules without a fault have neither errors nor warnings', async (t) => {
  for (const lines of [
    ['decision: Allow'],
    ['decision: Deny', 'message: "no: {see} https://wiki.example"', 'users: ["*"]', 'verbs: ["*"]'],
    ['decision: Allow', 'resources: [{group: example.com, resources: [deployments]}]'],
    ['decision: Allow', 'resources: [{group: "*", resources: ["*/scale", pods/*, "*"]}]'],
    ['decision: Allow', 'resources: [{resources: [events]}, {group: events.k8s.io, resources: [events]}]'],
    ['decision: Allow', 'nonResourceURLs: ["*", /metrics, /logs/*]'],
    ['decision: Allow', 'commands: [{prefix: [tar]}, {argv: [cat, "/var/log/*"]}]', 'clusters: ["p*"]'],
    [
      'decision: Allow',
      `when: "has(claims.team) && claims.team == 'web'"`,
      'issuers: [https://login.example.com]',
    ],
    ['decision: Require', 'require: {claims: [{claim: amr, anyOf: [mfa]}], maxAuthAge: 15m, reason: true}'],
  ])
    t.strictSame(warningsOf(withRule(...lines)), [], lines.join(' | '));
});
