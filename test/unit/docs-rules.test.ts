// docs/how-to/rules.md keeps its word: each example is loaded as part of a whole configuration, and each command of the page answers what
// stands beneath it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runCheck } from '../../src/cli/check.ts';
import { BASE, warningsOf } from './config/base.ts';

const PAGE = new URL('../../docs/how-to/rules.md', import.meta.url);
const BLOCK = /^```(yaml|console)\n([\s\S]*?)^```$/gm;

const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
t.teardown(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'postern.yaml');
let examples = 0;
let commands = 0;

for (const [, language = '', text = ''] of readFileSync(PAGE, 'utf8').matchAll(BLOCK)) {
  if (language === 'yaml') {
    const number = ++examples;
    t.test(`example ${number} is valid, without a warning`, async (t) => {
      writeFileSync(file, BASE + text);
      t.strictSame(warningsOf(BASE + text), []);
    });
    continue;
  }
  for (const [command = '', ...expected] of split(text)) {
    commands++;
    t.test(command, async (t) => {
      const [answer, code] = await run(command);
      const shown = expected.join('\n').trimEnd();
      t.equal(expected.length > 1 ? answer.trimEnd() : answer.split('\n')[0], shown);
      t.equal(code, shown.startsWith('ALLOWED') ? 0 : 1);
    });
  }
}

t.test('all of the page was read', async (t) => {
  t.ok(examples >= 7 && commands >= 20, `${examples} examples, ${commands} commands`);
});

/** A console's lines: each command with what it printed. */
function split(text: string): string[][] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => part.trimEnd().split('\n'));
}

async function run(command: string): Promise<readonly [stdout: string, code: number]> {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
  const args = words.slice(2).map((word) => (word === 'postern.yaml' ? file : word));
  let stdout = '';
  const code = await runCheck(args, {
    stdout: { write: (more) => (stdout += more) },
    stderr: { write: (more) => (stdout += more) },
    env: {},
  });
  return [stdout, code];
}
