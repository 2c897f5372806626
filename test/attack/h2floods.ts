// Floods of HTTP/2 frames: what they are made of, and a gate that they are sent to. Its API server answers each request with a watch, which lasts until
// its caller goes.

import t from 'tap';
import type { Facts } from '../reliability/facts.ts';
import { type Attack, type Attacked, startAttacked } from './h2attack.ts';
import { CODE, FLAG, frame, headers, numbered, request, TYPE } from './h2frames.ts';

/** Frames of a flood: nghttp2 bears 10,000 odd ones, and 330 a second (its glitch limit). */
export const FLOOD = 20_000;

/** What is sent, what becomes of the connection, and how many requests of it may reach the API server. */
export type Flood = readonly [
  kind: string,
  name: string,
  bytes: readonly Buffer[],
  end: Attack['end'],
  reaches: number,
];

export interface Floods {
  readonly attacked: Attacked;
  /** Fields of a watch, and of a request with a body, of a caller with a token. */
  readonly watch: (more?: readonly string[]) => readonly string[];
  readonly post: (more?: readonly string[]) => readonly string[];
  /** Sends each of them, on a connection of its own. */
  send(facts: Facts, floods: readonly Flood[]): Promise<void>;
}

/** Starts the gate; it ends with the file's tests. */
export async function openFloods(): Promise<Floods> {
  const attacked = await startAttacked((request, response) => {
    request.resume();
    response.write('begun');
  });
  t.teardown(() => attacked.stop());
  const { token } = attacked;
  return {
    attacked,
    watch: (more = []) => request('/api/v1/pods?watch=1', token, more),
    post: (more = []) => [':method', 'POST', ...request('/api/v1/pods', token, more).slice(2)],
    async send(facts, floods) {
      for (const [kind, name, bytes, end, reaches] of floods)
        await facts.attack(kind, name, async (t) => {
          const one = await attacked.attack(t, { bytes, end, reaches });
          one.end();
          await one.closed;
        });
    },
  };
}

export const times = (count: number, make: (index: number) => Buffer): Buffer[] =>
  Array.from({ length: count }, (_, i) => make(i));
export const stranger = request('/api/v1/pods?watch=1', '');
export const idOf = (index: number) => 2 * index + 1;
export const empty = (type: number, stream: number) => frame(type, 0, stream);
/** A stream for each index: its request, and what is sent on it next. */
export const each = (
  count: number,
  fields: readonly string[],
  next: (stream: number) => Buffer,
  flags: number = FLAG.END_STREAM,
) => times(count, (i) => Buffer.concat([headers(idOf(i), fields, flags), next(idOf(i))]));
export const cancel = (stream: number) => numbered(TYPE.RST_STREAM, stream, CODE.CANCEL);
