import { createHmac, createPublicKey, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import t, { type Test } from 'tap';
import { createAuthenticator } from '../../src/authn/authenticator.ts';
import { jwtEntry, openAuthenticator } from '../fakes/authn.ts';
import { craftToken, type Issuer, startIssuer } from '../fakes/issuer.ts';

// The attack tests of field-lessons.md §4 that concern the token itself, against a real issuer. Every refusal is searched for the token.

async function start(t: Test): Promise<Issuer> {
  const issuer = await startIssuer();
  t.teardown(() => issuer.close());
  return issuer;
}

function claimsFor(issuer: Issuer, over: Record<string, unknown> = {}) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer.url,
    aud: 'postern',
    sub: 's',
    email: 'evil@example.com',
    iat: now,
    exp: now + 300,
    ...over,
  };
}

t.test('S12: tokens without a signature, or with one of another kind, are refused', async (t) => {
  const issuer = await start(t);
  const good = await issuer.sign();
  await issuer.sign({}, { alg: 'ES256' });
  const gate = openAuthenticator(t, jwtEntry(issuer));
  t.match(await gate.bearer(good), { kind: 'user' });
  const [rsa] = await issuer.publicKeys();
  const pem = createPublicKey({ key: { ...rsa }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString();
  const claims = claimsFor(issuer);
  const hmac = (
    secret: string | Buffer,
    header: Record<string, unknown> = { alg: 'HS256', kid: rsa?.kid },
  ) => {
    const input = craftToken(header, claims).slice(0, -1);
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  };
  const [header = '', payload = '', signature = ''] = good.split('.');
  const withHeader = (over: Record<string, unknown>) =>
    `${Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...over })).toString('base64url')}.${payload}.${signature}`;
  const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(Buffer.alloc(32));
  const cases: readonly (readonly [name: string, token: string, code: string])[] = [
    ['alg none', craftToken({ alg: 'none' }, claims), 'TOKEN_ALGORITHM'],
    ['alg None', craftToken({ alg: 'None' }, claims), 'TOKEN_ALGORITHM'],
    ['alg nOnE with a signature', craftToken({ alg: 'nOnE' }, claims, signature), 'TOKEN_ALGORITHM'],
    ['no alg', craftToken({}, claims, signature), 'TOKEN_ALGORITHM'],
    ['HS256 with the public PEM', hmac(pem), 'TOKEN_ALGORITHM'],
    ['HS256 with the public PEM, no newline', hmac(pem.trim()), 'TOKEN_ALGORITHM'],
    ['HS256 with the modulus', hmac(Buffer.from(rsa?.n ?? '', 'base64url')), 'TOKEN_ALGORITHM'],
    ['HS256 that says RS256', hmac(pem, { alg: 'RS256', kid: rsa?.kid }), 'TOKEN_SIGNATURE'],
    ['PS256, which is not on the list', withHeader({ alg: 'PS256' }), 'TOKEN_ALGORITHM'],
    ['RS256 header as ES256 with the RSA kid', withHeader({ alg: 'ES256' }), 'TOKEN_SIGNATURE'],
    ['empty signature', `${header}.${payload}.`, 'TOKEN_SIGNATURE'],
    [
      'another signature',
      `${header}.${payload}.${Buffer.alloc(256, 1).toString('base64url')}`,
      'TOKEN_SIGNATURE',
    ],
    [
      'another payload',
      `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`,
      'TOKEN_SIGNATURE',
    ],
    ['four parts', `${good}.x`, 'TOKEN_MALFORMED'],
    ['two parts', `${header}.${payload}`, 'TOKEN_MALFORMED'],
    ['JWE', jwe, 'TOKEN_MALFORMED'],
    ['crit', withHeader({ crit: ['exp'], exp: 1 }), 'TOKEN_MALFORMED'],
    ['b64 false', withHeader({ b64: false, crit: ['b64'] }), 'TOKEN_MALFORMED'],
    ['b64 false alone', withHeader({ b64: false }), 'TOKEN_MALFORMED'],
    ['zip', withHeader({ zip: 'DEF' }), 'TOKEN_MALFORMED'],
    ['padded', `${header}.${payload}.${signature}==`, 'TOKEN_MALFORMED'],
    ['no JWT at all', 'null', 'TOKEN_MALFORMED'],
  ];
  for (const [name, token, code] of cases) {
    t.match(await gate.bearer(token), { kind: 'rejected', code, source: 'authorization' }, name);
  }
  t.match(
    await gate.bearer(await issuer.sign({}, { alg: 'EdDSA' })),
    { code: 'TOKEN_ALGORITHM' },
    'not on the list',
  );
});

t.test('S13: what the issuer publishes beside good keys verifies nothing', async (t) => {
  const issuer = await start(t);
  const good = await issuer.sign();
  const keys = await issuer.publicKeys();
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const oct = Buffer.alloc(32, 7);
  issuer.setKeys({
    keys: [
      ...keys,
      { ...weak.publicKey.export({ format: 'jwk' }), kid: 'weak' },
      { kty: 'oct', k: oct.toString('base64url'), kid: 'oct' },
    ],
  });
  const gate = openAuthenticator(t, jwtEntry(issuer));
  t.match(await gate.bearer(good), { kind: 'user' });
  const input = craftToken({ alg: 'RS256', kid: 'weak' }, claimsFor(issuer)).slice(0, -1);
  const signature = signBytes('sha256', Buffer.from(input), weak.privateKey).toString('base64url');
  t.match(await gate.bearer(`${input}.${signature}`), { code: 'TOKEN_SIGNATURE' }, '1024 bits');
  const symmetric = craftToken({ alg: 'HS256', kid: 'oct' }, claimsFor(issuer)).slice(0, -1);
  const mac = createHmac('sha256', oct).update(symmetric).digest('base64url');
  t.match(await gate.bearer(`${symmetric}.${mac}`), { code: 'TOKEN_ALGORITHM' }, 'a symmetric key');
});

t.test('S13: the list of algorithms can name no symmetric one and not be empty', async (t) => {
  const issuer = await start(t);
  for (const signingAlgorithms of [['HS256'], ['none'], ['RS256', 'HS512'], ['dir'], []]) {
    t.throws(() => createAuthenticator({ jwt: [jwtEntry(issuer, { signingAlgorithms })] }), TypeError);
  }
  t.throws(() => createAuthenticator({ jwt: [jwtEntry(issuer, { audiences: [] })] }), TypeError);
  t.throws(() => createAuthenticator({ jwt: [jwtEntry(issuer), jwtEntry(issuer)] }), {
    message: /two entries for authorization/,
  });
});

t.test('S14: a token does not say where its key is', async (t) => {
  const issuer = await start(t);
  const gate = openAuthenticator(t, jwtEntry(issuer));
  await gate.bearer(await issuer.sign());
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = own.publicKey.export({ format: 'jwk' });
  for (const header of [
    { jwk },
    { jku: `${issuer.url}/evil.json` },
    { x5u: `${issuer.url}/evil.pem` },
    { x5c: ['MII'] },
    { kid: '../../etc/passwd' },
    { kid: "' OR 1=1" },
    { kid: `${issuer.url}/evil.json`, jku: `${issuer.url}/evil.json`, jwk },
  ]) {
    const input = craftToken({ alg: 'RS256', ...header }, claimsFor(issuer)).slice(0, -1);
    const signature = signBytes('sha256', Buffer.from(input), own.privateKey).toString('base64url');
    t.match(
      await gate.bearer(`${input}.${signature}`),
      { code: 'TOKEN_SIGNATURE' },
      JSON.stringify(header).slice(0, 50),
    );
  }
  for (const kid of [['a'], 'k'.repeat(100_000), 7, null, {}]) {
    t.match(await gate.bearer(craftToken({ alg: 'RS256', kid }, claimsFor(issuer), 'c2ln')), {
      code: 'TOKEN_MALFORMED',
    });
  }
  t.equal(issuer.hits.other, 0, 'nothing else was fetched');
  t.match(
    await gate.bearer(await issuer.sign({}, { header: { jku: 'https://evil', jwk } })),
    { kind: 'user' },
    'ignored',
  );
});

t.test('S18b: exp counts in the payload only, and must be there', async (t) => {
  const issuer = await start(t);
  const gate = openAuthenticator(t, jwtEntry(issuer));
  const exp = Math.floor(Date.now() / 1000) + 300;
  t.match(await gate.bearer(await issuer.sign({}, { expiresIn: null, header: { exp } })), {
    code: 'TOKEN_CLAIMS',
  });
  t.match(await gate.bearer(await issuer.sign({}, { expiresIn: null })), { code: 'TOKEN_CLAIMS' });
  t.match(await gate.bearer(await issuer.sign({}, { expiresIn: -1 })), { code: 'TOKEN_EXPIRED' });
  t.match(await gate.bearer(await issuer.sign({ nbf: exp })), { code: 'TOKEN_NOT_YET_VALID' });
});

t.test('S8, S9: who somebody is comes from the signed claims exactly, or not at all', async (t) => {
  const issuer = await start(t);
  const gate = openAuthenticator(t, jwtEntry(issuer));
  const cases: readonly (readonly [claims: Record<string, unknown>, code: string])[] = [
    [{ email: 'system:admin' }, 'TOKEN_SYSTEM_IDENTITY'],
    [{ groups: ['system:masters'] }, 'TOKEN_SYSTEM_IDENTITY'],
    [{ email: 'a\r\nImpersonate-Group: system:masters' }, 'TOKEN_CLAIMS'],
    [{ email: '' }, 'TOKEN_CLAIMS'],
    [{ email: 'a@b', email_verified: false }, 'TOKEN_CLAIMS'],
    [{ groups: Array.from({ length: 5000 }, (_, i) => `g${i}`) }, 'TOKEN_CLAIMS'],
  ];
  for (const [claims, code] of cases) {
    const token = await issuer.sign(claims);
    t.match(await gate.bearer(token), { kind: 'rejected', code }, JSON.stringify(claims).slice(0, 60));
    t.match(await gate.bearer(token), { kind: 'rejected', code }, 'the same again');
  }
  t.match(
    await gate.bearer(
      await issuer.sign({ email: 'jos\u00e9@x', groups: ['x,system:masters', '', 'x,system:masters'] }),
    ),
    {
      user: { username: 'jos\u00e9@x', groups: ['x,system:masters'] },
    },
  );
});
