// A terminal's line discipline: what is typed is shown and edited, and goes to the program a line at a time; what the program writes gets
// carriage returns. Control characters as Linux sets them (termios(3)): ^C ^\ ^D ^U ^W ^H and DEL.

import { StringDecoder } from 'node:string_decoder';
import type { TerminalSize } from '../machine.ts';
import { Pipe } from '../pipe.ts';
import type { Sink, Source, Tty, TypedLine } from '../process.ts';
import { SIGINT, SIGQUIT, suspend } from '../signals.ts';
import { LineEditor } from './editor.ts';
import { nextKey, pressAtPrompt } from './keys.ts';

/** The size until one is told, as a new Linux terminal without a screen has it. */
const NO_SIZE: TerminalSize = { width: 0, height: 0 };
const CONTROL = {
  c: '\x03',
  d: '\x04',
  backslash: '\x1c',
  u: '\x15',
  w: '\x17',
  h: '\b',
  del: '\x7f',
} as const;

/** A terminal between a caller and programs. */
export class Terminal implements Tty {
  readonly input: Source;
  readonly output: Sink;
  readonly #send: (bytes: Buffer, signal: AbortSignal | undefined) => Promise<void>;
  readonly #cooked = new Pipe();
  readonly #decoder = new StringDecoder('utf8');
  readonly #editor: LineEditor;
  readonly #listeners: ((signal: number) => void)[] = [];
  #size = NO_SIZE;
  #echoed = '';
  #rest = '';
  #lastWasReturn = false;
  #settle: ((line: TypedLine) => void) | undefined;
  #ended = false;

  /** `send` takes the bytes for the caller; without a signal it is an echo. */
  constructor(send: (bytes: Buffer, signal: AbortSignal | undefined) => Promise<void>) {
    this.#send = send;
    this.#editor = new LineEditor((text) => {
      this.#echoed += text;
    });
    const cooked = this.#cooked;
    this.input = {
      terminal: this,
      read: (signal) => cooked.read(signal),
      unread: (chunk) => cooked.unread(chunk),
    };
    this.output = {
      terminal: this,
      write: (chunk, signal) => {
        signal.throwIfAborted();
        return send(withReturns(chunk), signal);
      },
    };
  }

  size(): TerminalSize {
    return this.#size;
  }

  /** The caller's window has a new size. */
  resize(size: TerminalSize): void {
    this.#size = size;
    // A prompt that nobody was there to see (attach) or that has moved is shown again.
    if (this.#editor.prompt === undefined) return;
    this.#editor.redraw('\r\x1b[K');
    this.#flush().catch(() => {});
  }

  onSignal(listener: (signal: number) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at !== -1) this.#listeners.splice(at, 1);
    };
  }

  async readLine(text: string, history: string[], signal: AbortSignal): Promise<TypedLine> {
    signal.throwIfAborted();
    if (this.#cooked.waiting) return this.#typedAhead(text, history, signal);
    let typed: TypedLine | undefined = this.#ended ? { kind: 'end' } : undefined;
    let wakeUp = () => {};
    this.#settle = (line) => {
      // The first counts: the end of stdin right behind a line does not take the line away.
      typed ??= line;
      wakeUp();
    };
    this.#editor.begin({ text, history });
    await this.#flush();
    await suspend(signal, (wake) => {
      wakeUp = wake;
      if (typed !== undefined) queueMicrotask(wake);
      return () => {};
    });
    this.#settle = undefined;
    if (signal.aborted) this.#editor.discard();
    signal.throwIfAborted();
    return typed ?? { kind: 'end' };
  }

  /** Takes typed bytes. Resolves when the caller has taken what they show. */
  async type(bytes: Buffer): Promise<void> {
    let text = this.#rest + this.#decoder.write(bytes);
    this.#rest = '';
    while (text !== '') {
      const key = nextKey(text, this.#editor.prompt !== undefined);
      if (key === undefined) {
        this.#rest = text;
        break;
      }
      this.#press(key);
      text = text.slice(key.length);
    }
    await this.#flush();
  }

  /** The caller types no more. */
  end(): void {
    this.#ended = true;
    this.#cooked.push(Buffer.from(this.#editor.take()));
    this.#cooked.end();
    this.#settle?.({ kind: 'end' });
  }

  /** A line that was entered before anybody asked. It is shown again, behind its prompt. */
  async #typedAhead(prompt: string, history: string[], signal: AbortSignal): Promise<TypedLine> {
    const chunk = await this.#cooked.read(signal);
    if (chunk === undefined) return { kind: 'end' };
    const end = chunk.indexOf(0x0a);
    if (end !== -1) this.#cooked.unread(chunk.subarray(end + 1));
    const text = chunk.subarray(0, end === -1 ? chunk.length : end).toString('utf8');
    if (text.trim() !== '' && history.at(-1) !== text) history.push(text);
    await this.#send(Buffer.from(`${prompt}${text}\r\n`), signal);
    return { kind: 'line', text };
  }

  #press(key: string): void {
    const editor = this.#editor;
    const afterReturn = this.#lastWasReturn;
    this.#lastWasReturn = key === '\r';
    // Of CR LF, as pasted text has it, the LF is no second line.
    if (key === '\n' && afterReturn) return;
    if (key === '\r' || key === '\n') this.#enter();
    else if (key === CONTROL.c) this.#interrupt(SIGINT, '^C');
    else if (key === CONTROL.backslash) this.#interrupt(SIGQUIT, '^\\');
    else if (key === CONTROL.d) this.#endOfFile();
    else if (key === CONTROL.h || key === CONTROL.del) editor.backspace();
    else if (key === CONTROL.u) editor.eraseLine();
    else if (key === CONTROL.w) editor.eraseWord();
    else if (editor.prompt !== undefined) pressAtPrompt(editor, key);
    else editor.insert(key);
  }

  #enter(): void {
    const asked = this.#editor.prompt !== undefined;
    if (asked) this.#editor.end();
    this.#echoed += '\r\n';
    const text = this.#editor.take();
    if (asked) this.#settle?.({ kind: 'line', text });
    else if (this.#cooked.full) this.#echoed += '\x07';
    else this.#cooked.push(Buffer.from(`${text}\n`));
  }

  #endOfFile(): void {
    const { text, prompt } = this.#editor;
    if (prompt !== undefined) {
      if (text === '') {
        this.#editor.discard();
        this.#settle?.({ kind: 'end' });
      } else this.#editor.eraseForward();
    } else if (text === '') this.#cooked.pushEnd();
    else this.#cooked.push(Buffer.from(this.#editor.take()));
  }

  #interrupt(signal: number, shown: string): void {
    this.#echoed += shown;
    const asked = this.#editor.prompt !== undefined;
    this.#editor.discard();
    this.#cooked.clear();
    if (asked) {
      this.#settle?.({ kind: 'interrupted' });
      return;
    }
    this.#listeners.at(-1)?.(signal);
  }

  async #flush(): Promise<void> {
    const text = this.#echoed;
    this.#echoed = '';
    if (text !== '') await this.#send(Buffer.from(text), undefined);
  }
}

/** Each newline with a carriage return before it (ONLCR). */
function withReturns(chunk: Buffer): Buffer {
  let newlines = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) newlines += 1;
  if (newlines === 0) return chunk;
  const out = Buffer.allocUnsafe(chunk.length + newlines);
  let end = 0;
  for (const byte of chunk) {
    if (byte === 10) out[end++] = 13;
    out[end++] = byte;
  }
  return out;
}
