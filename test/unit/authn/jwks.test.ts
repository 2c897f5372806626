import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { RENEWAL_BURST, RENEWAL_REFILL_MS } from '../../../src/authn/jwks.ts';
import { FAKE_DISCOVERY_URL, FAKE_ISSUER, FAKE_KEYS_URL, openKeySource } from '../../fakes/authn.ts';

function makeKey(kid: string) {
  return { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid };
}

t.test('keys are found by discovery, under the issuer or where the entry says', async (t) => {
  // OpenID Connect Discovery 1.0 §4
  const found = openKeySource([makeKey('first')]);
  await found.source.ready();
  t.same(found.asked, [FAKE_DISCOVERY_URL, FAKE_KEYS_URL]);
  t.equal(found.source.current()?.size, 1);
  t.equal(found.source.fetchedAt(), found.time.clock.now());
  t.same(found.events, [{ issuer: FAKE_ISSUER, outcome: 'ok' }]);

  const elsewhere = openKeySource([makeKey('first')], { discoveryURL: 'https://other.example/d' });
  elsewhere.documents.set('https://other.example/d', { issuer: FAKE_ISSUER, jwks_uri: FAKE_KEYS_URL });
  await elsewhere.source.renew();
  t.same(elsewhere.asked, ['https://other.example/d', FAKE_KEYS_URL]);

  const fixed = openKeySource([makeKey('first')], { jwksURL: FAKE_KEYS_URL });
  await fixed.source.ready();
  t.same(fixed.asked, [FAKE_KEYS_URL]);
});

t.test('a discovery document that is not the issuer\u2019s own, or points to http, is refused', async (t) => {
  // Discovery 1.0 §4.3; field-lessons.md S14
  const cases: readonly (readonly [name: string, document: unknown])[] = [
    ['another issuer', { issuer: 'https://evil.example', jwks_uri: FAKE_KEYS_URL }],
    ['a slash more', { issuer: `${FAKE_ISSUER}/`, jwks_uri: FAKE_KEYS_URL }],
    ['no issuer', { jwks_uri: FAKE_KEYS_URL }],
    ['http keys', { issuer: FAKE_ISSUER, jwks_uri: 'http://issuer.example/keys' }],
    ['file keys', { issuer: FAKE_ISSUER, jwks_uri: 'file:///etc/keys' }],
    ['keys with user information', { issuer: FAKE_ISSUER, jwks_uri: 'https://a:b@issuer.example/keys' }],
    ['relative keys', { issuer: FAKE_ISSUER, jwks_uri: '/keys' }],
    ['no keys', { issuer: FAKE_ISSUER }],
    ['keys in a list', { issuer: FAKE_ISSUER, jwks_uri: [FAKE_KEYS_URL] }],
    ['null', null],
    ['a string', 'x'],
  ];
  for (const [name, document] of cases) {
    const { source, documents, fetches, events } = openKeySource([makeKey('first')]);
    documents.set(FAKE_DISCOVERY_URL, document);
    await source.ready();
    t.equal(source.current(), undefined, name);
    t.equal(fetches(), 0, `${name}: nothing fetched from there`);
    t.match(events, [{ outcome: 'failed' }]);
  }
  for (const bad of ['http://issuer.example/keys', 'keys', 'https://u:p@issuer.example/keys']) {
    t.throws(() => openKeySource([makeKey('first')], { jwksURL: bad }), TypeError, bad);
  }
});

t.test('an unknown key is looked up at once, also right after a refresh', async (t) => {
  // protocol.md §4.5 "Seen on a real kube-apiserver": a library's fixed cool-down refuses good tokens after a rotation
  const { source, documents, fetches, time } = openKeySource([makeKey('first')]);
  await source.ready();
  for (let rotation = 1; rotation <= 3; rotation += 1) {
    time.advance(1);
    const before = source.current()?.generation;
    documents.set(FAKE_KEYS_URL, { keys: [makeKey(`rotated-${rotation}`)] });
    t.equal(await source.renew(), 'fetched');
    t.equal(fetches(), 1 + rotation);
    t.not(source.current()?.generation, before);
  }
});

t.test('repeated misses fetch a bounded number of times', async (t) => {
  // field-lessons.md S14b
  const { source, fetches, time } = openKeySource([makeKey('first')]);
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
  const { source, fetches, hold } = openKeySource([makeKey('first')]);
  await source.ready();
  const release = hold();
  const all = Promise.all(Array.from({ length: 100 }, () => source.renew()));
  release();
  const answers = await all;
  t.equal(fetches(), 2);
  t.equal(answers.filter((answer) => answer === 'fetched').length, 1);
  t.equal(answers.filter((answer) => answer === 'shared').length, 99);
});

t.test('a closed source fetches no more and has no timer', async (t) => {
  const { source, time, fetches } = openKeySource([makeKey('first')]);
  await source.ready();
  await source.close();
  t.same(time.waiting(), []);
  t.equal(await source.renew(), 'failed');
  t.equal(fetches(), 1);

  const early = openKeySource([makeKey('first')]);
  const release = early.hold();
  await early.source.close();
  release();
  await early.source.ready();
  t.same(early.time.waiting(), []);
  t.same(early.events, []);
});

t.test(
  'keys are never younger than nothing: with a clock that was set back their age counts from then',
  async (t) => {
    const { source, time } = openKeySource([makeKey('first')]);
    await source.ready();
    time.advance(-3_600_000);
    t.ok(source.current());
    t.equal(source.fetchedAt(), time.clock.now());
  },
);
