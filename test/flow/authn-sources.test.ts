import t, { type Test } from 'tap';
import { BEARER_SUBPROTOCOL_PREFIX } from '../../src/authn/credentials.ts';
import { jwtEntry, openAuthenticator } from '../fakes/authn.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';

// The attack tests of field-lessons.md §4 that concern where a credential comes from and who may judge it, against real issuers.

const CF = 'cf-access-jwt-assertion';
const IAP = 'x-goog-iap-jwt-assertion';

async function start(t: Test): Promise<Issuer> {
  const issuer = await startIssuer();
  t.teardown(() => issuer.close());
  return issuer;
}

function websocket(token: string, ...others: readonly string[]): readonly string[] {
  const element = BEARER_SUBPROTOCOL_PREFIX + Buffer.from(token).toString('base64url');
  return ['Sec-WebSocket-Protocol', [element, ...others].join(', ')];
}

t.test('S15, S16: one credential, and never nobody', async (t) => {
  const issuer = await start(t);
  const good = await issuer.sign();
  const other = await issuer.sign({ email: 'other@example.com' });
  const gate = openAuthenticator(t, jwtEntry(issuer), jwtEntry(issuer, { sourceHeader: CF }));
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
  const gateless = openAuthenticator(t, jwtEntry(issuer));
  t.match(
    await gateless.ask([...bearer, ...bearer]),
    { code: 'CREDENTIALS_CONFLICT' },
    'also while there are no keys',
  );
});

t.test('S17: the bearer subprotocol is verified like a bearer and always taken out', async (t) => {
  const issuer = await start(t);
  const good = await issuer.sign();
  const gate = openAuthenticator(t, jwtEntry(issuer));
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
  const gate = openAuthenticator(
    t,
    jwtEntry(idp),
    jwtEntry(cloudflare, { sourceHeader: CF, audiences: ['cf-app'] }),
    jwtEntry(google, { sourceHeader: IAP, audiences: ['iap-app'] }),
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
  const gate = openAuthenticator(
    t,
    jwtEntry(issuer, { audiences: ['cli'] }),
    jwtEntry(issuer, { sourceHeader: CF, audiences: ['app'], systemIdentities: 'Allow' }),
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

t.test('S27: an assertion from a peer that is not trusted is not there', async (t) => {
  const issuer = await start(t);
  const gate = openAuthenticator(t, jwtEntry(issuer), jwtEntry(issuer, { sourceHeader: CF }));
  const assertion = await issuer.sign();
  const spoofed = ['X-Forwarded-For', '127.0.0.1', 'Forwarded', 'for=127.0.0.1', CF, assertion];
  t.same(await gate.ask(spoofed), { kind: 'noOpinion' });
  const own = await issuer.sign({ email: 'own@example.com' });
  t.match(await gate.ask([...spoofed, 'Authorization', `Bearer ${own}`]), {
    user: { username: 'own@example.com' },
  });
  t.match(await gate.ask(spoofed, { peerTrusted: true }), { user: { username: 'jane@example.com' } });
});
