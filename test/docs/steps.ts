// The steps of a block: commands with what they have to print.
//
// `console`: a line that begins with `$ ` is a command (`> ` continues it), the lines below are what it prints, both streams. `…` stands for
// anything within a line; a line of only `…` for any lines. Runs of blanks are equal to one. A last line `exit code N` says how it ends
// (default 0). `sh`: each statement is a command that has to end with 0; what it prints is not looked at.

import { spawnSync } from 'node:child_process';
import type { Block } from './markdown.ts';

/** A command, and what it has to print; undefined when that is not said. */
export interface Step {
  readonly line: number;
  readonly command: string;
  readonly expected: readonly string[] | undefined;
  readonly code: number;
}

/** Reads the steps of a block. @throws Error when its text is none. */
export function readSteps(block: Block): readonly Step[] {
  return block.language === 'console' ? readConsole(block) : readScript(block);
}

function readConsole(block: Block): readonly Step[] {
  const steps: { line: number; command: string; expected: string[]; code: number }[] = [];
  for (const [index, line] of block.lines.entries()) {
    const step = steps.at(-1);
    const code = /^exit code (\d+)$/.exec(line.trim())?.[1];
    if (line.startsWith('$ '))
      steps.push({ line: block.line + index, command: line.slice(2), expected: [], code: 0 });
    else if (step === undefined) throw new Error(`line ${block.line}: a console block begins with "$ "`);
    else if (line.startsWith('> ') && step.expected.length === 0) step.command += `\n${line.slice(2)}`;
    else if (code !== undefined) step.code = Number(code);
    else step.expected.push(line);
  }
  return steps;
}

/** Lines belong together until the shell has a whole statement: quotes, here-documents, loops and `\` at the end. */
function readScript({ line, lines }: Block): readonly Step[] {
  const steps: Step[] = [];
  let waiting: string[] = [];
  for (const [index, text] of lines.entries()) {
    waiting.push(text);
    if (waiting.every((one) => /^\s*(#.*)?$/.test(one))) waiting = [];
    else if (isWhole(waiting.join('\n'))) {
      const first = line + index - waiting.length + 1;
      steps.push({ line: first, command: waiting.join('\n'), expected: undefined, code: 0 });
      waiting = [];
    }
  }
  if (waiting.length > 0) throw new Error(`line ${line}: the shell cannot read "${waiting.join('\n')}"`);
  return steps;
}

function isWhole(text: string): boolean {
  if (text.endsWith('\\')) return false;
  const { status, stderr } = spawnSync('bash', ['-n'], { input: `${text}\n`, encoding: 'utf8' });
  return status === 0 && stderr === '';
}

/** Whether what was printed is what the document says. */
export function isAsWritten(printed: string, expected: readonly string[]): boolean {
  const lines = (text: readonly string[]) =>
    text.map((line) => line.replaceAll(/\s+/g, ' ').trim()).filter((line) => line !== '');
  const pattern = lines(expected).map((line) =>
    line === '…' ? '(?:[^\\n]*\\n)*?' : `${line.split('…').map(escaped).join('[^\\n]*?')}\\n`,
  );
  return new RegExp(`^${pattern.join('')}$`).test(
    lines(printed.split('\n'))
      .map((line) => `${line}\n`)
      .join(''),
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
