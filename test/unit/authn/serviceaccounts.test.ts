// Tokens of the cluster's own service accounts: what is asked, what of the answer is believed, and what becomes of the rest
// (authentication.k8s.io/v1 TokenReview; protocol.md §4.6).

import t from 'tap';
import type { ReviewingCluster } from '../../../src/authn/door.ts';
import { BAD_TOKENS, createServiceAccountDoor, REVIEW_AGE_MS } from '../../../src/authn/serviceaccounts.ts';
import { makeTime } from '../../fakes/time.ts';

const NOW = 1_800_000_000_000;
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (claims: object) => `${encode({ alg: 'RS256', kid: 'k' })}.${encode(claims)}.c2ln`;
const TOKEN = tokenOf({ iss: 'https://kubernetes.default.svc', exp: NOW / 1000 + 3600 });
const ACCOUNT = {
  username: 'system:serviceaccount:ci:runner',
  uid: 'u-1',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'],
  extra: {
    'authentication.kubernetes.io/credential-id': ['JTI=x'],
    'authentication.kubernetes.io/pod-name': ['runner-0'],
  },
};
const reviewed = (status: unknown) => ({
  status: 201,
  body: JSON.stringify({ kind: 'TokenReview', status }),
});

function scene(answer: () => { status: number; body: string } | Error, audiences: readonly string[] = []) {
  const time = makeTime(NOW);
  const asked: unknown[] = [];
  const cluster: ReviewingCluster = {
    name: 'prod',
    async review(body) {
      asked.push(JSON.parse(body));
      const said = answer();
      if (said instanceof Error) throw said;
      return said;
    },
  };
  const door = createServiceAccountDoor({ audiences }, time.clock);
  const judge = (token = TOKEN, address = '192.0.2.1') =>
    door.judge(token, { source: 'authorization', address, cluster });
  return { time, asked, door, judge };
}

t.test('a good one is the account in its own groups, until its token ends', async (t) => {
  const { judge, asked } = scene(() => reviewed({ authenticated: true, user: ACCOUNT }));
  const { outcome } = await judge();
  t.match(outcome, {
    kind: 'user',
    user: { username: ACCOUNT.username, uid: 'u-1', groups: ACCOUNT.groups },
    expiresAt: NOW + 3_600_000,
  });
  t.same(
    outcome.kind === 'user' && outcome.user.extra,
    { 'authentication.kubernetes.io/pod-name': ['runner-0'] },
    "without the credential's id",
  );
  t.match(asked, [{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: TOKEN } }]);
});

t.test('a verdict holds for ten seconds', async (t) => {
  const { judge, time } = scene(() => reviewed({ authenticated: true, user: ACCOUNT }));
  const { isCurrent } = await judge();
  t.equal(isCurrent?.(), true);
  time.advance(REVIEW_AGE_MS);
  t.equal(isCurrent?.(), false);
});

t.test('audiences are asked for, and one of them has to come back', async (t) => {
  const good = scene(() => reviewed({ authenticated: true, user: ACCOUNT, audiences: ['b'] }), ['a', 'b']);
  t.match((await good.judge()).outcome, { kind: 'user' });
  t.match(good.asked, [{ spec: { audiences: ['a', 'b'] } }]);
  for (const audiences of [['c'], [], undefined]) {
    const bad = scene(() => reviewed({ authenticated: true, user: ACCOUNT, audiences }), ['a']);
    t.match((await bad.judge()).outcome, { kind: 'rejected', code: 'TOKEN_AUDIENCE' });
  }
});

const strangers = [
  { ...ACCOUNT, username: 'system:admin' },
  { ...ACCOUNT, username: 'system:node:n1' },
  { ...ACCOUNT, username: 'jane' },
  { ...ACCOUNT, username: 'system:serviceaccount:ci' },
  { ...ACCOUNT, username: 'system:serviceaccount:ci:a:b' },
  { ...ACCOUNT, username: '' },
  { ...ACCOUNT, username: 7 },
  {},
];
for (const user of strangers)
  t.test(`nobody but a service account: ${JSON.stringify(user).slice(0, 60)}`, async (t) => {
    const { judge } = scene(() => reviewed({ authenticated: true, user }));
    t.match((await judge()).outcome, { kind: 'rejected', code: 'TOKEN_REFUSED_BY_CLUSTER' });
  });

t.test('groups that no service account has are dropped', async (t) => {
  const groups = [...ACCOUNT.groups, 'system:masters', 'system:serviceaccounts:kube-system'];
  const { judge } = scene(() => reviewed({ authenticated: true, user: { ...ACCOUNT, groups } }));
  t.match((await judge()).outcome, { kind: 'user', user: { groups: ACCOUNT.groups } });
});

t.test('what the cluster does not accept is refused', async (t) => {
  const { judge } = scene(() => reviewed({ authenticated: false, error: 'token expired' }));
  t.match((await judge()).outcome, { kind: 'rejected', code: 'TOKEN_REFUSED_BY_CLUSTER' });
});

const UNASKED = [
  [
    403,
    '{"kind":"Status","message":"User \\"system:postern\\" cannot create"}',
    /with 403 \(User "system:postern" cannot create\): give the gate's user "create" on tokenreviews/,
  ],
  [403, '<html>', /with 403: give the gate's user "create" on tokenreviews/],
  [401, '', /with 401: the API server does not accept the gate's own credential/],
  [500, '{"message":"x"}', /with 500$/],
] as const;
for (const [status, body, cause] of UNASKED)
  t.test(`the log says what to do about a ${status} with ${body}`, async (t) => {
    const { outcome } = await scene(() => ({ status, body })).judge();
    t.equal(outcome.kind, 'unavailable');
    t.match(outcome.kind === 'unavailable' && (outcome.cause as Error).message, cause);
  });

const unclear = [
  ['no answer', () => new Error('connection refused')],
  ['the account may not ask', () => ({ status: 403, body: '{"kind":"Status"}' }), 'TOKEN_REVIEW_GATE_RIGHTS'],
  ['the account is not known', () => ({ status: 401, body: '{"kind":"Status"}' }), 'UPSTREAM_CREDENTIALS'],
  ['an error', () => ({ status: 500, body: '' })],
  ['no JSON', () => ({ status: 200, body: '<html>' })],
  ['another kind', () => ({ status: 200, body: '{"kind":"Status","status":{"authenticated":true}}' })],
  ['no status', () => ({ status: 200, body: '{"kind":"TokenReview"}' })],
] as const;
for (const [name, answer, code] of unclear)
  t.test(`cannot be judged now: ${name}`, async (t) => {
    const { judge } = scene(answer);
    const { outcome, isCurrent } = await judge();
    t.match(outcome, { kind: 'unavailable', code });
    t.equal(isCurrent, undefined, 'and is not remembered');
  });

t.test('an expired token is refused without asking', async (t) => {
  const { judge, asked } = scene(() => reviewed({ authenticated: true, user: ACCOUNT }));
  t.match((await judge(tokenOf({ exp: NOW / 1000 - 1 }))).outcome, {
    kind: 'rejected',
    code: 'TOKEN_EXPIRED',
  });
  t.same(asked, []);
});

t.test('without a cluster nobody is asked', async (t) => {
  const { door } = scene(() => new Error('never'));
  const { outcome } = await door.judge(TOKEN, { source: 'authorization', address: '', cluster: undefined });
  t.match(outcome, { kind: 'rejected', code: 'TOKEN_UNKNOWN_ISSUER' });
});

t.test('a flood of bad tokens asks at a bounded rate; good ones pay nothing', async (t) => {
  let good = true;
  const { judge, asked, time } = scene(() =>
    reviewed(good ? { authenticated: true, user: ACCOUNT } : { authenticated: false }),
  );
  for (let i = 0; i < 500; i++) await judge();
  t.equal(asked.length, 500);
  good = false;
  for (let i = 0; i < 500; i++) await judge();
  t.equal(asked.length, 550, 'a burst of fifty');
  time.advance(1000);
  for (let i = 0; i < 500; i++) await judge();
  t.equal(asked.length, 560, 'and ten a second');
});

t.test("one address's flood is its own; another's first good token is asked about", async (t) => {
  let good = false;
  const { judge, asked } = scene(() =>
    reviewed(good ? { authenticated: true, user: ACCOUNT } : { authenticated: false }),
  );
  for (let i = 0; i < 500; i++) await judge(TOKEN, '192.0.2.1');
  t.equal(asked.length, BAD_TOKENS.each.burst);
  t.match((await judge(TOKEN, '192.0.2.1')).outcome, {
    kind: 'unavailable',
    cause: { message: 'too many bad tokens from this address' },
  });
  good = true;
  t.match((await judge(TOKEN, '192.0.2.2')).outcome, { kind: 'user' });
});

t.test('a flood from many addresses has an end, too', async (t) => {
  const { judge, asked, time } = scene(() => reviewed({ authenticated: false }));
  const flood = async () => {
    for (let i = 0; i < 600; i++) await judge(TOKEN, `10.0.${i >> 8}.${i & 255}`);
  };
  await flood();
  t.equal(asked.length, BAD_TOKENS.all.burst, 'each of them asked once only');
  t.match((await judge(TOKEN, '192.0.2.9')).outcome, {
    kind: 'unavailable',
    cause: { message: 'too many bad tokens from all addresses together' },
  });
  time.advance(1000);
  await flood();
  t.equal(asked.length, BAD_TOKENS.all.burst + 100, 'and a hundred a second');
});
