import t from 'tap';
import { createVerdictCache, MAX_AGE_MS, REFUSAL_AGE_MS, type Verdict } from '../../../src/authn/cache.ts';
import { NO_EVIDENCE, type Outcome } from '../../../src/authn/outcome.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';
import { makeTime } from '../../fakes/time.ts';

const HOUR_MS = 3_600_000;

function open(maxEntries?: number) {
  const time = makeTime(1_800_000_000_000);
  const cache = createVerdictCache({
    clock: time.clock,
    ...(maxEntries === undefined ? {} : { maxEntries }),
  });
  const user: Outcome = {
    kind: 'user',
    user: freezeUserInfo({ username: 'jane' }),
    evidence: NO_EVIDENCE,
    expiresAt: time.clock.now() + HOUR_MS,
    source: 'authorization',
  };
  const rejected: Outcome = {
    kind: 'rejected',
    code: 'TOKEN_SIGNATURE',
    detail: 'd',
    source: 'authorization',
  };
  return { time, cache, user, rejected };
}

const always = () => true;

function verdict(outcome: Outcome, isCurrent: (() => boolean) | undefined = always): () => Promise<Verdict> {
  return async () => ({ outcome, isCurrent });
}

t.test('a key tells source and token apart, and no process has the same', async (t) => {
  const { cache } = open();
  t.equal(cache.keyOf('a', 'token'), cache.keyOf('a', 'token'));
  const keys = [
    ['a', 'token'],
    ['b', 'token'],
    ['a', 'token2'],
    ['at', 'oken'],
    ['', 'atoken'],
    ['a5:t', 'oken'],
  ].map(([source = '', token = '']) => cache.keyOf(source, token));
  t.equal(new Set(keys).size, keys.length);
  t.not(cache.keyOf('a', 'token'), open().cache.keyOf('a', 'token'));
  t.notMatch(cache.keyOf('a', 'token'), 'token');
});

t.test('a hundred first uses verify once', async (t) => {
  const { cache, user } = open();
  let verifications = 0;
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, () =>
      cache.verifyOnce('k', async () => {
        verifications += 1;
        return { outcome: user, isCurrent: always };
      }),
    ),
  );
  t.equal(verifications, 1);
  t.ok(outcomes.every((outcome) => outcome === user));
  t.equal(cache.get('k'), user);
});

t.test('a user is remembered until his token ends, MAX_AGE_MS at the most', async (t) => {
  const { cache, user, time } = open();
  await cache.verifyOnce('k', verdict(user));
  time.advance(MAX_AGE_MS - 1);
  t.equal(cache.get('k'), user);
  time.advance(1);
  t.equal(cache.get('k'), undefined);

  const short: Outcome = { ...user, expiresAt: time.clock.now() + 1000 } as Outcome;
  await cache.verifyOnce('s', verdict(short));
  time.advance(999);
  t.equal(cache.get('s'), short);
  time.advance(1);
  t.match(cache.get('s'), { kind: 'rejected', code: 'TOKEN_EXPIRED', source: 'authorization' });
  t.match(await cache.verifyOnce('s', verdict(short)), { code: 'TOKEN_EXPIRED' }, 'nor while it is verified');
});

t.test('nothing is remembered beyond the keys that verified it', async (t) => {
  const { cache, user, rejected } = open();
  let current = true;
  await cache.verifyOnce(
    'u',
    verdict(user, () => current),
  );
  await cache.verifyOnce(
    'r',
    verdict(rejected, () => current),
  );
  t.equal(cache.get('u'), user);
  t.equal(cache.get('r'), rejected);
  current = false;
  t.equal(cache.get('u'), undefined);
  t.equal(cache.get('r'), undefined);
});

t.test('a refusal is remembered briefly, and what may change in a moment is not', async (t) => {
  const { cache, rejected, time } = open();
  await cache.verifyOnce('r', verdict(rejected));
  time.advance(REFUSAL_AGE_MS - 1);
  t.equal(cache.get('r'), rejected);
  time.advance(1);
  t.equal(cache.get('r'), undefined);
  await cache.verifyOnce('p', async () => ({ outcome: rejected, isCurrent: undefined }));
  t.equal(cache.get('p'), undefined);
  await cache.verifyOnce('n', verdict({ kind: 'unavailable', cause: new Error('down'), source: 'header' }));
  t.equal(cache.get('n'), undefined);
});

t.test('who was good is known to have been, until a judgement says otherwise', async (t) => {
  const { cache, user, rejected, time } = open();
  const unavailable: Outcome = { kind: 'unavailable', cause: new Error('down'), source: 'header' };
  t.equal(cache.wasGood('k'), false);
  await cache.verifyOnce('k', verdict(user));
  time.advance(2 * MAX_AGE_MS);
  t.equal(cache.get('k'), undefined);
  t.equal(cache.wasGood('k'), true, 'its verdict is too old');
  await cache.verifyOnce('k', verdict(unavailable));
  t.equal(cache.wasGood('k'), true, 'nobody could tell');
  await cache.verifyOnce('k', verdict(rejected, undefined));
  t.equal(cache.wasGood('k'), false);
  await cache.verifyOnce('k', verdict(user));
  time.advance(HOUR_MS);
  t.match(cache.get('k'), { code: 'TOKEN_EXPIRED' });
  t.equal(cache.wasGood('k'), false, 'it has ended');
  await cache.verifyOnce('k', verdict(user));
  t.equal(cache.wasGood('k'), false, 'it had ended when it was judged');
});

t.test('there is a bound, and strangers cannot push users out', async (t) => {
  const { cache, user, rejected } = open(10);
  for (let i = 0; i < 30; i += 1) await cache.verifyOnce(`u${i}`, verdict(user));
  t.equal(cache.size, 10);
  for (let i = 0; i < 3000; i += 1) await cache.verifyOnce(`r${i}`, verdict(rejected));
  t.equal(cache.size, 10);
  t.equal(cache.get('u29'), user);
  t.equal(cache.get('r0'), undefined);
});

t.test('a verification that throws is thrown to all who wait, and is not remembered', async (t) => {
  const { cache, user } = open();
  const failing = () => Promise.reject(new Error('boom'));
  const both = [cache.verifyOnce('k', failing), cache.verifyOnce('k', failing)];
  for (const one of both) await t.rejects(one, { message: 'boom' });
  t.equal(await cache.verifyOnce('k', verdict(user)), user);
});

t.test('with a clock that was set back nobody is remembered for longer: it is verified anew', async (t) => {
  const { cache, user, rejected, time } = open();
  await cache.verifyOnce('user', verdict(user));
  await cache.verifyOnce('refused', verdict(rejected));
  time.advance(-HOUR_MS);
  t.equal(cache.get('user'), undefined);
  t.equal(cache.get('refused'), undefined);
});

t.test(
  'what nobody comes with any more is let go of when others come, not when there is no room left',
  async (t) => {
    const { time, cache, user } = open();
    let generation = 1;
    const signedWith = (one: number) => () => generation === one;
    const cases: readonly (readonly [name: string, pass: () => void])[] = [
      ['too old', () => time.advance(MAX_AGE_MS)],
      ['of keys that are gone', () => void generation++],
      ['from a time that the clock was set back to', () => time.advance(-1)],
    ];
    for (const [name, pass] of cases) {
      for (let i = 0; i < 3; i += 1)
        await cache.verifyOnce(`${name} ${i}`, verdict(user, signedWith(generation)));
      t.equal(cache.size, 3);
      pass();
      await cache.verifyOnce(`after ${name}`, verdict(user));
      t.equal(cache.size, 1, name);
      time.advance(MAX_AGE_MS);
    }
  },
);
