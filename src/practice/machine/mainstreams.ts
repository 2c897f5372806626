// The main command's streams: its output goes to the log and to all who are attached; what they type goes to its stdin, if it has one.

import { EMPTY_SOURCE } from './files/open.ts';
import type { CommandOutcome, CommandStreams, MachineSpec } from './machine.ts';
import { Broadcast, type ContainerLog } from './output.ts';
import { Pipe } from './pipe.ts';
import type { Stdio } from './process.ts';
import { pump, sinkOf } from './streams.ts';
import { Terminal } from './terminal/terminal.ts';

/** The main command's side, and that of its callers. */
export class MainStreams {
  readonly stdio: Stdio;
  readonly terminal: Terminal | undefined;
  readonly #stdout: Broadcast;
  readonly #stderr: Broadcast;
  readonly #input: Pipe | undefined;
  readonly #once: boolean;
  readonly #ended = new AbortController();
  #closed = false;

  constructor({ tty, stdin, stdinOnce }: MachineSpec, log: ContainerLog) {
    this.#stdout = new Broadcast(log);
    this.#stderr = tty ? this.#stdout : new Broadcast(log);
    this.#once = stdinOnce;
    if (tty) {
      const terminal = new Terminal((bytes, signal = this.#ended.signal) =>
        this.#stdout.write(bytes, signal),
      );
      this.terminal = terminal;
      this.stdio = { stdin: terminal.input, stdout: terminal.output, stderr: terminal.output };
      this.#input = undefined;
    } else {
      this.terminal = undefined;
      this.#input = stdin ? new Pipe() : undefined;
      this.stdio = { stdin: this.#input ?? EMPTY_SOURCE, stdout: this.#stdout, stderr: this.#stderr };
    }
    this.#typing = stdin;
  }

  readonly #typing: boolean;

  /** The main command is over: what it has not finished becomes a line of the log. */
  end(): void {
    this.#ended.abort();
    this.#stdout.end();
    if (this.#stderr !== this.#stdout) this.#stderr.end();
  }

  /** Joins a caller; resolves when the main command is over or the caller is gone. */
  async attach(streams: CommandStreams, exited: Promise<CommandOutcome>): Promise<void> {
    const { stdin, stdout, stderr, gone, onSize } = streams;
    const leaving = [this.#stdout.join(sinkOf(stdout, gone))];
    if (this.#stderr !== this.#stdout) leaving.push(this.#stderr.join(sinkOf(stderr, gone)));
    if (stdin !== undefined && this.#typing && !this.#closed) leaving.push(this.#joinInput(stdin));
    const { terminal } = this;
    let here = true;
    if (terminal !== undefined) {
      onSize((size) => {
        if (here) terminal.resize(size);
      });
    }
    let stop = () => {};
    const left = new Promise<void>((resolve) => {
      stop = resolve;
      gone.addEventListener('abort', stop, { once: true });
      if (gone.aborted) resolve();
    });
    await Promise.race([left, exited]);
    gone.removeEventListener('abort', stop);
    here = false;
    for (const leave of leaving) leave();
    if (stdin !== undefined && this.#typing && this.#once) this.#close();
  }

  #joinInput(stdin: NonNullable<CommandStreams['stdin']>): () => void {
    const { terminal } = this;
    const input = this.#input;
    return pump(stdin, {
      take: (chunk) => {
        if (terminal !== undefined) return terminal.type(chunk);
        input?.push(chunk);
        return input?.full === true ? input.room(this.#ended.signal) : undefined;
      },
      // Without stdinOnce the command's stdin outlives each of its callers.
      end: () => {
        if (this.#once) this.#close();
      },
    });
  }

  #close(): void {
    this.#closed = true;
    this.terminal?.end();
    this.#input?.end();
  }
}
