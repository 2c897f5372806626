import t from 'tap';
import { createStore } from '../../../src/idp/store.ts';

t.test('what was kept is found by id, user code and session', async (t) => {
  const shelf = createStore()('DeviceCode');
  await shelf.upsert('a', { userCode: 'BCDF', uid: 'u' }, 60);
  t.match(await shelf.find('a'), { userCode: 'BCDF' });
  t.match(await shelf.findByUserCode('BCDF'), { uid: 'u' });
  t.match(await shelf.findByUid('u'), { userCode: 'BCDF' });
  t.equal(await shelf.find('b'), undefined);
  t.equal(await shelf.findByUserCode('XXXX'), undefined);
  await shelf.upsert('a', { userCode: 'GHJK' }, 60);
  t.equal(await shelf.findByUserCode('BCDF'), undefined, 'the newer one counts');
  await shelf.destroy('a');
  t.equal(await shelf.find('a'), undefined);
});

t.test('consumed is said, and only of what is there', async (t) => {
  const shelf = createStore()('RefreshToken');
  const payload = { accountId: 'erin' };
  await shelf.upsert('a', payload, 60);
  await shelf.consume('a');
  t.match(await shelf.find('a'), { accountId: 'erin', consumed: true });
  t.same(payload, { accountId: 'erin' }, 'not in what was given');
  await shelf.consume('b');
  t.equal(await shelf.find('b'), undefined);
});

t.test('a grant that is revoked takes its tokens along, and no others', async (t) => {
  const shelf = createStore()('AccessToken');
  await shelf.upsert('a', { grantId: 'g' }, 60);
  await shelf.upsert('b', { grantId: 'g' }, 60);
  await shelf.upsert('c', { grantId: 'h' }, 60);
  await shelf.revokeByGrantId('g');
  t.same(
    [await shelf.find('a'), await shelf.find('b'), await shelf.find('c')],
    [undefined, undefined, { grantId: 'h' }],
  );
});

t.test('kinds and stores know nothing of each other, but a kind is one place', async (t) => {
  const store = createStore();
  await store('Session').upsert('a', { uid: 'u' }, 60);
  t.equal(await store('Grant').find('a'), undefined);
  t.equal(await createStore()('Session').find('a'), undefined);
  t.match(await store('Session').find('a'), { uid: 'u' });
});

t.test('it holds a thousand of a kind, those in use before those that are not', async (t) => {
  const store = createStore();
  const shelf = store('AccessToken');
  await store('Session').upsert('kept', {}, 60);
  for (let i = 0; i < 1000; i++) await shelf.upsert(`token-${i}`, {}, 60);
  t.ok(await shelf.find('token-0'));
  await shelf.upsert('one more', {}, 60);
  t.ok(await shelf.find('token-0'), 'used a moment ago');
  t.equal(await shelf.find('token-1'), undefined);
  t.ok(await store('Session').find('kept'));
});
