// One entry of a jwt list, in the configuration and in kube-apiserver's file alike: the cases of k8s.io/apiserver
// pkg/apis/apiserver/validation/validation_test.go, with the paths that kube-apiserver prints.
import t from 'tap';
import { errorsOfEntries } from './base.ts';

const issuer = { url: 'https://login.example.com', audiences: ['a'] };
const username = { claim: 'sub', prefix: '' };
const good = { issuer, claimMappings: { username } };

function mapped(more: object): object {
  return { issuer, claimMappings: { username, ...more } };
}

// [what, the entry, its errors in order]
const cases: readonly (readonly [string, object, readonly (string | RegExp)[]])[] = [
  ['a good one', good, []],
  // ValidateAuthenticationConfiguration, validateIssuer
  [
    'nothing at all',
    {},
    [
      'jwt[0].issuer.url: missing: url is required',
      /^jwt\[0\]\.issuer\.audiences: missing: name at least one audience/,
      /^jwt\[0\]\.claimMappings\.username: claim or expression is required/,
    ],
  ],
  [
    'discovery at the issuer itself',
    { ...good, issuer: { ...issuer, discoveryURL: 'https://login.example.com//' } },
    [/^jwt\[0\]\.issuer\.discoveryURL: must differ from issuer\.url/],
  ],
  ['an empty discoveryURL', { ...good, issuer: { ...issuer, discoveryURL: '' } }, []],
  [
    'audiences without policy',
    { ...good, issuer: { ...issuer, audiences: ['a', 'b'] } },
    [/^jwt\[0\]\.issuer\.audienceMatchPolicy: with 2 audiences it is required: .*MatchAny/],
  ],
  [
    'audiences with it',
    { ...good, issuer: { ...issuer, audiences: ['a', 'b'], audienceMatchPolicy: 'MatchAny' } },
    [],
  ],
  ['one audience with it', { ...good, issuer: { ...issuer, audienceMatchPolicy: 'MatchAny' } }, []],
  [
    'another policy',
    { ...good, issuer: { ...issuer, audienceMatchPolicy: 'MatchAll' } },
    [/^jwt\[0\]\.issuer\.audienceMatchPolicy: expected MatchAny/],
  ],
  [
    'an audience twice',
    { ...good, issuer: { ...issuer, audiences: ['a', 'a'], audienceMatchPolicy: 'MatchAny' } },
    [/^jwt\[0\]\.issuer\.audiences\[1\]: is in the list already/],
  ],
  ['no egress selector', { ...good, issuer: { ...issuer, egressSelectorType: '' } }, []],
  ...['cluster', 'controlplane', 'x'].map(
    (egressSelectorType) =>
      [
        `egress selector ${egressSelectorType}`,
        { ...good, issuer: { ...issuer, egressSelectorType } },
        [/^jwt\[0\]\.issuer\.egressSelectorType: Postern has no egress selectors/],
      ] as const,
  ),
  // validateClaimValidationRules
  [
    'a rule with neither',
    { ...good, claimValidationRules: [{ requiredValue: 'x' }] },
    [/^jwt\[0\]\.claimValidationRules\[0\]: claim or expression is required/],
  ],
  [
    'a rule with both',
    { ...good, claimValidationRules: [{ claim: 'x', expression: 'true' }] },
    ['jwt[0].claimValidationRules[0]: claim and expression exclude each other; keep one'],
  ],
  [
    'message with claim',
    { ...good, claimValidationRules: [{ claim: 'x', message: 'm' }] },
    [/^jwt\[0\]\.claimValidationRules\[0\]\.message: goes with expression/],
  ],
  [
    'requiredValue with expression',
    { ...good, claimValidationRules: [{ expression: 'true', requiredValue: 'x' }] },
    [/^jwt\[0\]\.claimValidationRules\[0\]\.requiredValue: goes with claim/],
  ],
  [
    'one claim twice',
    { ...good, claimValidationRules: [{ claim: 'x' }, { claim: 'y' }, { claim: 'x', requiredValue: 'z' }] },
    [
      /^jwt\[0\]\.claimValidationRules\[2\]\.claim: is the same as (authentication\.)?jwt\[0\]\.claimValidationRules\[0\]\.claim; each claim once/,
    ],
  ],
  [
    'one expression twice',
    { ...good, claimValidationRules: [{ expression: 'true' }, { expression: 'true', message: 'm' }] },
    [/^jwt\[0\]\.claimValidationRules\[1\]\.expression: is the same as .*; each expression once/],
  ],
  // validateClaimMappings
  [
    'a username with both',
    { issuer, claimMappings: { username: { claim: 'a', expression: 'claims.a' } } },
    ['jwt[0].claimMappings.username: claim and expression exclude each other; keep one'],
  ],
  [
    'a username with neither',
    { issuer, claimMappings: { username: { prefix: '' } } },
    [/^jwt\[0\]\.claimMappings\.username: claim or expression is required/],
  ],
  [
    'a prefix with an expression',
    { issuer, claimMappings: { username: { expression: 'claims.sub', prefix: '' } } },
    [/^jwt\[0\]\.claimMappings\.username\.prefix: goes with claim/],
  ],
  [
    'a claim without prefix',
    { issuer, claimMappings: { username: { claim: 'sub' } } },
    [/^jwt\[0\]\.claimMappings\.username\.prefix: missing: .*write prefix: ""/],
  ],
  [
    'a claim with prefix: null',
    { issuer, claimMappings: { username: { claim: 'sub', prefix: null } } },
    [/^jwt\[0\]\.claimMappings\.username\.prefix: missing/],
  ],
  [
    'a prefix of `-`, which only the flag takes for none',
    mapped({ username: { claim: 'sub', prefix: '-' } }),
    [],
  ],
  [
    'groups with both',
    mapped({ groups: { claim: 'a', expression: 'claims.a' } }),
    ['jwt[0].claimMappings.groups: claim and expression exclude each other; keep one'],
  ],
  [
    'groups: a prefix with an expression',
    mapped({ groups: { expression: 'claims.g', prefix: 'x' } }),
    [/^jwt\[0\]\.claimMappings\.groups\.prefix: goes with claim/],
  ],
  [
    'groups: a claim without prefix',
    mapped({ groups: { claim: 'g' } }),
    [/^jwt\[0\]\.claimMappings\.groups\.prefix: missing/],
  ],
  ['groups with neither', mapped({ groups: {} }), []],
  [
    'a uid with both',
    mapped({ uid: { claim: 'a', expression: 'claims.a' } }),
    ['jwt[0].claimMappings.uid: claim and expression exclude each other; keep one'],
  ],
  ['a uid with neither', mapped({ uid: {} }), []],
  [
    'extra: nothing',
    mapped({ extra: [{}] }),
    [
      'jwt[0].claimMappings.extra[0].key: missing: key is required',
      'jwt[0].claimMappings.extra[0].valueExpression: missing: valueExpression is required',
    ],
  ],
  [
    'extra: empty',
    mapped({ extra: [{ key: '', valueExpression: '' }] }),
    [
      'jwt[0].claimMappings.extra[0].key: must not be empty',
      'jwt[0].claimMappings.extra[0].valueExpression: must not be empty',
    ],
  ],
  [
    'extra: one key twice',
    mapped({
      extra: [
        { key: 'a.example/b', valueExpression: 'claims.a' },
        { key: 'a.example/b', valueExpression: 'claims.b' },
      ],
    }),
    [/^jwt\[0\]\.claimMappings\.extra\[1\]\.key: is the same as .*; each key once/],
  ],
  ...(
    [
      ['foo', /expected a path with a domain in front, .*; found "foo"/],
      ['/foo', /expected a path with a domain in front/],
      ['example.org/', /expected a path with a domain in front/],
      ['example.org/Foo', /must be lower case; .*write "example\.org\/foo"/],
      ['Example.org/foo', /must be lower case/],
      ['exa_mple.org/foo', /expected a domain before the slash/],
      ['-a.org/foo', /expected a domain before the slash/],
      [`${'a.'.repeat(130)}org/foo`, /expected a domain before the slash/],
      ['example.org/foo bar', /after the slash only/],
      ['example.org/f\u00e9', /after the slash only/],
      ['k8s.io/foo', /reserved for Kubernetes/],
      ['example.k8s.io/foo', /reserved for Kubernetes/],
      ['kubernetes.io/foo', /reserved for Kubernetes/],
      ['authentication.kubernetes.io/credential-id', /reserved for Kubernetes/],
    ] as const
  ).map(
    ([key, pattern]) =>
      [
        `extra key ${key.slice(0, 40)}`,
        mapped({ extra: [{ key, valueExpression: 'claims.a' }] }),
        [new RegExp(`^jwt\\[0\\]\\.claimMappings\\.extra\\[0\\]\\.key: .*${pattern.source}`)],
      ] as const,
  ),
  [
    'extra keys that only look reserved',
    mapped({
      extra: [
        'ak8s.io/a',
        'x.ak8s.io/a',
        'bkubernetes.io/a',
        'k8s.io.example.org/a',
        'example.org/k8s.io/a/%2f',
      ].map((key) => ({ key, valueExpression: 'claims.a' })),
    }),
    [],
  ],
  // validateUserValidationRules
  [
    'a user rule without expression',
    { ...good, userValidationRules: [{ message: 'm' }] },
    ['jwt[0].userValidationRules[0].expression: missing: expression is required'],
  ],
  [
    'a user rule twice',
    { ...good, userValidationRules: [{ expression: "user.uid == ''" }, { expression: "user.uid == ''" }] },
    [/^jwt\[0\]\.userValidationRules\[1\]\.expression: is the same as .*; each expression once/],
  ],
  // strict decoding
  ['an unknown key', { ...good, claimMapping: {} }, [/^jwt\[0\]\.claimMapping: unknown key "claimMapping"/]],
];

for (const [name, entry, expected] of cases) {
  t.test(name, async (t) => {
    const errors = errorsOfEntries(t, [entry]);
    t.equal(errors.length, expected.length, errors.join('\n'));
    for (const [index, pattern] of expected.entries()) {
      if (typeof pattern === 'string') t.equal(errors[index], pattern);
      else t.match(errors[index], pattern);
    }
  });
}

t.test('everything that is wrong is told at once', async (t) => {
  const errors = errorsOfEntries(t, [
    {
      issuer: { url: 'http://x', audiences: [], egressSelectorType: 'cluster' },
      claimValidationRules: [{}, { claim: 'a', message: 'm' }],
      claimMappings: {
        username: { claim: 'a' },
        groups: { expression: 'claims.a', prefix: '' },
        uid: { claim: 'a', expression: 'b' },
        extra: [{ key: 'a', valueExpression: '' }],
      },
      userValidationRules: [{}],
    },
    good,
    good,
  ]);
  t.equal(errors.length, 12, errors.join('\n'));
});
