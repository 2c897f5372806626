import t from 'tap';
import {
  BEARER_SUBPROTOCOL_PREFIX,
  type CredentialInput,
  extractCredentials,
  MAX_TOKEN_BYTES,
} from '../../../src/authn/credentials.ts';

const CF = 'cf-access-jwt-assertion';
const IAP = 'x-goog-iap-jwt-assertion';

function extract(rawHeaders: readonly string[], options: Partial<CredentialInput> = {}) {
  return extractCredentials({
    rawHeaders,
    isWebSocket: false,
    peerTrusted: false,
    sources: ['authorization', CF, IAP],
    ...options,
  });
}

/** 'none', the token, or the code of the refusal. */
function brief(rawHeaders: readonly string[], options: Partial<CredentialInput> = {}): string {
  const result = extract(rawHeaders, options);
  return result.kind === 'token' ? result.token : result.kind === 'none' ? 'none' : result.code;
}

function subprotocol(token: string | Buffer): string {
  return BEARER_SUBPROTOCOL_PREFIX + Buffer.from(token).toString('base64url');
}

t.test(
  'Authorization is parsed as the API server parses it, and what it would ignore is refused',
  async (t) => {
    // k8s.io/apiserver pkg/authentication/request/bearertoken/bearertoken_test.go (protocol.md §4.1); field-lessons.md S15, S16
    const cases: readonly (readonly [value: string, expected: string])[] = [
      ['Bearer 123', '123'],
      ['bearer 123', '123'],
      ['BEARER 123', '123'],
      [' Bearer 123 ', '123'],
      ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
      ['Bearer null', 'null'],
      ['', 'none'],
      ['   ', 'none'],
      ['Bearer', 'CREDENTIALS_MALFORMED'],
      ['Bearer ', 'CREDENTIALS_MALFORMED'],
      ['Bearer  123', 'CREDENTIALS_MALFORMED'],
      ['Bearer\t123', 'CREDENTIALS_MALFORMED'],
      ['Bearer 123 456', 'CREDENTIALS_MALFORMED'],
      ['Bearer a, Bearer b', 'CREDENTIALS_MALFORMED'],
      ['Bearer a,Bearer b', 'CREDENTIALS_MALFORMED'],
      ['Token 123', 'CREDENTIALS_MALFORMED'],
      ['Basic YTpi', 'CREDENTIALS_MALFORMED'],
      ['Bearer123', 'CREDENTIALS_MALFORMED'],
      ['123', 'CREDENTIALS_MALFORMED'],
      ['Bearer \u00e9', 'CREDENTIALS_MALFORMED'],
      ['Bearer a\u00a0', 'CREDENTIALS_MALFORMED'],
      [`Bearer ${'a'.repeat(MAX_TOKEN_BYTES)}`, 'a'.repeat(MAX_TOKEN_BYTES)],
      [`Bearer ${'a'.repeat(MAX_TOKEN_BYTES + 1)}`, 'CREDENTIALS_MALFORMED'],
    ];
    for (const [value, expected] of cases) {
      t.equal(brief(['Authorization', value]), expected, JSON.stringify(value.slice(0, 40)));
    }
    t.equal(brief([]), 'none');
    t.equal(brief(['aUTHORIZATION', 'Bearer x']), 'x', 'the name in any case');
    t.equal(
      brief(['X-Authorization', 'Bearer x', 'Authorization-', 'Bearer x', 'Accept', 'Bearer y']),
      'none',
    );
  },
);

t.test('two Authorization lines are refused, whatever they hold', async (t) => {
  // field-lessons.md S15; Envoy GHSA-mp85-7mrq-r866
  for (const [first, second] of [
    ['Bearer good', 'Bearer bad'],
    ['Bearer same', 'Bearer same'],
    ['', 'Bearer good'],
    ['Bearer good', ''],
    ['Basic x', 'Bearer good'],
  ] as const) {
    const result = extract(['Authorization', first, 'Host', 'a', 'authorization', second]);
    t.match(result, { kind: 'rejected', code: 'CREDENTIALS_CONFLICT', source: 'authorization' });
  }
});

t.test('the bearer subprotocol is read as the API server reads it', async (t) => {
  // k8s.io/apiserver pkg/authentication/request/websocket/protocol_test.go (protocol.md §4.2); field-lessons.md S17
  const token = subprotocol('token');
  const name = 'Sec-WebSocket-Protocol';
  const cases: readonly (readonly [lines: readonly string[], expected: string, rest?: string])[] = [
    [[`${token}, v5.channel.k8s.io`], 'token', 'v5.channel.k8s.io'],
    [[`v5.channel.k8s.io,${token}`], 'token', 'v5.channel.k8s.io'],
    [[token, 'v5.channel.k8s.io', 'v4.channel.k8s.io'], 'token', 'v5.channel.k8s.io, v4.channel.k8s.io'],
    [[`a ,  ${token} , b`], 'token', 'a, b'],
    [[`${subprotocol('a.b?')}, x`], 'CREDENTIALS_MALFORMED'],
    [['other-protocol'], 'none'],
    [[BEARER_SUBPROTOCOL_PREFIX], 'none'],
    [[`${BEARER_SUBPROTOCOL_PREFIX}, x`], 'none'],
    [[token], 'CREDENTIALS_MALFORMED'],
    [[`${token}, ,`], 'CREDENTIALS_MALFORMED'],
    [[`${token}=, x`], 'CREDENTIALS_MALFORMED'],
    [[`${BEARER_SUBPROTOCOL_PREFIX}dG9rZW4x=, x`], 'CREDENTIALS_MALFORMED'],
    [[`${BEARER_SUBPROTOCOL_PREFIX}a, x`], 'CREDENTIALS_MALFORMED'],
    [[`${BEARER_SUBPROTOCOL_PREFIX}to+en/, x`], 'CREDENTIALS_MALFORMED'],
    [[`${BEARER_SUBPROTOCOL_PREFIX}not base64, x`], 'CREDENTIALS_MALFORMED'],
    [[`${subprotocol(Buffer.from([0xff, 0xfe]))}, x`], 'CREDENTIALS_MALFORMED'],
    [[`${token}, ${token}, x`], 'CREDENTIALS_CONFLICT'],
    [[`${token}, x`, subprotocol('other')], 'CREDENTIALS_CONFLICT'],
    [[`${token}, ${BEARER_SUBPROTOCOL_PREFIX}, x`], 'CREDENTIALS_CONFLICT'],
    [[`Base64URL.bearer.authorization.k8s.io.dG9rZW4, x`], 'CREDENTIALS_MALFORMED'],
    [[`${subprotocol('a'.repeat(MAX_TOKEN_BYTES + 1))}, x`], 'CREDENTIALS_MALFORMED'],
    [[`${subprotocol('a'.repeat(MAX_TOKEN_BYTES + 3))}, x`], 'CREDENTIALS_MALFORMED'],
  ];
  for (const [lines, expected, rest] of cases) {
    const rawHeaders = lines.flatMap((line) => [name, line]);
    const label = JSON.stringify(lines).slice(0, 100);
    t.equal(brief(rawHeaders, { isWebSocket: true }), expected, label);
    t.equal(brief(rawHeaders, { isWebSocket: false }), 'none', `not a WebSocket: ${label}`);
    const result = extract(rawHeaders, { isWebSocket: true });
    if (result.kind === 'token') {
      t.match(result, { source: 'subprotocol', websocketProtocols: rest });
      t.same(result.origins, [{ source: 'subprotocol', header: 'authorization' }]);
    }
  }
});

t.test('the bearer subprotocol is taken out whichever source counts', async (t) => {
  const lines = ['Sec-WebSocket-Protocol', `${subprotocol('same')}, v5.channel.k8s.io`];
  const rest = { websocketProtocols: 'v5.channel.k8s.io' };
  t.match(extract(['Authorization', 'Bearer same', ...lines], { isWebSocket: true }), {
    ...rest,
    kind: 'token',
    source: 'authorization',
    origins: [{ source: 'authorization' }, { source: 'subprotocol' }],
  });
  const onlyCF = { isWebSocket: true, peerTrusted: true, sources: [CF] };
  t.match(extract([CF, 'assertion', ...lines], onlyCF), { ...rest, token: 'assertion', source: 'header' });
  const empty = ['Sec-WebSocket-Protocol', `${BEARER_SUBPROTOCOL_PREFIX}, v5.channel.k8s.io`];
  t.match(extract(['Authorization', 'Bearer x', ...empty], { isWebSocket: true }), { ...rest, token: 'x' });
  t.notOk(
    'websocketProtocols' in
      extract(['Authorization', 'Bearer x', 'Sec-WebSocket-Protocol', 'a'], { isWebSocket: true }),
  );
});

t.test('an assertion header counts only when the peer is trusted', async (t) => {
  // field-lessons.md S7, S16, S27
  const trusted: readonly (readonly [rawHeaders: readonly string[], expected: string])[] = [
    [[CF, 'a.b.c'], 'a.b.c'],
    [['Cf-Access-Jwt-Assertion', ' a.b.c '], 'a.b.c'],
    [[CF, 'a=.b=.c='], 'a=.b=.c='],
    [[CF, ''], 'none'],
    [[CF, 'Bearer a.b.c'], 'CREDENTIALS_MALFORMED'],
    [[CF, 'a, b'], 'CREDENTIALS_MALFORMED'],
    [[CF, 'a', CF, 'b'], 'CREDENTIALS_CONFLICT'],
    [[CF, 'a', CF, 'a'], 'CREDENTIALS_CONFLICT'],
    [['Cf_Access_Jwt_Assertion', 'a'], 'none'],
    [['Cf-Access-Jwt-Assertion ', 'a'], 'none'],
    [['X-Amzn-Oidc-Data', 'a'], 'none'],
  ];
  for (const [rawHeaders, expected] of trusted) {
    t.equal(brief(rawHeaders, { peerTrusted: true }), expected, JSON.stringify(rawHeaders));
    t.equal(brief(rawHeaders, { peerTrusted: false }), 'none', `untrusted: ${JSON.stringify(rawHeaders)}`);
  }
  t.equal(brief([CF, 'a', 'Authorization', 'Bearer b']), 'b', 'from others it is as if absent');
  t.same(extract([CF, 'a'], { peerTrusted: true }), {
    kind: 'token',
    token: 'a',
    source: 'header',
    origins: [{ source: 'header', header: CF }],
  });
});

t.test('different credentials in one request are refused, the same one in two places is one', async (t) => {
  // field-lessons.md S15; issue 3 section 3
  const ws = ['Sec-WebSocket-Protocol', `${subprotocol('a')}, v5.channel.k8s.io`];
  const bearer = (token: string) => ['Authorization', `Bearer ${token}`];
  const cases: readonly (readonly [rawHeaders: readonly string[], expected: string])[] = [
    [[...bearer('a'), CF, 'a'], 'a'],
    [[...bearer('a'), ...ws], 'a'],
    [[CF, 'a', IAP, 'a', ...bearer('a'), ...ws], 'a'],
    [[...bearer('b'), CF, 'a'], 'CREDENTIALS_CONFLICT'],
    [[...bearer('b'), ...ws], 'CREDENTIALS_CONFLICT'],
    [[...ws, IAP, 'b'], 'CREDENTIALS_CONFLICT'],
    [[CF, 'a', IAP, 'b'], 'CREDENTIALS_CONFLICT'],
    [[...bearer('a'), ...ws, CF, 'b'], 'CREDENTIALS_CONFLICT'],
    [['Authorization', 'Basic x', CF, 'a'], 'CREDENTIALS_MALFORMED'],
    [['Authorization', '', CF, 'a'], 'a'],
  ];
  for (const [rawHeaders, expected] of cases) {
    t.equal(
      brief(rawHeaders, { isWebSocket: true, peerTrusted: true }),
      expected,
      JSON.stringify(rawHeaders),
    );
  }
});

t.test("where no entry reads Authorization, bearer tokens are another layer's business", async (t) => {
  const options = { sources: [CF], peerTrusted: true, isWebSocket: true };
  t.equal(brief(['Authorization', 'Bearer b'], options), 'none');
  t.equal(brief(['Authorization', 'Bearer b', CF, 'a'], options), 'a');
  t.equal(brief(['Authorization', 'Basic b', 'Authorization', 'x', CF, 'a'], options), 'a');
  t.equal(brief(['Sec-WebSocket-Protocol', `${subprotocol('b')}, x`], options), 'none');
});

t.test('a megabyte of spaces costs no more than reading it', async (t) => {
  const spaces = ' '.repeat(1024 * 1024);
  t.equal(brief(['Authorization', `Bearer${spaces}x${spaces}`]), 'CREDENTIALS_MALFORMED');
  t.equal(brief(['Sec-WebSocket-Protocol', `x${spaces}y`], { isWebSocket: true }), 'none');
  t.equal(brief([CF, `a${spaces}b`], { peerTrusted: true }), 'CREDENTIALS_MALFORMED');
});

t.test('no detail holds a credential', async (t) => {
  const secret = 'CANARY';
  const ws = subprotocol(`${secret}?`);
  for (const rawHeaders of [
    ['Authorization', `Bearer ${secret}, ${secret}`],
    ['Authorization', `${secret}`],
    ['Authorization', `Bearer ${secret}`, 'Authorization', 'x'],
    ['Authorization', `Bearer ${secret}`, CF, `${secret}2`],
    [CF, `${secret} x`],
    ['Sec-WebSocket-Protocol', `${ws}, x`],
    ['Sec-WebSocket-Protocol', `${ws}, ${ws}`],
    ['Sec-WebSocket-Protocol', `${ws}`],
  ]) {
    const result = extract(rawHeaders, { isWebSocket: true, peerTrusted: true });
    t.equal(result.kind, 'rejected');
    t.notMatch(JSON.stringify(result), secret);
    t.notMatch(JSON.stringify(result), Buffer.from(secret).toString('base64url').slice(0, 6));
  }
});
