// What a gate holds after so many sessions more: the slope, since what is there anyway (code, caches, buffers that are kept) says nothing. A leak of
// one object a session is a slope of one, whatever its size; the bounds lie far below it and far above what a healthy gate shows.

import { once } from 'node:events';
import type { GateProcess } from '../fakes/gateprocess.ts';
import { CENSUS, type Census } from './census.ts';

const PRELOAD = new URL('./census.ts', import.meta.url).href;
/** What a gate is started with whose growth is to be measured. */
export const NODE_OPTIONS: readonly string[] = [`--import=${PRELOAD}`, '--no-warnings'];

/** What may come of one session more. One small object would be 1 object and some 64 bytes; a healthy gate shows 0.00 objects. */
export const BOUNDS = { objects: 0.05, bytes: 32 } as const;
/**
 * What comes and goes by itself, however many sessions there were: a connection for metrics or keys (some 50 objects each), buffers that are kept for the
 * next session. Whatever holds a buffer is an object, too.
 */
const SLACK = { objects: 100, heapBytes: 64 * 1024, externalBytes: 4 * 1024 * 1024 } as const;

/** Everything that a gate holds, when nothing is open. */
export interface Held extends Census {
  readonly descriptors: number;
  /** What keeps its loop alive, by Node's names. */
  readonly resources: Readonly<Record<string, number>>;
}

/** What grew, a session. */
export interface Growth {
  readonly sessions: number;
  /** All of it: to be shown. */
  readonly heapBytes: number;
  readonly objects: Readonly<Record<string, number>>;
  /** Beyond what comes and goes: to be judged. */
  readonly beyond: {
    readonly heapBytes: number;
    readonly externalBytes: number;
    readonly objects: Readonly<Record<string, number>>;
  };
}

/** Takes stock. */
export async function takeStock(gate: GateProcess): Promise<Held> {
  const { descriptors, resources } = await gate.holdings();
  const answer = once(gate.child, 'message');
  gate.child.send(CENSUS);
  const [census] = (await answer) as [Census];
  return { ...census, descriptors, resources };
}

/** The slope between two. */
export function growthOf(before: Held, after: Held, sessions: number): Growth {
  const more = (name: string) => (after.objects[name] ?? 0) - (before.objects[name] ?? 0);
  const slopes = (slack: number) =>
    Object.fromEntries(Object.keys(after.objects).map((name) => [name, (more(name) - slack) / sessions]));
  const heapBytes = after.heapUsed - before.heapUsed;
  return {
    sessions,
    heapBytes: heapBytes / sessions,
    objects: slopes(0),
    beyond: {
      heapBytes: (heapBytes - SLACK.heapBytes) / sessions,
      externalBytes: (after.external - before.external - SLACK.externalBytes) / sessions,
      objects: slopes(SLACK.objects),
    },
  };
}

/** How many objects more are allowed in all. */
export function allowedObjects(sessions: number): number {
  return Math.round(SLACK.objects + BOUNDS.objects * sessions);
}

/** What is too much of it, in words; empty when nothing is. */
export function leaksIn({ beyond, objects: shown, heapBytes }: Growth): string[] {
  const tooMany = Object.entries(beyond.objects).filter(([, slope]) => slope > BOUNDS.objects);
  return [
    ...tooMany.map(([name]) => `${shown[name]?.toFixed(2)} more of ${name} a session`),
    ...(beyond.heapBytes > BOUNDS.bytes ? [`${heapBytes.toFixed(0)} bytes of heap a session`] : []),
    ...(beyond.externalBytes > BOUNDS.bytes
      ? [`${beyond.externalBytes.toFixed(0)} bytes outside of the heap a session, beyond what is kept`]
      : []),
  ];
}
