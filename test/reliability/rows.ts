// The rows of facts and where their files lie: what the suites write, and the runners and docs/reliability.md read. Without tap, which takes a program
// that imports it for a test.

import { fileURLToPath } from 'node:url';

/** Names the directory into which facts go; without it a test file counts and writes nothing. */
export const FACTS_VARIABLE = 'POSTERN_FACTS';
/** Where `npm run test:reliability` puts them; not part of the repository. */
export const FACTS_DIRECTORY = fileURLToPath(new URL('../../build/reliability', import.meta.url));

/** Sections of the page, in its order, with the heads of their columns. The first column names the row. */
export const SECTIONS = {
  attacks: ['attack', 'tried', 'held'],
  faults: ['fault', 'injected', 'survived', 'slowest way back, s'],
  overload: ['under load', 'measured', 'limit'],
  sessions: ['soak', 'sessions', 'ended as they should'],
  bytes: ['where', 'bytes compared', 'bytes lost'],
  growth: ['what', 'before', 'after', 'allowed'],
  tls: ['what was asked', 'answers', 'above INFO', 'of these from the test certificate'],
  http2: ['what was asked', 'passed', 'skipped', 'failed'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Section = keyof typeof SECTIONS;
/** As many as the section has columns; numbers of rows with the same name are added up over cases and files. */
export type Row = readonly [name: string, ...figures: (number | string)[]];
export type FactFile = Partial<Record<Section, Row[]>>;

/** The rows with one more: counts of a name are added up, the way back (a text) is the slowest. */
export function addRow(rows: readonly Row[], row: Row): Row[] {
  const [name, ...figures] = row;
  const known = rows.find(([other]) => other === name);
  if (known === undefined) return [...rows, row];
  const sum = figures.map((figure, i) => together(known[i + 1] ?? 0, figure));
  return rows.map((one) => (one === known ? [name, ...sum] : one));
}

function together(one: number | string, other: number | string): number | string {
  if (typeof one === 'number' && typeof other === 'number') return one + other;
  return Number(other) > Number(one) ? other : one;
}
