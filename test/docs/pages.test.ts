// What the documents say to type is typed, and what they say is printed is printed: every block of commands is run, or says why it is not.

import { existsSync, readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { readDocsContext } from './context.ts';
import { type Block, listPages, ROOT, readBlocks, readPage } from './markdown.ts';
import { isCommands, type Place, readMark } from './marks.ts';
import { openPlace } from './places.ts';
import type { PageShell } from './shell.ts';
import { isAsWritten, readSteps } from './steps.ts';

const context = readDocsContext();

t.test('every block of commands is run, or says why it is not', async (t) => {
  for (const page of listPages()) {
    const text = readPage(page);
    for (const block of readBlocks(text).filter(isCommands))
      t.doesNotThrow(() => {
        const mark = readMark(block, text);
        if (mark.kind === 'run-by' && !isRunBy(mark.file, page, block))
          throw new Error(`${mark.file} neither names ${page} nor has the block's commands`);
      }, `${page}:${block.line}`);
  }
});

for (const page of context.pages) t.test(page, (t) => runPage(t, page));

async function runPage(t: Test, page: string): Promise<void> {
  const text = readPage(page);
  const shells = new Map<Place, PageShell>();
  t.teardown(async () => {
    for (const shell of shells.values()) await shell.close();
  });
  for (const block of readBlocks(text).filter(isCommands)) {
    const mark = readMark(block, text);
    if (mark.kind !== 'run') continue;
    const shell = shells.get(mark.place) ?? (await openPlace(context, mark.place));
    shells.set(mark.place, shell);
    if (mark.until === '') await runBlock(t, shell, block);
    else {
      await shell.stay(block.lines.join('\n'), mark.until);
      t.pass(`line ${block.line}: ${block.lines[0]} … ${mark.until}`);
    }
  }
}

async function runBlock(t: Test, shell: PageShell, block: Block): Promise<void> {
  for (const { line, command, expected, code } of readSteps(block)) {
    const result = await shell.run(command);
    const right = result.code === code && (expected === undefined || isAsWritten(result.printed, expected));
    t.ok(right, `line ${line}: ${command}`, {
      diagnostic: !right,
      ...(right ? {} : { printed: result.printed.split('\n'), expected, code: result.code }),
    });
    if (!right) return; // what follows builds on it
  }
}

function isRunBy(file: string, page: string, block: Block): boolean {
  if (!existsSync(ROOT + file)) return false;
  const text = readFileSync(ROOT + file, 'utf8');
  const commands = readSteps(block).map(({ command }) => command.replace(/\s+#.*$/, ''));
  return text.includes(page) || commands.every((command) => text.includes(command));
}
