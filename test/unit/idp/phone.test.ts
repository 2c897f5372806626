import t from 'tap';
import { createPhone } from '../../../src/idp/phone.ts';

/** RFC 6238 appendix B, SHA-1, the last six of its eight digits; its secret is the ASCII text 12345678901234567890. */
const CODES = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
] as const;

const makePhone = (time: { nowMs: number }) =>
  createPhone({
    now: () => time.nowMs,
    randomBytes: (size) => Buffer.from('12345678901234567890').subarray(0, size),
  });

for (const [second, code] of CODES)
  t.test(`at ${second} s the code is ${code}`, async (t) => {
    const phone = await makePhone({ nowMs: second * 1000 });
    t.equal(phone.code(), code);
    t.ok(phone.check(code));
    t.ok(phone.check(` ${code.slice(0, 3)} ${code.slice(3)}`), 'as the phone prints it');
  });

t.test('a code is good a step before and after its own, and then no more', async (t) => {
  const time = { nowMs: 1_000_000 * 30_000 };
  const phone = await makePhone(time);
  const code = phone.code();
  const at = (offsetS: number) => {
    time.nowMs = 1_000_000 * 30_000 + offsetS * 1000;
    return phone.check(code);
  };
  t.same([-31, -30, 0, 29.999, 59.999, 60].map(at), [false, true, true, true, true, false]);
});

t.test('the seconds left count from 30 down to 1', async (t) => {
  const time = { nowMs: 0 };
  const phone = await makePhone(time);
  const left = [0, 999, 1000, 29_000, 29_999, 30_000].map((nowMs) => {
    time.nowMs = nowMs;
    return phone.secondsLeft();
  });
  t.same(left, [30, 30, 29, 1, 1, 30]);
});

t.test('nothing but six digits is looked at', async (t) => {
  const phone = await makePhone({ nowMs: 59_000 });
  for (const code of ['', '287083', '28708', '2870820', '0287082', '٢٨٧٠٨٢', '287082a', '-287082'])
    t.notOk(phone.check(code), code);
});

t.test('each phone has a secret of its own', async (t) => {
  const { randomBytes } = await import('node:crypto');
  const codes = await Promise.all(
    Array.from({ length: 8 }, async () => (await createPhone({ now: () => 0, randomBytes })).code()),
  );
  t.ok(new Set(codes).size > 1);
});
