// Many sessions of a table of ways, so many at once: which ways, how often and in which order is fixed by their number.

import type { EndReason, SessionProtocol } from '../../src/sessions.ts';
import type { Asked, Place } from './pairs.ts';

/** A session that has not ended after so long hangs. ms */
const HANGS_MS = 60_000;
const KINDS = ['exec', 'attach', 'portforward'] as const;
const PROTOCOLS: readonly SessionProtocol[] = ['websocket', 'spdy'];
/** Of a way whose end is chance: apart from all others. */
const CHANCE_KIND = 'proxy' as const;

/** A way to end. */
export interface Way {
  readonly name: string;
  /** The label `end` of postern_sessions_total; 'none' where no session is counted. Of two, either: what is first is chance. */
  readonly end: EndReason | 'none' | readonly [EndReason, EndReason];
  /** Whether the request reaches the API server. */
  readonly reaches: boolean;
  /** Of all sessions, in parts. */
  readonly parts: number;
  /** Does it; resolves when both connections of the test are closed. */
  readonly act: (place: Place, asked: Asked) => Promise<void>;
}

/** How often each way was gone, and the rows of postern_sessions_total that have to come of it, as `exec spdy client`. */
export interface Tally {
  readonly ways: Map<string, { tried: number; done: number }>;
  readonly ends: Map<string, number>;
  /** Requests that reach the API server. */
  reaching: number;
  readonly failures: string[];
}

/** Nothing yet. */
export function newTally(): Tally {
  return { ways: new Map(), ends: new Map(), reaching: 0, failures: [] };
}

/** How they are gone. */
export interface Going {
  readonly count: number;
  readonly atOnce: number;
  /** The callers' bearer token. */
  readonly token: string;
}

/** Goes `count` ways, `atOnce` at once, and adds what was done. */
export async function goWays(
  place: Place,
  ways: readonly Way[],
  tally: Tally,
  { count, atOnce, token }: Going,
): Promise<void> {
  const plan = planOf(ways, count);
  let next = 0;
  const worker = async () => {
    for (let way = plan[next++]; way !== undefined; way = plan[next++]) await go(place, way, tally, token);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Ways by their parts, mixed: the most behind is next. */
export function planOf(ways: readonly Way[], count: number): readonly Way[] {
  const total = ways.reduce((sum, { parts }) => sum + parts, 0);
  const credit = ways.map(() => 0);
  return Array.from({ length: count }, () => {
    let best = 0;
    for (const [i, { parts }] of ways.entries()) {
      credit[i] = (credit[i] ?? 0) + parts;
      if ((credit[i] ?? 0) > (credit[best] ?? 0)) best = i;
    }
    credit[best] = (credit[best] ?? 0) - total;
    return ways[best] as Way;
  });
}

async function go(place: Place, way: Way, tally: Tally, token: string): Promise<void> {
  const row = tally.ways.get(way.name) ?? { tried: 0, done: 0 };
  tally.ways.set(way.name, row);
  const asked: Asked = {
    ...kindAndProtocol(row.tried++),
    ...(typeof way.end === 'string' ? {} : { kind: CHANCE_KIND }),
    ...{ number: place.nextNumber(), way: way.name, token },
  };
  if (way.reaches) tally.reaching++;
  if (way.end !== 'none') noteEnd(tally, asked, ...[way.end].flat());
  try {
    await within(HANGS_MS, way.act(place, asked));
    row.done++;
  } catch (error) {
    tally.failures.push(`${way.name} (${asked.kind}, ${asked.protocol}): ${String(error)}`);
  }
}

/** So that all kinds and protocols meet all ways. */
export function kindAndProtocol(nth: number): Pick<Asked, 'kind' | 'protocol'> {
  const kind = KINDS[nth % KINDS.length] ?? 'exec';
  return { kind, protocol: PROTOCOLS[Math.floor(nth / KINDS.length) % PROTOCOLS.length] ?? 'spdy' };
}

/** A session of this kind is to end so; of two ends, by either. */
export function noteEnd(tally: Tally, { kind, protocol }: Asked, ...ends: readonly EndReason[]): void {
  const label = [kind, protocol, ends.join('|')].join(' ');
  tally.ends.set(label, (tally.ends.get(label) ?? 0) + 1);
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not over after ${limitMs / 1000} s`)), limitMs);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
