// The command line of the benchmark.

import { parseArgs } from 'node:util';
import { chooseFigures, FIGURES, type Figure, SIZES, type Size } from './figures.ts';

/** Rounds when nobody says: one shows that it works, three give a median. */
const ROUNDS: Readonly<Record<Size, number>> = { smoke: 1, short: 3, full: 3 };
const MAX_ROUNDS = 100;

/** What a run should do. */
export interface BenchOptions {
  readonly size: Size;
  readonly rounds: number;
  readonly figures: readonly Figure[];
  /** Names of the contestants beside Postern; undefined: all that are not optional. */
  readonly against: readonly string[] | undefined;
  /** Where to write every sample as JSON; '' for nowhere. */
  readonly output: string;
  /** The folder for benchmarks.md and benchmarks.svg; '' for nowhere; undefined: docs when the run is whole. */
  readonly docs: string | undefined;
  /** A missed target is a failure. */
  readonly check: boolean;
}

/** Whether a run is the one that docs/benchmarks.md shows: everything, at full size. */
export function isWhole(options: BenchOptions): boolean {
  return (
    options.size === 'full' && options.against === undefined && options.figures.length === FIGURES.length
  );
}

/** Reads the command line; undefined: help was asked for. @throws Error in words for whoever typed it. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      figure: { type: 'string', short: 'f', multiple: true },
      against: { type: 'string', short: 'a', multiple: true },
      rounds: { type: 'string', short: 'r' },
      size: { type: 'string', short: 's' },
      output: { type: 'string', short: 'o' },
      docs: { type: 'string' },
      check: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  const size = values.size ?? 'full';
  if (!isSize(size)) throw new Error(`--size takes ${SIZES.join(', ')}, not ${JSON.stringify(size)}`);
  const rounds = Number(values.rounds ?? ROUNDS[size]);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS || values.rounds === '')
    throw new Error(`--rounds takes a number from 1 to ${MAX_ROUNDS}, not ${JSON.stringify(values.rounds)}`);
  if (values.output === '') throw new Error('--output takes a file');
  return {
    size,
    rounds,
    figures: chooseFigures(names(values.figure) ?? []),
    against: names(values.against),
    output: values.output ?? '',
    docs: values.docs,
    check: values.check === true,
  };
}

/** What `npm run bench -- --help` prints; `peers` are the contestants' names with what they are. */
export function helpText(peers: readonly (readonly [name: string, what: string])[]): string {
  const width = Math.max(...peers.map(([name]) => name.length), ...FIGURES.map(({ name }) => name.length));
  const rows = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([name, what]) => `  ${name.padEnd(width)}  ${what}`).join('\n');
  return `npm run bench: measures Postern beside other proxies, in one run on this machine, interleaved.

  npm run bench                                         everything at full size: about half an hour; writes docs/benchmarks.md and .svg
  npm run bench -- --size short --figure echo50 --against haproxy
  npm run bench -- --size smoke                         seconds: does the benchmark work? (its numbers mean nothing)

  -f, --figure NAME[,NAME]   which figures; a group's name (stream, keystroke, open, get, list) stands for all of it
  -a, --against NAME[,NAME]  which contestants beside Postern; "none" for Postern alone
  -s, --size SIZE            smoke, short or full (the default): how much work
  -r, --rounds N             how often everything is repeated: 1 for smoke, else 3
  -o, --output FILE          every sample as JSON
      --docs FOLDER          writes benchmarks.md and benchmarks.svg there; a whole run at full size writes them to docs/
      --check                exit 1 when a "must reach" target is missed
  -h, --help                 this text

Figures:
${rows(FIGURES.map((figure) => [figure.name, figure.describe('full')]))}

Contestants:
${rows(peers)}

Read the ratios, not the absolute numbers: machines differ and are shared. CPU is user and system time of the contestant's processes; time is
what a clock shows. Progress is on standard error, results on standard output.

Exit codes: 0 when everything was measured, whatever the verdicts; 1 when something failed (or with --check a target was missed); 2 wrong
usage; 130 after Ctrl-C. Needs Linux and Go; haproxy and nginx are left out with a note where they are missing.
`;
}

function names(values: readonly string[] | undefined): readonly string[] | undefined {
  return values
    ?.flatMap((value) => value.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function isSize(text: string): text is Size {
  return (SIZES as readonly string[]).includes(text);
}
