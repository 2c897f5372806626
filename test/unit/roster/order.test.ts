// Orders as text by key: what is one, and whom it means.
import t from 'tap';
import { isMeant, MAX_REASON_CHARS, type Order, readOrder, writeWish } from '../../../src/roster/order.ts';

const WISH = { ids: [], user: 'ada', cluster: '', kind: undefined, reason: 'why', by: 'eve' };

t.test('what was written is read again', async (t) => {
  t.same(readOrder('o', 7, writeWish(WISH)), { ...WISH, name: 'o', givenAt: 7 });
  const byID = { ...WISH, ids: ['a', 'b'], user: '', cluster: 'prod', kind: 'exec' as const };
  t.same(readOrder('o', 7, writeWish(byID)), { ...byID, name: 'o', givenAt: 7 });
});

const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
  [{}, /either ids or user/],
  [{ ids: ' ' }, /either ids or user/],
  [{ ids: 'a', user: 'ada' }, /either ids or user/],
  [{ user: 'ada', kind: 'shell' }, /kind is none of exec, attach/],
  [{ user: 'ada', users: 'eve' }, /unknown key users/],
];
for (const [fields, problem] of wrong)
  t.test(`${JSON.stringify(fields)} is none`, async (t) => {
    t.match(readOrder('o', 7, fields), problem);
  });

t.test('a reason is cut', async (t) => {
  const order = readOrder('o', 7, { user: 'a', reason: 'x'.repeat(9999) }) as Order;
  t.equal(order.reason.length, MAX_REASON_CHARS);
});

// [what the order says, the session, whether it is meant]
const ADA = { id: 'a-1', user: 'ada', cluster: 'prod', kind: 'exec' as const };
const meant: readonly (readonly [Partial<Order>, typeof ADA, boolean])[] = [
  [{ user: 'ada' }, ADA, true],
  [{ user: 'Ada' }, ADA, false],
  [{ user: 'ad' }, ADA, false],
  [{ user: 'ada', cluster: 'prod' }, ADA, true],
  [{ user: 'ada', cluster: 'dev' }, ADA, false],
  [{ user: 'ada', kind: 'log' }, ADA, false],
  [{ ids: ['x', 'a-1'] }, ADA, true],
  [{ ids: ['a'] }, ADA, false],
  [{ ids: ['a-1'], cluster: 'dev' }, ADA, false],
  [{ user: 'ada' }, { ...ADA, user: '' }, false],
  [{ ids: [] }, { ...ADA, user: '' }, false],
];
for (const [order, entry, expected] of meant)
  t.test(
    `${JSON.stringify(order)} ${expected ? 'means' : 'does not mean'} ${JSON.stringify(entry)}`,
    async (t) => {
      const none = { ...WISH, user: '', name: 'o', givenAt: 0 };
      t.equal(isMeant({ ...none, ...order }, entry), expected);
    },
  );
