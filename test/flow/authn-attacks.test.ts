import { createHmac, createPublicKey, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import t, { type Test } from 'tap';
import { type Authentication, createAuthenticator } from '../../src/authn/authenticator.ts';
import { BEARER_SUBPROTOCOL_PREFIX } from '../../src/authn/credentials.ts';
import type { JwtConfig } from '../../src/config/config.ts';
import { craftToken, type Issuer, startIssuer } from '../fakes/issuer.ts';

// The attack tests of field-lessons.md §4 that concern credentials, against a real issuer. Every refusal is also searched for the token.

const CF = 'cf-access-jwt-assertion';
const IAP = 'x-goog-iap-jwt-assertion';

function entryFor(
  issuer: Issuer,
  over: Partial<JwtConfig> & { readonly audiences?: readonly string[] } = {},
): JwtConfig {
  const { audiences = ['postern'], ...rest } = over;
  return {
    issuer: { url: issuer.url, discoveryURL: '', audiences, certificateAuthority: issuer.caPem },
    claimMappings: {
      username: { claim: 'email', prefix: '' },
      groups: { claim: 'groups', prefix: '' },
      uid: { claim: 'sub' },
    },
    requiredClaims: [],
    sourceHeader: 'authorization',
    jwksURL: '',
    signingAlgorithms: ['RS256', 'ES256'],
    systemIdentities: 'Refuse',
    ...rest,
  };
}

interface Gate {
  /** Authenticates flat header lines; checks that no part of a token is in a refusal. */
  ask(
    rawHeaders: readonly string[],
    how?: { isWebSocket?: boolean; peerTrusted?: boolean },
  ): Promise<Authentication>;
  bearer(token: string): Promise<Authentication>;
}

function open(t: Test, ...jwt: readonly JwtConfig[]): Gate {
  const authenticator = createAuthenticator({ jwt });
  t.teardown(() => authenticator.close());
  const ask: Gate['ask'] = async (rawHeaders, { isWebSocket = false, peerTrusted = false } = {}) => {
    const outcome = await authenticator.authenticate({ rawHeaders, isWebSocket, peerTrusted });
    if (outcome.kind === 'rejected') checkSecret(t, rawHeaders, `${outcome.code} ${outcome.detail}`);
    return outcome;
  };
  return { ask, bearer: (token) => ask(['Authorization', `Bearer ${token}`]) };
}

/** No segment of a token that was sent may be in what is logged. */
function checkSecret(t: Test, rawHeaders: readonly string[], logged: string): void {
  const segments = (rawHeaders.join(' ').match(/[\w-]{12,}\.[\w.-]+/g) ?? []).flatMap((token) =>
    token.split('.').filter((part) => part !== ''),
  );
  const leaked = segments.filter((segment) => logged.includes(segment));
  if (leaked.length > 0) t.fail(`a refusal holds part of a token: ${logged.slice(0, 200)}`);
}

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

function websocket(token: string, ...others: readonly string[]): readonly string[] {
  const element = BEARER_SUBPROTOCOL_PREFIX + Buffer.from(token).toString('base64url');
  return ['Sec-WebSocket-Protocol', [element, ...others].join(', ')];
}

t.test('S12: tokens without a signature, or with one of another kind, are refused', async (t) => {
  const issuer = await start(t);
  const good = await issuer.sign();
  await issuer.sign({}, { alg: 'ES256' });
  const gate = open(t, entryFor(issuer));
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
  const gate = open(t, entryFor(issuer));
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
    t.throws(() => createAuthenticator({ jwt: [entryFor(issuer, { signingAlgorithms })] }), TypeError);
  }
  t.throws(() => createAuthenticator({ jwt: [entryFor(issuer, { audiences: [] })] }), TypeError);
  t.throws(() => createAuthenticator({ jwt: [entryFor(issuer), entryFor(issuer)] }), { message: /jwt\[1\]/ });
});

t.test('S14: a token does not say where its key is', async (t) => {
  const issuer = await start(t);
  const gate = open(t, entryFor(issuer));
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

t.test('S15, S16: one credential, and never nobody', async (t) => {
  const issuer = await start(t);
  const good = await issuer.sign();
  const other = await issuer.sign({ email: 'other@example.com' });
  const gate = open(t, entryFor(issuer), entryFor(issuer, { sourceHeader: CF }));
  const bearer = ['Authorization', `Bearer ${good}`];
  const cases: readonly (readonly [name: string, rawHeaders: readonly string[], code: string])[] = [
    ['good and bad', [...bearer, 'Authorization', 'Bearer bad'], 'CREDENTIALS_CONFLICT'],
    ['bad and good', ['Authorization', 'Bearer bad', ...bearer], 'CREDENTIALS_CONFLICT'],
    ['two in one line', ['Authorization', `Bearer ${good}, Bearer ${other}`], 'CREDENTIALS_MALFORMED'],
    ['Basic', ['Authorization', 'Basic YWRtaW46YWRtaW4='], 'CREDENTIALS_MALFORMED'],
    ['bearer and assertion', [...bearer, CF, other], 'CREDENTIALS_CONFLICT'],
    ['no token', ['Authorization', 'Bearer'], 'CREDENTIALS_MALFORMED'],
    ['empty token', ['Authorization', 'Bearer '], 'CREDENTIALS_MALFORMED'],
    ['null', ['Authorization', 'Bearer null'], 'TOKEN_MALFORMED'],
    ['undefined', ['Authorization', 'Bearer undefined'], 'TOKEN_MALFORMED'],
  ];
  for (const [name, rawHeaders, code] of cases) {
    t.match(await gate.ask(rawHeaders, { peerTrusted: true }), { kind: 'rejected', code }, name);
  }
  t.same(await gate.ask([CF, ''], { peerTrusted: true }), { kind: 'noOpinion' });
  t.same(await gate.ask([]), { kind: 'noOpinion' });
  t.match(
    await gate.ask([...bearer, CF, good], { peerTrusted: true }),
    { kind: 'user', source: 'authorization' },
    'a copy',
  );
  issuer.setDown(true);
  const gateless = open(t, entryFor(issuer));
  t.match(
    await gateless.ask([...bearer, ...bearer]),
    { code: 'CREDENTIALS_CONFLICT' },
    'also while there are no keys',
  );
});

t.test('S17: the bearer subprotocol is verified like a bearer and always taken out', async (t) => {
  const issuer = await start(t);
  const good = await issuer.sign();
  const gate = open(t, entryFor(issuer));
  const ask = (rawHeaders: readonly string[]) => gate.ask(rawHeaders, { isWebSocket: true });
  const v5 = 'v5.channel.k8s.io';
  const user = {
    kind: 'user',
    source: 'subprotocol',
    websocketProtocols: v5,
    user: { username: 'jane@example.com' },
  };
  t.match(await ask(websocket(good, v5)), user);
  t.match(await ask(websocket(good, v5)), user, 'also when it is remembered');
  t.match(await ask([...websocket(good, v5), 'Authorization', `Bearer ${good}`]), {
    ...user,
    source: 'authorization',
  });
  const cases: readonly (readonly [name: string, rawHeaders: readonly string[], code: string])[] = [
    ['bad', websocket('bad', v5), 'TOKEN_MALFORMED'],
    ['bad signature', websocket(`${good.slice(0, -8)}AAAAAAAA`, v5), 'TOKEN_SIGNATURE'],
    ['alone', websocket(good), 'CREDENTIALS_MALFORMED'],
    ['two', [...websocket(good, v5), ...websocket(good)], 'CREDENTIALS_CONFLICT'],
    [
      'padded',
      ['Sec-WebSocket-Protocol', `${BEARER_SUBPROTOCOL_PREFIX}YQ==, ${v5}`],
      'CREDENTIALS_MALFORMED',
    ],
    [
      'and another Authorization',
      [...websocket(good, v5), 'Authorization', 'Bearer x'],
      'CREDENTIALS_CONFLICT',
    ],
  ];
  for (const [name, rawHeaders, code] of cases)
    t.match(await ask(rawHeaders), { kind: 'rejected', code }, name);
  t.same(await gate.ask(websocket(good, v5)), { kind: 'noOpinion' }, 'not on a plain request');
});

t.test('S18: a token is judged only by the entry of its issuer and source', async (t) => {
  const [cloudflare, google, idp] = await Promise.all([start(t), start(t), start(t)]);
  const gate = open(
    t,
    entryFor(idp),
    entryFor(cloudflare, { sourceHeader: CF, audiences: ['cf-app'] }),
    entryFor(google, { sourceHeader: IAP, audiences: ['iap-app'] }),
  );
  const trusted = { peerTrusted: true };
  const cf = await cloudflare.sign({ aud: ['cf-app'] });
  const iap = await google.sign({ aud: 'iap-app' });
  t.match(await gate.ask([CF, cf], trusted), { kind: 'user', source: 'header' });
  t.match(await gate.ask([IAP, iap], trusted), { kind: 'user', source: 'header' });
  const unknown = { kind: 'rejected', code: 'TOKEN_UNKNOWN_ISSUER' };
  t.match(await gate.ask([IAP, cf], trusted), unknown, 'Cf token in the IAP header');
  t.match(await gate.ask([CF, iap], trusted), unknown, 'IAP token in the Cf header');
  t.match(await gate.bearer(iap), unknown, 'IAP token as bearer');
  t.match(await gate.ask([CF, await idp.sign()], trusted), unknown, 'bearer token in an assertion header');
  t.match(await gate.ask(websocket(cf, 'x'), { isWebSocket: true }), unknown, 'Cf token as subprotocol');
  const bearerOf = async (claims: Record<string, unknown>) => gate.bearer(await idp.sign(claims));
  const audience = { kind: 'rejected', code: 'TOKEN_AUDIENCE' };
  t.match(await bearerOf({ aud: 'other-client' }), audience, 'another client of the same IdP');
  t.match(await bearerOf({ aud: undefined }), audience, 'no audience');
  t.match(await bearerOf({ aud: [] }), audience, 'empty audience');
  t.match(
    await bearerOf({ aud: ['postern', 'other'], azp: 'other' }),
    audience,
    'obtained by another client',
  );
  t.match(
    await bearerOf({ aud: 'api://resource', scp: 'read' }),
    audience,
    'an access token for something else',
  );
  t.match(await bearerOf({ iss: cloudflare.url }), { kind: 'rejected' }, "another's issuer, our own key");
  t.match(await bearerOf({ iss: `${idp.url}/` }), unknown, 'a slash more');
  t.match(await bearerOf({ iss: undefined }), unknown, 'no issuer');
  t.match(await bearerOf({ iss: [idp.url] }), unknown, 'a list of issuers');
  const forged = await google.sign({ iss: idp.url, aud: 'postern' });
  t.match(
    await gate.bearer(forged),
    { code: 'TOKEN_SIGNATURE' },
    'signed by one issuer in the name of another',
  );
});

t.test('S18: two entries of one issuer for two sources do not lend each other their audience', async (t) => {
  const issuer = await start(t);
  const gate = open(
    t,
    entryFor(issuer, { audiences: ['cli'] }),
    entryFor(issuer, { sourceHeader: CF, audiences: ['app'], systemIdentities: 'Allow' }),
  );
  const system = await issuer.sign({ aud: 'app', email: 'system:admin' });
  t.match(await gate.ask([CF, system], { peerTrusted: true }), {
    kind: 'user',
    user: { username: 'system:admin' },
  });
  t.match(await gate.bearer(system), { code: 'TOKEN_AUDIENCE' }, 'not from the cache either');
  t.match(await gate.bearer(await issuer.sign({ aud: 'cli', email: 'system:admin' })), {
    code: 'TOKEN_SYSTEM_IDENTITY',
  });
});

t.test('S18b: exp counts in the payload only, and must be there', async (t) => {
  const issuer = await start(t);
  const gate = open(t, entryFor(issuer));
  const exp = Math.floor(Date.now() / 1000) + 300;
  t.match(await gate.bearer(await issuer.sign({}, { expiresIn: null, header: { exp } })), {
    code: 'TOKEN_CLAIMS',
  });
  t.match(await gate.bearer(await issuer.sign({}, { expiresIn: null })), { code: 'TOKEN_CLAIMS' });
  t.match(await gate.bearer(await issuer.sign({}, { expiresIn: -1 })), { code: 'TOKEN_EXPIRED' });
  t.match(await gate.bearer(await issuer.sign({ nbf: exp })), { code: 'TOKEN_NOT_YET_VALID' });
});

t.test('S27: an assertion from a peer that is not trusted is not there', async (t) => {
  const issuer = await start(t);
  const gate = open(t, entryFor(issuer), entryFor(issuer, { sourceHeader: CF }));
  const assertion = await issuer.sign();
  const spoofed = ['X-Forwarded-For', '127.0.0.1', 'Forwarded', 'for=127.0.0.1', CF, assertion];
  t.same(await gate.ask(spoofed), { kind: 'noOpinion' });
  const own = await issuer.sign({ email: 'own@example.com' });
  t.match(await gate.ask([...spoofed, 'Authorization', `Bearer ${own}`]), {
    user: { username: 'own@example.com' },
  });
  t.match(await gate.ask(spoofed, { peerTrusted: true }), { user: { username: 'jane@example.com' } });
});

t.test('S8, S9: who somebody is comes from the signed claims exactly, or not at all', async (t) => {
  const issuer = await start(t);
  const gate = open(t, entryFor(issuer));
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
