import t from 'tap';
import { CLOCK_LEEWAY_MS, checkClaims, checkHeader } from '../../../src/authn/rules.ts';
import { describeValue, parseToken } from '../../../src/authn/token.ts';
import { Unreadable } from '../../../src/cel/value.ts';
import { craftToken } from '../../fakes/issuer.ts';

const NOW = 1_800_000_000_000;
const now = NOW / 1000;
const expected = { url: 'https://issuer', audiences: ['postern', 'postern-cli'] };
const good = { iss: 'https://issuer', aud: 'postern', exp: now + 60 };

t.test('the header: an algorithm of the list, nothing critical, a modest key id', async (t) => {
  // RFC 7515 §4.1, RFC 8725 §3.1; field-lessons.md S12, S14
  const cases: readonly (readonly [header: Record<string, unknown>, code: string | undefined])[] = [
    [{ alg: 'RS256' }, undefined],
    [{ alg: 'ES256', kid: 'a', typ: 'JWT' }, undefined],
    [{ alg: 'RS256', typ: 'at+jwt' }, undefined],
    [{ alg: 'RS256', b64: true }, undefined],
    [{ alg: 'RS256', jku: 'https://evil', x5u: 'https://evil', jwk: {}, x5c: [''] }, undefined],
    [{ alg: 'RS256', kid: '../../etc/passwd' }, undefined],
    [{ alg: 'RS256', kid: "' OR 1=1" }, undefined],
    [{}, 'TOKEN_ALGORITHM'],
    [{ alg: 'none' }, 'TOKEN_ALGORITHM'],
    [{ alg: 'None' }, 'TOKEN_ALGORITHM'],
    [{ alg: 'nOnE' }, 'TOKEN_ALGORITHM'],
    [{ alg: '' }, 'TOKEN_ALGORITHM'],
    [{ alg: 'HS256' }, 'TOKEN_ALGORITHM'],
    [{ alg: 'rs256' }, 'TOKEN_ALGORITHM'],
    [{ alg: 'PS256' }, 'TOKEN_ALGORITHM'],
    [{ alg: ['RS256'] }, 'TOKEN_ALGORITHM'],
    [{ alg: 'RS256', crit: ['exp'] }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', crit: [] }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', b64: false }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', zip: 'DEF' }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', enc: 'A128GCM' }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', kid: ['a'] }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', kid: 7 }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', kid: null }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', kid: 'k'.repeat(1024 * 1024) }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', typ: 1 }, 'TOKEN_MALFORMED'],
    [{ alg: 'RS256', typ: 'logout+jwt' }, 'TOKEN_CLAIMS'],
    [{ alg: 'RS256', typ: 'application/SecEvent+JWT' }, 'TOKEN_CLAIMS'],
  ];
  for (const [header, code] of cases) {
    t.equal(
      checkHeader(header, new Set(['RS256', 'ES256']))?.code,
      code,
      JSON.stringify(header).slice(0, 80),
    );
  }
});

t.test('issuer, audience and times', async (t) => {
  // RFC 7519 §4.1, OIDC Core §3.1.3.7; field-lessons.md S18
  const leeway = CLOCK_LEEWAY_MS / 1000;
  const cases: readonly (readonly [claims: Record<string, unknown>, code: string | undefined])[] = [
    [{}, undefined],
    [{ iss: 'https://issuer/' }, 'TOKEN_UNKNOWN_ISSUER'],
    [{ iss: undefined }, 'TOKEN_UNKNOWN_ISSUER'],
    [{ iss: ['https://issuer'] }, 'TOKEN_UNKNOWN_ISSUER'],
    [{ aud: 'postern-cli' }, undefined],
    [{ aud: ['other', 'postern'] }, undefined],
    [{ aud: ['other', 'postern'], azp: 'postern-cli' }, undefined],
    [{ aud: ['postern'], azp: 'other' }, undefined],
    [{ aud: 'postern', azp: 'other' }, undefined],
    [{ aud: ['postern', 'other'], azp: 'other' }, 'TOKEN_AUDIENCE'],
    [{ aud: ['postern', 'other'], azp: ['postern'] }, 'TOKEN_AUDIENCE'],
    [{ aud: 'other' }, 'TOKEN_AUDIENCE'],
    [{ aud: 'Postern' }, 'TOKEN_AUDIENCE'],
    [{ aud: 'postern ' }, 'TOKEN_AUDIENCE'],
    [{ aud: undefined }, 'TOKEN_AUDIENCE'],
    [{ aud: [] }, 'TOKEN_AUDIENCE'],
    [{ aud: ['postern', 1] }, 'TOKEN_AUDIENCE'],
    [{ aud: ['postern', null] }, undefined],
    [{ aud: [null] }, 'TOKEN_AUDIENCE'],
    [{ aud: { postern: true } }, 'TOKEN_AUDIENCE'],
    [{ exp: undefined }, 'TOKEN_CLAIMS'],
    // Times as go-oidc's jsonTime reads them: test/authncases/times.ts has kube-apiserver's own answers.
    [{ exp: String(now + 60) }, undefined],
    [{ exp: String(now - 60) }, 'TOKEN_EXPIRED'],
    [{ exp: `${now + 60} ` }, 'TOKEN_CLAIMS'],
    [{ exp: '' }, 'TOKEN_CLAIMS'],
    [{ exp: null }, 'TOKEN_CLAIMS'],
    [{ exp: Number.POSITIVE_INFINITY }, 'TOKEN_CLAIMS'],
    [{ exp: 2 ** 63 }, 'TOKEN_EXPIRED'],
    [{ exp: now + 1.5 }, undefined],
    [{ exp: now + 0.5 }, 'TOKEN_EXPIRED'],
    [{ exp: now }, 'TOKEN_EXPIRED'],
    [{ exp: now - 1 }, 'TOKEN_EXPIRED'],
    [{ exp: 0 }, 'TOKEN_EXPIRED'],
    [{ nbf: now + leeway }, undefined],
    [{ nbf: now + leeway + 1 }, 'TOKEN_NOT_YET_VALID'],
    [{ nbf: 'now' }, 'TOKEN_CLAIMS'],
    [{ nbf: null }, undefined],
    [{ nbf: String(now + leeway + 1) }, 'TOKEN_NOT_YET_VALID'],
    [{ iat: null }, 'TOKEN_CLAIMS'],
    [{ iat: now + leeway + 1 }, undefined],
    [{ iat: true }, 'TOKEN_CLAIMS'],
  ];
  for (const [claims, code] of cases) {
    t.equal(checkClaims({ ...good, ...claims }, expected, NOW)?.code, code, JSON.stringify(claims));
  }
  t.match(checkClaims({ ...good, exp: now - 90 }, expected, NOW), { detail: 'expired 90 s ago' });
  t.match(checkClaims({ ...good, nbf: now + 90 }, expected, NOW), { detail: /nbf is 90 s ahead/ });
});

t.test('only a compact JWS of two JSON objects is read', async (t) => {
  // RFC 7515 §7.1; field-lessons.md S12, S16
  const token = craftToken({ alg: 'RS256' }, { iss: 'i' }, 'c2ln');
  t.match(parseToken(token), { raw: token, header: { alg: 'RS256' }, claims: { iss: 'i' } });
  t.ok(parseToken(craftToken({ alg: 'none' }, {})), 'an empty signature is refused later');
  const [header = '', payload = ''] = token.split('.');
  const invalidUtf8 = Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url');
  for (const bad of [
    '',
    'null',
    'undefined',
    '.',
    '..',
    '...',
    `${header}.${payload}`,
    `${token}.x`,
    `${token}.x.y`,
    `${header}=.${payload}.x`,
    `${header}.${payload}==.x`,
    `${header} .${payload}.x`,
    `.${payload}.x`,
    `${header}..x`,
    craftToken('"text"', {}),
    craftToken('[]', {}),
    craftToken({}, 'null'),
    craftToken({}, '[]'),
    craftToken({}, '{'),
    `${header}.${invalidUtf8}.x`,
    craftToken({}, `${'['.repeat(100_000)}`),
    craftToken('\ufeff{"alg":"RS256"}', {}),
    craftToken({}, '\ufeff{}'),
  ]) {
    t.equal(parseToken(bad), undefined, bad.slice(0, 60));
  }
});

t.test('a number that no double holds spoils the claim that it is in, and no other', async (t) => {
  // encoding/json refuses it when the claim is read; JSON.parse makes infinity of it.
  const payload = '{"a":1e999,"b":{"c":[1,-1e999]},"d":"x","e":1e308,"__proto__":1e999}';
  const { claims = {} } = parseToken(craftToken({ alg: 'RS256' }, payload)) ?? {};
  t.ok(claims['a'] instanceof Unreadable);
  t.ok(claims['b'] instanceof Unreadable);
  t.match(claims, { d: 'x', e: 1e308 });
  t.ok(Object.getOwnPropertyDescriptor(claims, '__proto__')?.value instanceof Unreadable);
  const deep = `{"a":${'['.repeat(20_000)}1e999${']'.repeat(20_000)}}`;
  t.ok(parseToken(craftToken({ alg: 'RS256' }, deep))?.claims['a'] instanceof Unreadable, 'however deep');
});

t.test('what a caller chose is shown short and printable', async (t) => {
  t.equal(describeValue('a"b'), '"a\\"b"');
  t.equal(describeValue('a\u001b[2J\u2028\u202e\ud800'), '"a?[2J??\ufffd"');
  t.equal(describeValue('x'.repeat(1000)).length, 103);
  t.equal(describeValue(undefined), 'absent');
  t.equal(describeValue(['a']), 'a list of 1');
  t.equal(describeValue(7), 'number');
});

t.test('what go-oidc reads as strings has to be strings, used or not', async (t) => {
  // go-oidc v2.5.0 idToken
  for (const name of ['sub', 'nonce', 'at_hash']) {
    t.equal(checkClaims({ ...good, [name]: 'x' }, expected, NOW), undefined, name);
    t.equal(checkClaims({ ...good, [name]: null }, expected, NOW), undefined, `${name}: null`);
    for (const value of [1, true, ['x'], {}])
      t.match(checkClaims({ ...good, [name]: value }, expected, NOW), { code: 'TOKEN_CLAIMS' }, name);
  }
});

t.test('Google may leave its scheme out, and nobody else', async (t) => {
  // go-oidc issuerGoogleAccountsNoScheme; oidc_test.go "accounts.google.com issuer"
  const google = { ...expected, url: 'https://accounts.google.com' };
  t.equal(checkClaims({ ...good, iss: 'accounts.google.com' }, google, NOW), undefined);
  t.equal(checkClaims({ ...good, iss: 'https://accounts.google.com' }, google, NOW), undefined);
  const bare = { ...expected, url: 'https://issuer.example' };
  t.match(checkClaims({ ...good, iss: 'issuer.example' }, bare, NOW), { code: 'TOKEN_UNKNOWN_ISSUER' });
  t.match(checkClaims({ ...good, iss: 'accounts.google.com' }, bare, NOW), { code: 'TOKEN_UNKNOWN_ISSUER' });
});
