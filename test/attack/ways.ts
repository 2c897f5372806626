// The ways on which a request can come to the gate, so that a case can be tried on all of them: REST over HTTP/1.1 as raw bytes, REST over HTTP/2,
// upgrades to SPDY and to WebSocket with a token in Authorization, and WebSocket with the token as a subprotocol.

import type { TLSSocket } from 'node:tls';
import { caller } from '../fakes/caller.ts';
import type { ConnectOptions } from '../fakes/gate.ts';
import { readAnswers, refusalIn } from './answers.ts';
import { openRaw, requestText } from './caller.ts';
import type { Ground } from './gate.ts';
import type { RecordedRequest } from './recorded.ts';

/** The beginning of an answer: a whole one, or the head of a 101. */
export interface Reply {
  readonly status: number;
  readonly lines: readonly string[];
  readonly body: Buffer;
}

/** One way. */
export interface Way {
  readonly name: string;
  readonly isUpgrade: boolean;
  /** Whether any bytes can be sent as header lines. */
  readonly isRaw: boolean;
  /** Sends a request with these lines (as bytes, latin1) beside its own. `credential` replaces the way's own token; '' sends none. */
  send(lines: readonly string[], options?: SendOptions): Promise<Reply>;
}

export interface SendOptions {
  /** Default is alice's. */
  readonly token?: string;
  /** Ends in the path of the request. */
  readonly path?: string;
}

/** For REST, and for upgrades. */
export const REST_PATH = '/api/v1/namespaces/default/pods';
export const EXEC_PATH = '/api/v1/namespaces/default/pods/p/exec?command=sh&stdout=true';
export const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

/** The first answer to these bytes, on a connection of its own, which is then closed. @throws Error when the gate closes without one */
export async function askRaw(
  gate: { connect(options?: ConnectOptions): Promise<TLSSocket> },
  bytes: string | Buffer,
  options: ConnectOptions = {},
): Promise<Reply> {
  const raw = await openRaw(gate, options);
  const methods = String(bytes).startsWith('HEAD ') ? ['HEAD'] : [];
  try {
    await raw.send(bytes);
    const first = () =>
      readAnswers(raw.heard, raw.socket.readableEnded, methods).answers.find(
        ({ status }) => status === 101 || status >= 200,
      );
    await raw.until(() => first() !== undefined);
    return first() as Reply;
  } finally {
    raw.socket.destroy();
  }
}

/** The element of Sec-WebSocket-Protocol that carries a token. */
export function bearerProtocol(token: string): string {
  return `${BEARER_PROTOCOL}${Buffer.from(token).toString('base64url')}`;
}

/** The lines of a WebSocket handshake but for Connection. */
export function webSocketLines(protocols: string): string[] {
  return [
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${protocols}`,
  ];
}

/** The lines of an upgrade to SPDY but for Connection. */
export const SPDY_LINES: readonly string[] = [
  'Upgrade: SPDY/3.1',
  'X-Stream-Protocol-Version: v4.channel.k8s.io',
  'Content-Length: 0',
];

/** Opens them, the plain HTTP/1.1 first; `prefix` is that of the cluster. They end with the test. */
export function openWays(
  t: { teardown(fn: () => void): void },
  ground: Ground,
  { prefix = '' }: { readonly prefix?: string } = {},
): readonly [Way, ...Way[]] {
  const { gate, place, token: own } = ground;
  const h2 = caller(place, 'h2');
  t.teardown(() => h2.close());
  const raw = (
    name: string,
    request: (token: string) => {
      method: string;
      path: string;
      connection: string;
      lines: readonly string[];
    },
  ): Way => ({
    name,
    isUpgrade: name !== 'HTTP/1.1',
    isRaw: true,
    send: (lines, { token = own, path } = {}) => {
      const { method, connection, lines: usual, path: target } = request(token);
      const connects = lines.some((line) => /^connection:/i.test(line));
      const all = [
        'Host: gate',
        ...(connects || connection === '' ? [] : [`Connection: ${connection}`]),
        ...usual,
        ...lines,
      ];
      return askRaw(gate, requestText(`${method} ${prefix}${path ?? target} HTTP/1.1`, all));
    },
  });
  return [
    raw('HTTP/1.1', (token) => ({
      ...{ method: 'GET', path: REST_PATH, connection: '' },
      lines: bearerLine(token),
    })),
    {
      name: 'HTTP/2',
      isUpgrade: false,
      isRaw: false,
      async send(lines, { token = own, path = REST_PATH } = {}) {
        const headers = [...bearerLine(token), ...lines].flatMap((line) => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon), line.slice(colon + 1).trim()];
        });
        const reply = await h2.call({ path: `${prefix}${path}`, headers });
        return { status: reply.status, lines: reply.rawHeaders, body: reply.body };
      },
    },
    raw('SPDY', (token) => ({
      ...{ method: 'POST', path: EXEC_PATH, connection: 'Upgrade' },
      lines: [...bearerLine(token), ...SPDY_LINES],
    })),
    raw('WebSocket', (token) => ({
      ...{ method: 'GET', path: EXEC_PATH, connection: 'Upgrade' },
      lines: [...bearerLine(token), ...webSocketLines('v5.channel.k8s.io')],
    })),
    raw('WebSocket, token as subprotocol', (token) => ({
      ...{ method: 'GET', path: EXEC_PATH, connection: 'Upgrade' },
      lines: webSocketLines(`v5.channel.k8s.io, ${bearerProtocol(token)}`),
    })),
  ];
}

function bearerLine(token: string): string[] {
  return token === '' ? [] : [`Authorization: Bearer ${token}`];
}

/** What a reply says: the status, and of a refusal the Status's code and ours. */
export function said({ status, lines, body }: Reply): ReturnType<typeof refusalIn> {
  return refusalIn({ status, lines, body, reason: '', untilClose: false });
}

/** The last request on the newest connection that has carried one: each request has its own unless the gate asks questions. @throws Error when there was none */
export function lastRequest({ upstream }: Ground): RecordedRequest {
  for (const { recording } of [...upstream.connections].reverse()) {
    const last = recording.requests.at(-1);
    if (last !== undefined) return last;
  }
  throw new Error('nothing has reached the upstream');
}

/** The one request whose head or path has this text. @throws Error when it is none or several */
export function requestWith({ upstream }: Pick<Ground, 'upstream'>, marker: string): RecordedRequest {
  const found = upstream
    .requests()
    .filter(({ line, rawLines }) => [line, ...rawLines].some((one) => one.includes(marker)));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} requests have ${marker}`);
  return only;
}

/** Every line by which an API server could take somebody for somebody, in any spelling, in order: names in lower case. */
export function identityIn({ lines }: RecordedRequest): string[] {
  const found: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = (lines[i] ?? '').toLowerCase();
    if (/^(?:impersonate|x.remote|authorization|proxy.authorization|cookie)/.test(name))
      found.push(`${name}: ${lines[i + 1]}`);
  }
  return found;
}

/** What the API server is to see of alice, and nothing beside it. */
export const ALICE: readonly string[] = [
  'authorization: Bearer gate-own-token',
  'impersonate-user: alice@example.com',
  'impersonate-group: engineers',
  'impersonate-uid: alice-id',
];
