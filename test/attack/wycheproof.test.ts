// Wycheproof's JSON Web Signature and JSON Web Key vectors against what verifies tokens here: keys as an issuer publishes them go through the key
// source, each vector is a token. Nearly all of them sign no claims, so nobody could enter with one: whether the signature was good shows in the
// verifier's answer, which says so of the payload only behind it.

import { CompactSign, importJWK } from 'jose';
import t from 'tap';
import { selectKeys } from '../../src/authn/keyset.ts';
import { createVerifier } from '../../src/authn/signature.ts';
import { type ParsedToken, parseToken } from '../../src/authn/token.ts';
import type { JwtConfig } from '../../src/config/config.ts';
import { SIGNING_ALGORITHMS } from '../../src/config/formats.ts';
import { FAKE_ISSUER, jwtEntry, openKeySource } from '../fakes/authn.ts';
import { recordFacts } from '../reliability/facts.ts';
import { findVectors, type Group, readGroups, readPublicKeys, type Vector } from './wycheproof.ts';

const ALGORITHMS = new Set(SIGNING_ALGORITHMS);
/** The answer to a good signature over something that is no claims of this issuer. */
const SIGNED = { code: 'TOKEN_MALFORMED', detail: 'what is signed are no claims' };

/** Why a vector that is valid by the RFCs is refused here. Whatever fits none of these has to verify. */
const ON_PURPOSE = {
  sharedSecret: 'HMAC: whoever can verify can also forge (RFC 8725 §3.2), and no issuer publishes its secret',
  otherAlgorithm: "the key is for another algorithm than the token's (RFC 7517 §4.4, RFC 8725 §3.1)",
  noAlgorithm: 'the key names an algorithm that does not exist (ES521 for ES512)',
  encrypted: 'a JWE: nobody who is not an issuer can say who is within',
} as const;

type Counts = Readonly<Record<string, number>>;

/** What each file comes to; another version of the vectors has to be looked at and written down here. */
const FILES: readonly (readonly [file: string, counts: Counts])[] = [
  ['json_web_signature', { sharedSecret: 10, invalid: 355, verified: 32, otherAlgorithm: 2, noAlgorithm: 2 }],
  ['json_web_key', { invalid: 21, sharedSecret: 4, verified: 1 }],
  ['json_web_crypto', { sharedSecret: 2, invalid: 77, verified: 2, encrypted: 2 }],
  ['json_web_encryption', { encrypted: 65, invalid: 74 }],
];

const { add } = recordFacts('attack-wycheproof');
const folder = await findVectors();
const options = folder === undefined ? { skip: 'no go in PATH, which has the vectors' } : {};

for (const [file, counts] of FILES)
  t.test(`${file}: valid ones verify, invalid ones do not`, options, async (t) => {
    const found: Record<string, number> = {};
    for (const group of readGroups(folder ?? '', file)) {
      const verify = verifierOf(group);
      for (const vector of group.tests) {
        const kind = kindOf(group, vector);
        const isGood = await verify(vector);
        found[kind] = (found[kind] ?? 0) + 1;
        if (isGood !== (kind === 'verified'))
          t.fail(`${vector.tcId} ${group.comment} ${vector.comment}: ${kind}, signature good: ${isGood}`);
      }
    }
    t.strictSame(found, counts);
    const tried = Object.values(found).reduce((sum, count) => sum + count, 0);
    add('attacks', [`Wycheproof ${file}`, tried, t.passing() ? tried : 0]);
    for (const [kind, why] of Object.entries(ON_PURPOSE))
      if (kind in found) t.comment(`${found[kind]} refused though valid: ${why}`);
  });

t.test('as tokens of a caller none of them gets as far as a signature', options, async (t) => {
  const read: string[] = [];
  for (const [file] of FILES)
    for (const { tests } of readGroups(folder ?? '', file))
      for (const { tcId, jws, jwe } of tests) {
        const given = jws ?? jwe ?? '';
        const parsed = parseToken(typeof given === 'string' ? given : JSON.stringify(given));
        if (parsed !== undefined) read.push(`${file} ${tcId}`);
      }
  t.strictSame(read, []);
});

t.test(
  'each key that is good lets in whoever it signs for, and its private half is no key',
  options,
  async (t) => {
    const signed: string[] = [];
    for (const [file] of FILES)
      for (const group of readGroups(folder ?? '', file)) {
        const own = group.private?.keys?.[0] ?? group.private;
        if (own === undefined) continue;
        t.equal(
          selectKeys({ keys: [own] }, ALGORITHMS).length,
          0,
          'a private key or a secret that is published',
        );
        const { alg, kid } = own;
        if (group.public === undefined || !SIGNING_ALGORITHMS.includes(String(alg))) continue;
        if (selectKeys({ keys: listed(group) }, ALGORITHMS).length === 0) continue;
        const claims = { iss: FAKE_ISSUER, aud: 'postern', sub: 'jane', exp: 4_000_000_000 };
        const raw = await new CompactSign(Buffer.from(JSON.stringify(claims)))
          .setProtectedHeader({ alg: String(alg), kid: String(kid) })
          .sign(await importJWK({ ...own, key_ops: ['sign'] }, String(alg)));
        const token = parseToken(raw);
        if (token === undefined) throw new Error('our own token');
        t.equal((await verification(group, token)).kind, 'verified', `${file} ${group.comment}`);
        signed.push(String(alg));
      }
    t.strictSame([...new Set(signed)].sort(), [
      'ES256',
      'PS256',
      'PS384',
      'PS512',
      'RS256',
      'RS384',
      'RS512',
    ]);
  },
);

t.test(
  'keys beside the vectors of other files are kept when tokens can be signed with them',
  options,
  async (t) => {
    const kept = new Map<string, boolean>([
      ['ecdsa_secp256r1_sha256_p1363', true],
      ['ecdsa_secp384r1_sha384_p1363', true],
      ['ecdsa_secp521r1_sha512_p1363', true],
      ['ed25519', true],
      ['rsa_pss_2048_sha256_mgf1_32', true],
      ['rsa_pss_3072_sha256_mgf1_32', true],
      ['rsa_pss_4096_sha512_mgf1_64', true],
      // RFC 8812 and Ed448: no algorithm that the configuration can name.
      ['ecdsa_secp256k1_sha256_p1363', false],
      ['ed448', false],
    ]);
    const keys = readPublicKeys(folder ?? '', [...kept.keys()]);
    t.equal(keys.length, 491);
    for (const { name, key } of keys)
      t.equal(selectKeys({ keys: [key] }, ALGORITHMS).length === 1, kept.get(name), `${name} ${key['kid']}`);
  },
);

/** What is to become of a vector: `invalid`, `verified`, or why it is refused though it is valid. */
function kindOf(
  group: Group,
  { result, jws, jwe }: Vector,
): 'verified' | 'invalid' | keyof typeof ON_PURPOSE {
  if (result !== 'valid') {
    if (result !== 'invalid') throw new Error(`a result that is new: ${result}`);
    return 'invalid';
  }
  if (jwe !== undefined) return 'encrypted';
  if (group.public === undefined) return 'sharedSecret';
  const { alg } = listed(group)[0] ?? {};
  if (alg !== undefined && !SIGNING_ALGORITHMS.includes(String(alg))) return 'noAlgorithm';
  return alg === headerOf(String(jws))['alg'] ? 'verified' : 'otherAlgorithm';
}

function headerOf(raw: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(raw.split('.', 1)[0] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

/** What the issuer publishes: a shared secret too, to see that it is never used. */
function listed(group: Group): readonly Readonly<Record<string, unknown>>[] {
  const published = group.public ?? group.private ?? {};
  return published.keys ?? [published];
}

/** Asks of a vector whether its signature is good: the parser that refuses it before (see above) is left out. */
function verifierOf(group: Group): (vector: Vector) => Promise<boolean> {
  return async ({ jws, jwe }) => {
    const given = jws ?? jwe ?? '';
    const raw = typeof given === 'string' ? given : JSON.stringify(given);
    const result = await verification(group, { raw, header: {}, claims: {} });
    if (result.kind !== 'refused') return result.kind === 'verified';
    return result.refusal.detail === SIGNED.detail || result.refusal.code === 'TOKEN_UNKNOWN_ISSUER';
  };
}

async function verification(group: Group, token: ParsedToken) {
  const { source, time } = openKeySource(listed(group), { algorithms: ALGORITHMS });
  await source.ready();
  const result = await createVerifier(entry(), { source, clock: time.clock })(token);
  await source.close();
  return result;
}

function entry(): JwtConfig {
  return {
    ...jwtEntry({ url: FAKE_ISSUER, caPem: '' } as Parameters<typeof jwtEntry>[0]),
    signingAlgorithms: [...SIGNING_ALGORITHMS],
  };
}
