// S9b: whoever maps or judges within the gate fails: an expression that errors or costs too much, a rule that cannot be evaluated. Nobody goes on then, and
// least of all as the gate's own account. Those whom the gate asks are in asked-failures.test.ts.

import t from 'tap';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { startIssuers } from './issuers.ts';
import { startReviewing } from './reviews.ts';
import { openWays, said } from './ways.ts';

const facts = recordFacts('attack-mapping-failures');
const upstream = await startReviewing();
const { main, byIndex, byNumber, byRule, byUserRule, heavy } = await startIssuers(
  t,
  'main',
  'byIndex',
  'byNumber',
  'byRule',
  'byUserRule',
  'heavy',
);
const username = (expression: string) => ({ claimMappings: { username: { expression } } });
const byName = { username: { claim: 'name', prefix: '' } };

const ground = await startGround(t, {
  upstream,
  upstreams: [{ name: 'main', upstream }],
  issuer: main,
  config: {
    authentication: {
      serviceAccounts: {},
      jwt: [
        jwtEntry(main),
        jwtEntry(byIndex, username('claims.names[3]')),
        jwtEntry(byNumber, username('string(1 / int(claims.zero)) + claims.name')),
        jwtEntry(byRule, {
          claimMappings: byName,
          claimValidationRules: [{ expression: 'claims.level > 3', message: 'too low' }],
        }),
        jwtEntry(byUserRule, {
          claimMappings: byName,
          userValidationRules: [{ expression: "user.username.split('-')[2] == 'x'", message: 'no' }],
        }),
        jwtEntry(heavy, {
          claimMappings: {
            username: { claim: 'name', prefix: '' },
            groups: {
              expression:
                "dyn(claims.l).filter(a, dyn(claims.l).all(b, dyn(claims.l).all(c, a + b + c != 'x')))",
            },
          },
        }),
      ],
    },
    authorization: {
      rules: [
        {
          name: 'fails-at-run-time',
          resources: [{ group: '', resources: ['configmaps'] }],
          when: "claims.absent == 'x'",
          decision: 'Allow',
        },
        {
          name: 'fails-within',
          resources: [{ group: '', resources: ['endpoints'] }],
          decision: 'Require',
          require: {
            expressions: [{ expression: "1 / size(user.groups[0].split('x')[5]) > 0", message: 'm' }],
          },
        },
      ],
    },
  },
});
const all = openWays(t, ground);
const ways = all.filter(({ name }) => name !== 'WebSocket');
const [rest] = all;
const send = (token: string, path: string) => rest.send(['X-M: failing'], { token, path });

/** [what, the token, status, code] */
const EXPRESSIONS: readonly (readonly [what: string, token: () => Promise<string>, cause: string])[] = [
  ['an index beyond the list', () => byIndex.sign({ names: ['a'] }), 'TOKEN_CLAIMS'],
  ['an index into what is no list', () => byIndex.sign({ names: 'abcd' }), 'TOKEN_CLAIMS'],
  ['a claim that is not there', () => byIndex.sign({}), 'TOKEN_CLAIMS'],
  ['a list of objects', () => byIndex.sign({ names: [{}, {}, {}, {}] }), 'TOKEN_CLAIMS'],
  ['a division by zero', () => byNumber.sign({ zero: 0, name: 'a' }), 'TOKEN_CLAIMS'],
  ['no number at all', () => byNumber.sign({ zero: 'zero', name: 'a' }), 'TOKEN_CLAIMS'],
  ['a number that is too large', () => byNumber.sign({ zero: 1e300, name: 'a' }), 'TOKEN_CLAIMS'],
  ['a rule without its claim', () => byRule.sign({ name: 'a' }), 'TOKEN_CLAIMS'],
  ['a rule over another type', () => byRule.sign({ name: 'a', level: 'high' }), 'TOKEN_CLAIMS'],
  ['a rule that is false', () => byRule.sign({ name: 'a', level: 3 }), 'TOKEN_RULE'],
  ['a rule over the user that fails', () => byUserRule.sign({ name: 'a' }), 'TOKEN_CLAIMS'],
  [
    'an expression that costs too much',
    () => heavy.sign({ name: 'a', l: Array.from({ length: 500 }, (_, i) => `n${i}`) }),
    'TOKEN_CLAIMS',
  ],
];

for (const way of ways)
  for (const [what, token, cause] of EXPRESSIONS)
    await facts.attack('S9b', `${what} (${way.name})`, async (t) => {
      const begin = performance.now();
      const made = await token();
      const reply = await ground.reachesNobody(t, 'failing', () =>
        way.send(['X-M: failing'], { token: made }),
      );
      t.match(said(reply), { status: 403, kind: 'Status', code: 403, cause });
      t.ok(performance.now() - begin < 10_000, 'and soon');
    });

for (const path of ['/api/v1/namespaces/d/configmaps', '/api/v1/namespaces/d/endpoints'])
  await facts.attack('S9b', `a rule of the gate that cannot be evaluated: ${path}`, async (t) => {
    const reply = await ground.reachesNobody(t, 'failing', () => send(ground.token, path));
    t.match(said(reply), { status: 403, cause: 'RULE_FAILED' });
  });
