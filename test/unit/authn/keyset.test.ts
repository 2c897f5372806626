import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import t from 'tap';
import { MAX_KEYS, selectKeys } from '../../../src/authn/keyset.ts';
import { hasRocaMark } from '../../../src/authn/roca.ts';

const ALGORITHMS = new Set(['RS256', 'ES256', 'EdDSA']);

function jwk(key: KeyObject): Record<string, unknown> {
  return { ...key.export({ format: 'jwk' }) };
}

const rsa = jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);
const weak = jwk(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const k1 = jwk(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey);
const ed = jwk(generateKeyPairSync('ed25519').publicKey);
const x25519 = jwk(generateKeyPairSync('x25519').publicKey);
const p256 = jwk(ec.publicKey);
const oct = { kty: 'oct', k: Buffer.alloc(32).toString('base64url') };

function count(...keys: readonly unknown[]): number {
  return selectKeys({ keys }, ALGORITHMS).length;
}

t.test('only public signature keys of good size and an allowed algorithm are kept', async (t) => {
  // RFC 7517, RFC 7518 §6; field-lessons.md S13
  const cases: readonly (readonly [name: string, key: unknown, kept: boolean])[] = [
    ['RSA 2048 without alg, use or kid', rsa, true],
    ['RSA with alg, use, kid', { ...rsa, alg: 'RS256', use: 'sig', kid: 'a' }, true],
    ['P-256', { ...p256, key_ops: ['verify'] }, true],
    ['Ed25519', { ...ed, alg: 'EdDSA' }, true],
    ['RSA 1024', weak, false],
    ['RSA with exponent 1', { ...rsa, e: 'AQ' }, false],
    ['RSA with an even exponent', { ...rsa, e: 'Ag' }, false],
    ['RSA without modulus', { kty: 'RSA', e: 'AQAB' }, false],
    ['oct', oct, false],
    ['oct that says RS256', { ...oct, alg: 'RS256' }, false],
    ['RSA with a symmetric part', { ...rsa, k: oct.k }, false],
    ['a private key', jwk(ec.privateKey), false],
    ['secp256k1', k1, false],
    ['X25519', x25519, false],
    ['a point off the curve', { ...p256, y: p256['x'] }, false],
    ['for encryption', { ...rsa, use: 'enc' }, false],
    ['for signing only', { ...rsa, key_ops: ['sign'] }, false],
    ['key_ops that is no list', { ...rsa, key_ops: 'verify' }, false],
    ['an algorithm that is not on the list', { ...rsa, alg: 'RS512' }, false],
    ['an HMAC algorithm', { ...rsa, alg: 'HS256' }, false],
    ['an algorithm that is no string', { ...rsa, alg: ['RS256'] }, false],
    ['a kid that is no string', { ...rsa, kid: 7 }, false],
    ['a kid of a megabyte', { ...rsa, kid: 'k'.repeat(1024 * 1024) }, false],
    ['an unknown type', { kty: 'AKP', alg: 'RS256' }, false],
    ['no type', {}, false],
    ['null', null, false],
    ['a list', [], false],
    ['a string', 'key', false],
  ];
  for (const [name, key, kept] of cases) t.equal(count(key), kept ? 1 : 0, name);
});

t.test('a kid that stands for keys of two types stands for none', async (t) => {
  t.equal(count({ ...rsa, kid: 'a' }, { ...p256, kid: 'a' }), 0);
  t.equal(count({ ...rsa, kid: 'a' }, { ...oct, kid: 'a' }), 0);
  t.equal(count({ ...rsa, kid: 'a' }, { ...p256, kid: 'b' }, rsa, p256), 4);
  t.equal(count({ ...rsa, kid: 'a' }, { ...rsa, kid: 'a' }), 2, 'of one type: each is tried');
});

t.test('only what verification needs of a key is kept, in an order of its own', async (t) => {
  const listed = { ...rsa, kid: 'a', x5c: ['MII'], x5u: 'https://evil', x5t: 't', evil: 1 };
  const [kept] = selectKeys({ keys: [listed] }, ALGORITHMS);
  t.same(Object.keys(kept ?? {}).sort(), ['e', 'kid', 'kty', 'n']);
  t.same(selectKeys({ keys: [rsa, p256] }, ALGORITHMS), selectKeys({ keys: [p256, rsa] }, ALGORITHMS));
});

t.test('what is no JWKS document is an error, an empty one is an answer', async (t) => {
  for (const bad of [null, undefined, 'x', 7, [], {}, { keys: {} }, { keys: 'x' }, { keys: null }]) {
    t.throws(() => selectKeys(bad, ALGORITHMS), { message: /no list of keys/ }, JSON.stringify(bad));
  }
  t.throws(() => selectKeys({ keys: new Array(MAX_KEYS + 1).fill(rsa) }, ALGORITHMS), {
    message: /257 keys/,
  });
  t.same(selectKeys({ keys: [] }, ALGORITHMS), []);
});

/** A factor as the chips made them (CVE-2017-15361): k · M + 65537^a mod M, not looked at for being prime. */
function rocaFactor(bits: bigint, k: bigint, a: number): bigint {
  let product = 1n;
  for (let n = 2n; n <= 701n; n++) if (!rangeTo(n).some((d) => n % d === 0n)) product *= n;
  let power = 1n;
  for (let i = 0; i < a; i++) power = (power * 65_537n) % product;
  return ((3n << (bits - 2n)) / product + k) * product + power;
}

function rangeTo(n: bigint): bigint[] {
  return Array.from({ length: Number(n) }, (_, d) => BigInt(d)).filter((d) => d >= 2n);
}

t.test('a key whose private half can be computed is not kept: CVE-2017-15361', async (t) => {
  for (const bits of [1024n, 1200n]) {
    const modulus = rocaFactor(bits, 7n, 1234) * rocaFactor(bits, 9_999n, 777);
    const bytes = Buffer.from(modulus.toString(16).padStart(Number(bits) / 2, '0'), 'hex');
    t.ok(hasRocaMark(bytes));
    t.ok(hasRocaMark(Buffer.concat([Buffer.alloc(1), bytes])), 'with a zero in front');
    t.equal(count({ ...rsa, n: bytes.toString('base64url') }), 0);
    const other = Buffer.from((modulus + 2n).toString(16).padStart(Number(bits) / 2, '0'), 'hex');
    t.equal(count({ ...rsa, n: other.toString('base64url') }), 1, 'its neighbour has no such mark');
  }
});
