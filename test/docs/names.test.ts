// Files and steps that the documents name are there: whoever is sent to a file finds it.

import { globSync, readFileSync } from 'node:fs';
import t from 'tap';
import { listPages, ROOT, readPage } from './markdown.ts';

/** What was there when it was written. */
const HISTORY = /^(CHANGELOG\.md|docs\/adr\/)/;
const NAMED = /`((?:src|test|bench|scripts|deploy|docs|bin|\.ci)\/[\w./*-]+)`/g;

t.test('files that pages name', async (t) => {
  let named = 0;
  for (const page of listPages().filter((one) => !HISTORY.test(one)))
    for (const [, file = ''] of readPage(page).matchAll(NAMED)) {
      named++;
      if (!isThere(file)) t.fail(`${page} names ${file}`);
    }
  t.ok(named > 50, `${named} files`);
  t.notOk(isThere('src/nothing.ts'));
  t.ok(isThere('test/flow/authn-*'));
});

t.test('docs/explanation/request-path.md has the steps of the gate, in their order', async (t) => {
  const source = readFileSync(`${ROOT}src/gate.ts`, 'utf8');
  const [, list = ''] = /^const STEPS:.*?\[\n([\s\S]*?)^\];$/m.exec(source) ?? [];
  const steps = [...list.matchAll(/^ {2}\[(\w+),/gm)].map((match) => match[1] ?? '');
  const page = readPage('docs/explanation/request-path.md');
  const told = [...page.matchAll(/^\| (\w+)(?::| \|)/gm)].map((match) => match[1] ?? '');
  t.ok(steps.length > 8, `${steps.length} steps`);
  // One row for both ways of writing the lines.
  const written = steps.filter((step) => !/^write\w+Lines$/.test(step));
  t.strictSame(
    told.filter((name) => steps.includes(name)),
    written,
  );
});

/** A file, a folder or a pattern; `test/flow/authn-*` is any that begins so. */
function isThere(name: string): boolean {
  return [name, `${name}.*`].some((pattern) => globSync(pattern, { cwd: ROOT }).length > 0);
}
