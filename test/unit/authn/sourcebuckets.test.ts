// Buckets by address: what one does costs that one, all together have an end, and so has the table.

import t from 'tap';
import { createSourceBuckets, sourceOf } from '../../../src/authn/sourcebuckets.ts';
import { makeTime } from '../../fakes/time.ts';

const options = {
  each: { burst: 3, refillMs: 1000 },
  all: { burst: 5, refillMs: 100 },
  maxSources: 4,
};
const scene = () => {
  const time = makeTime(0);
  return { time, buckets: createSourceBuckets(time.clock, options) };
};

t.test('an address that is out is out alone', async (t) => {
  const { buckets, time } = scene();
  t.same(
    [1, 2, 3, 4].map(() => buckets.take('a')),
    ['taken', 'taken', 'taken', 'source'],
  );
  t.equal(buckets.take('b'), 'taken');
  time.advance(1000);
  t.same([buckets.take('a'), buckets.take('a')], ['taken', 'source'], 'one more a second');
});

t.test('together they are out earlier', async (t) => {
  const { buckets, time } = scene();
  t.same(
    ['a', 'a', 'a', 'b', 'b', 'b', 'c'].map((address) => buckets.take(address)),
    ['taken', 'taken', 'taken', 'taken', 'taken', 'all', 'all'],
  );
  time.advance(200);
  t.same(
    [buckets.take('b'), buckets.take('c'), buckets.take('c')],
    ['taken', 'taken', 'all'],
    'what all together refused cost the address nothing',
  );
});

t.test('an address that is out costs the others nothing', async (t) => {
  const { buckets } = scene();
  for (let i = 0; i < 100; i++) buckets.take('a');
  t.same([buckets.take('b'), buckets.take('b'), buckets.take('b')], ['taken', 'taken', 'all']);
});

t.test('what is given back is there again, for the address and for all', async (t) => {
  const { buckets } = scene();
  for (let i = 0; i < 100; i++) {
    t.equal(buckets.take('a'), 'taken');
    buckets.give('a');
  }
});

t.test('the table is bounded: who was quiet for longest begins anew', async (t) => {
  const { buckets, time } = scene();
  for (let i = 0; i < 1000; i++) {
    time.advance(1000);
    buckets.take(`10.0.0.${i}`);
  }
  t.equal(buckets.size, options.maxSources);
  buckets.give('never seen');
  t.equal(buckets.size, options.maxSources);
});

const SOURCES = [
  ['192.0.2.1', '192.0.2.1', 'IPv4 is one host'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', 'IPv6 is one network of 64 bits'],
  ['2001:DB8:0001:2::ffff', '2001:db8:1:2::/64', 'however it is written'],
  ['2001:db8::1', '2001:db8:0:0::/64', 'zeros left out behind'],
  ['::1', '0:0:0:0::/64', 'and before'],
  ['1::', '1:0:0:0::/64', 'and at the end'],
  ['1:2::6:192.0.2.1', '1:2:0:0::/64', 'an IPv4 address at the end is two groups'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64', 'without the zone'],
  ['', '', 'unknown'],
] as const;
for (const [address, source, fact] of SOURCES)
  t.test(`${address || 'no address'}: ${fact}`, async (t) => t.equal(sourceOf(address), source));

t.test('an address that is not known pays into all alone', async (t) => {
  const { buckets } = scene();
  t.same(
    ['', '', '', '', '', ''].map((address) => buckets.take(address)),
    ['taken', 'taken', 'taken', 'taken', 'taken', 'all'],
  );
  t.equal(buckets.size, 0);
  buckets.give('');
  t.equal(buckets.take(''), 'taken');
});
