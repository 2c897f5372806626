// docs/how-to/helm.md keeps its word: each example of values is accepted by the chart and gives a configuration that `postern check` accepts,
// and each value that the page names is one.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import type { ValueNode } from '../../scripts/chart/node.ts';
import { chartValues } from '../../scripts/chart/tree.ts';
import { makeChecker } from './checking.ts';
import { readContext } from './context.ts';
import { parseObjects, template } from './render.ts';

const PAGE = readFileSync(new URL('../../docs/how-to/helm.md', import.meta.url), 'utf8');
const { helm } = readContext();
const dir = t.testdir();
const check = await makeChecker(dir);

const examples = [...PAGE.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);

for (const [index, text] of examples.entries())
  t.test(`example ${index + 1} of values`, async (t) => {
    const { code, stdout, stderr } = await template(helm, dir, { values: parse(text) as object });
    t.equal(code, 0, stderr);
    const map = parseObjects(stdout).find(({ kind }) => kind === 'ConfigMap');
    const folder = join(dir, `example-${index}`);
    mkdirSync(folder);
    const file = join(folder, 'postern.yaml');
    const data = (map?.['data'] ?? {}) as Record<string, string>;
    writeFileSync(file, data['postern.yaml'] ?? '');
    const verdict = await check(file);
    t.equal(verdict.code, 0, verdict.printed);
  });

t.test('every value that the page names exists', async (t) => {
  t.ok(examples.length >= 2);
  const values = chartValues();
  const named = [...PAGE.matchAll(/`([a-z][A-Za-z]*(?:\.[A-Za-z]+)+)(?::[^`]*)?`/g)].map(
    ([, path = '']) => path,
  );
  const ours = named.filter((path) => Object.hasOwn(values.children ?? {}, path.split('.')[0] ?? ''));
  t.ok(ours.length > 15, `${ours.length} values`);
  for (const path of ours) t.ok(exists(values, path.split('.')), path);
});

/** Whether there is such a value; what is inside a free mapping or the configuration is not ours to know. */
function exists(node: ValueNode, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined || node.children === undefined) return true;
  const child = node.children[key];
  return child !== undefined && exists(child, rest);
}
