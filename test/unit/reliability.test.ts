import { globSync, readFileSync } from 'node:fs';
import t from 'tap';
import { ATTACK_NAMES } from '../reliability/attacknames.ts';
import { seconds } from '../reliability/facts.ts';
import { renderTables } from '../reliability/page.ts';
import { addRow } from '../reliability/rows.ts';

// The table of docs/reliability.md: what its rows add up to.

t.test('rows of one name are added up, and of ways back the slowest stays', async (t) => {
  const one = addRow([], ['the API server restarts', 1, 1, seconds(900)]);
  const two = addRow(one, ['the API server restarts', 2, 1, seconds(12_340)]);
  t.same(addRow(two, ['the API server restarts', 1, 1, seconds(9_000)]), [
    ['the API server restarts', 4, 3, '12.3'],
  ]);
});

t.test('attacks and faults have a line that sums them up; the others have none', async (t) => {
  const text = renderTables(
    new Map([
      ['attacks', [['S1', 1200, 1200] as const, ['S4', 3, 2] as const]],
      ['bytes', [['exec', 5, 0] as const]],
    ]),
  );
  t.match(text, `| S1: ${ATTACK_NAMES['S1']} | 1,200 | 1,200 |`);
  t.match(text, '| **all** | **1,203** | **1,202** |');
  t.equal(text.match(/\*\*all\*\*/g)?.length, 1);
});

t.test('every class of attacks is called by what it is, and each name has tests', async (t) => {
  const files = globSync('test/{attack,flow,tls}/**/*.test.ts');
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const used = new Set([...text.matchAll(/'(S\d+b?)',?/g)].map(([, kind = '']) => kind));
  used.delete('S256');
  t.same([...used].sort(), Object.keys(ATTACK_NAMES).sort());
});
