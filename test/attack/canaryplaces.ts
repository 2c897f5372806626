// S29: where callers and API servers put secrets: each a request, or an answer, with a canary of its own.

import { requestText } from './caller.ts';
import type { Aviary } from './canaries.ts';
import { bearerProtocol, SPDY_LINES, webSocketLines } from './ways.ts';

/** Parameters of a URL that are named like secrets, in the spellings of the programs that people reach through a gate. */
const PARAMETERS: readonly string[] = [
  ...[
    'token',
    'access_token',
    'id_token',
    'refresh_token',
    'authorization',
    'bearer',
    'Bearer_x',
    'to%6ben',
    'TOKEN',
  ],
  ...[
    'auth_token',
    'authToken',
    'x-auth-token',
    'csrf_token',
    'private_token',
    'access-token',
    'accessToken',
    'oauth_token',
    'job_token',
  ],
  ...[
    'password',
    'passwd',
    'client_secret',
    'secret',
    'api_key',
    'apikey',
    'api-key',
    'jwt',
    'assertion',
    'client_assertion',
    'SAMLResponse',
  ],
  ...[
    'X-Amz-Signature',
    'X-Amz-Credential',
    'X-Amz-Security-Token',
    'X-Goog-Signature',
    'sig',
    'signature',
    'code_verifier',
  ],
];

/** One request; the caller is at `from`. */
export interface Place {
  readonly bytes: string;
  readonly from: string;
}

/** Every place of a request but for the bearer token itself; `auth` is a good Authorization line. */
export function callersPlaces(aviary: Aviary, auth: string): Place[] {
  const lines = (...more: string[]) => ['Host: gate', ...more];
  const get = (more: string[], path = '/api/v1/pods') => requestText(`GET ${path} HTTP/1.1`, lines(...more));
  const basic = Buffer.from(`alice:${aviary.lay('Basic')}`).toString('base64');
  const credentials: [string, string][] = [
    ['Authorization', `Basic ${basic}`],
    ['Authorization', `Token ${aviary.lay('authorization')}`],
    ['Authorization', `Bearer ${aviary.lay('authorization')}, Bearer ${aviary.lay('authorization')}`],
    ['Authorization', `Bearer "${aviary.lay('authorization')}"`],
    ['Cookie', `session=${aviary.lay('cookie')}; CF_Authorization=${aviary.lay('cookie')}`],
    ['Proxy-Authorization', `Basic ${aviary.lay('Proxy-Authorization')}`],
    ['X-Assertion', aviary.lay('X-Assertion')],
    ['X_Assertion', aviary.lay('X-Assertion')],
    ['X-Forwarded-Access-Token', aviary.lay('X-Assertion')],
    ['Sec_WebSocket_Protocol', bearerProtocol(aviary.lay('subprotocol'))],
  ];
  const places = ['', auth].flatMap((own) =>
    credentials.flatMap(([name, value]) => {
      const all = [...(own === '' ? [] : [own]), `${name}: ${value}`];
      return [
        get(all),
        requestText(
          'POST /api/v1/namespaces/d/pods/p/exec?command=x HTTP/1.1',
          lines('Connection: Upgrade', ...SPDY_LINES, ...all),
        ),
      ];
    }),
  );
  const impersonating = ['User', 'Group', 'Uid', 'Extra-Scopes', 'Whatever'].flatMap((name) => {
    const value = aviary.lay(`Impersonate-${name}`);
    return ['/refuse/api/v1/pods', '/api/v1/pods'].map((path) =>
      get([auth, `Impersonate-${name}: ${value}`, 'Impersonate-Group: '], path),
    );
  });
  const queries = PARAMETERS.flatMap((name) => [
    get([auth], `/api/v1/pods?limit=1&${name}=${aviary.lay(`?${name}`)}&x=1`),
    get([], `/api/v1/namespaces/d/services/s/proxy/x?${name}=${aviary.lay(`?${name} unauthenticated`)}`),
  ]);
  const targets = [
    `/api/v1/pods?x=1;token=${aviary.lay('behind a semicolon')}`,
    `/api/v1/pods#access_token=${aviary.lay('in a fragment')}`,
    `/api/v1/pods?x=1#id_token=${aviary.lay('in a fragment behind a query')}`,
    `/nowhere/%2e%2e?token=${aviary.lay('on a bad path')}`,
    `https://alice:${aviary.lay('in an absolute target')}@gate/api/v1/pods`,
    `https://gate/api/v1/pods?token=${aviary.lay('in an absolute target’s query')}`,
    `//alice:${aviary.lay('in a target without a scheme')}@gate/api`,
  ].map((target) => get([auth], target));
  const handshakes = [
    `v5.channel.k8s.io, ${bearerProtocol(aviary.lay('subprotocol'))}`,
    bearerProtocol(aviary.lay('subprotocol')),
    `v5.channel.k8s.io, ${bearerProtocol(aviary.lay('subprotocol')).toUpperCase()}`,
    `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${aviary.lay('subprotocol')}`,
  ].flatMap((protocols) =>
    [[], [auth]].map((own) =>
      requestText(
        'GET /api/v1/namespaces/d/pods/p/exec?command=x HTTP/1.1',
        lines('Connection: Upgrade', ...webSocketLines(protocols), ...own),
      ),
    ),
  );
  const broken = [
    `GET /api HTTP/1.1\r\nHost: gate\r\nAuthorization : Bearer ${aviary.lay('a broken head')}\r\n\r\n`,
    `GET /api HTTP/1.1\r\nHost: gate\r\nX: a\r\n Bearer ${aviary.lay('a folded line')}\r\n\r\n`,
    `GET /api?token=${aviary.lay('a broken version')} HTTP/9.9\r\nHost: gate\r\n\r\n`,
    `Authorization: Bearer ${aviary.lay('no request at all')}\r\n\r\n`,
    `GET /api HTTP/1.1\r\nHost: ${aviary.lay('Host')}@gate\r\n${auth}\r\n\r\n`,
    `POST /api HTTP/1.1\r\nHost: gate\r\n${auth}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz${aviary.lay('a broken chunk')}\r\n\r\n`,
  ];
  const here = [...places, ...impersonating, ...queries, ...targets, ...handshakes, ...broken].map(
    (bytes) => ({ bytes, from: '127.0.0.1' }),
  );
  const proxied = [
    `X-Assertion: ${aviary.lay('X-Assertion')}`,
    `X-Assertion: a.${aviary.lay('X-Assertion')}.b`,
  ].map((line) => ({
    bytes: get([line]),
    from: '127.0.0.2',
  }));
  return [...here, ...proxied];
}

/** An answer of an API server to anything; `mayBeRead`: it is the caller's to read, and only the log has to be silent. */
export interface Word {
  readonly answer: string;
  readonly status: number;
  readonly mayBeRead: boolean;
}

/** Answers with secrets in them. */
export function upstreamsWords(aviary: Aviary): Word[] {
  const answer = (status: string, body: string, more = '') =>
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
  return [
    {
      answer: answer(
        '401 Unauthorized',
        aviary.lay('body of a 401'),
        `WWW-Authenticate: ${aviary.lay('WWW-Authenticate')}\r\n`,
      ),
      status: 401,
      mayBeRead: true,
    },
    { answer: answer('403 Forbidden', aviary.lay('body of a 403')), status: 403, mayBeRead: true },
    {
      answer: answer('500 Oops', aviary.lay('body of a 500'), `X-Debug: ${aviary.lay('line of a 500')}\r\n`),
      status: 500,
      mayBeRead: true,
    },
    { answer: answer(`503 ${aviary.lay('reason phrase')}`, 'x'), status: 503, mayBeRead: true },
    {
      answer: answer(
        '302 Found',
        '',
        `Location: https://x/?token=${aviary.lay('Location')}\r\nSet-Cookie: ${aviary.lay('Set-Cookie')}\r\n`,
      ),
      status: 302,
      mayBeRead: true,
    },
    { answer: `HTTP/9.9 ${aviary.lay('no status')}\r\n\r\n`, status: 502, mayBeRead: false },
    { answer: `${aviary.lay('no HTTP at all')}\r\n\r\n`, status: 502, mayBeRead: false },
    {
      answer: `HTTP/1.1 200 OK\r\nX-${aviary.lay('no line').replaceAll('~', ' ')} : x\r\nContent-Length: 0\r\n\r\n`,
      status: 502,
      mayBeRead: false,
    },
    {
      answer: `HTTP/1.1 200 OK\r\nContent-Length: ${aviary.lay('no length')}\r\n\r\n`,
      status: 502,
      mayBeRead: false,
    },
  ];
}
