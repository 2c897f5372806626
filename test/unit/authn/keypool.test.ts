import t from 'tap';
import type { KeySource } from '../../../src/authn/jwks.ts';
import { createKeyPool } from '../../../src/authn/keypool.ts';

t.test(
  'a source is opened once, shared by its users, and closed when the last has released it',
  async (t) => {
    const pool = createKeyPool();
    let opened = 0;
    let closed = 0;
    const open = () => {
      opened++;
      return { close: async () => void closed++ } as unknown as KeySource;
    };
    const first = pool.acquire('a', open);
    t.equal(pool.acquire('a', open), first, 'the next authenticator gets the same');
    t.not(pool.acquire('b', open), first);
    t.equal(opened, 2);
    await pool.release('a');
    t.equal(closed, 0, 'one user is left');
    await pool.release('a');
    t.equal(closed, 1);
    await pool.release('a');
    t.equal(closed, 1, 'nobody is left to release it');
    t.not(pool.acquire('a', open), first, 'after that it is opened anew');
  },
);
