// What the README's first minute and the tutorial say that is printed is what is printed: every command of their console blocks is run against
// a demo, in order.

import { mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { newest } from '../e2e/objects.ts';
import { isAsWritten, openShell, readConsole } from './console.ts';
import { startDemo } from './started.ts';
import { readTools } from './tools.ts';

const ROOT = new URL('../../', import.meta.url);
const DOCUMENTS = ['README.md', 'docs/tutorial/demo.md'] as const;

const tools = readTools();
const { path } = newest(tools);

for (const document of DOCUMENTS)
  t.test(document, async (t) => {
    const steps = readConsole(readFileSync(new URL(document, ROOT), 'utf8'));
    t.ok(steps.length > 2, `${steps.length} commands`);
    const bin = mkdtempSync(join(tools.dir, 'bin-'));
    symlinkSync(path, join(bin, 'kubectl'));
    const demo = await startDemo(tools.dir);
    t.teardown(() => demo.process.kill('SIGINT'));
    const { directory, issuer, ops, config } = demo.ready;
    const shell = openShell({
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: bin,
      TZ: 'UTC',
      // What the person has set from the demo's first lines.
      DEMO: directory,
      ISSUER: issuer,
      METRICS: ops,
      CONFIG: config,
    });
    t.teardown(shell.close);
    for (const { line, command, expected, code } of steps) {
      const result = await shell.run(command);
      const right = result.code === code && isAsWritten(result.printed, expected);
      t.ok(right, `line ${line}: ${command}`, {
        diagnostic: !right,
        ...(right ? {} : { printed: result.printed.split('\n'), expected, code: result.code }),
      });
    }
  });

t.test('the comparison itself can fail', async (t) => {
  t.ok(isAsWritten('a   b\nc\n', ['a b', 'c']));
  t.ok(isAsWritten('web-12 Running\n', ['web-… Running']));
  t.ok(isAsWritten('a\nx\ny\nb\n', ['a', '…', 'b']));
  t.ok(isAsWritten('', []));
  for (const [printed, expected] of [
    ['a\nb\n', ['a']],
    ['a\n', ['a', 'b']],
    ['web-1 Pending\n', ['web-… Running']],
    ['(x)\n', ['.x.']],
  ] as const)
    t.notOk(isAsWritten(printed, expected), `${printed} is not ${expected}`);
});
