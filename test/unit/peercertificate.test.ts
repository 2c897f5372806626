import t from 'tap';
import { holdClientAuthorities } from '../../src/peercertificate.ts';

// By which authorities a handshake that ends now was judged: one that began before a change may end after it.
t.test('after a change nothing is certain until every handshake from before has ended', async (t) => {
  let now = 0;
  const authorities = holdClientAuthorities('one', 15_000, () => now);
  t.equal(authorities.inForce(), 'one');
  authorities.change('one');
  t.equal(authorities.inForce(), 'one', 'the same again is no change');
  now = 1000;
  authorities.change('two');
  t.equal(authorities.inForce(), '');
  now = 15_999;
  t.equal(authorities.inForce(), '');
  now = 16_000;
  t.equal(authorities.inForce(), 'two');
  now = 17_000;
  authorities.change('three');
  now = 20_000;
  authorities.change('two');
  now = 34_999;
  t.equal(authorities.inForce(), '', 'and back again: the last change counts');
  now = 35_000;
  t.equal(authorities.inForce(), 'two');
});
