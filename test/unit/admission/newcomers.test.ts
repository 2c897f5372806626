import t from 'tap';
import { MAX_NEWCOMERS, Newcomers } from '../../../src/admission/newcomers.ts';
import { Turns, type Waiter } from '../../../src/admission/turns.ts';

// Credentials that are not known: one is judged in a turn of the loop, and addresses take turns, with each other and with busy users.

function make() {
  const due: (() => void)[] = [];
  const turns = new Turns((act) => due.push(act));
  const newcomers = new Newcomers(turns);
  const judged: string[] = [];
  return {
    newcomers,
    turns,
    judged,
    come(address: string, name = address) {
      void newcomers.turnOf(address)?.then(() => judged.push(name));
    },
    /** @returns whether there was a turn to take */
    async turn() {
      const act = due.shift();
      act?.();
      await new Promise((resolve) => setImmediate(resolve));
      return act !== undefined;
    },
  };
}

t.test('one a turn, and none before the first', async (t) => {
  const { come, turn, judged, newcomers } = make();
  for (const name of ['1', '2', '3']) come('192.0.2.1', name);
  t.same(judged, []);
  t.equal(newcomers.waiting, 3);
  await turn();
  t.same(judged, ['1']);
  await turn();
  t.same(judged, ['1', '2']);
  while (await turn());
  t.same(judged, ['1', '2', '3']);
  t.equal(newcomers.waiting, 0);
  t.equal(newcomers.sources, 0, 'nothing is kept of an address');
});

t.test('somebody new does not stand behind the heap of another address', async (t) => {
  const { come, turn, judged } = make();
  for (let i = 0; i < 100; i++) come('192.0.2.1', 'flood');
  come('198.51.100.1', 'somebody');
  await turn();
  await turn();
  t.same(judged, ['flood', 'somebody']);
});

t.test('addresses of one /64 are one', async (t) => {
  const { come, turn, judged } = make();
  for (let i = 0; i < 3; i++) come(`2001:db8::${i}`, 'flood');
  come('198.51.100.1', 'somebody');
  await turn();
  await turn();
  t.same(judged, ['flood', 'somebody']);
});

t.test('a busy user and newcomers take turns', async (t) => {
  const { come, turn, judged, turns } = make();
  const user: Waiter = { next: () => judged.push('user') > 0 };
  turns.wake(user);
  for (let i = 0; i < 2; i++) come('192.0.2.1', 'new');
  for (let i = 0; i < 4; i++) await turn();
  t.same(judged, ['user', 'new', 'user', 'new']);
});

t.test('an address has no more than so many waiting; others do', async (t) => {
  const { newcomers } = make();
  for (let i = 0; i < MAX_NEWCOMERS; i++) void newcomers.turnOf('192.0.2.1');
  t.equal(newcomers.waiting, MAX_NEWCOMERS);
  t.equal(newcomers.turnOf('192.0.2.1'), undefined);
  t.not(newcomers.turnOf('192.0.2.2'), undefined);
});

t.test('an address whose row has emptied may come again', async (t) => {
  const { come, turn, judged } = make();
  come('192.0.2.1', '1');
  while (await turn());
  come('192.0.2.1', '2');
  while (await turn());
  t.same(judged, ['1', '2']);
});
