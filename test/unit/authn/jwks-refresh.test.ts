import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { MAX_STALE_MS, REFRESH_INTERVAL_MS } from '../../../src/authn/jwks.ts';
import { FAKE_DISCOVERY_URL, FAKE_ISSUER, FAKE_KEYS_URL, openKeySource } from '../../fakes/authn.ts';

function makeKey(kid: string) {
  return { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid };
}

/** Lets everything that is ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

t.test(
  'keys are refreshed ahead in the background, and the generation changes only when they do',
  async (t) => {
    const { source, fetches, time, documents } = openKeySource([makeKey('first')]);
    await source.ready();
    const { generation } = source.current() ?? {};
    t.same(time.waiting(), [REFRESH_INTERVAL_MS]);
    time.advance(REFRESH_INTERVAL_MS);
    await settle();
    t.equal(fetches(), 2);
    t.equal(source.current()?.generation, generation);
    documents.set(FAKE_KEYS_URL, { keys: [makeKey('second')] });
    time.advance(REFRESH_INTERVAL_MS);
    await settle();
    t.equal(fetches(), 3);
    t.not(source.current()?.generation, generation);
    t.equal(source.fetchedAt(), time.clock.now());
  },
);

t.test('an issuer that is down is asked less and less, and its keys serve on for a day', async (t) => {
  // field-lessons.md P26
  const { source, fetches, time, documents, events } = openKeySource([makeKey('first')]);
  await source.ready();
  const keys = source.current();
  documents.set(FAKE_KEYS_URL, new Error('down'));
  time.advance(REFRESH_INTERVAL_MS);
  await settle();
  t.match(source.lastError(), { message: 'down' });
  t.match(events.at(-1), { issuer: FAKE_ISSUER, outcome: 'failed', cause: { message: 'down' } });
  const delays: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    const [delay = 0] = time.waiting();
    delays.push(delay / 1000);
    time.advance(delay);
    await settle();
  }
  t.same(delays, [1, 2, 4, 8, 16, 32, 60, 60]);
  t.equal(source.current(), keys, 'stale keys serve');
  t.equal(await source.renew(), 'failed');
  const failed = fetches();

  documents.set(FAKE_KEYS_URL, { keys: [makeKey('first')] });
  time.advance(60_000);
  await settle();
  t.equal(fetches(), failed + 1);
  t.equal(source.lastError(), undefined);
  t.same(time.waiting(), [REFRESH_INTERVAL_MS], 'back to the usual pace');

  documents.set(FAKE_DISCOVERY_URL, new Error('down'));
  documents.set(FAKE_KEYS_URL, new Error('down'));
  const { generation } = source.current() ?? {};
  const fetchedAt = source.fetchedAt();
  while (time.clock.now() - fetchedAt < MAX_STALE_MS) {
    time.advance(Math.min(time.waiting()[0] ?? 0, fetchedAt + MAX_STALE_MS - time.clock.now()));
    await settle();
  }
  t.equal(source.current()?.generation, generation, 'to the last moment');
  time.advance(1);
  t.equal(source.current(), undefined, 'and not beyond');
});

t.test('without any keys the issuer is asked at least every ten seconds', async (t) => {
  const { source, time, documents } = openKeySource([makeKey('first')]);
  const keys = documents.get(FAKE_KEYS_URL);
  documents.set(FAKE_KEYS_URL, new Error('down'));
  await source.ready();
  t.equal(source.fetchedAt(), 0);
  for (let i = 0; i < 10; i += 1) {
    const [delay = 0] = time.waiting();
    t.ok(delay <= 10_000, `${delay} ms`);
    time.advance(delay);
    await settle();
  }
  documents.set(FAKE_KEYS_URL, keys);
  time.advance(10_000);
  await settle();
  t.ok(source.current());
});

t.test('a failed fetch of keys reads discovery again', async (t) => {
  const { source, documents } = openKeySource([makeKey('first')]);
  await source.ready();
  documents.delete(FAKE_KEYS_URL);
  documents.set(FAKE_DISCOVERY_URL, { issuer: FAKE_ISSUER, jwks_uri: `${FAKE_ISSUER}/new` });
  documents.set(`${FAKE_ISSUER}/new`, { keys: [makeKey('moved'), makeKey('moved-2')] });
  t.equal(await source.renew(), 'failed');
  t.equal(await source.renew(), 'fetched');
  t.equal(source.current()?.size, 2);
});

t.test('an issuer that lists no key has none: nothing verifies, and nothing stale either', async (t) => {
  const { source, documents } = openKeySource([makeKey('first')]);
  await source.ready();
  documents.set(FAKE_KEYS_URL, { keys: [] });
  t.equal(await source.renew(), 'fetched');
  t.equal(source.current()?.size, 0);
});

t.test('what is no JWKS leaves the keys as they were', async (t) => {
  for (const document of ['<html>', { error: 'x' }, { keys: 'x' }, null]) {
    const { source, documents } = openKeySource([makeKey('first')]);
    await source.ready();
    const keys = source.current();
    documents.set(FAKE_KEYS_URL, document);
    t.equal(await source.renew(), 'failed', JSON.stringify(document));
    t.equal(source.current(), keys);
  }
});
