// An exec from its caller's end, over a real WebSocket and over SPDY: what comes on each channel or stream, with whatever credential the test has.

import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { SpdySession } from '../../src/practice/stream/spdy/session.ts';
import { openStreams } from '../unit/practice/stream/callers.ts';
import type { TestGate } from './gate.ts';

/** In the pod of startPracticeGate; it writes `waiting` and goes on until it is ended. */
export const EXEC_PATH = '/api/v1/namespaces/default/pods/one/exec?command=wait&stdout=true&stderr=true';

/** Who calls. */
export interface Credential {
  readonly token?: string;
  /** Further lines: a proxy's assertion. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly client?: { readonly certPem: string; readonly keyPem: string };
}

export interface Listening {
  readonly websocket: WebSocket;
  /** Texts by channel. */
  readonly heard: string[];
  readonly closed: Promise<number>;
  readonly until: (channel: number, part: string) => Promise<void>;
}

/** Opens an exec; resolves with its 101. */
export async function openWebSocket(
  gate: Pick<TestGate, 'port' | 'ca'>,
  credential: Credential,
  protocol = 'v5.channel.k8s.io',
): Promise<Listening> {
  const websocket = new WebSocket(`wss://127.0.0.1:${gate.port}${EXEC_PATH}`, [protocol], {
    ...tlsOf(gate, credential),
    headers: headersOf(credential),
  });
  const heard: string[] = [];
  const isBase64 = protocol.includes('base64');
  websocket.on('message', (data: Buffer) => {
    const channel = isBase64 ? (data[0] ?? 0) - 48 : (data[0] ?? 0);
    const rest = data.subarray(1);
    const text = isBase64 ? Buffer.from(rest.toString(), 'base64').toString() : rest.toString();
    heard[channel] = (heard[channel] ?? '') + text;
    websocket.emit('heard');
  });
  const closed = new Promise<number>((resolve) => websocket.once('close', resolve));
  await once(websocket, 'open');
  return {
    websocket,
    heard,
    closed,
    until: async (channel, part) => {
      while (heard[channel]?.includes(part) !== true) await once(websocket, 'heard');
    },
  };
}

/** The same over SPDY/3.1; resolves when it has written. */
export async function openSpdy(gate: Pick<TestGate, 'port' | 'ca'>, credential: Credential) {
  const request = httpsRequest({
    ...{ host: '127.0.0.1', port: gate.port, agent: false, method: 'POST', path: EXEC_PATH },
    ...tlsOf(gate, credential),
    headers: {
      ...headersOf(credential),
      Connection: 'Upgrade',
      Upgrade: 'SPDY/3.1',
      'X-Stream-Protocol-Version': 'v4.channel.k8s.io',
    },
  });
  request.end();
  const [, socket, head] = (await once(request, 'upgrade')) as [unknown, Socket, Buffer];
  const session = new SpdySession(socket, { role: 'client', head });
  const streams = await openStreams(session, ['error', 'stdout', 'stderr']);
  await once(streams.stdout, 'readable');
  return { session, ...streams };
}

function headersOf({ token, headers }: Credential): Readonly<Record<string, string>> {
  return { ...headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
}

function tlsOf({ ca }: Pick<TestGate, 'ca'>, { client }: Credential) {
  return {
    ca: ca.certPem,
    ...(client === undefined ? {} : { cert: client.certPem, key: client.keyPem }),
  };
}
