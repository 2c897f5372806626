// docs/reliability.md: what the suites of attacks, faults, overload, soaks and protocol checks showed in one run, written by the run itself.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineFacts } from '../../bench/machine.ts';
import { attackName } from './attacknames.ts';
import { addRow, type FactFile, type Row, SECTIONS, type Section } from './rows.ts';

/** Where it lies, relative to docs/. */
export const RELIABILITY_PAGE = 'reliability.md';

/** Heads and first words of the sections. */
const WORDS: Readonly<Record<Section, readonly [head: string, words: string]>> = {
  attacks: [
    'Attacks tried and held',
    "Black-box cases against a running gate whose upstream records each connection and each header line (`test/attack`). Held: refused with the answer that it should have, and nothing of it reached the upstream; or forwarded exactly, where that is right. Numbers are this project's own and name the class in the tests. Approvals, recordings and a browser login of its own Postern does not have, so there is nothing of theirs to attack.",
  ],
  faults: [
    'Faults injected and survived',
    'Real peers, real processes (`test/chaos`). What is expected of each: [faults](explanation/faults.md). The way back is from the fault to the state that is expected.',
  ],
  overload: [
    'Overload',
    'One caller floods, others work (`test/chaos`); limits: [limits](how-to/limits.md).',
  ],
  sessions: ['Sessions soaked', 'Opened and closed in every way that the protocol has (`test/soak`).'],
  bytes: ['Bytes compared and lost', 'Each byte that went in is compared with what came out.'],
  growth: [
    'Growth',
    'After everything was closed, and after a full garbage collection, against the state before.',
  ],
  tls: ['testssl.sh', 'The listener as it is by default.'],
  http2: [
    'h2spec',
    'HTTP/2 conformance of the listener. What fails is known, case by case with its reason (`test/attack/h2spec.test.ts`): frames on closed streams are dropped, where RFC 9113 has MAY and RFC 7540 had MUST; priorities, which are deprecated, are not read; two endings are stricter than asked for. Nothing of it is forwarded.',
  ],
};

/** All facts of a run, rows of the same name added up, in the order of names. */
export function gatherFacts(directory: string): Map<Section, Row[]> {
  const all = new Map<Section, Row[]>();
  for (const name of readdirSync(directory).sort()) {
    const file = JSON.parse(readFileSync(join(directory, name), 'utf8')) as FactFile;
    for (const section of Object.keys(SECTIONS) as Section[])
      for (const row of file[section] ?? []) all.set(section, addRow(all.get(section) ?? [], row));
  }
  for (const rows of all.values())
    rows.sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }));
  return all;
}

/** The tables alone, as they are also printed. */
export function renderTables(facts: ReadonlyMap<Section, readonly Row[]>): string {
  return (Object.keys(SECTIONS) as Section[])
    .filter((section) => facts.has(section))
    .map((section) => renderSection(section, facts.get(section) ?? []))
    .join('\n');
}

/** The page. `date` is the run's day, `command` what was run. */
export function renderReliabilityPage(
  facts: ReadonlyMap<Section, readonly Row[]>,
  {
    machine,
    date,
    command,
  }: { readonly machine: MachineFacts; readonly date: string; readonly command: string },
): string {
  return `${[
    '<!-- Written by `npm run test:reliability -- --write`; edits are lost. -->',
    '',
    '# Reliability',
    '',
    `Measured on ${date} by \`${command}\`; every figure is the run's own.`,
    '',
    renderTables(facts),
    `Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memory}; ${machine.kernel}, ${machine.distribution}; Node ${process.versions.node}; commit ${machine.commit}.`,
  ].join('\n')}\n`;
}

function renderSection(section: Section, rows: readonly Row[]): string {
  const [head, words] = WORDS[section];
  const columns = SECTIONS[section];
  return [
    `## ${head}`,
    '',
    words,
    '',
    `| ${columns.join(' | ')} |`,
    `|${columns.map(() => '---').join('|')}|`,
    ...rows.map(([name, ...figures]) => {
      const called = section === 'attacks' ? attackName(name) : name;
      return `| ${[called, ...figures.map(cell)].join(' | ')} |`;
    }),
    ...(section === 'attacks' || section === 'faults' ? [total(rows)] : []),
    '',
  ].join('\n');
}

function total(rows: readonly Row[]): string {
  const sum = (i: number) => rows.reduce((all, row) => all + Number(row[i] ?? 0), 0);
  return `| **all** | **${cell(sum(1))}** | **${cell(sum(2))}** |${rows[0]?.length === 4 ? ' |' : ''}`;
}

function cell(value: number | string): string {
  return typeof value === 'number' ? value.toLocaleString('en') : value;
}
