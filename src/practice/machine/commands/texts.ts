// Text as commands read and write it. Lines are held as latin1 strings, one character a byte: so any bytes pass unchanged.

import type { Process, Source } from '../process.ts';
import { MAX_LINE_BYTES } from '../shell/lines.ts';
import { attempt, openOperand } from './options.ts';

const OUTPUT_BYTES = 16 * 1024;

/** An argument as the bytes that lines are made of. */
export function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The lines of a source without their newlines. A last one without a newline is a line too; one that is too long comes in pieces. */
export async function* linesOf(process: Process, source: Source): AsyncGenerator<string> {
  let rest = '';
  for (;;) {
    const chunk = await process.read(source);
    if (chunk === undefined) break;
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length >= MAX_LINE_BYTES) {
      yield rest;
      rest = '';
    }
  }
  if (rest !== '') yield rest;
}

/** Collects lines for stdout, and writes them in larger pieces. */
export class LineOutput {
  readonly #process: Process;
  #text = '';

  constructor(process: Process) {
    this.#process = process;
  }

  /** Adds latin1 text. */
  async add(text: string): Promise<void> {
    this.#text += text;
    if (this.#text.length >= OUTPUT_BYTES) await this.flush();
  }

  async line(text: string): Promise<void> {
    await this.add(`${text}\n`);
  }

  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text !== '') await this.#process.write(Buffer.from(text, 'latin1'));
  }
}

/** Opens each operand (stdin without any) and hands it on. @returns 0, or `failed` when one could not be opened. */
export async function eachInput(
  process: Process,
  operands: readonly string[],
  use: (source: Source, name: string) => Promise<void>,
  failed = 1,
): Promise<number> {
  let code = 0;
  for (const operand of operands.length === 0 ? ['-'] : operands) {
    const done = await attempt(process, operand, async () => use(openOperand(process, operand), operand));
    if (!done) code = failed;
  }
  return code;
}
