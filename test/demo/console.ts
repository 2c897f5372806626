// Runs the ```console blocks of a document as somebody would who follows it, in one shell from top to bottom, and compares what is printed.
//
// A line that begins with `$ ` is a command (`> ` continues it), the lines below are what it prints, both streams. `…` stands for anything
// within a line; a line of only `…` for any lines. Runs of blanks are equal to one. A last line `exit code N` says how it ends (default 0).

import { type Background, startProgram } from '../e2e/background.ts';

/** A command and what it has to print. */
export interface ConsoleStep {
  readonly line: number;
  readonly command: string;
  readonly expected: readonly string[];
  readonly code: number;
}

/** Reads the steps of a document's ```console blocks. */
export function readConsole(text: string): readonly ConsoleStep[] {
  const steps: { line: number; command: string; expected: string[]; code: number }[] = [];
  let inBlock = false;
  for (const [index, line] of text.split('\n').entries()) {
    const bare = line.trimStart();
    if (bare.startsWith('```')) inBlock = bare === '```console';
    else if (!inBlock) continue;
    else if (bare.startsWith('$ '))
      steps.push({ line: index + 1, command: bare.slice(2), expected: [], code: 0 });
    else addTo(steps.at(-1), line, bare);
  }
  return steps;
}

function addTo(
  step: { command: string; expected: string[]; code: number } | undefined,
  line: string,
  bare: string,
) {
  if (step === undefined) throw new Error(`a console block begins without a command: ${line}`);
  const code = /^exit code (\d+)$/.exec(bare)?.[1];
  if (bare.startsWith('> ') && step.expected.length === 0) step.command += `\n${bare.slice(2)}`;
  else if (code !== undefined) step.code = Number(code);
  else step.expected.push(line);
}

/** Whether what was printed is what the document says. */
export function isAsWritten(printed: string, expected: readonly string[]): boolean {
  const lines = (text: readonly string[]) =>
    text.map((line) => line.replaceAll(/\s+/g, ' ').trim()).filter((line) => line !== '');
  const wanted = lines(expected);
  const pattern = wanted.map((line) =>
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

/** A shell that keeps its variables and directory from step to step. */
export interface ConsoleShell {
  /** Runs a step. @returns what it printed and its exit code. */
  readonly run: (command: string) => Promise<{ readonly printed: string; readonly code: number }>;
  readonly close: () => Promise<void>;
}

/** Starts a shell. */
export function openShell(env: Readonly<Record<string, string>>): ConsoleShell {
  const shell: Background = startProgram('bash', ['--noprofile', '--norc'], env);
  let count = 0;
  let taken = 0;
  return {
    run: async (command) => {
      const mark = `--end-of-step-${++count}-`;
      // Its input is the script: a command must not read the rest of it.
      shell.send(`{ ${command}\n} 2>&1 < /dev/null\necho "${mark}$?"\n`);
      const [, code] = await shell.seen(new RegExp(`${mark}(\\d+)\n`), 120_000);
      const all = shell.stdout();
      const end = all.indexOf(mark);
      const printed = all.slice(taken, end);
      taken = all.indexOf('\n', end) + 1;
      return { printed, code: Number(code) };
    },
    close: () => shell.kill(),
  };
}
