// What ends before it is a session: the API server refuses it or says nothing, or the caller goes in each phase before the 101, with it at the latest.
// field-lessons.md S39.

import type { TLSSocket } from 'node:tls';
import { reset } from '../fakes/peers.ts';
import { accept, closed, follow, headOf, readHead } from './pairs.ts';
import type { Way } from './rounds.ts';

/** Ways in which the API server answers something else than a 101, or nothing: the caller gets `status`. */
function refused(answer: (upstream: TLSSocket) => void, status: number): Way['act'] {
  return async (place, asked) => {
    const caller = await place.connect();
    const upstream = await place.ask(caller, asked);
    const head = readHead(caller);
    upstream.on('end', () => upstream.end());
    upstream.resume();
    answer(upstream);
    expectStatus(await head, status);
    follow(caller);
    await closed(caller, upstream);
  };
}

function expectStatus(head: string, status: number): void {
  if (!head.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`not ${status}: ${head}`);
}

function answered(status: string): (upstream: TLSSocket) => void {
  const body = '{"kind":"Status","apiVersion":"v1","status":"Failure"}';
  return (upstream) =>
    void upstream.write(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
}

/** All of them. */
export const EARLY_WAYS: readonly Way[] = [
  {
    name: 'the caller resets as the 101 comes',
    ...{ end: ['client', 'refused'], reaches: true, parts: 6 },
    act: async (place, asked) => {
      const caller = await place.connect();
      const upstream = await place.ask(caller, asked);
      follow(upstream);
      accept(upstream, asked.protocol);
      reset(caller);
      await closed(caller, upstream);
    },
  },
  {
    name: 'the API server answers 403',
    ...{ end: 'refused', reaches: true, parts: 4 },
    act: refused(answered('403 Forbidden'), 403),
  },
  {
    name: 'the API server answers 500',
    ...{ end: 'refused', reaches: true, parts: 2 },
    act: refused(answered('500 Internal Server Error'), 500),
  },
  {
    name: 'the API server answers a 101 to another protocol',
    ...{ end: 'refused', reaches: true, parts: 2 },
    act: refused(
      (upstream) =>
        void upstream.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n',
        ),
      502,
    ),
  },
  {
    name: 'the API server ends without an answer',
    ...{ end: 'refused', reaches: true, parts: 2 },
    act: refused((upstream) => void upstream.end(), 502),
  },
  {
    name: 'the API server resets without an answer',
    ...{ end: 'refused', reaches: true, parts: 2 },
    act: refused(reset, 502),
  },
  {
    name: 'the caller has no credential',
    ...{ end: 'refused', reaches: false, parts: 2 },
    act: async (place, asked) => {
      const caller = await place.connect();
      const head = readHead(caller);
      caller.write(headOf({ ...asked, token: '' }));
      expectStatus(await head, 401);
      follow(caller);
      await closed(caller);
    },
  },
  {
    name: 'the caller resets while the API server does not answer',
    ...{ end: 'refused', reaches: true, parts: 6 },
    act: async (place, asked) => {
      const caller = await place.connect();
      const upstream = await place.ask(caller, asked);
      follow(upstream);
      reset(caller);
      await closed(caller, upstream);
    },
  },
  {
    name: 'the caller resets before the head',
    ...{ end: 'none', reaches: false, parts: 8 },
    act: async (place) => {
      const caller = await place.connect();
      reset(caller);
      await closed(caller);
    },
  },
  {
    name: 'the caller resets in the middle of the head',
    ...{ end: 'none', reaches: false, parts: 8 },
    act: async (place, asked) => {
      const caller = await place.connect();
      const head = headOf(asked);
      await new Promise((resolve) => caller.write(head.slice(0, head.length / 2), resolve));
      reset(caller);
      await closed(caller);
    },
  },
  {
    name: 'the caller ends in the middle of the head',
    ...{ end: 'none', reaches: false, parts: 2 },
    act: async (place, asked) => {
      const caller = await place.connect();
      const head = headOf(asked);
      caller.end(head.slice(0, head.length / 2));
      follow(caller);
      await closed(caller);
    },
  },
];
