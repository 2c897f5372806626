// Serves port-forward on an upgraded socket (protocol.md §1.7): one connection for all ports, over SPDY itself or over SPDY's bytes in a
// WebSocket, or the older way of a WebSocket with two channels a port.

import type { Duplex } from 'node:stream';
import { createWebSocketStream } from 'ws';
import type { SetTimer } from '../../delay.ts';
import {
  acceptSpdy,
  acceptWebSocket,
  isWebSocket,
  offeredProtocols,
  refuseUpgrade,
  type UpgradeRequest,
} from './negotiate.ts';
import { portsOf, servePortChannels } from './portchannels.ts';
import { servePortPairs } from './portpairs.ts';

const PROTOCOL = 'portforward.k8s.io';
const TUNNEL_PROTOCOL = `SPDY/3.1+${PROTOCOL}`;
const CHANNEL_PROTOCOLS: readonly string[] = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', ''];

/**
 * Serves one port-forward.
 * @param connect opens a connection to a port inside the pod, 1 to 65535; undefined when nothing listens there
 * @param setTimer for tests
 * @returns when the connection is over; never rejects
 */
export async function servePortForward(
  upgrade: UpgradeRequest,
  connect: (port: number) => Duplex | undefined,
  setTimer?: SetTimer,
): Promise<void> {
  if (!isWebSocket(upgrade)) {
    if (acceptSpdy(upgrade, [PROTOCOL]) === undefined) return;
    return servePortPairs(upgrade.socket, upgrade.head, connect, setTimer);
  }
  const offered = offeredProtocols(upgrade);
  if (!offered.includes(TUNNEL_PROTOCOL)) return serveChannels(upgrade, offered, connect, setTimer);
  const websocket = await acceptWebSocket(upgrade, TUNNEL_PROTOCOL);
  if (websocket === undefined) return;
  const tunnel = createWebSocketStream(websocket);
  websocket.once('close', () => tunnel.destroy());
  return servePortPairs(tunnel, undefined, connect, setTimer);
}

async function serveChannels(
  upgrade: UpgradeRequest,
  offered: readonly string[],
  connect: (port: number) => Duplex | undefined,
  setTimer: SetTimer | undefined,
): Promise<void> {
  const protocol = offered.find((name) => CHANNEL_PROTOCOLS.includes(name));
  const ports = portsOf(upgrade.request.url ?? '');
  if (protocol === undefined || ports === undefined) {
    const text =
      protocol === undefined
        ? `unable to upgrade: the server speaks ${TUNNEL_PROTOCOL}`
        : 'query parameter "ports" is required: 1 to 65535, with commas between them';
    refuseUpgrade(upgrade, { status: 400, text });
    return;
  }
  const websocket = await acceptWebSocket(upgrade, protocol);
  if (websocket === undefined) return;
  await servePortChannels(websocket, { ports, base64: protocol.includes('base64'), connect }, setTimer);
}
