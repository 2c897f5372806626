// What comes to the gates: so many deeds of the table a second, drawn at random, but the same in each run.

import { type Caller, caller } from '../fakes/caller.ts';
import { DEEDS, type Deed, type Place } from './deeds.ts';
import type { Site, SiteGate } from './site.ts';

/** How many things may be under way at once; what would come on top is left out. */
const MAX_UNDER_WAY = 150;
const TICK_MS = 20;
/** One up and down of the day, in which traffic is between a third and all of what is asked for. ms. */
const WAVE_MS = 60_000;

export interface Traffic {
  /** Gates that no more is sent to. */
  readonly leaveOut: Set<string>;
  /** Ends what is under way; resolves when all is over. */
  stop(): Promise<void>;
}

/** Begins to send some `perSecond` deeds, one kind after the other first, so that each has come. */
export function startTraffic(site: Site, perSecond: number): Traffic {
  const random = makeRandom(17);
  const over = new AbortController();
  const callers = new Map<string, Caller>();
  const underWay = new Set<Promise<unknown>>();
  const leaveOut = new Set<string>();
  const startedAt = Date.now();
  let due = 0;
  let turn = 0;
  const begin = () => {
    const gates = site.gates.filter(({ name }) => !leaveOut.has(name));
    const gate = gates[Math.floor(random() * gates.length)];
    if (gate === undefined || underWay.size >= MAX_UNDER_WAY) return;
    const deed = turn < DEEDS.length ? DEEDS[turn++]?.[1] : pick(random());
    const place: Place = {
      ...{ site, gate, random },
      pause: (fromMs, toMs) => pause(fromMs + random() * (toMs - fromMs), over.signal),
      caller: (key, client) => callerFor(callers, key, gate, client === undefined ? undefined : site[client]),
    };
    const done: Promise<unknown> = (deed?.(place) ?? Promise.resolve())
      .catch(() => {})
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };
  const timer = setInterval(() => {
    const wave = (2 - Math.cos((2 * Math.PI * (Date.now() - startedAt)) / WAVE_MS)) / 3;
    for (due += (perSecond * wave * TICK_MS) / 1000; due >= 1; due--) begin();
  }, TICK_MS);
  return {
    leaveOut,
    async stop() {
      clearInterval(timer);
      over.abort();
      for (const one of callers.values()) one.close();
      await Promise.race([Promise.all(underWay), pause(5_000)]);
    },
  };
}

function callerFor(
  callers: Map<string, Caller>,
  key: string,
  { port, place }: SiteGate,
  client: { readonly certPem: string; readonly keyPem: string } | undefined,
): Caller {
  const known = callers.get(key);
  if (known !== undefined) return known;
  const one = caller({ port, ca: place.ca, ...(client === undefined ? {} : { client }) }, 'h2');
  callers.set(key, one);
  return one;
}

function pick(random: number): Deed | undefined {
  let left = random * DEEDS.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, deed] of DEEDS) {
    left -= weight;
    if (left < 0) return deed;
  }
  return undefined;
}

/** Another number each time, and the same ones in each run (Park and Miller's generator). */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
