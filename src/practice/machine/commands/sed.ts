// sed: the part of it that scripts in containers use. No hold space, no labels, no braces.

import { openSink } from '../files/open.ts';
import type { Process, Program, Source } from '../process.ts';
import { readLine } from '../shell/lines.ts';
import { attempt, define, type Options, openOperand, pathIn, UsageError } from './options.ts';
import { RegexError } from './pattern.ts';
import { type Line, SedRun } from './sedrun.ts';
import { readScript, type SedCommand, SedError } from './sedscript.ts';
import { byteString, LineOutput } from './texts.ts';

/** The lines of several inputs, each with whether it is the last of all. Latin1: a character is a byte. */
async function* linesOf(process: Process, sources: AsyncIterable<Source>): AsyncGenerator<Line> {
  let held: string | undefined;
  const line = (whole: string, last: boolean): Line => {
    const newline = whole.endsWith('\n') || !last ? '\n' : '';
    return { text: whole.replace(/\n$/, ''), newline, last };
  };
  for await (const source of sources) {
    for (;;) {
      await process.system.turns.take(process.signal);
      const read = await readLine(source, process.signal, 'latin1');
      if (read === undefined) break;
      if (held !== undefined) yield line(held, false);
      held = read;
    }
  }
  if (held !== undefined) yield line(held, true);
}

async function sed(process: Process, { flags, operands }: Options): Promise<number> {
  const given = scriptsOf(process.args);
  const [script = '', ...rest] = given.length > 0 ? [given.join('\n'), ...operands] : operands;
  if (given.length === 0 && operands.length === 0) throw new UsageError('missing script');
  let commands: readonly SedCommand[];
  try {
    commands = readScript(byteString(script), flags.has('E') || flags.has('r'));
  } catch (error) {
    if (!(error instanceof SedError) && !(error instanceof RegexError)) throw error;
    await process.warn(`-e expression #1: ${error.message}`);
    return 1;
  }
  return flags.has('i')
    ? editFiles(process, rest, commands, flags.has('n'))
    : print(process, rest, commands, flags.has('n'));
}

/** Each `-e`'s, in order: an option that is given again replaces its value otherwise. */
function scriptsOf(args: readonly string[]): readonly string[] {
  const scripts: string[] = [];
  for (let at = 0; at < args.length && args[at] !== '--'; at += 1) {
    const found = /^(?:-[nErsi]*e|--expression)(=?)([\s\S]*)$/.exec(args[at] ?? '');
    if (found === null) continue;
    const inline = found[2] ?? '';
    if (inline !== '') scripts.push(inline);
    else {
      at += 1;
      scripts.push(args[at] ?? '');
    }
  }
  return scripts;
}

async function print(
  process: Process,
  operands: readonly string[],
  commands: readonly SedCommand[],
  silent: boolean,
): Promise<number> {
  const out = new LineOutput(process);
  const run = new SedRun(process, commands, silent);
  const state = { code: 0 };
  async function* sources(): AsyncGenerator<Source> {
    for (const operand of operands.length === 0 ? ['-'] : operands) {
      let source: Source | undefined;
      const opened = await attempt(process, `can't read ${operand}`, () => {
        source = openOperand(process, operand);
      });
      if (!opened) state.code = 2;
      if (source !== undefined) yield source;
    }
  }
  for await (const line of linesOf(process, sources())) {
    if (await run.line(line, (text) => out.add(text))) break;
    // What follows may never come: a line is shown when it is done.
    if (operands.length === 0) await out.flush();
  }
  await out.flush();
  return state.code;
}

/** `-i`: each file for itself. */
async function editFiles(
  process: Process,
  operands: readonly string[],
  commands: readonly SedCommand[],
  silent: boolean,
): Promise<number> {
  let code = 0;
  for (const operand of operands) {
    const done = await attempt(process, `can't read ${operand}`, async () => {
      const source = openOperand(process, operand);
      const run = new SedRun(process, commands, silent);
      const parts: string[] = [];
      const put = async (text: string) => void parts.push(text);
      async function* only(): AsyncGenerator<Source> {
        yield source;
      }
      for await (const line of linesOf(process, only())) {
        // As GNU's: what is behind a `q` is lost.
        if (await run.line(line, put)) break;
      }
      const sink = openSink(process.system.files, pathIn(process, operand), false, process.stdio);
      await sink.write(Buffer.from(parts.join(''), 'latin1'), process.signal);
    });
    if (!done) code = 4;
  }
  return code;
}

/** The program. */
export const SED: Program = define(
  {
    usage: '[-nEi] [-e] SCRIPT [FILE]...',
    letters: 'nErise:',
    long: { quiet: 'n', silent: 'n', expression: 'e', 'regexp-extended': 'E', 'in-place': 'i' },
  },
  sed,
);
