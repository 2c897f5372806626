// What a suite showed, counted by the suite itself while it runs: each test file writes one JSON file of facts, from which
// test/reliability/page.ts makes docs/reliability.md. A case counts as held only when tap says that all of its assertions passed.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { addRow, FACTS_VARIABLE, type FactFile, type Row, SECTIONS, type Section } from './rows.ts';

/** The facts of one test file. */
export interface Facts {
  /** Adds a row, or adds its numbers to the row of this name. @throws TypeError when it has not as many columns as the section */
  add(section: Section, row: Row): void;
  /** A test that is one attack of a class (field-lessons.md §4: `S4`), with what it says of itself. */
  attack(kind: string, name: string, body: (t: Test) => Promise<void> | void): Promise<void>;
  /** A test that injects one fault `times` (default 1); `body` may give how long the way back took, ms. */
  fault(name: string, body: (t: Test) => Promise<number | undefined>, times?: number): Promise<void>;
}

/** Counts for the test file `name`; its facts are written when the file's tests are over. */
export function recordFacts(name: string): Facts {
  const file: FactFile = {};
  const add = (section: Section, row: Row) => {
    if (row.length !== SECTIONS[section].length) throw new TypeError(`a row of ${section} has other columns`);
    file[section] = addRow(file[section] ?? [], row);
  };
  t.teardown(() => {
    const directory = process.env[FACTS_VARIABLE];
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(file, null, 2)}\n`);
  });
  return {
    add,
    async attack(kind, name, body) {
      let held = false;
      await t.test(`${kind}: ${name}`, async (t) => {
        await body(t);
        held = t.passing();
      });
      add('attacks', [kind, 1, held ? 1 : 0]);
    },
    async fault(name, body, times = 1) {
      let survived = false;
      let tookMs = 0;
      await t.test(name, async (t) => {
        tookMs = (await body(t)) ?? 0;
        survived = t.passing();
      });
      add('faults', [name, times, survived ? times : 0, seconds(tookMs)]);
    },
  };
}

/** ms as seconds in text, which rows keep the slowest of instead of adding up. */
export function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
