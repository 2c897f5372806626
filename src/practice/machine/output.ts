// What a container's main command writes: to the log, a line at a time, and to those who are attached.

import { StringDecoder } from 'node:string_decoder';
import type { LogLine } from './machine.ts';
import type { Sink } from './process.ts';
import { Signalled } from './signals.ts';

/** As many lines as are kept. */
const MAX_LINES = 10_000;
/** Lines beyond these that may wait to be dropped together. */
const SLACK = 1000;
/** As much text as is kept. Characters. */
const MAX_TEXT = 16 * 1024 * 1024;
/** A longer line goes on in the next one. Characters. */
const MAX_LINE = 16 * 1024;

/** Where the main command's output is kept. */
export class ContainerLog {
  readonly #now: () => number;
  readonly #listeners = new Set<(line: LogLine) => void>();
  #lines: LogLine[] = [];
  #size = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  lines(): readonly LogLine[] {
    return this.#lines.slice(-MAX_LINES);
  }

  listen(listener: (line: LogLine) => void): () => void {
    // Each registration is its own, even of the same function.
    const one = (line: LogLine) => listener(line);
    this.#listeners.add(one);
    return () => this.#listeners.delete(one);
  }

  /** A writer of one stream: its unfinished line is its own. */
  stream(): { readonly write: (chunk: Buffer) => void; readonly end: () => void } {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const take = (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#add(line.replace(/\r$/, ''));
      while (rest.length > MAX_LINE) {
        this.#add(rest.slice(0, MAX_LINE));
        rest = rest.slice(MAX_LINE);
      }
    };
    return {
      write: (chunk) => take(decoder.write(chunk)),
      end: () => {
        take(decoder.end());
        if (rest !== '') this.#add(rest);
        rest = '';
      },
    };
  }

  #add(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LINE) {
      const one = { timeMs: this.#now(), text: line.slice(at, at + MAX_LINE) };
      this.#lines.push(one);
      this.#size += one.text.length;
      for (const listener of [...this.#listeners]) listener(one);
    }
    if (this.#lines.length < MAX_LINES + SLACK && this.#size <= MAX_TEXT) return;
    let first = Math.max(0, this.#lines.length - MAX_LINES);
    for (const dropped of this.#lines.slice(0, first)) this.#size -= dropped.text.length;
    // Beyond the limit of text a quarter goes at once, so that not every line costs a pass.
    const least = this.#size > MAX_TEXT ? MAX_TEXT * 0.75 : MAX_TEXT;
    for (; this.#size > least; first += 1) {
      this.#size -= this.#lines[first]?.text.length ?? 0;
    }
    this.#lines = this.#lines.slice(first);
  }
}

/** A stream of the main command: to the log, then to each attached caller in turn; a slow one holds the command up, as in a real one. */
export class Broadcast implements Sink {
  readonly terminal = undefined;
  readonly #sinks = new Set<Sink>();
  readonly #log: ReturnType<ContainerLog['stream']>;

  constructor(log: ContainerLog) {
    this.#log = log.stream();
  }

  /** Adds a caller; the answer removes it. */
  join(sink: Sink): () => void {
    const one: Sink = { terminal: undefined, write: (chunk, signal) => sink.write(chunk, signal) };
    this.#sinks.add(one);
    return () => this.#sinks.delete(one);
  }

  async write(chunk: Buffer, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#log.write(chunk);
    for (const sink of [...this.#sinks]) {
      try {
        await sink.write(chunk, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Signalled)) throw error;
        // That caller is gone, and the command does not know it.
        this.#sinks.delete(sink);
      }
    }
  }

  end(): void {
    this.#log.end();
  }
}
