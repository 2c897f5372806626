// A real Prometheus (Debian's package) for the time of a test: on a free port, with its data in a directory of its own, scraping once a second.

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { run } from '../cluster/run.ts';
import { type Background, startProgram } from '../e2e/background.ts';

/** How often it scrapes. Seconds; `$__rate_interval` follows from it. */
export const SCRAPE_SECONDS = 1;
/** How long it may take to start, on a machine that does other work as well. ms */
const START_MS = 120_000;
/** Attempts to find a port that nobody else takes meanwhile. */
const ATTEMPTS = 5;

/** Something to scrape. */
export interface Target {
  /** host:port */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One series of an answer: an instant value has one point. Times are seconds since the epoch. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [time: number, value: number])[];
}

export interface Prometheus {
  readonly url: string;
  /** GET /api/v1/query. @throws Error with Prometheus' words. */
  query(expr: string, time: number): Promise<readonly Series[]>;
  /** GET /api/v1/query_range. @throws Error with Prometheus' words. */
  queryRange(expr: string, range: Range): Promise<readonly Series[]>;
  /** GET /api/v1/label/NAME/values. */
  labelValues(label: string, match: string, range: Omit<Range, 'step'>): Promise<readonly string[]>;
  /** Any other answer's data. */
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Seconds since the epoch, and seconds. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Starts it in `dir`; resolves when it is ready. */
export async function startPrometheus(
  dir: string,
  { targets, ruleFiles }: { readonly targets: readonly Target[]; readonly ruleFiles: readonly string[] },
): Promise<Prometheus> {
  const config = join(dir, 'prometheus.yml');
  mkdirSync(dir, { recursive: true });
  // YAML takes JSON.
  writeFileSync(
    config,
    JSON.stringify({
      global: {
        scrape_interval: `${SCRAPE_SECONDS}s`,
        evaluation_interval: `${SCRAPE_SECONDS}s`,
        scrape_timeout: '1s',
      },
      rule_files: ruleFiles,
      scrape_configs: [
        {
          job_name: 'postern',
          static_configs: targets.map(({ address, labels }) => ({ targets: [address], labels })),
        },
      ],
    }),
  );
  const { program, url } = await listen(config, join(dir, 'data'));
  const get = async (path: string) => {
    const answer = (await (await fetch(`${url}${path}`)).json()) as Answer;
    if (answer.status !== 'success') throw new Error(`${answer.errorType}: ${answer.error}`);
    return answer.data;
  };
  return {
    url,
    get,
    query: async (expr, time) => read(await get(`/api/v1/query?${params({ query: expr, time })}`)),
    queryRange: async (expr, range) =>
      read(await get(`/api/v1/query_range?${params({ query: expr, ...range })}`)),
    labelValues: async (label, match, { start, end }) =>
      (await get(`/api/v1/label/${label}/values?${params({ 'match[]': match, start, end })}`)) as string[],
    stop: () => program.kill('SIGTERM'),
  };
}

interface Answer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: unknown;
}

function params(values: Readonly<Record<string, string | number>>): string {
  return new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)])).toString();
}

function read(data: unknown): readonly Series[] {
  const { resultType, result } = data as { resultType: string; result: unknown };
  if (resultType === 'scalar') return [{ labels: {}, points: [pointOf(result as Pair)] }];
  return (result as Found[]).map(({ metric, value, values }) => ({
    labels: metric,
    points: (values ?? (value === undefined ? [] : [value])).map(pointOf),
  }));
}

type Pair = readonly [number, string];

interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Pair;
  readonly values?: readonly Pair[];
}

function pointOf([time, value]: Pair): readonly [number, number] {
  return [
    time,
    value === '+Inf' ? Number.POSITIVE_INFINITY : value === '-Inf' ? Number.NEGATIVE_INFINITY : Number(value),
  ];
}

/** Prometheus does not say which port it got for 0, so one is found first, and another when somebody else has taken it. */
async function listen(config: string, data: string): Promise<{ program: Background; url: string }> {
  for (let attempt = 1; ; attempt++) {
    const address = `127.0.0.1:${await freePort()}`;
    const program = startProgram('prometheus', [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${address}`,
      '--log.level=info',
    ]);
    try {
      await program.seen(/Server is ready to receive web requests/, START_MS);
      return { program, url: `http://${address}` };
    } catch (error) {
      await program.kill();
      if (attempt === ATTEMPTS || !program.stderr().includes('address already in use')) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs promtool. @returns its exit code and what it printed. */
export async function promtool(
  args: readonly string[],
): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stdout, stderr } = await run('promtool', args);
  return { code, text: stdout + stderr };
}
