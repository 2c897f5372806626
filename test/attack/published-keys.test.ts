// S13, S14: what issuers publish and where they say it is. Each issuer here publishes something that must verify nothing, and a token that its key would sign;
// or says that its keys are at a place where nobody may look. What stands at such places counts who comes.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t from 'tap';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { claimsOf, hmacSealed, inputOf, type Keys, makeEc, makeRsa, publish, sealed } from './tokens.ts';
import { openWays, said } from './ways.ts';

const facts = recordFacts('attack-published-keys');
const rsa = makeRsa('k');
const other = makeRsa('k');
const ec = makeEc('k');
const weak = makeRsa('k', 1024);
const secret = Buffer.alloc(32, 7);
const ed = generateKeyPairSync('ed25519');
const exported = (key: KeyObject, more: object) => ({ ...key.export({ format: 'jwk' }), kid: 'k', ...more });
const without = (jwk: Keys['jwk'], ...members: string[]) =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !members.includes(name)));
const [koblitz, p384] = [makeEc('k', 'secp256k1'), makeEc('k', 'P-384')];

type Forge = (input: (alg: string, more?: object) => string) => string;
const byRsa: Forge = (input) => sealed(input('RS256'), rsa);

/** [what it publishes, the keys, a token that they would verify] */
const PUBLISHED: readonly (readonly [what: string, keys: readonly unknown[], forge: Forge])[] = [
  [
    'a shared secret',
    [{ kty: 'oct', k: secret.toString('base64url'), kid: 'k' }],
    (input) => hmacSealed(input('HS256'), secret),
  ],
  [
    'a shared secret that says RS256',
    [{ kty: 'oct', k: secret.toString('base64url'), kid: 'k', alg: 'RS256' }],
    (input) => hmacSealed(input('RS256'), secret),
  ],
  ['RSA of 1024 bits', [without(weak.jwk, 'alg', 'use')], (input) => sealed(input('RS256'), weak)],
  ['RSA with the exponent 1', [{ ...rsa.jwk, e: 'AQ' }], byRsa],
  ['RSA with an even exponent', [{ ...rsa.jwk, e: 'AQAA' }], byRsa],
  ['RSA without a modulus', [without(rsa.jwk, 'n')], byRsa],
  ['RSA with the modulus as a number', [{ ...rsa.jwk, n: 7 }], byRsa],
  ['one id for keys of two types', [rsa.jwk, ec.jwk], byRsa],
  ['one id for a key and a secret', [rsa.jwk, { kty: 'oct', k: 'AAAA', kid: 'k' }], byRsa],
  ['a key for encryption', [{ ...rsa.jwk, use: 'enc' }], byRsa],
  ['a key that may not verify', [{ ...without(rsa.jwk, 'use'), key_ops: ['encrypt', 'wrapKey'] }], byRsa],
  ['key_ops that are a text', [{ ...without(rsa.jwk, 'use'), key_ops: 'verify' }], byRsa],
  ['a key for HS256', [{ ...rsa.jwk, alg: 'HS256' }], byRsa],
  ['a key for none', [{ ...rsa.jwk, alg: 'none' }], byRsa],
  ['a key for RS512', [{ ...rsa.jwk, alg: 'RS512' }], byRsa],
  ['a key for another algorithm of the list', [{ ...rsa.jwk, alg: 'ES256' }], byRsa],
  [
    'a key without alg, and PS256',
    [without(rsa.jwk, 'alg', 'use')],
    (input) => sealed(input('PS256'), rsa, 'pss'),
  ],
  ['its private key', [exported(rsa.privateKey, { alg: 'RS256' })], byRsa],
  [
    'a certificate alone',
    [{ kty: 'RSA', kid: 'k', x5c: ['MIIB'], x5u: 'https://127.0.0.1/x', alg: 'RS256' }],
    byRsa,
  ],
  ['a point that is on no curve', [{ ...ec.jwk, y: ec.jwk['x'] }], (input) => sealed(input('ES256'), ec)],
  ['secp256k1', [{ ...koblitz.jwk, alg: 'ES256' }], (input) => sealed(input('ES256'), koblitz)],
  ['P-384 for ES256', [{ ...p384.jwk, alg: 'ES256' }], (input) => sealed(input('ES256'), p384)],
  [
    'Ed25519, which is not on the list',
    [exported(ed.publicKey, {})],
    (input) => sealed(input('EdDSA'), { privateKey: ed.privateKey }),
  ],
  ['a key id that is a number', [{ ...rsa.jwk, kid: 7 }], (input) => sealed(input('RS256', { kid: 7 }), rsa)],
  [
    'a key id that is a list',
    [{ ...rsa.jwk, kid: ['k'] }],
    (input) => sealed(input('RS256', { kid: ['k'] }), rsa),
  ],
  [
    'a key id of 1 MiB',
    [{ ...rsa.jwk, kid: 'k'.repeat(400_000) }],
    (input) => sealed(input('RS256', { kid: 'k'.repeat(100_000) }), rsa),
  ],
  ['257 keys', [...Array.from({ length: 256 }, (_, i) => ({ ...other.jwk, kid: `o${i}` })), rsa.jwk], byRsa],
  ['keys that are none', [null, 7, 'k', [], [rsa.jwk], { keys: [rsa.jwk] }], byRsa],
  ['an inherited key', [JSON.parse(`{"__proto__":${JSON.stringify(rsa.jwk)}}`)], byRsa],
];

/** The trap: places that tokens and documents may name and nobody may ask. */
let dialled = 0;
const trap = createServer((socket: Socket) => {
  dialled++;
  socket.destroy();
});
trap.listen(0, '127.0.0.1');
await once(trap, 'listening');
const { port } = trap.address() as AddressInfo;
const at = (scheme: string, rest = `127.0.0.1:${port}/keys`) => `${scheme}://${rest}`;
const redirect = (status: number, location: string): Parameters<Issuer['setKeys']>[0] =>
  ((_request: unknown, response: import('node:http').ServerResponse) =>
    void response.writeHead(status, { location }).end()) as Parameters<Issuer['setKeys']>[0];

/** [what its documents say, how] Nobody may be led anywhere by them. */
const DOCUMENTS: readonly (readonly [what: string, lay: (issuer: Issuer) => void])[] = [
  [
    'another issuer',
    (one) => one.setDiscovery({ issuer: 'https://evil.example', jwks_uri: `${one.url}/keys` }),
  ],
  [
    'its issuer with a slash more',
    (one) => one.setDiscovery({ issuer: `${one.url}/`, jwks_uri: `${one.url}/keys` }),
  ],
  ['no issuer', (one) => one.setDiscovery({ jwks_uri: `${one.url}/keys` })],
  ['keys over http', (one) => one.setDiscovery({ issuer: one.url, jwks_uri: at('http') })],
  ['keys over http, in capitals', (one) => one.setDiscovery({ issuer: one.url, jwks_uri: at('HTTP') })],
  ['keys in a file', (one) => one.setDiscovery({ issuer: one.url, jwks_uri: 'file:///etc/passwd' })],
  [
    'keys in the address',
    (one) =>
      one.setDiscovery({
        issuer: one.url,
        jwks_uri: `data:application/json,${JSON.stringify({ keys: [rsa.jwk] })}`,
      }),
  ],
  [
    'keys at a name and password',
    (one) => one.setDiscovery({ issuer: one.url, jwks_uri: at('https', `u:p@127.0.0.1:${port}/keys`) }),
  ],
  ['keys at a list', (one) => one.setDiscovery({ issuer: one.url, jwks_uri: [`${one.url}/keys`] })],
  ['no place of its keys', (one) => one.setDiscovery({ issuer: one.url })],
  ['a list', (one) => one.setDiscovery([{ issuer: one.url, jwks_uri: `${one.url}/keys` }])],
  [
    'more than anybody reads',
    (one) => one.setDiscovery({ issuer: one.url, jwks_uri: `${one.url}/keys`, x: 'x'.repeat(600_000) }),
  ],
  ...[301, 302, 303, 307, 308].flatMap((status): [string, (one: Issuer) => void][] => [
    [`${status} of its discovery`, (one) => one.setDiscovery(redirect(status, at('http')))],
    [`${status} of its keys`, (one) => one.setKeys(redirect(status, at('https')))],
  ]),
];

const publishers = await Promise.all(PUBLISHED.map(() => startIssuer()));
const liars = await Promise.all(DOCUMENTS.map(() => startIssuer()));
const main = await startIssuer();
for (const [i, [, keys]] of PUBLISHED.entries()) publishers[i]?.setKeys({ keys });
for (const [i, [, lay]] of DOCUMENTS.entries()) {
  const liar = liars[i];
  if (liar === undefined) throw new Error('an issuer each');
  publish(liar, rsa.jwk);
  lay(liar);
}
const ground = await startGround(t, {
  issuer: main,
  config: { authentication: { jwt: [main, ...publishers, ...liars].map((issuer) => jwtEntry(issuer)) } },
});
t.teardown(async () => {
  await Promise.all([main, ...publishers, ...liars].map((issuer) => issuer.close()));
  trap.close();
});
const [way] = openWays(t, ground);
const send = (token: string) => way.send(['X-M: keys-refused'], { token });

for (const [i, [what, , forge]] of PUBLISHED.entries())
  await facts.attack('S13', `an issuer publishes ${what}`, async (t) => {
    const issuer = publishers[i] as Issuer;
    const token = forge((alg, more = {}) => inputOf({ alg, kid: 'k', ...more }, claimsOf(issuer)));
    const reply = await ground.reachesNobody(t, 'keys-refused', () => send(token));
    const unusable = what === '257 keys' || what.startsWith('a key id of');
    t.ok(reply.status === 401 || (unusable && reply.status === 503), String(reply.status));
    t.ok(issuer.hits.jwks > 0, 'its keys were read');
  });

for (const [i, [what]] of DOCUMENTS.entries())
  await facts.attack('S14', `an issuer's documents: ${what}`, async (t) => {
    const token = sealed(inputOf({ alg: 'RS256', kid: 'k' }, claimsOf(liars[i] as Issuer)), rsa);
    const reply = await ground.reachesNobody(t, 'keys-refused', () => send(token));
    t.match(said(reply), { status: 503, kind: 'Status', cause: 'AUTHENTICATION_UNAVAILABLE' });
    t.equal(dialled, 0, 'nobody has come to the trap');
  });

await t.test('the trap counts who comes, and a good issuer beside them works', async (t) => {
  const { connect } = await import('node:net');
  await once(connect(port, '127.0.0.1'), 'close');
  t.equal(dialled, 1);
  t.equal((await send(ground.token)).status, 200);
});
