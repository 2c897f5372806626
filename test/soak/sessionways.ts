// How a session ends that one of its two sides ends: after the 101, quiet or with bytes under way, by FIN, reset or half-close.
// field-lessons.md S39.

import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { reset } from '../fakes/peers.ts';
import { carry, closed, ended, follow, open, type Pair, type Place } from './pairs.ts';
import type { Way } from './rounds.ts';

/** What goes each way through a session before it ends. */
const TALK_BYTES = 512;
/** What is on its way at a reset: more than what the connections take without a reader. */
const FLOOD = Buffer.alloc(256 * 1024, 'x');
/** What comes after one side has ended its half. */
const REST_BYTES = 32 * 1024;

/** Ways after a 101: both ends talk, then `finish` ends it. */
function talking(finish: (pair: Pair, place: Place) => Promise<void>): Way['act'] {
  return async (place, asked) => {
    const pair = await open(place, asked);
    const talk = { size: TALK_BYTES, bytes: place.bytes };
    await carry(pair.caller, pair.upstream, talk);
    await carry(pair.upstream, pair.caller, talk);
    await finish(pair, place);
    await closed(pair.caller, pair.upstream);
  };
}

/** Ends one half, hears all that the other side still says, and sees it end. */
async function halfClose(first: TLSSocket, second: TLSSocket, { bytes }: Place): Promise<void> {
  first.end();
  await ended(second);
  await carry(second, first, { size: REST_BYTES, bytes });
  second.end();
  await ended(first);
}

/** Ends one half, then the whole by a reset; the other side says the rest to nobody, and ends. */
async function halfCloseThenReset(first: TLSSocket, second: TLSSocket): Promise<void> {
  first.end();
  await ended(second);
  reset(first);
  second.end(FLOOD);
}

/** Sends more than the connections between take, and resets at the first of it that arrives. */
async function resetInFlight(from: TLSSocket, to: TLSSocket): Promise<void> {
  const first = once(to, 'data');
  to.resume();
  from.write(FLOOD);
  from.write(FLOOD);
  await first;
  reset(to);
  follow(from);
}

/** All of them. */
export const SESSION_WAYS: readonly Way[] = [
  {
    name: 'the caller ends (FIN)',
    ...{ end: 'client', reaches: true, parts: 10 },
    act: talking(async ({ caller, upstream }) => {
      follow(upstream);
      follow(caller);
      caller.end();
    }),
  },
  {
    name: 'the caller ends its half, hears the rest, and the API server ends',
    ...{ end: 'client', reaches: true, parts: 6 },
    act: talking(({ caller, upstream }, place) => halfClose(caller, upstream, place)),
  },
  {
    name: 'the caller resets after the 101',
    ...{ end: 'client', reaches: true, parts: 12 },
    act: talking(async ({ caller, upstream }) => {
      follow(upstream);
      reset(caller);
    }),
  },
  {
    name: 'the caller resets half-closed',
    ...{ end: 'client', reaches: true, parts: 12 },
    act: talking(({ caller, upstream }) => halfCloseThenReset(caller, upstream)),
  },
  {
    name: 'the caller resets while data comes to it',
    ...{ end: 'client', reaches: true, parts: 4 },
    act: talking(({ caller, upstream }) => resetInFlight(upstream, caller)),
  },
  {
    name: 'the caller resets while its echo comes back',
    ...{ end: 'client', reaches: true, parts: 8 },
    act: talking(async ({ caller, upstream }) => {
      upstream.on('data', (chunk: Buffer) => upstream.write(chunk));
      follow(upstream);
      caller.write(FLOOD.subarray(0, 4096));
      caller.write(FLOOD.subarray(0, 512), () => reset(caller));
    }),
  },
  {
    name: 'the API server ends (FIN)',
    ...{ end: 'upstream', reaches: true, parts: 10 },
    act: talking(async ({ caller, upstream }) => {
      follow(upstream);
      follow(caller);
      upstream.end();
    }),
  },
  {
    name: 'the API server ends its half, hears the rest, and the caller ends',
    ...{ end: 'upstream', reaches: true, parts: 6 },
    act: talking(({ caller, upstream }, place) => halfClose(upstream, caller, place)),
  },
  {
    name: 'the API server resets after the 101',
    ...{ end: 'upstream', reaches: true, parts: 6 },
    act: talking(async ({ caller, upstream }) => {
      follow(caller);
      reset(upstream);
    }),
  },
  {
    name: 'the API server resets half-closed',
    ...{ end: 'upstream', reaches: true, parts: 6 },
    act: talking(({ caller, upstream }) => halfCloseThenReset(upstream, caller)),
  },
  {
    name: 'the API server resets while data comes to it',
    ...{ end: 'upstream', reaches: true, parts: 4 },
    act: talking(({ caller, upstream }) => resetInFlight(caller, upstream)),
  },
];
