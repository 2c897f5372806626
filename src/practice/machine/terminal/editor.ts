// The line that is being typed at a terminal, as characters and a cursor, and what is sent back to show each change. Plain (for programs)
// it does what a kernel's line discipline does; with a prompt it has cursor keys and history too.

/** The longest line, as Linux's N_TTY has it. Characters. */
const MAX_LINE = 4096;
const MAX_HISTORY = 500;

const LEFT = '\b';
const BELL = '\x07';
const CLEAR_SCREEN = '\x1b[H\x1b[J';

/** A prompt's line. */
export interface Prompt {
  readonly text: string;
  readonly history: string[];
}

/** The text that is typed; `echo` gets what the terminal shall show. */
export class LineEditor {
  readonly #echo: (text: string) => void;
  #chars: string[] = [];
  #cursor = 0;
  #prompt: Prompt | undefined;
  /** Where in the history it is; the length of the history is the new line. */
  #recalled = 0;
  #draft = '';

  constructor(echo: (text: string) => void) {
    this.#echo = echo;
  }

  get text(): string {
    return this.#chars.join('');
  }

  get prompt(): Prompt | undefined {
    return this.#prompt;
  }

  /** Shows a prompt and what has been typed ahead. */
  begin(prompt: Prompt): void {
    this.#prompt = prompt;
    this.#recalled = prompt.history.length;
    this.#draft = '';
    this.redraw('');
  }

  /** Shows prompt and line again, after `first`. */
  redraw(first: string): void {
    const behind = this.#chars.length - this.#cursor;
    this.#echo(`${first}${this.#prompt?.text ?? ''}${this.text}${LEFT.repeat(behind)}`);
  }

  clearScreen(): void {
    this.redraw(CLEAR_SCREEN);
  }

  /** Takes the line away: it was entered or given up. */
  take(): string {
    const { text } = this;
    this.#chars = [];
    this.#cursor = 0;
    const history = this.#prompt?.history;
    this.#prompt = undefined;
    if (history !== undefined && text.trim() !== '' && history.at(-1) !== text) history.push(text);
    if (history !== undefined && history.length > MAX_HISTORY) history.shift();
    return text;
  }

  /** Gives the line up: nothing of it is remembered. */
  discard(): void {
    this.#chars = [];
    this.#prompt = undefined;
    this.#cursor = 0;
  }

  /** Types printable text. */
  insert(text: string): void {
    const chars = [...text];
    const room = MAX_LINE - this.#chars.length;
    if (chars.length > room) this.#echo(BELL);
    const fitting = chars.slice(0, room);
    this.#chars.splice(this.#cursor, 0, ...fitting);
    this.#cursor += fitting.length;
    const tail = this.#chars.slice(this.#cursor).map(shown).join('');
    this.#echo(`${fitting.map(shown).join('')}${tail}${LEFT.repeat(tail.length)}`);
  }

  backspace(): void {
    this.#erase(this.#cursor === 0 ? 0 : 1);
  }

  eraseLine(): void {
    this.#erase(this.#cursor);
  }

  eraseWord(): void {
    let start = this.#cursor;
    while (start > 0 && this.#chars[start - 1] === ' ') start -= 1;
    while (start > 0 && this.#chars[start - 1] !== ' ') start -= 1;
    this.#erase(this.#cursor - start);
  }

  /** Erases what is under the cursor. */
  eraseForward(): void {
    if (this.#cursor === this.#chars.length) return;
    this.#cursor += 1;
    this.#echo(shown(this.#chars[this.#cursor - 1] ?? ''));
    this.backspace();
  }

  eraseToEnd(): void {
    const width = this.#width(this.#cursor, this.#chars.length);
    this.#chars.length = this.#cursor;
    this.#echo(`${' '.repeat(width)}${LEFT.repeat(width)}`);
  }

  left(): void {
    if (this.#cursor > 0) this.moveTo(this.#cursor - 1);
  }

  right(): void {
    if (this.#cursor < this.#chars.length) this.moveTo(this.#cursor + 1);
  }

  home(): void {
    this.moveTo(0);
  }

  end(): void {
    this.moveTo(this.#chars.length);
  }

  moveTo(cursor: number): void {
    if (cursor < this.#cursor) this.#echo(LEFT.repeat(this.#width(cursor, this.#cursor)));
    else this.#echo(this.#chars.slice(this.#cursor, cursor).map(shown).join(''));
    this.#cursor = cursor;
  }

  /** Goes back (-1) or forward (+1) in the history. */
  recall(step: -1 | 1): void {
    const history = this.#prompt?.history ?? [];
    const next = this.#recalled + step;
    if (next < 0 || next > history.length) return;
    if (this.#recalled === history.length) this.#draft = this.text;
    this.#recalled = next;
    this.end();
    this.eraseLine();
    this.insert(history[next] ?? this.#draft);
  }

  #erase(count: number): void {
    if (count === 0) return;
    const width = this.#width(this.#cursor - count, this.#cursor);
    this.#chars.splice(this.#cursor - count, count);
    this.#cursor -= count;
    const tail = this.#chars.slice(this.#cursor).map(shown).join('');
    if (tail === '') this.#echo('\b \b'.repeat(width));
    else {
      const blank = ' '.repeat(width);
      this.#echo(`${LEFT.repeat(width)}${tail}${blank}${LEFT.repeat(tail.length + width)}`);
    }
  }

  #width(from: number, to: number): number {
    return this.#chars.slice(from, to).map(shown).join('').length;
  }
}

/** A control character as `^X`. */
function shown(char: string): string {
  const code = char.charCodeAt(0);
  if (char === '\t' || (code >= 32 && code !== 127)) return char;
  return `^${String.fromCharCode(code ^ 64)}`;
}
