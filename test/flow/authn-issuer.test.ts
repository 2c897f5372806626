import t, { type Test } from 'tap';
import { jwtEntry, openAuthenticator } from '../fakes/authn.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';

async function start(t: Test, options: Parameters<typeof startIssuer>[0] = {}): Promise<Issuer> {
  const issuer = await startIssuer(options);
  t.teardown(() => issuer.close());
  return issuer;
}

t.test('a token of every algorithm is a user, and at once when it comes again', async (t) => {
  const issuer = await start(t);
  const tokens = await Promise.all(['RS256', 'ES256', 'EdDSA'].map((alg) => issuer.sign({}, { alg })));
  const gate = openAuthenticator(t, jwtEntry(issuer, { signingAlgorithms: ['RS256', 'ES256', 'EdDSA'] }));
  for (const token of tokens) {
    const first = await gate.bearer(token);
    t.match(first, {
      kind: 'user',
      source: 'authorization',
      user: { username: 'jane@example.com', uid: 'subject-1', groups: ['developers'] },
    });
    const again = gate.bearer(token);
    t.notOk(again instanceof Promise, 'no promise for a known token');
    t.equal(again, first);
  }
  t.equal(gate.counts.verifications, 3);
  t.same(issuer.hits, { discovery: 1, jwks: 1, other: 0 });
  t.match(gate.authenticator.issuers(), [
    { issuer: issuer.url, keysFetchedAt: gate.time.clock.now(), lastError: undefined },
  ]);
});

t.test('expiresAt is exp, in ms, and the end comes while it is cached', async (t) => {
  const issuer = await start(t);
  const gate = openAuthenticator(t, jwtEntry(issuer));
  const exp = Math.floor(gate.time.clock.now() / 1000) + 60;
  const token = await issuer.sign({ exp });
  t.match(await gate.bearer(token), { kind: 'user', expiresAt: exp * 1000 });
  gate.time.advance(exp * 1000 - gate.time.clock.now() - 1);
  t.match(gate.bearer(token), { kind: 'user' });
  gate.time.advance(1);
  t.match(gate.bearer(token), { kind: 'rejected', code: 'TOKEN_EXPIRED', source: 'authorization' });
  t.match(await gate.bearer(token), { kind: 'rejected', code: 'TOKEN_EXPIRED', detail: 'expired 0 s ago' });
});

t.test('a hundred first uses at once verify once, also before there are keys', async (t) => {
  const issuer = await start(t);
  const token = await issuer.sign();
  const gate = openAuthenticator(t, jwtEntry(issuer));
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => gate.bearer(token)));
  t.ok(outcomes.every((outcome) => outcome.kind === 'user'));
  t.equal(gate.counts.verifications, 1);
  t.equal(issuer.hits.jwks, 1);
});

t.test('after a rotation new tokens are good at once, old ones are not', async (t) => {
  // protocol.md §4.5; field-lessons.md P26
  const issuer = await start(t);
  const gate = openAuthenticator(t, jwtEntry(issuer));
  let previous = await issuer.sign();
  t.match(await gate.bearer(previous), { kind: 'user' });
  for (let rotation = 1; rotation <= 4; rotation += 1) {
    await issuer.rotate();
    const token = await issuer.sign();
    t.match(await gate.bearer(token), { kind: 'user' }, `rotation ${rotation}, right after the one before`);
    t.match(await gate.bearer(previous), { code: 'TOKEN_SIGNATURE' }, 'a remembered user goes with his key');
    gate.time.advance(20_000);
    previous = token;
  }
});

t.test('a new key under an old id is found too', async (t) => {
  const issuer = await start(t);
  await issuer.rotate({ kid: 'always' });
  const gate = openAuthenticator(t, jwtEntry(issuer));
  t.match(await gate.bearer(await issuer.sign()), { kind: 'user' });
  await issuer.rotate({ kid: 'always' });
  t.match(await gate.bearer(await issuer.sign()), { kind: 'user' });
});

t.test('a token without a key id is tried with every key', async (t) => {
  const issuer = await start(t);
  const old = await issuer.sign({}, { kid: null });
  await issuer.rotate({ keepOld: true });
  const gate = openAuthenticator(t, jwtEntry(issuer));
  t.match(await gate.bearer(old), { kind: 'user' });
  t.match(await gate.bearer(await issuer.sign({}, { kid: null })), { kind: 'user' });
  await issuer.rotate();
  const newest = await issuer.sign({}, { kid: null });
  t.match(await gate.bearer(newest), { kind: 'user' });
  t.match(await gate.bearer(old), { code: 'TOKEN_SIGNATURE' });
});

t.test('random key ids fetch a bounded number of times, and good tokens still work', async (t) => {
  // field-lessons.md S14b
  const issuer = await start(t);
  const gate = openAuthenticator(t, jwtEntry(issuer));
  const good = await issuer.sign();
  await gate.bearer(good);
  const [header = '', payload, signature] = good.split('.');
  const parsed = JSON.parse(Buffer.from(header, 'base64url').toString());
  const ofKey = (id: string) => {
    const kid = Buffer.from(JSON.stringify({ ...parsed, kid: id })).toString('base64url');
    return gate.bearer(`${kid}.${payload}.${signature}`);
  };
  const outcomes = await Promise.all(Array.from({ length: 1000 }, (_, i) => ofKey(`random-${i}`)));
  // One after the other, too: those of before shared a fetch.
  for (let i = 0; i < 6; i += 1) outcomes.push(await ofKey(`late-${i}`));
  t.ok(outcomes.every((outcome) => outcome.kind === 'rejected' && outcome.code === 'TOKEN_SIGNATURE'));
  t.ok(issuer.hits.jwks <= 6, `${issuer.hits.jwks} fetches`);
  t.match(
    [outcomes[0], outcomes.at(-1)],
    [
      { detail: "signed with none of the issuer's keys" },
      { detail: /; not fetched again, because too many unknown keys were asked for$/ },
    ],
    'and the log tells which was looked up',
  );
  t.match(await gate.bearer(good), { kind: 'user' });
  t.match(await gate.bearer(await issuer.sign({ sub: 'other' })), { kind: 'user' });
  await issuer.rotate();
  gate.time.advance(10_000);
  t.match(
    await gate.bearer(await issuer.sign()),
    { kind: 'user' },
    'and a rotation under attack is noticed within 10 s',
  );
});

t.test('while the issuer is down its keys serve on, and what they cannot judge is unavailable', async (t) => {
  const issuer = await start(t);
  const gate = openAuthenticator(t, jwtEntry(issuer));
  await gate.bearer(await issuer.sign());
  issuer.setDown(true);
  gate.time.advance(60 * 60_000);
  t.match(await gate.bearer(await issuer.sign({ sub: 'new login' }, { expiresIn: 7200 })), { kind: 'user' });
  await issuer.rotate();
  const rotated = await issuer.sign({}, { expiresIn: 7200 });
  t.match(await gate.bearer(rotated), { kind: 'unavailable', source: 'authorization', cause: Error });
  issuer.setDown(false);
  const [retry = 0] = gate.time.waiting();
  gate.time.advance(retry);
  t.match(await gate.bearer(rotated), { kind: 'user' }, 'not remembered as refused');
});

t.test('an issuer that was never up is unavailable, not 401, and is found when it comes', async (t) => {
  const issuer = await start(t);
  issuer.setDown(true);
  const gate = openAuthenticator(t, jwtEntry(issuer));
  const token = await issuer.sign();
  t.match(await gate.bearer(token), { kind: 'unavailable', cause: Error });
  await gate.authenticator.ready();
  t.match(gate.authenticator.issuers(), [{ keysFetchedAt: 0, lastError: Error }]);
  t.match(gate.refreshes[0], { issuer: issuer.url, outcome: 'failed' });
  issuer.setDown(false);
  t.match(await gate.bearer(token), { kind: 'user' });
});
