// `npm run bench`: measures Postern beside other proxies in one run on this machine; see bench/README.md and `npm run bench -- --help`.
// Whatever way it ends, everything that it started ends with it. Results on standard output, progress on standard error.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sayOnStderr } from '../test/cluster/progress.ts';
import { CONTESTANTS, chooseContestants, findParticipants } from './contestants/all.ts';
import type { Contestant } from './contestants/contestant.ts';
import { DOCUMENT_FILE, PICTURE_FILE, renderDocument } from './document.ts';
import { layGround } from './ground.ts';
import { readMachine } from './machine.ts';
import { findNegotiated } from './negotiate.ts';
import { type BenchOptions, helpText, isWhole, readOptions } from './options.ts';
import { renderPicture } from './picture.ts';
import { buildPrograms } from './programs.ts';
import { canTake, type Entrant, judgeAll, type Results } from './results.ts';
import { runRounds } from './rounds.ts';
import { showHandshake } from './show.ts';
import { figureTable, renderText, targetTable } from './table.ts';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));
const NEED_GO = 'Go is missing, and the load generator and the upstream are Go programs: https://go.dev/dl/';

/** Exit codes as a shell gives them: 128 + the signal's number. */
const SIGNAL_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions | undefined;
  let contestants: readonly Contestant[];
  try {
    options = readOptions(args);
    contestants = chooseContestants(options?.against);
  } catch (error) {
    sayOnStderr(`bench: ${(error as Error).message}\nTry "npm run bench -- --help".`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(helpText(CONTESTANTS.map(({ name, what }) => [name, what])));
    return 0;
  }
  if (process.platform !== 'linux') {
    sayOnStderr('bench: it reads what processes cost from /proc: it needs Linux');
    return 1;
  }
  try {
    const results = await run(options, contestants);
    report(results, options);
    return exitCode(results, options);
  } catch (error) {
    sayOnStderr(`bench: ${(error as Error).message}`);
    return 1;
  }
}

async function run(options: BenchOptions, contestants: readonly Contestant[]): Promise<Results> {
  const say = sayOnStderr;
  const machine = await readMachine();
  if (machine.go === '') throw new Error(NEED_GO);
  const { participants, missing } = await findParticipants(contestants);
  for (const line of missing) say(line);
  let takeBack = () => {};
  const ground = await layGround(await buildPrograms(say), (clear) => {
    takeBack = clearOnSignals(clear);
  });
  try {
    const startedAt = new Date();
    const entrants: Entrant[] = [];
    for (const { contestant, version } of participants) {
      const negotiated = await findNegotiated(ground, contestant);
      const { name, what, isProxy } = contestant;
      const hasWorkers = contestant.startWorkers !== undefined;
      entrants.push({ name, what, version, isProxy, hasWorkers, negotiated });
      say(
        `${name.padEnd(9)} ${version}; callers: ${showHandshake(negotiated.caller)}; upstream: ${showHandshake(negotiated.upstream)}`,
      );
    }
    const samples = await runRounds(ground, {
      options,
      contestants: participants.map(({ contestant }) => contestant),
      takesPart: (figure, { name }) =>
        entrants.some((entrant) => entrant.name === name && canTake(figure, entrant)),
      say,
    });
    const { figures } = options;
    return { options, machine, startedAt, endedAt: new Date(), entrants, figures, samples, missing };
  } finally {
    await ground.clear();
    takeBack();
  }
}

/** From now on Ctrl-C and its like clear the ground and end this process; returns what takes that back. */
function clearOnSignals(clear: () => Promise<void>): () => void {
  const names = Object.keys(SIGNAL_CODES) as (keyof typeof SIGNAL_CODES)[];
  const onSignal = (signal: keyof typeof SIGNAL_CODES) => {
    sayOnStderr(`${signal}: ending everything`);
    void clear().finally(() => process.exit(SIGNAL_CODES[signal]));
  };
  for (const name of names) process.on(name, onSignal);
  return () => {
    for (const name of names) process.off(name, onSignal);
  };
}

function report(results: Results, options: BenchOptions): void {
  const targets = targetTable(results);
  process.stdout.write(`\n${renderText(figureTable(results))}\n`);
  if (targets.length > 1) process.stdout.write(`${renderText(targets)}\n`);
  for (const line of results.missing) process.stdout.write(`${line}\n`);
  if (options.size !== 'full')
    process.stdout.write(
      `size ${options.size}: ${options.size === 'smoke' ? 'it shows that the benchmark works; its numbers mean nothing' : 'for comparing while one works; the figures that count are those of --size full'}\n`,
    );
  if (options.output !== '') {
    mkdirSync(dirname(options.output), { recursive: true });
    writeFileSync(options.output, `${JSON.stringify({ ...results, targets: judgeAll(results) }, null, 2)}\n`);
  }
  const docs = options.docs ?? (isWhole(options) ? DOCS : '');
  if (docs === '') return;
  mkdirSync(docs, { recursive: true });
  writeFileSync(join(docs, DOCUMENT_FILE), renderDocument(results));
  writeFileSync(join(docs, PICTURE_FILE), renderPicture(results));
  sayOnStderr(`wrote ${DOCUMENT_FILE} and ${PICTURE_FILE} to ${docs}`);
}

function exitCode(results: Results, options: BenchOptions): number {
  const failed = results.samples.filter((sample) => sample.failed !== undefined);
  if (failed.length > 0) {
    sayOnStderr(`bench: ${failed.length} of ${results.samples.length} measurements failed, see above`);
    return 1;
  }
  return options.check && judgeAll(results).some(({ verdict }) => verdict === 'missed') ? 1 : 0;
}
