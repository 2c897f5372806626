// The roster is the list of who is in at all replicas of a gate. A page of it is what one replica tells of itself: nobody else writes there,
// and no replica needs another's. What is read comes from a place that others can write to as well, so that it is checked like any input.

import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

/** The kinds of what can be listed and ended. */
export const KINDS = ['exec', 'attach', 'portforward', 'proxy', 'watch', 'log', 'other'] as const;

/** One of them. */
export type Kind = (typeof KINDS)[number];

/** Somebody who is in. Times are ms since the epoch; strings are '' where a fact is absent. */
export interface Entry {
  /** The Audit-ID of the request that opened it: the same in the gate's log and the cluster's audit log. */
  readonly id: string;
  readonly user: string;
  readonly cluster: string;
  readonly kind: Kind;
  readonly protocol: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly container: string;
  /** The caller's address as the gate saw it; behind a load balancer in TCP mode that one's. */
  readonly address: string;
  readonly since: number;
  /** When its identity ends; 0 for never. */
  readonly expires: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** What became of an order at one replica. */
export interface Answer {
  readonly order: string;
  /** Whom it ended; at most MAX_ANSWERED are named. */
  readonly ended: readonly string[];
  readonly count: number;
  /** Why it was not carried out; '' when it was. */
  readonly problem: string;
}

/** What one replica tells. */
export interface Page {
  /** Random, of one process. */
  readonly replica: string;
  /** For people: host name, and worker. */
  readonly name: string;
  readonly version: string;
  readonly state: 'serving' | 'leaving';
  readonly startedAt: number;
  readonly renewedAt: number;
  /** It is renewed at least so often. */
  readonly renewEveryMs: number;
  /** How many are in; more than there are entries when the page was full. */
  readonly open: number;
  readonly entries: readonly Entry[];
  readonly answers: readonly Answer[];
}

/** The largest page, compressed. bytes; three times as many pages of that size can be listed at once as `ask` reads of one answer */
export const MAX_PAGE_BYTES = 256 * 1024;
/** The largest page that is read, and therefore written, uncompressed. bytes */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
/** How many ids an answer names. */
export const MAX_ANSWERED = 200;
/** A page that was not renewed in so many times of its own renewal is of a replica that is gone. */
export const MISSED_RENEWALS = 3;

const ORDER_OF_KINDS: Readonly<Record<Kind, number>> = {
  ...{ exec: 0, attach: 0, portforward: 0, proxy: 0, other: 0 },
  ...{ log: 1, watch: 2 },
};

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** Compresses a page; what does not fit is left out: watches first, then logs, then sessions, the longest ones stay. */
export async function packPage(page: Page, maxBytes: number = MAX_PAGE_BYTES): Promise<Buffer> {
  const entries = [...page.entries].sort(
    (one, other) => ORDER_OF_KINDS[one.kind] - ORDER_OF_KINDS[other.kind] || one.since - other.since,
  );
  let count = entries.length;
  for (;;) {
    const text = Buffer.from(JSON.stringify({ ...page, entries: entries.slice(0, count) }));
    // What compresses well may fit, and nobody would read it.
    const packed = text.length <= MAX_TEXT_BYTES ? await zip(text) : text;
    const room = packed === text ? MAX_TEXT_BYTES : maxBytes;
    if (packed.length <= room || count === 0) return packed;
    // Compression is not linear; a little less than what should fit.
    count = Math.min(count - 1, Math.floor((count * room * 0.95) / packed.length));
  }
}

/** Reads a page; undefined when it is none. */
export async function unpackPage(packed: Buffer): Promise<Page | undefined> {
  try {
    return readPage(JSON.parse((await unzip(packed, { maxOutputLength: MAX_TEXT_BYTES })).toString()));
  } catch {
    return undefined;
  }
}

/** Whether its replica is there, as far as its page says. */
export function isFresh({ renewedAt, renewEveryMs }: Page, now: number): boolean {
  return now - renewedAt <= MISSED_RENEWALS * renewEveryMs;
}

type Fields = Readonly<Record<string, unknown>>;

function readPage(value: unknown): Page | undefined {
  const page = fieldsOf(value);
  const replica = textOf(page['replica']);
  if (replica === '') return undefined;
  return {
    replica,
    name: textOf(page['name']),
    version: textOf(page['version']),
    state: page['state'] === 'leaving' ? 'leaving' : 'serving',
    startedAt: numberOf(page['startedAt']),
    renewedAt: numberOf(page['renewedAt']),
    renewEveryMs: numberOf(page['renewEveryMs']),
    open: numberOf(page['open']),
    entries: listOf(page['entries'])
      .map(readEntry)
      .filter(({ id }) => id !== ''),
    answers: listOf(page['answers']).map(readAnswer),
  };
}

function readEntry(entry: Fields): Entry {
  const kind = KINDS.find((known) => known === entry['kind']) ?? 'other';
  const text = (key: keyof Entry) => textOf(entry[key]);
  const number = (key: keyof Entry) => numberOf(entry[key]);
  return {
    id: text('id'),
    user: text('user'),
    cluster: text('cluster'),
    kind,
    protocol: text('protocol'),
    namespace: text('namespace'),
    resource: text('resource'),
    name: text('name'),
    container: text('container'),
    address: text('address'),
    since: number('since'),
    expires: number('expires'),
    bytesUp: number('bytesUp'),
    bytesDown: number('bytesDown'),
  };
}

function readAnswer(answer: Fields): Answer {
  const ended = Array.isArray(answer['ended']) ? answer['ended'].map(textOf) : [];
  return {
    order: textOf(answer['order']),
    ended,
    count: numberOf(answer['count']),
    problem: textOf(answer['problem']),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
