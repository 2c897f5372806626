// The two ways in which a connection ends under whoever uses it, and a case for each of them under each protocol.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { PROTOCOLS, type Protocol } from './ground.ts';

/** Ends a connection in one of the two ways. */
export type Break = (raw: Socket, socket?: TLSSocket) => void;
const BREAKS: readonly (readonly [how: string, act: Break])[] = [
  ['reset', (raw) => void raw.resetAndDestroy()],
  [
    'end',
    (raw, socket) => {
      raw.end();
      socket?.once('end', () => socket.end()).resume();
    },
  ],
];
/** So many cases `eachWay` makes. */
export const TIMES = BREAKS.length * PROTOCOLS.length;

/** Runs a case under each protocol, with each kind of break. @returns the slowest */
export async function eachWay(one: (protocol: Protocol, act: Break, how: string) => Promise<number>) {
  let slowest = 0;
  for (const [how, act] of BREAKS)
    for (const protocol of PROTOCOLS) slowest = Math.max(slowest, await one(protocol, act, how));
  return slowest;
}
