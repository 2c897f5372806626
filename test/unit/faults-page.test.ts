// docs/explanation/faults.md keeps its word: each fault that test/chaos injects is a row of it, and each row is injected.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

// Where a name is made of parts that come from a table, the table's other words stand for them.
const PLACEHOLDER = /\$\{[^}]+\}/g;

const page = read('docs/explanation/faults.md');
const tables = page.split(/\n\n/).filter((part) => part.startsWith('| fault |'));
function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const rows = tables.flatMap((table) =>
  table
    .trimEnd()
    .split('\n')
    .slice(2)
    .map((row) => /^\| (.+?) \|/.exec(row)?.[1] ?? ''),
);
const files = globSync('test/chaos/*.test.ts', { cwd: ROOT });
/**
 * `facts.fault('name'`, with each kind of quote, on the same line or the next. A name with parts is a pattern, and so is one that is a variable: its
 * words are in a table of the file.
 */
const CALL = /\.fault\(\s*(?:(['"`])((?:(?!\1)[^\\]|\\.)+)\1|([a-z]\w*),)/g;
const faults = files.flatMap((file) =>
  [...read(file).matchAll(CALL)]
    .map(([, , name, variable]) => name ?? `\${${variable}}`)
    .map((name) => ({
      file,
      name,
      fits: new RegExp(`^${name.split(PLACEHOLDER).map(escaped).join('(.+)')}$`),
    })),
);

t.test('the page and the suite were read', async (t) => {
  t.ok(rows.length > 20, `${rows.length} rows`);
  t.ok(faults.length > 10, `${faults.length} names`);
  t.notOk(rows.includes(''), 'each row begins with a name');
  t.equal(new Set(rows).size, rows.length, 'no name twice');
});

for (const { file, name, fits } of faults)
  t.test(`${file}: ${name}`, async (t) => {
    t.ok(
      rows.some((row) => fits.test(row)),
      'is a row of docs/explanation/faults.md',
    );
  });

for (const row of rows)
  t.test(`the row "${row}" is injected`, async (t) => {
    // The parts of a name are words of the file that makes it.
    const injects = ({ file, fits }: (typeof faults)[number]) =>
      fits
        .exec(row)
        ?.slice(1)
        .every((part) => read(file).includes(`'${part}'`)) === true;
    t.ok(faults.some(injects), 'by a test of test/chaos');
  });
