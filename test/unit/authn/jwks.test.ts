import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import type { DocumentFetcher } from '../../../src/authn/fetch.ts';
import {
  createKeySource,
  type KeySourceOptions,
  MAX_STALE_MS,
  REFRESH_INTERVAL_MS,
  RENEWAL_BURST,
  RENEWAL_REFILL_MS,
  type RefreshEvent,
} from '../../../src/authn/jwks.ts';
import { makeTime } from '../../fakes/time.ts';

const ISSUER = 'https://issuer.example';
const KEYS_URL = `${ISSUER}/keys`;
const DISCOVERY_URL = `${ISSUER}/.well-known/openid-configuration`;

function makeKey(kid: string) {
  return { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid };
}

/** A key source whose issuer is a table of documents; an Error is thrown. */
function open(options: Partial<KeySourceOptions> = {}) {
  const time = makeTime(1_800_000_000_000);
  const documents = new Map<string, unknown>([
    [DISCOVERY_URL, { issuer: ISSUER, jwks_uri: KEYS_URL }],
    [KEYS_URL, { keys: [makeKey('first')] }],
  ]);
  const asked: string[] = [];
  const events: RefreshEvent[] = [];
  let gate: Promise<void> | undefined;
  const fetcher: DocumentFetcher = {
    async get(url) {
      asked.push(url);
      await gate;
      const document = documents.get(url);
      if (document === undefined || document instanceof Error) throw document ?? new Error('answered 404');
      return document;
    },
    close: async () => {},
  };
  const source = createKeySource(
    { issuer: ISSUER, discoveryURL: '', jwksURL: '', algorithms: new Set(['EdDSA']), ...options },
    {
      fetcher,
      clock: time.clock,
      setTimer: time.setTimer,
      random: () => 0,
      onRefresh: (event) => events.push(event),
    },
  );
  return {
    source,
    time,
    documents,
    asked,
    events,
    fetches: () => asked.filter((url) => url === KEYS_URL).length,
    /** Holds every fetch until the answer is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}

/** Lets everything that is ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

t.test('keys are found by discovery, under the issuer or where the entry says', async (t) => {
  // OpenID Connect Discovery 1.0 §4
  const found = open();
  await found.source.ready();
  t.same(found.asked, [DISCOVERY_URL, KEYS_URL]);
  t.equal(found.source.current()?.size, 1);
  t.equal(found.source.fetchedAt(), found.time.clock.now());
  t.same(found.events, [{ issuer: ISSUER, outcome: 'ok' }]);

  const elsewhere = open({ discoveryURL: 'https://other.example/d' });
  elsewhere.documents.set('https://other.example/d', { issuer: ISSUER, jwks_uri: KEYS_URL });
  await elsewhere.source.renew();
  t.same(elsewhere.asked, ['https://other.example/d', KEYS_URL]);

  const fixed = open({ jwksURL: KEYS_URL });
  await fixed.source.ready();
  t.same(fixed.asked, [KEYS_URL]);
});

t.test('a discovery document that is not the issuer\u2019s own, or points to http, is refused', async (t) => {
  // Discovery 1.0 §4.3; field-lessons.md S14
  const cases: readonly (readonly [name: string, document: unknown])[] = [
    ['another issuer', { issuer: 'https://evil.example', jwks_uri: KEYS_URL }],
    ['a slash more', { issuer: `${ISSUER}/`, jwks_uri: KEYS_URL }],
    ['no issuer', { jwks_uri: KEYS_URL }],
    ['http keys', { issuer: ISSUER, jwks_uri: 'http://issuer.example/keys' }],
    ['file keys', { issuer: ISSUER, jwks_uri: 'file:///etc/keys' }],
    ['keys with user information', { issuer: ISSUER, jwks_uri: 'https://a:b@issuer.example/keys' }],
    ['relative keys', { issuer: ISSUER, jwks_uri: '/keys' }],
    ['no keys', { issuer: ISSUER }],
    ['keys in a list', { issuer: ISSUER, jwks_uri: [KEYS_URL] }],
    ['null', null],
    ['a string', 'x'],
  ];
  for (const [name, document] of cases) {
    const { source, documents, fetches, events } = open();
    documents.set(DISCOVERY_URL, document);
    await source.ready();
    t.equal(source.current(), undefined, name);
    t.equal(fetches(), 0, `${name}: nothing fetched from there`);
    t.match(events, [{ outcome: 'failed' }]);
  }
  for (const bad of ['http://issuer.example/keys', 'keys', 'https://u:p@issuer.example/keys']) {
    t.throws(() => open({ jwksURL: bad }), TypeError, bad);
  }
});

t.test('an unknown key is looked up at once, also right after a refresh', async (t) => {
  // protocol.md §4.5 "Seen on a real kube-apiserver": a library's fixed cool-down refuses good tokens after a rotation
  const { source, documents, fetches, time } = open();
  await source.ready();
  for (let rotation = 1; rotation <= 3; rotation += 1) {
    time.advance(1);
    const before = source.current()?.generation;
    documents.set(KEYS_URL, { keys: [makeKey(`rotated-${rotation}`)] });
    t.equal(await source.renew(), 'fetched');
    t.equal(fetches(), 1 + rotation);
    t.not(source.current()?.generation, before);
  }
});

t.test('repeated misses fetch a bounded number of times', async (t) => {
  // field-lessons.md S14b
  const { source, fetches, time } = open();
  await source.ready();
  const answers = new Map<string, number>();
  for (let second = 0; second < 60; second += 1) {
    for (let i = 0; i < 1000; i += 1) {
      const answer = await source.renew();
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
    time.advance(1000);
  }
  const expected = RENEWAL_BURST + Math.floor(59_000 / RENEWAL_REFILL_MS);
  t.equal(answers.get('fetched'), expected);
  t.equal(fetches(), 1 + expected);
  t.ok(source.current(), 'and the keys are there');
});

t.test('whoever asks while a fetch is under way shares it', async (t) => {
  const { source, fetches, hold } = open();
  await source.ready();
  const release = hold();
  const all = Promise.all(Array.from({ length: 100 }, () => source.renew()));
  release();
  const answers = await all;
  t.equal(fetches(), 2);
  t.equal(answers.filter((answer) => answer === 'fetched').length, 1);
  t.equal(answers.filter((answer) => answer === 'shared').length, 99);
});

t.test(
  'keys are refreshed ahead in the background, and the generation changes only when they do',
  async (t) => {
    const { source, fetches, time, documents } = open();
    await source.ready();
    const { generation } = source.current() ?? {};
    t.same(time.waiting(), [REFRESH_INTERVAL_MS]);
    time.advance(REFRESH_INTERVAL_MS);
    await settle();
    t.equal(fetches(), 2);
    t.equal(source.current()?.generation, generation);
    documents.set(KEYS_URL, { keys: [makeKey('second')] });
    time.advance(REFRESH_INTERVAL_MS);
    await settle();
    t.equal(fetches(), 3);
    t.not(source.current()?.generation, generation);
    t.equal(source.fetchedAt(), time.clock.now());
  },
);

t.test('an issuer that is down is asked less and less, and its keys serve on for a day', async (t) => {
  // field-lessons.md P26
  const { source, fetches, time, documents, events } = open();
  await source.ready();
  const keys = source.current();
  documents.set(KEYS_URL, new Error('down'));
  time.advance(REFRESH_INTERVAL_MS);
  await settle();
  t.match(source.lastError(), { message: 'down' });
  t.match(events.at(-1), { issuer: ISSUER, outcome: 'failed', cause: { message: 'down' } });
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

  documents.set(KEYS_URL, { keys: [makeKey('first')] });
  time.advance(60_000);
  await settle();
  t.equal(fetches(), failed + 1);
  t.equal(source.lastError(), undefined);
  t.same(time.waiting(), [REFRESH_INTERVAL_MS], 'back to the usual pace');

  documents.set(DISCOVERY_URL, new Error('down'));
  documents.set(KEYS_URL, new Error('down'));
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
  const { source, time, documents } = open();
  const keys = documents.get(KEYS_URL);
  documents.set(KEYS_URL, new Error('down'));
  await source.ready();
  t.equal(source.fetchedAt(), 0);
  for (let i = 0; i < 10; i += 1) {
    const [delay = 0] = time.waiting();
    t.ok(delay <= 10_000, `${delay} ms`);
    time.advance(delay);
    await settle();
  }
  documents.set(KEYS_URL, keys);
  time.advance(10_000);
  await settle();
  t.ok(source.current());
});

t.test('a failed fetch of keys reads discovery again', async (t) => {
  const { source, documents } = open();
  await source.ready();
  documents.delete(KEYS_URL);
  documents.set(DISCOVERY_URL, { issuer: ISSUER, jwks_uri: `${ISSUER}/new` });
  documents.set(`${ISSUER}/new`, { keys: [makeKey('moved'), makeKey('moved-2')] });
  t.equal(await source.renew(), 'failed');
  t.equal(await source.renew(), 'fetched');
  t.equal(source.current()?.size, 2);
});

t.test('an issuer that lists no key has none: nothing verifies, and nothing stale either', async (t) => {
  const { source, documents } = open();
  await source.ready();
  documents.set(KEYS_URL, { keys: [] });
  t.equal(await source.renew(), 'fetched');
  t.equal(source.current()?.size, 0);
});

t.test('what is no JWKS leaves the keys as they were', async (t) => {
  for (const document of ['<html>', { error: 'x' }, { keys: 'x' }, null]) {
    const { source, documents } = open();
    await source.ready();
    const keys = source.current();
    documents.set(KEYS_URL, document);
    t.equal(await source.renew(), 'failed', JSON.stringify(document));
    t.equal(source.current(), keys);
  }
});

t.test('a closed source fetches no more and has no timer', async (t) => {
  const { source, time, fetches } = open();
  await source.ready();
  await source.close();
  t.same(time.waiting(), []);
  t.equal(await source.renew(), 'failed');
  t.equal(fetches(), 1);

  const early = open();
  const release = early.hold();
  await early.source.close();
  release();
  await early.source.ready();
  t.same(early.time.waiting(), []);
  t.same(early.events, []);
});
