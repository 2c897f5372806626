// The step that asks the rules: it does nothing without rules, and what goes wrong inside it never lets a request pass (S9b).

import t from 'tap';
import { authorize, denial, factsOf } from '../../src/authorize.ts';
import type { Decision, Rules } from '../../src/authz/rules.ts';
import { errorStatus } from '../../src/errors.ts';
import type { Exchange } from '../../src/exchange.ts';
import { parseTarget } from '../../src/kube/path.ts';
import { resolveRequestInfo } from '../../src/kube/requestinfo.ts';
import { freezeUserInfo } from '../../src/kube/userinfo.ts';
import { facts, rulesOf } from './authz/asking.ts';

const EXEC = '/api/v1/namespaces/web/pods/p/exec?command=sh';

/** As much of an exchange as the step reads, after authentication. */
function exchange(rules: Rules | undefined): Exchange {
  const parsed = parseTarget(EXEC);
  if (!parsed.ok) throw new TypeError(parsed.detail);
  return {
    method: 'GET',
    rawHeaders: ['X-Forwarded-For', '198.51.100.7'],
    peerAddress: '::ffff:10.0.0.1',
    receivedAt: 1_790_000_000_000,
    reason: 'INC-42',
    generation: { rules, isTrusted: (address: string) => address === '10.0.0.1' },
    upstream: { name: 'prod' },
    target: parsed.target,
    info: resolveRequestInfo('GET', parsed.target),
    user: freezeUserInfo({ username: 'ada', groups: ['dev'] }),
    evidence: { issuer: 'https://login.example.com', claims: { amr: ['pwd'] } },
    decision: undefined,
  } as unknown as Exchange;
}

t.test('without rules nothing is derived and nothing is decided', async (t) => {
  const bare = { generation: { rules: undefined } } as unknown as Exchange;
  authorize(bare);
  t.strictSame(Object.keys(bare), ['generation']);
});

t.test(
  'the facts are those of the exchange: the judged verb, the caller behind a trusted proxy',
  async (t) => {
    t.match(factsOf(exchange(undefined)), {
      cluster: 'prod',
      attributes: {
        verb: 'create',
        resource: 'pods',
        subresource: 'exec',
        isInteractive: true,
        command: ['sh'],
      },
      user: { username: 'ada' },
      issuer: 'https://login.example.com',
      claims: { amr: ['pwd'] },
      sourceAddress: '198.51.100.7',
      reason: 'INC-42',
      timeMs: 1_790_000_000_000,
    });
  },
);

t.test('a decision is kept; all but an allowance is thrown', async (t) => {
  const allowed = exchange(rulesOf([{ users: ['ada'] }]));
  authorize(allowed);
  t.match(allowed.decision, { kind: 'allowed', rule: 'r0' });
  const denied = exchange(rulesOf([{ decision: 'Deny', message: 'no' }]));
  t.throws(() => authorize(denied), { code: 'RULE_DENIED' });
  t.match(denied.decision, { kind: 'denied', rule: 'r0' });
});

t.test('an exception in the rules throws, so nothing is forwarded', async (t) => {
  const broken: Rules = {
    ...rulesOf([{}]),
    of: () => {
      throw new RangeError('a bug');
    },
  };
  t.throws(() => authorize(exchange(broken)), RangeError);
});

t.test('before the caller is known there is nothing to judge', async (t) => {
  for (const missing of ['info', 'target', 'user', 'upstream'])
    t.throws(() => authorize({ ...exchange(rulesOf([{}])), [missing]: undefined }), TypeError, missing);
});

t.test('each kind of denial has its code, and what is secret stays in the log', async (t) => {
  const asked = facts(`GET ${EXEC}`);
  const text = (decision: Exclude<Decision, { kind: 'allowed' }>) =>
    errorStatus(denial(decision, asked)).message;
  const lacks = [
    { kind: 'claim', text: 'one thing' },
    { kind: 'reason', text: 'another' },
  ] as const;
  t.match(
    text({ kind: 'denied', rule: 'a', message: 'Do this.' }),
    /the rule "a" of this gate denies it\. Do this\.$/,
  );
  t.match(
    text({ kind: 'denied', rule: '', message: '' }),
    /: no rule of this gate allows it\. Ask the administrator/,
  );
  t.match(
    text({ kind: 'lacking', rule: 'a', lacks, message: '' }),
    /of this gate requires one thing; and another\.$/,
  );
  t.match(
    text({ kind: 'lacking', rule: 'a', lacks, message: 'See x.' }),
    /one thing; and another\. See x\.$/,
  );
  const failed = denial(
    { kind: 'failed', rule: 'a', expression: 'claims.x == 1', error: 'No such key: x' },
    asked,
  );
  t.equal(failed.code, 'RULE_FAILED');
  t.equal(failed.detail, 'claims.x == 1: No such key: x');
  t.notMatch(errorStatus(failed).message, /claims|No such key/);
});
