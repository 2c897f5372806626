// Names to addresses. The system's getaddrinfo is asked anew for each connection (it knows /etc/hosts, search domains and whatever the machine has
// besides), but it can't be interrupted, a resolver that is silent holds it for 10 s for each search domain, and libuv runs only two at a time: two names
// that hang would hold up every other. So a name is asked for once at a time, names that hang share one of the places, and where there is no answer the
// last one serves on (RFC 8767). Whoever is at an address has to show the certificate of the name, so an old one lets nobody in.

import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { nodeTimer, type SetTimer } from './delay.ts';

/** An answer that takes longer than this is not waited for where there is an earlier one. ms; RFC 8767 §5 */
export const LATE_MS = 1_800;
/** Addresses serve for so long after they were last told. ms; RFC 8767 §4 suggests 1 to 3 days */
export const MAX_STALE_MS = 24 * 60 * 60_000;
/** So long after a failure a name that has addresses is not asked for again. ms */
export const RECHECK_MS = 1_000;
/** Names that are remembered; there are as many as the configuration has, and those that issuers' documents and AWS' regions add. */
const MAX_NAMES = 256;
/** The threads of libuv's pool when the environment does not say; half of them look names up. */
const POOL_THREADS = 4;

/** What a connection got: `ok` an answer (that there is no such name is one), `stale` the last known addresses in its place, `failed` nothing. */
export type LookupOutcome = 'ok' | 'stale' | 'failed';

/** Both are for `lookup` of node:net, node:tls and undici. */
export interface Names {
  readonly lookup: LookupFunction;
  /** For names that others should not wait for: taken to hang until they were answered once. */
  readonly yieldingLookup: LookupFunction;
}

export interface NamesDeps {
  /** Once for each connection that needs a name. */
  readonly onLookup?: (outcome: LookupOutcome) => void;
  /** The last known addresses of a name serve from now on; once until it is answered again. */
  readonly onStale?: (name: string, cause: Error) => void;
  /** A name whose last known addresses served is answered again. */
  readonly onAnswered?: (name: string) => void;
  /** Look-ups at the same time. Default is what libuv allows. */
  readonly places?: number;
  readonly lookup?: SystemLookup;
  /** ms; only differences count. */
  readonly now?: () => number;
  readonly setTimer?: SetTimer;
}

/** As dns.lookup of Node calls it. */
export type SystemLookup = (
  name: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses?: LookupAddress[]) => void,
) => void;

type Answer = (outcome: LookupOutcome, error: Error | null, addresses: readonly LookupAddress[]) => void;

/** A name in a family, as it is asked for. */
interface Name {
  readonly name: string;
  readonly options: LookupOptions & { readonly all: true };
  addresses: readonly LookupAddress[];
  toldAt: number;
  readonly yields: boolean;
  /** Its last look-up took long, and the next may: it has no more than one place with all others that do. */
  isSlow: boolean;
  /** Its last look-up had no answer in time: who comes now does not wait for one. */
  isDoubtful: boolean;
  /** Its old addresses serve, and that was said. */
  isStale: boolean;
  failedAt: number;
  asking: Asking | undefined;
}

/** A look-up that waits for its place or is under way. */
interface Asking {
  readonly waiting: Answer[];
  isLate: boolean;
  cancel: () => void;
}

/** Nothing is looked up yet. */
export function createNames(deps: NamesDeps = {}): Names {
  const book = new NameBook(deps);
  const lookupThat = (yields: boolean): LookupFunction => {
    return (name, options, callback) => book.lookup(book.find(name, options, yields), options, callback);
  };
  return { lookup: lookupThat(false), yieldingLookup: lookupThat(true) };
}

/** Look-ups that libuv runs at the same time: half of its threads, of which UV_THREADPOOL_SIZE may say how many there are. */
export function lookupPlaces(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const threads = Number.parseInt(env['UV_THREADPOOL_SIZE'] ?? '', 10) || POOL_THREADS;
  return Math.max(2, Math.floor((threads + 1) / 2));
}

class NameBook {
  readonly #deps: NamesDeps;
  readonly #ask: SystemLookup;
  readonly #now: () => number;
  readonly #setTimer: SetTimer;
  readonly #names = new Map<string, Name>();
  readonly #queue: Name[] = [];
  #free: number;
  /** How many that are slow have a place. */
  #slow = 0;

  constructor(deps: NamesDeps) {
    this.#deps = deps;
    this.#ask = deps.lookup ?? systemLookup;
    this.#now = deps.now ?? (() => performance.now());
    this.#setTimer = deps.setTimer ?? nodeTimer;
    this.#free = deps.places ?? lookupPlaces();
  }

  lookup(found: Name, options: LookupOptions, callback: Parameters<LookupFunction>[2]): void {
    const answer: Answer = (outcome, error, addresses) => {
      this.#deps.onLookup?.(outcome);
      const [first] = addresses;
      if (options.all === true || first === undefined) callback(error, [...addresses]);
      else callback(error, first.address, first.family);
    };
    const { asking } = found;
    if (this.#isKnown(found) && (found.isDoubtful || asking?.isLate === true)) {
      // Whoever connects has not set its handlers yet.
      queueMicrotask(() => answer('stale', null, found.addresses));
      if (asking === undefined && this.#now() - found.failedAt >= RECHECK_MS) this.#enqueue(found);
    } else (asking ?? this.#enqueue(found)).waiting.push(answer);
  }

  find(name: string, { family, hints, order }: LookupOptions, yields: boolean): Name {
    const key = JSON.stringify([name, family, hints, order]);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) {
      const [oldest] = [...this.#names].find(([, { asking }]) => asking === undefined) ?? [];
      if (oldest !== undefined) this.#names.delete(oldest);
    }
    const options: Name['options'] = {
      all: true,
      ...(family === undefined ? {} : { family }),
      ...(hints === undefined ? {} : { hints }),
      ...(order === undefined ? {} : { order }),
    };
    const state = { isSlow: yields, isDoubtful: false, isStale: false, asking: undefined };
    const made: Name = { name, options, yields, addresses: [], toldAt: 0, failedAt: -RECHECK_MS, ...state };
    this.#names.set(key, made);
    return made;
  }

  #isKnown({ addresses, toldAt }: Name): boolean {
    return addresses.length > 0 && this.#now() - toldAt < MAX_STALE_MS;
  }

  #enqueue(name: Name): Asking {
    const asking: Asking = { waiting: [], isLate: false, cancel: () => {} };
    name.asking = asking;
    asking.cancel = this.#setTimer(() => {
      asking.isLate = true;
      this.#serveStale(name, asking, new Error(`no answer in ${LATE_MS} ms`));
    }, LATE_MS);
    this.#queue.push(name);
    this.#start();
    return asking;
  }

  #start(): void {
    while (this.#free > 0) {
      const name = this.#next();
      if (name?.asking === undefined) return;
      this.#give(name, name.asking);
    }
  }

  /** Who has the next place. One at most is for slow names, which may hold it for long; of these, who yields comes last. */
  #next(): Name | undefined {
    const mayBeSlow = this.#slow === 0;
    const turns: readonly ((name: Name) => boolean)[] = [
      ({ isSlow }) => !isSlow,
      ({ yields }) => mayBeSlow && !yields,
      () => mayBeSlow,
    ];
    for (const fits of turns) {
      const at = this.#queue.findIndex(fits);
      if (at !== -1) return this.#queue.splice(at, 1)[0];
    }
    return undefined;
  }

  #give(name: Name, asking: Asking): void {
    this.#free--;
    let counts = name.isSlow;
    if (counts) this.#slow++;
    const cancel = this.#setTimer(() => {
      if (!counts) this.#slow++;
      counts = true;
      name.isDoubtful = true;
    }, LATE_MS);
    const from = this.#now();
    this.#ask(name.name, name.options, (error, addresses) => {
      cancel();
      asking.cancel();
      this.#free++;
      if (counts) this.#slow--;
      name.asking = undefined;
      name.isSlow = this.#now() - from >= LATE_MS;
      this.#take(name, asking, error, addresses ?? []);
      this.#start();
    });
  }

  #take(
    name: Name,
    asking: Asking,
    error: NodeJS.ErrnoException | null,
    addresses: readonly LookupAddress[],
  ): void {
    // That there is no such name is an answer too, and ends what was known.
    const isAnswer = error === null || error.code === 'ENOTFOUND' || error.code === 'ENODATA';
    name.isDoubtful = !isAnswer || name.isSlow;
    if (!isAnswer) {
      name.failedAt = this.#now();
      this.#serveStale(name, asking, error);
      for (const answer of asking.waiting) answer('failed', error, []);
      return;
    }
    name.addresses = addresses;
    name.toldAt = this.#now();
    if (name.isStale && !name.isSlow) {
      name.isStale = false;
      this.#deps.onAnswered?.(name.name);
    }
    for (const answer of asking.waiting) answer('ok', error, addresses);
  }

  /** Answers who waits with what is known, if anything is. */
  #serveStale(name: Name, { waiting }: Asking, cause: Error): void {
    if (!this.#isKnown(name)) return;
    if (!name.isStale) {
      name.isStale = true;
      this.#deps.onStale?.(name.name, cause);
    }
    for (const answer of waiting.splice(0)) answer('stale', null, name.addresses);
  }
}
