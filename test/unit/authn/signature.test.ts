import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { SignJWT } from 'jose';
import t, { type Test } from 'tap';
import { RENEWAL_BURST } from '../../../src/authn/jwks.ts';
import { createVerifier } from '../../../src/authn/signature.ts';
import { parseToken } from '../../../src/authn/token.ts';
import { FAKE_ISSUER, FAKE_KEYS_URL, jwtEntry, openKeySource } from '../../fakes/authn.ts';

const config = jwtEntry({ url: FAKE_ISSUER, caPem: '' } as Parameters<typeof jwtEntry>[0], {
  signingAlgorithms: ['EdDSA'],
});

async function makeKey(kid: string) {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ed25519');
  return {
    listed: { ...publicKey.export({ format: 'jwk' }), kid },
    async sign(now: number, header: { readonly kid?: string }) {
      const exp = Math.floor(now / 1000) + 300;
      const signing = new SignJWT({ iss: FAKE_ISSUER, aud: 'postern', exp });
      const raw = await signing.setProtectedHeader({ alg: 'EdDSA', ...header }).sign(privateKey);
      const token = parseToken(raw);
      if (token === undefined) throw new Error('no token');
      return token;
    },
  };
}

/** An issuer that has just changed its keys. */
async function start(t: Test, kids: { readonly old: string; readonly fresh: string }) {
  const old = await makeKey(kids.old);
  const fresh = await makeKey(kids.fresh);
  const opened = openKeySource([old.listed]);
  await opened.source.ready();
  t.teardown(() => opened.source.close());
  opened.documents.set(FAKE_KEYS_URL, { keys: [fresh.listed] });
  /** Uses up what may be asked for. */
  const spend = async () => {
    while ((await opened.source.renew()) !== 'limited');
  };
  return { ...opened, fresh, spend };
}

for (const [name, kids, header] of [
  ['of a new id', { old: 'old', fresh: 'fresh' }, { kid: 'fresh' }],
  ['under an old id', { old: 'always', fresh: 'always' }, { kid: 'always' }],
  ['without an id', { old: 'old', fresh: 'fresh' }, {}],
] as const)
  t.test(`a key ${name} that came while its token was checked is not fetched once more`, async (t) => {
    const { source, time, fetches, fresh, spend } = await start(t, kids);
    const before = source.current();
    // With none left to be spent it would be refused, though its key is there.
    await spend();
    t.equal(fetches(), 1 + RENEWAL_BURST);
    let looks = 0;
    const overtaken = { current: () => (looks++ === 0 ? before : source.current()), renew: source.renew };
    const verify = createVerifier(config, { source: overtaken, clock: time.clock });
    t.match(await verify(await fresh.sign(time.clock.now(), header)), { kind: 'verified' });
    t.equal(fetches(), 1 + RENEWAL_BURST);
  });

t.test('an unknown key says whether the issuer was asked for it', async (t) => {
  const { source, time, fetches, fresh, spend } = await start(t, { old: 'old', fresh: 'fresh' });
  const verify = createVerifier(config, { source, clock: time.clock });
  const token = await fresh.sign(time.clock.now(), { kid: 'nobody' });
  t.same(await verify(token), { kind: 'unknownKey', wasAsked: true });
  t.equal(fetches(), 2);
  await spend();
  t.same(await verify(token), { kind: 'unknownKey', wasAsked: false });
});
