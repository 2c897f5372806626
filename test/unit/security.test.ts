// SECURITY.md keeps its word: each guarantee names the tests that hold it, and what the security pages name is there.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const [, rest = ''] = read('SECURITY.md').split('\n## Guarantees\n');
const [section = ''] = rest.split('\n## ');
const [promises = '', table = ''] = section.split('\n### What holds them\n');
const guarantees = [...promises.matchAll(/^- (?:\*\*(.+?)\.?\*\*)?/gm)].map(([, name]) => name ?? '');
const rows = [...table.matchAll(/^\| (.+?) \| (`.+`) \|$/gm)].map(([, name = '', cell = '']) => ({
  name,
  files: filesIn(cell),
}));

t.test('each guarantee has a name of its own, and a row', async (t) => {
  t.ok(guarantees.length > 20, 'guarantees were read');
  t.notOk(guarantees.includes(''), 'each has a name');
  t.equal(new Set(guarantees).size, guarantees.length);
  t.same(
    rows.map(({ name }) => name),
    guarantees,
  );
});

for (const { name, files } of rows)
  t.test(`${name}: its tests are there`, async (t) => {
    t.ok(files.length > 0, 'there is one');
    for (const file of files) {
      t.match(file, /\.test\.ts$/);
      t.ok(existsSync(join(ROOT, file)), file);
    }
  });

t.test('the tests that the threat model names are there', async (t) => {
  const files = filesIn(read('docs/explanation/threat-model.md'));
  t.ok(files.length > 10, 'files were read');
  for (const file of files) t.ok(globSync(`${file}*`, { cwd: ROOT }).length > 0, file);
});

/** The paths below test/ that a text has in backquotes. */
function filesIn(text: string): readonly string[] {
  return [...text.matchAll(/`(test\/[^`*\s]+)\*?`/g)].map(([, file = '']) => file);
}
