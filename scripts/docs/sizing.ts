// The tables of docs/explanation/sizing.md, reckoned from what docs/benchmarks.md says that each kind of work costs: the page's prose is written by
// hand, what stands between its markers is not.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '../../docs');
const FILE = 'docs/explanation/sizing.md';

/** How many engineers the table is for. */
const TEAMS = [100, 1_000, 10_000] as const;

/** What one engineer who is at work does, at the busiest time of the day. Per second, but for what is open. */
const HABITS = {
  /** Of all engineers, those who are at work at once. */
  active: 0.3,
  requests: 0.5,
  /** Commands that open a connection of their own, as each kubectl does. */
  connections: 1 / 60,
  openWatches: 10,
  eventsOfAWatch: 0.2,
  openSessions: 0.3,
  sessionsBegun: 6 / 3600,
  keystrokesOfASession: 1,
  gigabytes: 50e-6,
} as const;

/** A replica is given one core, and should need no more than this part of it. */
const TARGET = 0.5;
/** Replicas beside those that the work needs: one may restart while another is lost. */
const SPARE = 1;
const MIN_REPLICAS = 2;
/** What a process has that serves and holds nothing open: docs/fleet.md, rounded up. MB */
const BASE_MB = 250;
const HEADROOM = 1.5;
/** What is open at one replica is planned to take no more than this, so that losing it moves no more people than the others can take. MB */
const MAX_OPEN_MB = 1_500;

interface Costs {
  /** Seconds of CPU. */
  readonly request: number;
  readonly connection: number;
  readonly event: number;
  readonly keystroke: number;
  readonly session: number;
  readonly gigabyte: number;
  /** MB of an open session; a watch is reckoned the same. */
  readonly openMB: number;
}

/** Where each cost stands: figure, metric, and what one of its units is. */
const SOURCES: Readonly<Record<keyof Costs, readonly [figure: string, metric: string, unit: number]>> = {
  request: ['get-h2', 'CPU, µs', 1e-6],
  connection: ['churn', 'CPU, µs', 1e-6],
  event: ['watch', 'CPU, µs', 1e-6],
  keystroke: ['keystroke-50', 'CPU, µs', 1e-6],
  session: ['open-x25519', 'CPU, ms', 1e-3],
  gigabyte: ['stream-down-8', 'CPU, s/GB', 1],
  openMB: ['idle', 'memory, kB a session', 1e-3],
};

/** The page with its tables made anew. */
export const sizingPage: { readonly file: string; render(): string } = {
  file: FILE,
  render() {
    const costs = readCosts(readFileSync(join(DOCS, 'benchmarks.md'), 'utf8'));
    const page = readFileSync(join(DOCS, 'explanation/sizing.md'), 'utf8');
    return fill(
      fill(fill(page, 'costs', costTable(costs)), 'habits', habitTable()),
      'teams',
      teamTable(costs),
    );
  },
};

/** Reads Postern's medians. @throws Error when the page lacks one */
function readCosts(page: string): Costs {
  let figure = '';
  const found = new Map<string, number>();
  const [, table = ''] = page.split('## All figures');
  for (const line of table.split('\n')) {
    const [, name = '', metric = '', postern = ''] = line.split('|').map((cell) => cell.trim());
    if (name !== '') figure = name;
    const value = Number.parseFloat(postern);
    if (Number.isFinite(value)) found.set(`${figure} ${metric}`, value);
  }
  return Object.fromEntries(
    Object.entries(SOURCES).map(([key, [name, metric, unit]]) => {
      const value = found.get(`${name} ${metric}`);
      if (value === undefined) throw new Error(`docs/benchmarks.md has no ${metric} of ${name}`);
      return [key, value * unit];
    }),
  ) as unknown as Costs;
}

function fill(page: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name}: made by "npm run docs" -->`, `<!-- end of ${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${FILE} has no place for ${name}`);
  return `${page.slice(0, from + begin.length)}\n\n${lines.join('\n')}\n\n${page.slice(to)}`;
}

function costTable(costs: Costs): readonly string[] {
  const rows: readonly (readonly [string, keyof Costs])[] = [
    ['a short request (4 kB, HTTP/2)', 'request'],
    ['a new connection with one request', 'connection'],
    ["a watch's event (1 kB)", 'event'],
    ['a keystroke and its echo', 'keystroke'],
    ['a session, opened and closed', 'session'],
    ['1 GB through sessions', 'gigabyte'],
  ];
  return [
    '| work | CPU | one core carries | figure |',
    '|---|---|---|---|',
    ...rows.map(([what, key]) => {
      const cost = costs[key];
      return `| ${what} | ${timeText(cost)} | ${rateText(1 / cost)} | ${SOURCES[key][0]} |`;
    }),
    `| an open session that says nothing | – | memory: ${(costs.openMB * 1000).toFixed(0)} kB | ${SOURCES.openMB[0]} |`,
  ];
}

function habitTable(): readonly string[] {
  const { active, requests, connections, openWatches, eventsOfAWatch } = HABITS;
  const { openSessions, sessionsBegun, keystrokesOfASession, gigabytes } = HABITS;
  return [
    '| at the busiest time | |',
    '|---|---|',
    `| of all engineers at work at once | ${active * 100} % |`,
    `| requests of each (lists, gets, dashboards that poll) | ${requests} a second |`,
    `| kubectl commands of each, a connection each | ${connections * 60} a minute |`,
    `| watches of each (k9s, Lens), and their events | ${openWatches}, ${eventsOfAWatch} a second each |`,
    `| exec and port-forward of each | ${openSessions} open, ${Math.round(sessionsBegun * 3600)} begun an hour, ${keystrokesOfASession} keystroke a second |`,
    `| logs, copies, large lists of each | ${(gigabytes * 1e6).toFixed(0)} kB a second |`,
  ];
}

function teamTable(costs: Costs): readonly string[] {
  return [
    '| engineers | at work | requests/s | watches | sessions | CPU, cores | memory of what is open | replicas, one core each | memory a replica |',
    '|---|---|---|---|---|---|---|---|---|',
    ...TEAMS.map((engineers) => {
      const at = engineers * HABITS.active;
      const cpu = at * cpuOfOne(costs);
      const open = at * (HABITS.openWatches + HABITS.openSessions);
      const needed = Math.max(Math.ceil(cpu / TARGET), Math.ceil((open * costs.openMB) / MAX_OPEN_MB));
      const replicas = Math.max(MIN_REPLICAS, needed + SPARE);
      // When one is away the others have its people.
      const eachMB = (BASE_MB + (open * costs.openMB) / Math.max(1, replicas - SPARE)) * HEADROOM;
      const cells = [
        engineers.toLocaleString('en'),
        at.toLocaleString('en'),
        (at * HABITS.requests).toLocaleString('en'),
        (at * HABITS.openWatches).toLocaleString('en'),
        (at * HABITS.openSessions).toLocaleString('en'),
        cpu < 0.1 ? cpu.toPrecision(1) : cpu.toFixed(2),
        megabytes(open * costs.openMB),
        String(replicas),
        megabytes(eachMB),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}

/** Cores that one who is at work needs. */
function cpuOfOne(costs: Costs): number {
  return (
    HABITS.requests * costs.request +
    HABITS.connections * costs.connection +
    HABITS.openWatches * HABITS.eventsOfAWatch * costs.event +
    HABITS.openSessions * HABITS.keystrokesOfASession * costs.keystroke +
    HABITS.sessionsBegun * costs.session +
    HABITS.gigabytes * costs.gigabyte
  );
}

function timeText(seconds: number): string {
  if (seconds >= 1) return `${seconds.toPrecision(3)} s`;
  return seconds >= 1e-3 ? `${(seconds * 1e3).toPrecision(3)} ms` : `${(seconds * 1e6).toPrecision(3)} µs`;
}

function rateText(rate: number): string {
  return `${Number(rate.toPrecision(2)).toLocaleString('en')} a second`;
}

function megabytes(amount: number): string {
  return amount >= 1000 ? `${(amount / 1000).toFixed(1)} GB` : `${Math.ceil(amount / 10) * 10} MB`;
}
