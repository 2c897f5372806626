import t from 'tap';
import { padded, unpadded } from '../fakes/vendors.ts';
import { openPresets } from './presets.ts';

// What is special about a load balancer’s assertions: their padding, and keys that are fetched by their id (field-lessons.md §4, S18b).

t.test('S18b: a load balancer’s padding is under the signature', async (t) => {
  const { ask, vendors, time } = openPresets(t);
  const { amazon } = vendors;
  // Names of different lengths, so that each part ends in no, one and two characters of padding.
  for (const name of ['a', 'ab', 'abc', 'abcd']) {
    const token = amazon.sign({ header: { client: name }, claims: { name } });
    t.match(await ask([amazon.header, token]), { kind: 'user' }, token.replaceAll(/[^=.]+/g, 'x'));
    if (token.includes('='))
      t.match(
        await ask([amazon.header, token.replaceAll('=', '')]),
        { kind: 'rejected', code: 'TOKEN_SIGNATURE' },
        'stripped, it is another text than was signed',
      );
  }
  t.match(
    await ask([amazon.header, amazon.signAs({}, unpadded)]),
    { kind: 'user' },
    'without, as AWS announced',
  );
  t.match(
    await ask([amazon.header, amazon.signAs({}, (text) => `${padded(text)}=`)]),
    { kind: 'rejected' },
    'padding that pads nothing',
  );
  t.match(
    await ask([amazon.header, amazon.sign({ claims: { exp: undefined, iss: undefined } })]),
    { kind: 'user', expiresAt: Math.floor(time.clock.now() / 1000) * 1000 + 120_000 },
    'end and issuer in the header alone, as the page has it',
  );
});

t.test('a load balancer’s key is fetched once, and its absence is no refusal', async (t) => {
  const { ask, vendors, bring, authenticator } = openPresets(t);
  const elb = () => vendors.asked.filter((url) => url.includes('.elb.'));
  await authenticator.ready();
  t.same(
    authenticator.issuers().filter(({ keysFetchedAt }) => keysFetchedAt === 0),
    [],
    'a gate is ready before the first token came',
  );
  t.same(elb(), []);
  vendors.failure = new Error('no way to AWS');
  t.match(await ask(bring(vendors.amazon)), { kind: 'unavailable', source: 'header' });
  vendors.failure = undefined;
  const name = (client: string) => ask(bring(vendors.amazon, { header: { client } }));
  t.match(await Promise.all([name('a'), name('b'), name('c')]), [
    { kind: 'user' },
    { kind: 'user' },
    { kind: 'user' },
  ]);
  t.equal(elb().length, 2, 'the one that failed, and one for all');
});

t.test('unknown keys are asked for a bounded number of times', async (t) => {
  const { ask, vendors, bring, time } = openPresets(t);
  const kids = Array.from({ length: 20 }, (_, i) => `00000000-0000-0000-0000-${String(i).padStart(12, '0')}`);
  for (const kid of kids) await ask(bring(vendors.amazon, { header: { kid } }));
  t.equal(vendors.asked.filter((url) => url.includes('.elb.')).length, 5);
  time.advance(60_000);
  t.match(await ask(bring(vendors.amazon)), { kind: 'user' });
});
