// The figures of the benchmark as data: which work the load generator does for each, in three sizes, and what is read from it. Adding a
// figure is adding a row here (and its work to bench/go/load).

import { GIGABYTE_CPU, type Metric, MICRO_CPU, MILLI_CPU, P99, PER_GB, p50, scalingOf } from './metrics.ts';

/** smoke: seconds, to see that it works; short: while one works on the code; full: the figures that count. */
export type Size = 'smoke' | 'short' | 'full';
export const SIZES: readonly Size[] = ['smoke', 'short', 'full'];

/** proxy: it is one; http2: HTTP/2 with callers; mlkem: the key exchange X25519MLKEM768 with callers; workers: several processes that serve as one. */
export type Need = 'proxy' | 'http2' | 'mlkem' | 'workers';

export interface Figure {
  readonly name: string;
  /** The work in words; `describe` gives it with the numbers of a size. */
  readonly describe: (size: Size) => string;
  /** Other names by which it, or its group, may be asked for. */
  readonly aliases: readonly string[];
  /** Arguments of the load generator. */
  readonly load: (size: Size) => readonly string[];
  /** The first one is the headline. */
  readonly metrics: readonly Metric[];
  /** What a contestant must be able to do to take part; who cannot is left out of it. */
  readonly needs: Need | undefined;
  /** Measured in processes started for it: memory, and what needs other processes than the rest. */
  readonly fresh: boolean;
  /** Nothing is done after the set-up; the sessions are held while memory is read. */
  readonly holds: boolean;
}

const KB = 1e-3;
const MB = 1e-6;
const MEGABYTE = 1_000_000;
const GIGABYTE = 1_000_000_000;

type Sized<T> = Readonly<Record<Size, T>>;
/** Everything of a figure that has a usual value. */
type Row = Pick<Figure, 'name' | 'describe' | 'load' | 'metrics'> & Partial<Figure>;
const figure = (row: Row): Figure => ({
  aliases: [],
  needs: undefined,
  fresh: false,
  holds: false,
  ...row,
});
const flag = (name: string, value: number | string) => [`--${name}`, String(value)];

function stream(direction: 'down' | 'up', sessions: number, bytes: Sized<number>): Figure {
  return figure({
    name: `stream-${direction}${sessions === 1 ? '' : `-${sessions}`}`,
    aliases: ['stream'],
    describe: (size) =>
      `${sessions === 1 ? 'one exec session' : `${sessions} exec sessions at once`}, ${showBytes(bytes[size])} ${direction}${sessions === 1 ? '' : ' each'}`,
    load: (size) => [
      'stream',
      ...flag('direction', direction),
      ...flag('sessions', sessions),
      ...flag('bytes', bytes[size]),
    ],
    metrics: PER_GB,
  });
}

function keystroke(sessions: number, alias: string, rounds: Sized<number>): Figure {
  return figure({
    name: `keystroke-${sessions}`,
    aliases: ['keystroke', alias],
    describe: (size) =>
      `32-byte echo over ${sessions === 1 ? 'one session' : `${sessions} busy sessions`}, ${showCount(rounds[size])} round trips${sessions === 1 ? '' : ' each'}`,
    load: (size) => ['keystroke', ...flag('sessions', sessions), ...flag('rounds', rounds[size])],
    metrics: [MICRO_CPU, p50('µs'), P99],
  });
}

function open(curve: 'x25519' | 'x25519mlkem768', name: string, count: Sized<number>): Figure {
  return figure({
    name,
    aliases: ['open'],
    describe: (size) =>
      `${showCount(count[size])} exec sessions opened, used once and closed, one after another; the caller offers ${curve === 'x25519' ? 'X25519' : 'X25519MLKEM768'} only`,
    load: (size) => ['open', ...flag('count', count[size]), ...flag('curve', curve)],
    metrics: [MILLI_CPU, p50('ms'), P99],
    needs: curve === 'x25519' ? undefined : 'mlkem',
  });
}

function get(http: '1.1' | '2', requests: Sized<number>): Figure {
  return figure({
    name: http === '2' ? 'get-h2' : 'get-h1',
    aliases: ['get'],
    needs: http === '2' ? 'http2' : undefined,
    describe: (size) => `${showCount(requests[size])} GETs of 4 kB by 16 callers, keep-alive, HTTP/${http}`,
    load: (size) => [
      'get',
      ...flag('callers', 16),
      ...flag('requests', requests[size]),
      ...(http === '2' ? ['--http2'] : []),
    ],
    metrics: [MICRO_CPU, p50('µs'), P99],
  });
}

function mixed(name: string, pace: number): Figure {
  const speed = pace === 0 ? 'as fast as it goes' : `at ${pace} MB a second`;
  return figure({
    name,
    aliases: ['mixed'],
    describe: (size) =>
      `keystrokes of one session while ${showBytes(MIXED[size])} flow down another, ${speed}`,
    load: (size) => [
      'mixed',
      ...flag('bytes', MIXED[size]),
      ...flag('rounds-pause', 1),
      ...flag('pace', pace),
    ],
    metrics: [P99, { name: 'slowdown', label: 'p99 ÷ its idle p99', unit: '×', scale: 1 }, p50('ms')],
  });
}

function list(megabytes: number, work: Sized<{ readonly bytes: number; readonly count: number }>): Figure {
  return figure({
    name: `list-${megabytes}`,
    aliases: ['list'],
    describe: (size) => `a list of ${showBytes(work[size].bytes)}, ${work[size].count} times`,
    load: (size) => ['list', ...flag('bytes', work[size].bytes), ...flag('count', work[size].count)],
    metrics: [...PER_GB, { name: 'growth', label: 'memory at the peak', unit: 'MB more', scale: MB }],
    fresh: true,
  });
}

const STREAM_1 = { smoke: 20 * MEGABYTE, short: 300 * MEGABYTE, full: GIGABYTE };
const STREAM_8 = { smoke: 4 * MEGABYTE, short: 60 * MEGABYTE, full: 250 * MEGABYTE };
const STREAM_16 = { smoke: 2 * MEGABYTE, short: 30 * MEGABYTE, full: 125 * MEGABYTE };
const OPEN = { smoke: 20, short: 400, full: 1500 };
const GET = { smoke: 400, short: 10_000, full: 120_000 };
/** Each time that workers are measured, twice with one process and twice with two. */
const WORKERS = { smoke: 400, short: 15_000, full: 40_000 };
const IDLE = { smoke: 50, short: 500, full: 3000 };
/** 20,000 events a second in all: two cores carry that through every contestant, with load generator and upstream beside it; 100,000 they don't. */
const WATCH = {
  smoke: { watches: 20, rate: 100, seconds: 1 },
  short: { watches: 200, rate: 100, seconds: 3 },
  full: { watches: 1000, rate: 20, seconds: 10 },
};
const MIXED = { smoke: 40 * MEGABYTE, short: 200 * MEGABYTE, full: 500 * MEGABYTE };
const CHURN = { smoke: 20, short: 400, full: 2000 };

/** Every figure, in the order in which they are measured and shown. */
export const FIGURES: readonly Figure[] = [
  stream('down', 1, STREAM_1),
  stream('up', 1, STREAM_1),
  stream('down', 8, STREAM_8),
  stream('up', 8, STREAM_8),
  keystroke(1, 'echo1', { smoke: 200, short: 4000, full: 20_000 }),
  keystroke(50, 'echo50', { smoke: 20, short: 300, full: 2000 }),
  open('x25519', 'open-x25519', OPEN),
  open('x25519mlkem768', 'open-mlkem', OPEN),
  figure({
    name: 'idle',
    describe: (size) => `${showCount(IDLE[size])} open exec sessions that do nothing`,
    load: (size) => ['idle', ...flag('sessions', IDLE[size])],
    metrics: [{ name: 'rss', label: 'memory', unit: 'kB a session', scale: KB }],
    needs: 'proxy',
    fresh: true,
    holds: true,
  }),
  get('1.1', GET),
  get('2', GET),
  list(50, {
    smoke: { bytes: 5 * MEGABYTE, count: 2 },
    short: { bytes: 50 * MEGABYTE, count: 4 },
    full: { bytes: 50 * MEGABYTE, count: 10 },
  }),
  list(500, {
    smoke: { bytes: 20 * MEGABYTE, count: 1 },
    short: { bytes: 500 * MEGABYTE, count: 1 },
    full: { bytes: 500 * MEGABYTE, count: 2 },
  }),
  figure({
    name: 'watch',
    describe: (size) =>
      `${showCount(WATCH[size].watches)} watches, each with ${WATCH[size].rate} events of 1 kB a second, for ${WATCH[size].seconds} s`,
    load: (size) => [
      'watch',
      ...flag('watches', WATCH[size].watches),
      ...flag('rate', WATCH[size].rate),
      ...flag('size', 1000),
      ...flag('seconds', WATCH[size].seconds),
    ],
    metrics: [
      MICRO_CPU,
      { ...p50('ms'), label: 'delay p50' },
      { ...P99, label: 'delay p99' },
      { name: 'kept', label: 'events in time', unit: '%', scale: 100 },
    ],
  }),
  mixed('mixed', 0),
  mixed('mixed-100', 100),
  figure({
    name: 'churn',
    describe: (size) => `${showCount(CHURN[size])} times a new TLS connection, one GET of 4 kB, close`,
    load: (size) => ['churn', ...flag('count', CHURN[size])],
    metrics: [MICRO_CPU, p50('ms'), P99],
  }),
  figure({
    name: 'workers',
    describe: (size) =>
      `four times ${showCount(WORKERS[size])} GETs of 4 kB by 32 callers, keep-alive, HTTP/1.1: one process, two workers, two workers, one process`,
    load: (size) => ['get', ...flag('callers', 32), ...flag('requests', WORKERS[size])],
    metrics: scalingOf(MICRO_CPU),
    needs: 'workers',
    fresh: true,
  }),
  figure({
    name: 'workers-stream',
    aliases: ['workers'],
    describe: (size) =>
      `four times 16 exec sessions at once, ${showBytes(STREAM_16[size])} down each: one process, two workers, two workers, one process`,
    load: (size) => [
      'stream',
      ...flag('direction', 'down'),
      ...flag('sessions', 16),
      ...flag('bytes', STREAM_16[size]),
    ],
    metrics: scalingOf(GIGABYTE_CPU),
    needs: 'workers',
    fresh: true,
  }),
];

/** The figures asked for by name or alias, in their own order. @throws Error for a name that nothing has. */
export function chooseFigures(names: readonly string[]): readonly Figure[] {
  const fits = (figure: Figure, name: string) => figure.name === name || figure.aliases.includes(name);
  for (const name of names) {
    if (!FIGURES.some((figure) => fits(figure, name)))
      throw new Error(`no figure ${JSON.stringify(name)}; there are ${knownNames().join(', ')}`);
  }
  return names.length === 0 ? FIGURES : FIGURES.filter((figure) => names.some((name) => fits(figure, name)));
}

function knownNames(): readonly string[] {
  return FIGURES.map((figure) => figure.name);
}

function showBytes(bytes: number): string {
  return bytes >= GIGABYTE ? `${bytes / GIGABYTE} GB` : `${bytes / MEGABYTE} MB`;
}

function showCount(count: number): string {
  return count.toLocaleString('en-US');
}
