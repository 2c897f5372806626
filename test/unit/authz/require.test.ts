// Require: what has to be so, all of it; and what a request lacks is told with what to do.

import t from 'tap';
import { decide } from '../../../src/authz/rules.ts';
import { type Asking, facts, NOW, type RuleText, rulesOf } from './asking.ts';

const EXEC = 'POST /api/v1/namespaces/web/pods/p/exec?command=sh';

/** The kinds of what is missing; [] when the request is allowed. */
function lacks(require: RuleText, asking: Asking): readonly string[] {
  const decision = decide(rulesOf([{ decision: 'Require', require }]), facts(EXEC, asking));
  if (decision.kind === 'allowed') return [];
  if (decision.kind !== 'lacking') throw new Error(decision.kind);
  return decision.lacks.map(({ kind }) => kind);
}

const MFA = { claims: [{ claim: 'amr', anyOf: ['mfa', 'hwk'] }] };
const CLAIMS: readonly (readonly [claims: Readonly<Record<string, unknown>>, met: boolean])[] = [
  [{ amr: ['pwd', 'mfa'] }, true],
  [{ amr: ['hwk'] }, true],
  [{ amr: 'mfa' }, true],
  [{ amr: ['pwd'] }, false],
  [{ amr: [] }, false],
  [{ amr: 'pwd mfa' }, false],
  [{ amr: ['MFA'] }, false],
  [{ amr: [['mfa']] }, false],
  [{ amr: { mfa: true } }, false],
  [{ amr: null }, false],
  [{ AMR: ['mfa'] }, false],
  [{}, false],
];
for (const [claims, met] of CLAIMS)
  t.test(`${JSON.stringify(claims)} ${met ? 'has' : 'lacks'} mfa or hwk`, async (t) => {
    t.strictSame(lacks(MFA, { claims }), met ? [] : ['claim']);
  });

t.test('a claim of an object with no own claims finds nothing inherited', async (t) => {
  const require = { claims: [{ claim: 'constructor', anyOf: ['Object'] }] };
  t.strictSame(lacks(require, { claims: {} }), ['claim']);
});

const SECOND = NOW / 1000;
const AUTH_TIMES: readonly (readonly [authTime: unknown, met: boolean])[] = [
  [SECOND, true],
  [SECOND - 900, true],
  [SECOND - 901, false],
  [SECOND + 9, true], // the issuer's clock is a little ahead
  [SECOND + 11, false],
  [SECOND - 899.5, true],
  [String(SECOND), false],
  [NOW, false], // milliseconds: far ahead
  [0, false],
  [undefined, false],
  [null, false],
  [Number.NaN, false],
];
for (const [authTime, met] of AUTH_TIMES)
  t.test(`auth_time ${String(authTime)} is ${met ? '' : 'not '}within 15m`, async (t) => {
    t.strictSame(lacks({ maxAuthAge: '15m' }, { claims: { auth_time: authTime } }), met ? [] : ['authTime']);
  });

t.test('a reason, and what it has to be like', async (t) => {
  t.strictSame(lacks({ reason: true }, { reason: 'INC-42' }), []);
  t.strictSame(lacks({ reason: true }, {}), ['reason']);
  const expressions = [{ expression: "request.reason.matches('^INC-[0-9]+$')", message: 'name an incident' }];
  t.strictSame(lacks({ reason: true, expressions }, { reason: 'INC-42' }), []);
  t.strictSame(lacks({ reason: true, expressions }, { reason: 'because' }), ['expression']);
});

t.test('everything that is missing is told at once', async (t) => {
  const require = { ...MFA, maxAuthAge: '15m', reason: true };
  t.strictSame(lacks(require, {}), ['claim', 'authTime', 'reason']);
  t.strictSame(lacks(require, { claims: { amr: ['mfa'], auth_time: SECOND }, reason: 'x' }), []);
});

t.test('what is missing, in words', async (t) => {
  const require = { ...MFA, maxAuthAge: '15m', reason: true };
  const told = (claims: Readonly<Record<string, unknown>>) => {
    const decision = decide(rulesOf([{ decision: 'Require', require }]), facts(EXEC, { claims }));
    return decision.kind === 'lacking' ? decision.lacks.map(({ text }) => text) : [];
  };
  t.strictSame(told({ auth_time: SECOND - 7300 }), [
    'that the claim "amr" of your token holds "mfa" or "hwk": sign in again in the way that gives it, usually with a second factor',
    'a sign-in no longer than 15m ago, and yours was 2h1m ago: sign in again',
    'a reason: repeat the command with --server URL/reason/TEXT, where URL is the server in your kubeconfig',
  ]);
  t.match(told({})[1], /your token does not say when you signed in \(claim "auth_time"\)$/);
  t.match(told({ auth_time: SECOND + 60 })[1], /lies ahead: check the clocks$/);
  t.match(told({ auth_time: 0 })[1], /yours was 20786 days ago: sign in again$/);
});

t.test('an expression that fails at run time is a failure, not something missing', async (t) => {
  const expressions = [{ expression: "claims.team == 'web'", message: 'be of the team' }];
  const decision = decide(rulesOf([{ decision: 'Require', require: { ...MFA, expressions } }]), facts(EXEC));
  t.match(decision, { kind: 'failed', rule: 'r0', expression: "claims.team == 'web'" });
});
