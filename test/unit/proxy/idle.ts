// Connections of a pool that are idle, and answers on them.

import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { get, type Heard, hear, type PooledUpstream } from '../../fakes/pool.ts';

export const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

export async function answer(peer: TLSSocket, heard: Heard): Promise<void> {
  await once(peer, 'data');
  peer.write(EMPTY);
  await heard.ended;
}

/** So many connections that are idle; the last one became idle last. */
export async function idleOnes(pooled: PooledUpstream, count: number): Promise<TLSSocket[]> {
  const sent = Array.from({ length: count }, () => {
    const heard = hear();
    pooled.pool.send(get(), heard);
    return heard;
  });
  const peers: TLSSocket[] = [];
  for (const _ of sent) peers.push(await pooled.accepted());
  for (const peer of peers) {
    const before = pooled.pool.idle;
    await once(peer, 'data');
    peer.write(EMPTY);
    while (pooled.pool.idle === before) await new Promise((resolve) => setImmediate(resolve));
  }
  return peers;
}
