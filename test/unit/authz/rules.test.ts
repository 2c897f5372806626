// First match wins, and each condition decides by itself. A table per condition: what a rule says, a request, and whether the rule matches.

import t from 'tap';
import { decide, isAllowed } from '../../../src/authz/rules.ts';
import { type Asking, facts, judge, NOW, type RuleText, rulesOf, verdict } from './asking.ts';

const PODS = 'GET /api/v1/namespaces/web/pods';
const DENY = { decision: 'Deny', message: 'no' };

t.test('the first rule that matches decides, the others are not asked', async (t) => {
  const rules: readonly RuleText[] = [
    { name: 'admins', userGroups: ['admins'] },
    { name: 'no-secrets', resources: [{ resources: ['secrets'] }], ...DENY },
    { name: 'readers', verbs: ['get', 'list', 'watch'] },
    { name: 'rest', ...DENY },
  ];
  const secret = 'GET /api/v1/namespaces/web/secrets/s';
  t.equal(judge(rules, secret, { groups: ['admins'] }), 'allowed admins');
  t.equal(judge(rules, secret), 'denied no-secrets');
  t.equal(judge(rules, PODS), 'allowed readers');
  t.equal(judge(rules, 'DELETE /api/v1/namespaces/web/pods/p'), 'denied rest');
  t.equal(judge([...rules].reverse(), secret, { groups: ['admins'] }), 'denied rest', 'order is all');
});

t.test('what no rule matches: authorization.default', async (t) => {
  t.equal(verdict(decide(rulesOf([]), facts(PODS))), 'allowed default');
  t.equal(verdict(decide(rulesOf([], 'Deny'), facts(PODS))), 'denied default');
  t.equal(verdict(decide(rulesOf([{ users: ['bob'] }], 'Deny'), facts(PODS))), 'denied default');
});

type Row = readonly [rule: RuleText, request: string, matches: boolean, asking?: Asking];

const CONDITIONS: readonly Row[] = [
  // users
  [{ users: ['ada@example.com'] }, PODS, true],
  [{ users: ['bob', 'ada@example.com'] }, PODS, true],
  [{ users: ['Ada@example.com'] }, PODS, false],
  [{ users: ['ada'] }, PODS, false],
  [{ users: ['*@example.com'] }, PODS, true],
  [{ users: ['*@example.com'] }, PODS, false, { user: 'ada@example.com.evil.test' }],
  [{ users: ['*@example.com'] }, PODS, true, { user: 'ada@evil.test@example.com' }],
  [{ users: ['system:serviceaccount:web:*'] }, PODS, true, { user: 'system:serviceaccount:web:ci' }],
  [{ users: ['a*a'] }, PODS, false, { user: 'a' }],
  // userGroups: any of the user's
  [{ userGroups: ['engineers'] }, PODS, true],
  [{ userGroups: ['admins', 'engineers'] }, PODS, true],
  [{ userGroups: ['engineers'] }, PODS, false, { groups: [] }],
  [{ userGroups: ['*'] }, PODS, false, { groups: [] }],
  [{ userGroups: ['engineers,admins'] }, PODS, false, { groups: ['engineers', 'admins'] }],
  // users and userGroups: both
  [{ users: ['ada@example.com'], userGroups: ['admins'] }, PODS, false],
  [{ users: ['ada@example.com'], userGroups: ['admins'] }, PODS, true, { groups: ['admins'] }],
  // issuers
  [{ issuers: ['https://login.example.com'] }, PODS, true],
  [{ issuers: ['https://login.example.com'] }, PODS, false, { issuer: 'https://login.example.com/' }],
  [{ issuers: ['https://login.example.com'] }, PODS, false, { issuer: '' }],
  // clusters
  [{ clusters: ['prod'] }, PODS, true],
  [{ clusters: ['p*'] }, PODS, true],
  [{ clusters: ['prod'] }, PODS, false, { cluster: 'staging' }],
  // verbs, as RequestInfo has them
  [{ verbs: ['list'] }, PODS, true],
  [{ verbs: ['get'] }, PODS, false],
  [{ verbs: ['*'] }, PODS, true],
  [{ verbs: ['watch'] }, `${PODS}?watch=1`, true],
  [{ verbs: ['watch'] }, 'GET /api/v1/watch/namespaces/web/pods', true],
  [{ verbs: ['get'] }, 'HEAD /api/v1/namespaces/web/pods/p', true],
  [{ verbs: ['deletecollection'] }, 'DELETE /api/v1/namespaces/web/pods', true],
  [{ verbs: ['delete'] }, 'DELETE /api/v1/namespaces/web/pods', false],
  [{ verbs: ['update'] }, 'PUT /api/v1/namespaces/web/pods/p', true],
  [{ verbs: ['post'] }, 'POST /metrics', true],
  [{ verbs: ['create'] }, 'POST /metrics', false],
  // namespaces
  [{ namespaces: ['web'] }, PODS, true],
  [{ namespaces: ['we*'] }, PODS, true],
  [{ namespaces: ['shop'] }, PODS, false],
  [{ namespaces: [''] }, PODS, false],
  [{ namespaces: [''] }, 'GET /api/v1/pods', true],
  [{ namespaces: ['we*'] }, 'GET /api/v1/pods', false],
  [{ namespaces: ['*'] }, 'GET /api/v1/pods', true],
  [{ namespaces: ['web'] }, 'GET /api/v1/namespaces/web', true],
  [{ namespaces: ['*'] }, 'GET /metrics', false],
  // nonResourceURLs
  [{ nonResourceURLs: ['/metrics'] }, 'GET /metrics', true],
  [{ nonResourceURLs: ['/metrics'] }, 'GET /metrics/slis', false],
  [{ nonResourceURLs: ['/metrics*'] }, 'GET /metrics/slis', true],
  [{ nonResourceURLs: ['/logs/*'] }, 'GET /logs', false],
  [{ nonResourceURLs: ['*'] }, 'GET /anything', true],
  [{ nonResourceURLs: ['*'] }, PODS, false],
  // when
  [{ when: "request.namespace == 'web'" }, PODS, true],
  [{ when: "request.namespace == 'shop'" }, PODS, false],
  [{ when: "'engineers' in user.groups" }, PODS, true],
  [{ when: "user.username.endsWith('@example.com')" }, PODS, true],
  [{ when: "claims.team == 'web'" }, PODS, true, { claims: { team: 'web' } }],
  [{ when: "source.address == '192.0.2.7'" }, PODS, true],
  [{ when: "time >= timestamp('2026-11-29T12:00:00Z')" }, PODS, true],
  [{ when: "time > timestamp('2026-11-29T12:00:00Z')" }, PODS, false],
  [{ when: 'time.getDayOfWeek() == 0 && time.getHours() == 12' }, PODS, true],
  [{ when: "request.reason.startsWith('INC-')" }, PODS, true, { reason: 'INC-42' }],
  [{ when: "request.cluster == 'prod' && request.verb == 'list'" }, PODS, true],
  // all of them together
  [{ users: ['ada*'], clusters: ['prod'], verbs: ['list'], namespaces: ['web'] }, PODS, true],
  [{ users: ['ada*'], clusters: ['prod'], verbs: ['get'], namespaces: ['web'] }, PODS, false],
  [{}, PODS, true],
  [{}, 'GET /metrics', true],
];

for (const [rule, request, matches, asking] of CONDITIONS) {
  t.test(`${JSON.stringify(rule)} ${matches ? 'matches' : 'does not match'} ${request}`, async (t) => {
    t.equal(
      judge([rule], request, asking),
      matches ? 'allowed r0' : 'allowed default',
      JSON.stringify(asking),
    );
  });
}

t.test('an expression that fails at run time denies, whatever the rule decides', async (t) => {
  const rules = [{ when: "claims.team == 'web'" }, { name: 'all' }];
  const decision = decide(rulesOf(rules), facts(PODS));
  t.match(decision, { kind: 'failed', rule: 'r0', expression: "claims.team == 'web'" });
  t.match(decide(rulesOf([{ ...rules[0], ...DENY }]), facts(PODS)), { kind: 'failed', rule: 'r0' });
  t.equal(
    judge([{ ...rules[0], users: ['bob'] }], PODS),
    'allowed default',
    'but it is only asked when all else fits',
  );
});

t.test('the same facts are judged anew by the rules of a reload', async (t) => {
  const kept = facts('POST /api/v1/namespaces/web/pods/p/exec?command=sh', { at: NOW });
  t.equal(verdict(decide(rulesOf([{ classes: ['interactive'] }]), kept)), 'allowed r0');
  t.equal(verdict(decide(rulesOf([{ classes: ['interactive'], ...DENY }]), kept)), 'denied r0');
  t.equal(verdict(decide(rulesOf([], 'Deny'), kept)), 'denied default');
  t.ok(isAllowed(undefined, kept));
  t.ok(isAllowed(rulesOf([{ classes: ['interactive'] }]), kept));
  t.notOk(isAllowed(rulesOf([{ classes: ['interactive'], ...DENY }]), kept));
  const recent = [{ decision: 'Require', require: { maxAuthAge: '15m' } }];
  const claims = { auth_time: NOW / 1000 - 60 };
  const begun = facts('POST /api/v1/namespaces/web/pods/p/exec?command=sh', { at: NOW, claims });
  t.ok(isAllowed(rulesOf(recent), begun), 'judged as it was when it began, however long ago that is by now');
});
