// Orders at one replica: each is carried out once, also against who was on the way in, and never late.
import t from 'tap';
import type { Exchange } from '../../../src/exchange.ts';
import { createOrders, type Outcome } from '../../../src/presence/orders.ts';
import { ORDER_LIFE_MS, type Order } from '../../../src/roster/order.ts';
import { createStays } from '../../../src/stays.ts';

function setUp() {
  let now = 1_000_000;
  let elapsed = 0;
  const outcomes: Outcome[] = [];
  const stays = createStays();
  const orders = createOrders({
    ...{ stays, now: () => now, elapsed: () => elapsed },
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const ended: string[] = [];
  const exchange = (id: string, user: string, receivedAt: number) =>
    ({ id, user: { username: user }, upstream: { name: 'prod' }, receivedAt }) as unknown as Exchange;
  stays.observe({ onEnter: orders.meet, onLeave: () => {} });
  return {
    ...{ orders, outcomes, ended },
    enter: (id: string, user: string, receivedAt = now) =>
      stays.add(exchange(id, user, receivedAt), (_why, status) =>
        ended.push(`${id} ${JSON.parse(status).message}`),
      ),
    advance: (ms: number) => {
      now += ms;
      elapsed += ms;
    },
    setClock: (byMs: number) => {
      now += byMs;
    },
    order: (more: Partial<Order>): Order => ({
      ...{ name: 'o', givenAt: now, ids: [], user: '', cluster: '', kind: undefined, reason: '', by: '' },
      ...more,
    }),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

t.test('those who are meant end, and it is answered', async (t) => {
  const { orders, enter, ended, order, outcomes } = setUp();
  enter('1', 'ada');
  enter('2', 'bob');
  enter('3', 'ada');
  orders.carryOut(order({ user: 'ada', reason: 'a & b' }));
  t.same(
    ended.map((text) => text.slice(0, 1)),
    ['1', '3'],
  );
  t.match(ended[0], /an administrator of this gate ended it: a &amp; b\.$/);
  t.same(orders.answers(), [{ order: 'o', ended: ['1', '3'], count: 2, problem: '' }]);
  t.match(outcomes, [{ ended: ['1', '3'], problem: '' }]);
});

t.test(
  'the same order comes again after every new beginning of the watch, and is carried out once',
  async (t) => {
    const { orders, enter, ended, order, outcomes } = setUp();
    orders.carryOut(order({ user: 'ada' }));
    enter('1', 'ada', 2_000_000);
    orders.carryOut(order({ user: 'ada' }));
    t.same(ended, []);
    t.equal(outcomes.length, 1);
  },
);

t.test('who was on the way in when it came is met at the door; who came after it is not', async (t) => {
  const { orders, enter, ended, order, advance, turn } = setUp();
  const before = 1_000_000 - 5;
  orders.carryOut(order({ user: 'ada' }));
  advance(50);
  enter('early', 'ada', before);
  enter('late', 'ada');
  enter('other', 'bob', before);
  t.same(ended, [], 'not before the door is done with it');
  await turn();
  t.match(ended, [/^early /]);
});

t.test('an order that is too old is answered so, and ends nobody', async (t) => {
  const { orders, enter, ended, order, outcomes } = setUp();
  enter('1', 'ada');
  orders.carryOut(order({ user: 'ada', givenAt: 1_000_000 - ORDER_LIFE_MS - 1 }));
  t.same(ended, []);
  t.match(orders.answers(), [{ count: 0, problem: /too old by this replica/ }]);
  t.match(outcomes, [{ problem: /too old/ }]);
});

t.test('one that cannot be read is answered so', async (t) => {
  const { orders } = setUp();
  orders.refuse('bad', 'it needs either ids or user');
  t.match(orders.answers(), [{ order: 'bad', problem: /either ids or user/ }]);
});

t.test('answers are forgotten in time', async (t) => {
  const { orders, order, advance } = setUp();
  orders.carryOut(order({ user: 'ada' }));
  advance(2 * ORDER_LIFE_MS);
  t.equal(orders.answers().length, 1);
  advance(1);
  t.equal(orders.answers().length, 0);
});

t.test('an answer names 200 at most, and counts all', async (t) => {
  const { orders, enter, order } = setUp();
  for (let i = 0; i < 300; i++) enter(String(i), 'ada');
  orders.carryOut(order({ user: 'ada' }));
  const [answer] = orders.answers();
  t.equal(answer?.ended.length, 200);
  t.equal(answer?.count, 300);
});

t.test('a clock that is set back by an hour does not make an order stand for longer', async (t) => {
  const { orders, enter, ended, order, advance, setClock, turn } = setUp();
  orders.carryOut(order({ user: 'ada' }));
  setClock(-3_600_000);
  advance(2 * ORDER_LIFE_MS + 1);
  enter('1', 'ada');
  await turn();
  t.same(ended, []);
  t.same(orders.answers(), []);
});
