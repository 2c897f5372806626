import t from 'tap';
import { createAuthenticator } from '../../../src/authn/authenticator.ts';
import { REVIEW_AGE_MS } from '../../../src/authn/serviceaccounts.ts';
import { makeTime } from '../../fakes/time.ts';

// limits.unauthenticatedPerAddress: a credential that is not known is not judged for an address that has used up what it may send; somebody who is
// in already is judged again all the same.

const authenticator = createAuthenticator({ jwt: [], serviceAccounts: { audiences: [] } });
t.teardown(() => authenticator.close());
const NOW = Promise.resolve();
const request = (isSpent: boolean, turn: Promise<void> | undefined = NOW) => ({
  rawHeaders: ['Authorization', 'Bearer rubbish'],
  isWebSocket: false,
  peerTrusted: false,
  peerAddress: '192.0.2.1',
  strangers: {
    isSpent: (address: string) => isSpent && address === '192.0.2.1',
    turnOf: (address: string) => (address === '192.0.2.1' ? turn : NOW),
  },
});

t.test('spent: refused without a look', async (t) => {
  t.match(authenticator.authenticate(request(true)), { kind: 'rejected', code: 'TOO_MANY_UNAUTHENTICATED' });
});

t.test('not spent: judged', async (t) => {
  t.match(await authenticator.authenticate(request(false)), { kind: 'rejected', code: 'TOKEN_MALFORMED' });
});

t.test('again: judged, whatever strangers send', async (t) => {
  t.match(await authenticator.again(request(true)), { kind: 'rejected', code: 'TOKEN_MALFORMED' });
});

t.test('not spent: judged when its turn comes', async (t) => {
  const turn = Promise.withResolvers<void>();
  let is = 'waiting';
  const answer = Promise.resolve(authenticator.authenticate(request(false, turn.promise)));
  const seen = answer.then(() => {
    is = 'judged';
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(is, 'waiting');
  turn.resolve();
  await seen;
  t.match(await answer, { kind: 'rejected', code: 'TOKEN_MALFORMED' });
});

t.test('spent when its turn comes: refused without a look', async (t) => {
  const one = request(false);
  const looks = [false, true];
  one.strangers.isSpent = () => looks.shift() ?? true;
  t.match(await authenticator.authenticate(one), { kind: 'rejected', code: 'TOO_MANY_UNAUTHENTICATED' });
});

t.test('too many wait for their turn: refused without a look', async (t) => {
  const one = request(false);
  t.match(authenticator.authenticate({ ...one, strangers: { ...one.strangers, turnOf: () => undefined } }), {
    kind: 'rejected',
    code: 'TOO_MANY_UNAUTHENTICATED',
  });
});

t.test('again: judged without a turn', async (t) => {
  t.match(await authenticator.again(request(false, new Promise(() => {}))), {
    kind: 'rejected',
    code: 'TOKEN_MALFORMED',
  });
});

t.test(
  'a credential that was good is judged again when its verdict has aged, whatever strangers send',
  async (t) => {
    const time = makeTime(1_800_000_000_000);
    const door = createAuthenticator({ jwt: [], serviceAccounts: { audiences: [] } }, { clock: time.clock });
    t.teardown(() => door.close());
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${encode({ alg: 'RS256' })}.${encode({ iss: 'https://cluster.example' })}.c2ln`;
    let answer: object = { authenticated: true, user: { username: 'system:serviceaccount:ci:runner' } };
    const cluster = {
      name: 'c',
      review: async () => ({ status: 201, body: JSON.stringify({ kind: 'TokenReview', status: answer }) }),
    };
    const come = (isSpent: boolean) => {
      const one = request(isSpent, isSpent ? new Promise(() => {}) : NOW);
      return door.authenticate({ ...one, rawHeaders: ['Authorization', `Bearer ${token}`], cluster });
    };
    const spent = { kind: 'rejected', code: 'TOO_MANY_UNAUTHENTICATED' };
    t.match(await come(true), spent, 'a stranger');
    t.match(await come(false), { kind: 'user' });
    for (let i = 0; i < 3; i += 1) {
      time.advance(REVIEW_AGE_MS);
      t.match(await come(true), { kind: 'user' });
    }
    answer = { authenticated: false };
    time.advance(REVIEW_AGE_MS);
    t.match(await come(true), { kind: 'rejected', code: 'TOKEN_REFUSED_BY_CLUSTER' });
    time.advance(REVIEW_AGE_MS);
    t.match(await come(true), spent, 'a stranger from then on');
  },
);
