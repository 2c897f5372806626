// What a sed script does with one line after the other.

import type { Process } from '../process.ts';
import { UsageError } from './options.ts';
import type { Action, Address, Piece, SedCommand } from './sedscript.ts';

/** A line may grow this long by substitution. Bytes. */
const MAX_GROWN = 4 * 1024 * 1024;

/** A line, latin1: a character is a byte. */
export interface Line {
  readonly text: string;
  readonly newline: string;
  readonly last: boolean;
}

/** What a run over lines goes on with: the line's number, and which ranges are open (by their command). */
export class SedRun {
  readonly #commands: readonly SedCommand[];
  readonly #silent: boolean;
  readonly #process: Process;
  readonly #ranges = new Map<SedCommand, number>();
  #number = 0;

  constructor(process: Process, commands: readonly SedCommand[], silent: boolean) {
    this.#process = process;
    this.#commands = commands;
    this.#silent = silent;
  }

  /** Does the script on a line. @returns whether it was told to quit. */
  async line(line: Line, put: (text: string) => Promise<void>): Promise<boolean> {
    this.#number += 1;
    let { text } = line;
    let after = '';
    let quits = false;
    for (const command of this.#commands) {
      if (this.#chosen(command, text, line.last) === command.negated) continue;
      const { action } = command;
      if (action.kind === 'd') return this.#leave(put, after, false);
      if (action.kind === 'c') {
        // Of a range, the text comes once, at its end.
        const shows = command.to === undefined || command.negated || !this.#ranges.has(command);
        if (shows) await put(`${action.text}\n`);
        return this.#leave(put, after, false);
      }
      if (action.kind === 'a') after += `${action.text}\n`;
      else if (action.kind === 'i') await put(`${action.text}\n`);
      else if (action.kind === '=') await put(`${this.#number}\n`);
      else if (action.kind === 'p') await put(`${text}\n`);
      else if (action.kind === 'y') text = [...text].map((char) => action.map.get(char) ?? char).join('');
      else if (action.kind === 's') {
        const changed = await substitute(this.#process, text, action);
        text = changed ?? text;
        if (changed !== undefined && action.print) await put(`${text}\n`);
      } else {
        quits = true;
        break;
      }
    }
    if (!this.#silent) await put(text + (after === '' ? line.newline : '\n'));
    return this.#leave(put, after, quits);
  }

  async #leave(put: (text: string) => Promise<void>, after: string, quits: boolean): Promise<boolean> {
    if (after !== '') await put(after);
    return quits;
  }

  #chosen(command: SedCommand, text: string, last: boolean): boolean {
    const { from, to } = command;
    if (from === undefined) return true;
    const fits = (address: Address) =>
      address.kind === 'regex'
        ? address.regex.test(text)
        : address.kind === 'last'
          ? last
          : address.number === this.#number;
    if (to === undefined) return fits(from);
    if (!this.#ranges.has(command)) {
      if (!fits(from)) return false;
      // A range whose end is a line that has passed is one line.
      if (to.kind !== 'line' || to.number > this.#number) this.#ranges.set(command, this.#number);
      if (to.kind === 'last' && last) this.#ranges.delete(command);
      return true;
    }
    const over = to.kind === 'line' ? this.#number >= to.number : fits(to);
    if (over) this.#ranges.delete(command);
    // One whose end line was passed meanwhile is no range any more.
    return to.kind !== 'line' || this.#number <= to.number;
  }
}

/** The text with what matched replaced; undefined when nothing did. */
async function substitute(
  process: Process,
  text: string,
  { regex, pieces, first, all }: Action & { kind: 's' },
): Promise<string | undefined> {
  let out = '';
  let done = false;
  let copied = 0;
  let count = 0;
  let lastEnd = -1;
  for (let at = 0; at <= text.length; ) {
    // However many matches a line has, others have their turn between them.
    await process.system.turns.take(process.signal);
    const match = regex.find(text, at);
    if (match === undefined) break;
    at = match.end > match.start ? match.end : match.end + 1;
    // Nothing right behind a match is no match of its own.
    if (match.end === match.start && match.start === lastEnd) continue;
    lastEnd = match.end;
    count += 1;
    if (count < first) continue;
    const groups = regex.groups(text, match);
    const shown = (piece: Piece) => {
      if (typeof piece === 'string') return piece;
      const part = piece === 0 ? match : groups[piece];
      return part === undefined ? '' : text.slice(part.start, part.end);
    };
    out += text.slice(copied, match.start) + pieces.map(shown).join('');
    copied = match.end;
    done = true;
    if (out.length > MAX_GROWN) throw new UsageError('Cannot allocate memory', 4);
    if (!all) break;
  }
  return done ? out + text.slice(copied) : undefined;
}
