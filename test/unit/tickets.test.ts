import t from 'tap';
import { holdTicketKeys, rotateTicketKeys, TICKET_KEY_LIFETIME_MS } from '../../src/tickets.ts';
import { makeTime } from '../fakes/time.ts';

// Keys of session tickets: when they change, and who hears of it. What a change means to callers: test/tls/tickets.test.ts.

t.test('a key is in use for an hour, then there is another, again and again', async (t) => {
  const time = makeTime();
  const keys = rotateTicketKeys(time.setTimer);
  const heard: Buffer[] = [];
  keys.follow((next) => heard.push(next));
  const first = keys.current();
  t.equal(first.length, 48, "Node's form");
  t.equal(TICKET_KEY_LIFETIME_MS, 3_600_000);
  time.advance(TICKET_KEY_LIFETIME_MS - 1);
  t.equal(keys.current(), first);
  time.advance(1);
  const second = keys.current();
  time.advance(TICKET_KEY_LIFETIME_MS);
  const third = keys.current();
  t.same(heard, [second, third]);
  t.equal(new Set([first, second, third].map((key) => key.toString('hex'))).size, 3);
  keys.close();
  t.same(time.waiting(), [], 'nothing waits after the end');
});

t.test("no part of a key is another's", async (t) => {
  const time = makeTime();
  const keys = rotateTicketKeys(time.setTimer);
  const parts = new Set<string>();
  for (let i = 0; i < 100; i++) {
    for (const at of [0, 16, 32])
      parts.add(
        keys
          .current()
          .subarray(at, at + 16)
          .toString('hex'),
      );
    time.advance(TICKET_KEY_LIFETIME_MS);
  }
  t.equal(parts.size, 300, 'name, HMAC key and AES key of 100 keys');
  keys.close();
});

t.test('keys of somebody else are held, and handed on when they change', async (t) => {
  const keys = holdTicketKeys(Buffer.alloc(48, 1));
  const heard: Buffer[] = [];
  keys.follow((next) => heard.push(next));
  const next = Buffer.alloc(48, 2);
  keys.take(next);
  t.equal(keys.current(), next);
  t.same(heard, [next]);
});
