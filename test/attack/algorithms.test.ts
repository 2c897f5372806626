// S12: tokens with another algorithm, signature, shape or encoding than a signed JWT of the configured issuer has. All are 401, none reaches the API server,
// whatever the way that they came on, and none costs more than a good one (bad-token-cost.test.ts).

import t from 'tap';
import { startIssuer } from '../fakes/issuer.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';
import { claimsOf, encode, hmacSealed, inputOf, makeEc, makeRsa, publish, sealed } from './tokens.ts';
import { openWays, requestWith, said } from './ways.ts';

const facts = recordFacts('attack-algorithms');
const issuer = await startIssuer();
t.teardown(() => issuer.close());
const rsa = makeRsa('rsa-1');
const ec = makeEc('ec-1');
const foreign = makeRsa('rsa-1');
publish(issuer, rsa.jwk, ec.jwk);
const ground = await startGround(t, { issuer });
const claims = claimsOf(issuer);
const rs256 = { alg: 'RS256', kid: 'rsa-1', typ: 'JWT' };
const es256 = { alg: 'ES256', kid: 'ec-1' };
const good = sealed(inputOf(rs256, { ...claims, email: 'alice@example.com' }), rsa);
const [header = '', payload = '', signature = ''] = good.split('.');
const spki = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }));
const pkcs1 = String(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }));
const n = String(rsa.jwk['n']);
/** The order of P-256's group. */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const P256 = (r: Buffer, s: Buffer) => `${inputOf(es256, claims)}.${encode(Buffer.concat([r, s]))}`;
const word = (value: number) => Buffer.concat([Buffer.alloc(31), Buffer.from([value])]);
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const text = (json: string) => Buffer.from(json);
const claimsText = JSON.stringify(claims);

const secrets: readonly (readonly [string, string | Buffer])[] = [
  ['the public key as PEM', spki],
  ['… without its last line end', spki.trim()],
  ['… with CRLF', spki.replaceAll('\n', '\r\n')],
  ['the public key as PKCS #1', pkcs1],
  ['the public key as DER', rsa.publicKey.export({ type: 'spki', format: 'der' })],
  ['the modulus as text', n],
  ['the modulus', Buffer.from(n, 'base64url')],
  ['the JWK', JSON.stringify(rsa.jwk)],
  ['nothing', ''],
  ['the key id', 'rsa-1'],
  ['the issuer', issuer.url],
];

/** [what, the token] */
const TOKENS: readonly (readonly [what: string, token: string])[] = [
  // Algorithms that sign nothing.
  ...[
    'none',
    'None',
    'nOnE',
    'NONE',
    'none ',
    '',
    'null',
    null,
    0,
    true,
    ['none'],
    ['RS256'],
    { alg: 'RS256' },
    undefined,
  ].flatMap((alg): [string, string][] => [
    [`alg ${JSON.stringify(alg)}, no signature`, `${inputOf({ ...rs256, alg }, claims)}.`],
    [
      `alg ${JSON.stringify(alg)}, a good token's signature`,
      `${inputOf({ ...rs256, alg }, claims)}.${signature}`,
    ],
  ]),
  // Shared secrets.
  ...secrets.flatMap(([what, secret]): [string, string][] =>
    (['HS256', 'HS384', 'HS512'] as const).map((alg) => [
      `${alg} with ${what}`,
      hmacSealed(inputOf({ ...rs256, alg }, claims), secret, `sha${alg.slice(2)}`),
    ]),
  ),
  ['RS256 that is an HMAC', hmacSealed(inputOf(rs256, claims), spki)],
  ['hs256 in small letters', hmacSealed(inputOf({ ...rs256, alg: 'hs256' }, claims), spki)],
  // Other algorithms than those of the list, and others than the key's.
  ['PS256', sealed(inputOf({ ...rs256, alg: 'PS256' }, claims), rsa, 'pss')],
  ['RS256 sealed as PS256', sealed(inputOf(rs256, claims), rsa, 'pss')],
  ...[
    'RS384',
    'RS512',
    'RS1',
    'ES384',
    'ES512',
    'ES256K',
    'EdDSA',
    'Ed25519',
    'rs256',
    'RS256 ',
    ' RS256',
    'RS256\0',
    'RSA-OAEP',
    'dir',
    'PBES2-HS256+A128KW',
    'HS256',
  ].map((alg): [string, string] => [
    `alg ${JSON.stringify(alg)} with RSA`,
    sealed(inputOf({ ...rs256, alg }, claims), rsa),
  ]),
  ['ES256 with the id of the RSA key', sealed(inputOf({ ...rs256, alg: 'ES256' }, claims), rsa)],
  ['ES256 of EC with the id of the RSA key', sealed(inputOf({ ...es256, kid: 'rsa-1' }, claims), ec)],
  ['RS256 with the id of the EC key', sealed(inputOf({ ...rs256, kid: 'ec-1' }, claims), rsa)],
  ["another's key of the same id", sealed(inputOf(rs256, claims), foreign)],
  // Signatures.
  ['no signature', `${inputOf(rs256, claims)}.`],
  ['one byte', `${inputOf(rs256, claims)}.AA`],
  ['zeros', `${inputOf(rs256, claims)}.${encode(Buffer.alloc(256))}`],
  ['ones', `${inputOf(rs256, claims)}.${encode(Buffer.alloc(256, 0xff))}`],
  ['one', `${inputOf(rs256, claims)}.${encode(Buffer.concat([Buffer.alloc(255), Buffer.from([1])]))}`],
  ['the modulus', `${inputOf(rs256, claims)}.${n}`],
  [
    'a byte more',
    `${header}.${payload}.${encode(Buffer.concat([Buffer.from(signature, 'base64url'), Buffer.alloc(1)]))}`,
  ],
  ['a byte less', `${header}.${payload}.${encode(Buffer.from(signature, 'base64url').subarray(0, 255))}`],
  ["a good one's, over another payload", `${header}.${encode(claims)}.${signature}`],
  ["a good one's, over another header", `${encode({ ...rs256, x: 1 })}.${payload}.${signature}`],
  ['200,000 letters of signature', `${inputOf(rs256, claims)}.${'A'.repeat(200_000)}`],
  ['r = s = 0', P256(Buffer.alloc(32), Buffer.alloc(32))],
  ['r = 0', P256(Buffer.alloc(32), word(1))],
  ['s = 0', P256(word(1), Buffer.alloc(32))],
  ['r = s = 1', P256(word(1), word(1))],
  ['r = s = n', P256(ORDER, ORDER)],
  ['r = n, s = 1', P256(ORDER, word(1))],
  ['r = s = 2^256 - 1', P256(Buffer.alloc(32, 0xff), Buffer.alloc(32, 0xff))],
  ['r alone', `${inputOf(es256, claims)}.${encode(Buffer.alloc(32))}`],
  ['65 bytes', `${inputOf(es256, claims)}.${encode(Buffer.alloc(65))}`],
  ['a DER signature', sealed(inputOf(es256, claims), ec, 'der')],
  ['a DER signature of zeros', `${inputOf(es256, claims)}.${encode(Buffer.from('3006020100020100', 'hex'))}`],
  // Numbers of parts, and other serialisations.
  ['one part', encode(claims)],
  ['two parts', `${header}.${payload}`],
  ['four parts', `${good}.${signature}`],
  [
    'five parts: a JWE',
    `${encode({ alg: 'dir', enc: 'A256GCM', kid: 'rsa-1' })}..AAAAAAAAAAAAAAAA.${payload}.AAAAAAAAAAAAAAAAAAAAAA`,
  ],
  [
    'five parts with an encrypted key',
    `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.${payload}.AAAA`,
  ],
  ['a detached payload', `${header}..${signature}`],
  ['no header', `.${payload}.${signature}`],
  ['dots alone', '..'],
  ['a dot before', `.${good}`],
  ['a dot behind', `${good}.`],
  ['1000 dots', '.'.repeat(1000)],
  ['the JSON serialisation, encoded', encode({ payload, protected: header, signature })],
  // What the header may ask for.
  ...(
    [
      ['crit', { crit: ['exp'], exp: 1 }],
      ['crit with nothing', { crit: [] }],
      ['crit that is no list', { crit: 'b64' }],
      ['b64 false', { b64: false, crit: ['b64'] }],
      ['b64 false alone', { b64: false }],
      ['zip', { zip: 'DEF' }],
      ['enc', { enc: 'A256GCM' }],
      ['a typ that is none', { typ: 7 }],
      ['a logout token', { typ: 'logout+jwt' }],
      ['a security event', { typ: 'application/SECEVENT+JWT' }],
      ['p2c', { alg: 'PBES2-HS512+A256KW', p2c: 2_000_000_000, p2s: 'AAAA' }],
    ] as const
  ).map(([what, more]): [string, string] => [what, sealed(inputOf({ ...rs256, ...more }, claims), rsa)]),
  // Encodings.
  ['padding', `${header}.${payload}.${signature}==`],
  ['padding within', `${header}=.${payload}.${signature}`],
  ['the other alphabet', `${header}.${payload}.+/${signature.slice(2)}`],
  ['a letter that is none', `${header}.${payload}.${signature.slice(0, -1)}!`],
  ['a length that no bytes have', `${header}.${payload}.${signature.slice(0, 341)}`],
  ['a header that is no JSON', `${encode('alg=RS256')}.${payload}.${signature}`],
  ['a header that is a list', sealed(inputOf([rs256], claims), rsa)],
  ['a header that is a text', sealed(inputOf('"RS256"', claims), rsa)],
  ['a header that is null', sealed(inputOf('null', claims), rsa)],
  ['a header with a byte order mark', sealed(inputOf(`\ufeff${JSON.stringify(rs256)}`, claims), rsa)],
  ['a header in UTF-16', sealed(inputOf(Buffer.from(JSON.stringify(rs256), 'utf16le'), claims), rsa)],
  ['a header that is not UTF-8', sealed(inputOf(Buffer.from([0x7b, 0xff, 0x7d]), claims), rsa)],
  ['a header with two objects', sealed(inputOf(`${JSON.stringify(rs256)}{}`, claims), rsa)],
  ['a payload that is a list', sealed(inputOf(rs256, [claims]), rsa)],
  ['a payload that is a text', sealed(inputOf(rs256, JSON.stringify(claimsText)), rsa)],
  ['a payload that is null', sealed(inputOf(rs256, 'null'), rsa)],
  ['an empty payload', sealed(inputOf(rs256, ''), rsa)],
  [
    'a payload that is not UTF-8',
    sealed(
      inputOf(rs256, Buffer.concat([text(claimsText.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')])),
      rsa,
    ),
  ],
  ['a payload with a byte order mark', sealed(inputOf(rs256, `\ufeff${claimsText}`), rsa)],
  ['a payload with text behind it', sealed(inputOf(rs256, `${claimsText}x`), rsa)],
  // Names twice, and names of every object.
  ['alg twice, none last', `${inputOf('{"alg":"RS256","kid":"rsa-1","alg":"none"}', claims)}.`],
  [
    'alg twice, none first, no signature',
    `${inputOf('{"alg":"none","alg":"RS256","kid":"rsa-1"}', claims)}.`,
  ],
  ['an inherited alg', `${inputOf('{"__proto__":{"alg":"RS256","kid":"rsa-1"}}', claims)}.${signature}`],
  ['iss twice, ours last', sealed(inputOf(rs256, `{"iss":"https://evil",${claimsText.slice(1)}`), foreign)],
  // Sizes and depths, before any signature.
  ['a header 80,000 deep', `${inputOf(`{"alg":"RS256","x":${deep(80_000)}}`, claims)}.${signature}`],
  ['a payload 80,000 deep', `${inputOf(rs256, `{"x":${deep(80_000)},${claimsText.slice(1)}`)}.${signature}`],
  ['a header of 170 KiB in base64', `${inputOf({ ...rs256, x: 'x'.repeat(130_000) }, claims)}.${signature}`],
  [
    '15,000 names',
    `${inputOf(rs256, `{${Array.from({ length: 15_000 }, (_, i) => `"n${i}":0`)},${claimsText.slice(1)}`)}.${signature}`,
  ],
  ['a token that is longer than any', `${header}.${'A'.repeat(300_000)}.${signature}`],
  // Times.
  ...(
    [
      ['ended', { exp: claims.iat - 1 }],
      ['no end', { exp: undefined }],
      ['an end that is null', { exp: null }],
      ['an end in words', { exp: 'never' }],
      ['an end before 1970', { exp: -1 }],
      ['an end that is a list', { exp: [claims.exp] }],
      ['a beginning that lies ahead', { nbf: claims.exp }],
      ['a beginning in words', { nbf: 'now' }],
    ] as const
  ).map(([what, more]): [string, string] => [what, sealed(inputOf(rs256, { ...claims, ...more }), rsa)]),
  ['an end beyond doubles', sealed(inputOf(rs256, claimsText.replace(/"exp":\d+/, '"exp":1e400')), rsa)],
];

const ways = openWays(t, ground);
for (const way of ways.filter(({ name }) => ['HTTP/1.1', 'WebSocket, token as subprotocol'].includes(name)))
  for (const [what, token] of TOKENS) {
    await facts.attack('S12', `${what} (${way.name})`, async (t) => {
      const reply = await ground.reachesNobody(t, 'bad-token', () => way.send(['X-M: bad-token'], { token }));
      // Of a signed token that says nothing of use, the signature is good: that is 403. Header lines have their own limit.
      t.ok([401, 403].includes(reply.status), `${reply.status}`);
      t.match(said(reply), { kind: 'Status', code: reply.status, cause: /^(TOKEN|CREDENTIALS)_/ });
    });
  }

/** Another letter that decodes to the same bits, of which the last four say nothing: RFC 4648 §3.5 lets a decoder take it, Go's and Node's do. */
function unused(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(letter) ^ 1] ?? '';
}

/** What is unusual and good is exactly who was signed. [what, the token, the name] */
const GOOD: readonly (readonly [what: string, token: string, name: string])[] = [
  ['a good one', good, 'alice@example.com'],
  ['unused bits in the last letter', `${good.slice(0, -1)}${unused(good.slice(-1))}`, 'alice@example.com'],
  ['a good one of EC', sealed(inputOf(es256, claims), ec), 'mallory@example.com'],
  [
    'a name that is there twice: the last counts, as in Go',
    sealed(inputOf(rs256, `{"email":"first@example.com",${claimsText.slice(1)}`), rsa),
    'mallory@example.com',
  ],
  [
    'alg twice',
    sealed(inputOf('{"alg":"none","alg":"RS256","kid":"rsa-1"}', claims), rsa),
    'mallory@example.com',
  ],
  [
    'claims 1,000 deep',
    sealed(inputOf(rs256, `{"x":${deep(1000)},${claimsText.slice(1)}`), rsa),
    'mallory@example.com',
  ],
  [
    'claims 80,000 deep',
    sealed(inputOf(rs256, `{"x":${deep(80_000)},${claimsText.slice(1)}`), rsa),
    'mallory@example.com',
  ],
  [
    'blanks in the JSON',
    sealed(inputOf(` \n${JSON.stringify(rs256)}\t`, `\r\n ${claimsText} `), rsa),
    'mallory@example.com',
  ],
  [
    'escapes in the JSON',
    sealed(inputOf(rs256, claimsText.replace('"email"', '"\\u0065mail"')), rsa),
    'mallory@example.com',
  ],
];
for (const [what, token, name] of GOOD)
  await facts.attack('S12', `${what} is who was signed`, async (t) => {
    const marker = `good-${what.replaceAll(/\W/g, '_')}.`;
    t.equal((await ways[0]?.send([`X-M: ${marker}`], { token }))?.status, 200);
    t.same(valuesIn(requestWith(ground, marker).lines, 'impersonate-user'), [name]);
  });
