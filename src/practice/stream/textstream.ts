// Logs and watches over a WebSocket: a stream of messages to a caller who sends nothing (protocols of k8s.io/streaming wsstream, stream.go).

import type { Readable } from 'node:stream';
import { acceptWebSocket, offeredProtocols, refuseUpgrade, type UpgradeRequest } from './negotiate.ts';

const BASE64 = 'base64.binary.k8s.io';
const PROTOCOLS: readonly string[] = ['', 'binary.k8s.io', BASE64];

/**
 * Sends each chunk of `source` as one message, then closes with code 1000.
 * @param asText whether messages are text (a watch's JSON events) or binary (logs); base64 is text anyway
 * @returns when the connection is over; `source` is destroyed then. Never rejects
 */
export async function serveTextStream(
  upgrade: UpgradeRequest,
  source: Readable,
  asText: boolean,
): Promise<void> {
  source.on('error', () => {});
  const protocol = offeredProtocols(upgrade).find((name) => PROTOCOLS.includes(name));
  if (protocol === undefined) {
    refuseUpgrade(upgrade, {
      status: 403,
      text: `unable to upgrade: the server speaks ${PROTOCOLS.slice(1).join(', ')}`,
    });
    source.destroy();
    return;
  }
  const websocket = await acceptWebSocket(upgrade, protocol);
  if (websocket === undefined) {
    source.destroy();
    return;
  }
  const closed = new Promise<void>((resolve) => websocket.once('close', () => resolve()));
  const base64 = protocol === BASE64;
  source.on('data', (chunk: Buffer) => {
    source.pause();
    const message = base64 ? chunk.toString('base64') : chunk;
    websocket.send(message, { binary: !base64 && !asText }, () => source.resume());
  });
  source.once('close', () => websocket.close(source.errored === null ? 1000 : 1011));
  await closed;
  source.destroy();
}
