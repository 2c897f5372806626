// A gate before an API server that accepts upgrades, and each tunnel as that one sees it.

import type { TLSSocket } from 'node:tls';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import type { Issuer } from '../fakes/issuer.ts';
import { startUpgrading } from '../fakes/peers.ts';

export const EXEC = '/api/v1/namespaces/default/pods/p/exec?command=cat&command=%2Fetc%2Fa%20b&stdout=true';
export const WEBSOCKET_101 =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n';

interface Tunnel {
  readonly socket: TLSSocket;
  readonly head: string;
  readonly rest: Buffer;
}

/** A gate before an upstream that accepts; `next` gives each tunnel as the upstream sees it. */
export async function setUp(
  issuer: Issuer,
  answer?: string,
): Promise<{
  gate: TestGate;
  next: () => Promise<Tunnel>;
  accepted: () => number;
  stop: () => Promise<void>;
}> {
  const seen: Tunnel[] = [];
  const waiting: ((tunnel: Tunnel) => void)[] = [];
  const upstream = await startUpgrading((socket, head, rest) => {
    const tunnel = { socket, head, rest };
    socket.on('end', () => socket.end());
    socket.resume();
    const first = waiting.shift();
    if (first === undefined) seen.push(tunnel);
    else first(tunnel);
  }, answer);
  const gate = await startTestGate({
    issuer,
    upstreams: [{ name: 'one', upstream, cluster: { impersonation: 'Refuse' } }],
  });
  return {
    gate,
    next: () => {
      const tunnel = seen.shift();
      return tunnel === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(tunnel);
    },
    accepted: upstream.accepted,
    stop: async () => {
      await upstream.close();
      await gate.stop();
    },
  };
}
