// Every mode of clusters[].identity, and every way to send a request to a cluster of that mode: over HTTP/1.1, HTTP/2 and upgrades.

import { exchangeRaw, parseAnswers, valuesOf } from '../fakes/caller.ts';
import type { TestGate } from '../fakes/gate.ts';
import { openSpeeches } from './speeches.ts';

/** A mode, at its prefix, and the lines that it makes of alice. */
export interface Mode {
  readonly mode: 'Impersonate' | 'Passthrough' | 'RequestHeader';
  readonly prefix: string;
  readonly authorization: readonly string[];
  readonly identity: readonly string[];
}

/** What each mode makes of alice, whose token this is. */
export function modesOf(token: string): readonly Mode[] {
  return [
    {
      mode: 'Impersonate',
      prefix: '/i',
      authorization: ['Bearer gate-own-token'],
      identity: [
        ...['impersonate-user', 'alice@example.com', 'impersonate-group', 'engineers'],
        ...['impersonate-uid', 'alice-id'],
      ],
    },
    { mode: 'Passthrough', prefix: '/p', authorization: [`Bearer ${token}`], identity: [] },
    {
      mode: 'RequestHeader',
      prefix: '/r',
      authorization: [],
      identity: [
        ...['x-remote-user', 'alice@example.com', 'x-remote-uid', 'alice-id'],
        ...['x-remote-group', 'engineers'],
      ],
    },
  ];
}

/** One way to send a request with more lines. @returns status and body of the answer */
export interface Way {
  readonly name: string;
  readonly send: (mode: Mode, lines: readonly string[]) => Promise<{ status: number; body: Buffer }>;
  /** It has a Connection line. */
  readonly connection: boolean;
}

/** All ways of the caller with this token; they end with the file's tests. */
export function openWays(gate: TestGate, token: string): readonly Way[] {
  const auth = ['Authorization', `Bearer ${token}`];
  return [
    ...openSpeeches(gate).callers.map((one) => ({
      name: one.speech,
      connection: false,
      send: ({ prefix }: Mode, lines: readonly string[]) =>
        one.call({ path: `${prefix}/api/v1/pods`, headers: [...auth, ...lines] }),
    })),
    {
      name: 'h1, raw',
      connection: true,
      send: (mode, lines) => raw(gate, mode, 'GET', '/api/v1/pods', [...auth, ...lines]),
    },
    upgradeWay(gate, 'SPDY', 'POST', ['Upgrade', 'SPDY/3.1', 'Content-Length', '0', ...auth]),
    upgradeWay(gate, 'WebSocket', 'GET', [...webSocketLines('v5.channel.k8s.io'), ...auth]),
    upgradeWay(gate, 'WebSocket with a bearer subprotocol', 'GET', [
      ...webSocketLines(`v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${base64url(token)}`),
    ]),
  ];
}

function upgradeWay(gate: TestGate, name: string, method: string, own: readonly string[]): Way {
  const path = '/api/v1/namespaces/a/pods/b/exec?command=x';
  const connects = (lines: readonly string[]) => valuesOf(lines, 'connection').length > 0;
  return {
    name,
    connection: true,
    send: (mode, lines) =>
      raw(gate, mode, method, path, [
        ...(connects(lines) ? [] : ['Connection', 'Upgrade']),
        ...own,
        ...lines,
      ]),
  };
}

function webSocketLines(protocol: string): string[] {
  return [
    ...['Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'],
    ...['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol', protocol],
  ];
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

async function raw(
  gate: TestGate,
  { prefix }: Mode,
  method: string,
  path: string,
  lines: readonly string[],
): Promise<{ status: number; body: Buffer }> {
  let head = `${method} ${prefix}${path} HTTP/1.1\r\nHost: gate\r\n`;
  for (let i = 0; i + 1 < lines.length; i += 2) head += `${lines[i]}: ${lines[i + 1]}\r\n`;
  if (!/\r\nconnection: [^\r]*(close|upgrade)/i.test(head)) head += 'Connection: close\r\n';
  const [answer] = parseAnswers(await exchangeRaw(await gate.connect(), `${head}\r\n`));
  return { status: answer?.status ?? 0, body: Buffer.from(answer?.body ?? '') };
}
