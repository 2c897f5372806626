import t from 'tap';
import { createStrangers } from '../../../src/admission/strangers.ts';

// A token bucket an address: ten seconds' worth at once, then so many a second.

function make(rate = 2) {
  const state = { now: 0, rate };
  const strangers = createStrangers(
    () => state.rate,
    () => state.now,
    { turnOf: () => undefined },
  );
  const chargeAll = (address: string, times: number) =>
    Array.from({ length: times }, () => strangers.charge(address)).filter(Boolean).length;
  return { state, strangers, chargeAll };
}

t.test('ten seconds worth at once, then the rate', async (t) => {
  const { state, strangers, chargeAll } = make();
  t.notOk(strangers.isSpent('192.0.2.1'), 'an address that nothing is known of');
  t.equal(chargeAll('192.0.2.1', 100), 20);
  t.ok(strangers.isSpent('192.0.2.1'));
  state.now += 1000;
  t.notOk(strangers.isSpent('192.0.2.1'));
  t.equal(chargeAll('192.0.2.1', 100), 2, 'to ask takes nothing');
});

for (const [one, other, isSame] of [
  ['192.0.2.1', '192.0.2.2', false],
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
] as const)
  t.test(`${one} and ${other} are ${isSame ? 'one' : 'two'}`, async (t) => {
    const { strangers, chargeAll } = make();
    chargeAll(one, 20);
    t.equal(strangers.isSpent(other), isSame);
  });

t.test('0 is no limit, and a reload counts at once', async (t) => {
  const { state, strangers, chargeAll } = make(0);
  t.equal(chargeAll('192.0.2.1', 1000), 1000);
  state.rate = 1;
  t.equal(chargeAll('192.0.2.1', 1000), 10);
  state.rate = 0;
  t.notOk(strangers.isSpent('192.0.2.1'));
});

t.test('the table does not grow without end', async (t) => {
  const { strangers } = make();
  for (let i = 0; i < 20_000; i++) strangers.charge(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  t.equal(strangers.size, 10_000);
});
