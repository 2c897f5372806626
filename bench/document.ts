// docs/benchmarks.md: a run in full, written by the run.

import type { MachineFacts } from './machine.ts';
import { busyOf, type Entrant, judgeAll, type Results, type Sample } from './results.ts';
import { showHandshake } from './show.ts';
import { figureTable, renderMarkdown, type Table, targetTable } from './table.ts';

const MAX_REASON_CHARS = 200;
const MINUTE_MS = 60_000;

/** The picture's file, beside the document. */
export const PICTURE_FILE = 'benchmarks.svg';
export const DOCUMENT_FILE = 'benchmarks.md';

/** Writes the document. Trusts that reasons of failures may hold paths, and takes them out. */
export function renderDocument(results: Results): string {
  const { options, startedAt, endedAt } = results;
  const date = startedAt.toISOString().slice(0, 10);
  const minutes = Math.max(1, Math.round((endedAt.getTime() - startedAt.getTime()) / MINUTE_MS));
  return `${[
    '# Benchmarks',
    '<!-- Written by `npm run bench`; edits are lost. -->',
    `Measured on ${date} by \`npm run bench\` (size ${options.size}, ${options.rounds} ${options.rounds === 1 ? 'round' : 'rounds'}, ${minutes} min), every contestant in one run on one machine, ` +
      'interleaved. Each cell is the median over the rounds with its range; a ratio (÷) is the median of the ratios within each round, so ' +
      'that whatever else the machine did met both sides. **Read the ratios**: the absolute numbers belong to this machine. CPU is user and ' +
      "system time of all of a contestant's processes, from `/proc`; time is what a clock shows. Less is better, but for the part of events in time and for what two workers give.",
    `![Postern and the others, as ratios to HAProxy](${PICTURE_FILE})`,
    '## Targets',
    summary(results),
    renderMarkdown(targetTable(results)).trimEnd(),
    '## All figures',
    renderMarkdown(figureTable(results)).trimEnd(),
    '## The work',
    results.figures.map((figure) => `- **${figure.name}**: ${figure.describe(options.size)}`).join('\n'),
    WORK,
    ...(results.figures.some(({ needs }) => needs === 'workers') ? [SCALING] : []),
    '## Who took part',
    renderMarkdown(entrantTable(results.entrants)).trimEnd(),
    ENTRANTS,
    ...notes(results),
    '## How busy they were',
    'Cores used by the contestant / the load generator / the upstream while the work was done. Where the contestant is far from 1, its CPU ' +
      'time per unit still counts, but its wall time says more about the other two and the machine.',
    renderMarkdown(busyTable(results)).trimEnd(),
    '## The machine',
    machineList(results.machine),
    '## Again',
    '`npm run bench` does all of this anew and writes this page; `npm run bench -- --help` shows how to measure one figure.',
  ].join('\n\n')}\n`;
}

const WORK =
  'The load generator and the upstream are small Go programs of this repository (`bench/go`). Exec sessions are HTTP/1.1 upgrades to SPDY/3.1 ' +
  'with raw bytes after the 101, as every contestant passes them on without looking inside. Before each measurement comes a warm-up of a tenth ' +
  "of the work. A contestant's processes serve a whole round, except for the figures about memory (idle, list) and workers, for which " +
  'they are started anew.';

/** Said where it was measured. */
const SCALING =
  'How workers is reckoned: while load generator and upstream need the cores as well, time cannot show what two workers give, so CPU does. With ' +
  'c1 the CPU of a request (or a gigabyte) in one process, c2 that in all processes of `postern serve --workers 2`, the first one included, and s the busier ' +
  "worker's part of the workers' CPU, two workers with a core each serve c1 ÷ (s × c2) times what one process with one core serves: 2 would be " +
  'perfect. What cores share, their caches and memory, is not in it, and opening connections is not: they are open before.';

const ENTRANTS =
  'All have the same certificate authority and keys (ECDSA P-256), TLS 1.3 on both sides with verification, HTTP/1.1 to the upstream, and one ' +
  'thread for their work. Postern and the Go gate verify a signed token for each request and send impersonation headers; Postern also ' +
  'keeps its metrics and writes its request log to a file. HAProxy and nginx check nobody and log nothing. A figure that somebody cannot do ' +
  '(X25519MLKEM768 with an older OpenSSL, HTTP/2 by the bare upstream) has no number for them.';

function summary(results: Results): string {
  const verdicts = judgeAll(results).map(({ verdict }) => verdict);
  const count = (...which: readonly string[]) => verdicts.filter((verdict) => which.includes(verdict)).length;
  const unknown = count('unknown');
  return (
    `${count('reached', 'aim reached')} of ${verdicts.length} targets reached, the aim in ${count('aim reached')}; ${count('missed')} missed` +
    `${unknown === 0 ? '.' : `; ${unknown} unknown, because something that they need was not measured.`}`
  );
}

function entrantTable(entrants: readonly Entrant[]): Table {
  return [
    ['name', 'what', 'version', 'TLS with callers', 'TLS with the upstream', 'resumes upstream'],
    ...entrants.map(({ name, what, version, negotiated }) => [
      name,
      what,
      version || '–',
      showHandshake(negotiated?.caller),
      showHandshake(negotiated?.upstream),
      negotiated?.upstream === undefined ? '–' : negotiated.resumesUpstream ? 'yes' : 'no',
    ]),
  ];
}

function busyTable({ figures, entrants, samples }: Results): Table {
  const cell = (figure: string, name: string) => {
    const shares = (['proxy', 'load', 'upstream'] as const).map((who) => busyOf(samples, figure, name, who));
    if (shares.every((share) => share === undefined)) return '–';
    return shares.map((share) => share?.median.toFixed(1) ?? '–').join(' / ');
  };
  return [
    ['figure', ...entrants.map(({ name }) => name)],
    ...figures
      .filter(({ holds }) => !holds)
      .map(({ name }) => [name, ...entrants.map((entrant) => cell(name, entrant.name))]),
  ];
}

function notes({ missing, samples }: Results): readonly string[] {
  const failed = samples.filter((sample) => sample.failed !== undefined);
  const lines = [...missing, ...failed.map(describeFailure)];
  return lines.length === 0 ? [] : [lines.map((line) => `- ${line}`).join('\n')];
}

function describeFailure({ figure, contestant, round, failed = '' }: Sample): string {
  const reason = failed.replaceAll(/(?<![\w:/])\/[\w./-]+/g, '…').replaceAll(/\s+/g, ' ');
  return `${figure} with ${contestant} failed in round ${round + 1}: ${reason.slice(0, MAX_REASON_CHARS)}`;
}

function machineList(machine: MachineFacts): string {
  const load = (loads: readonly number[]) => loads.map((one) => one.toFixed(2)).join(', ');
  return [
    `- ${machine.processor}, ${machine.cores} cores, ${machine.memory}`,
    `- ${machine.kernel}, ${machine.distribution}`,
    `- load average before: ${load(machine.loadBefore)} (1, 5, 15 minutes)`,
    `- Postern at commit ${machine.commit || 'unknown'}`,
    `- load generator, upstream and Go gate built with Go ${machine.go}`,
  ].join('\n');
}
