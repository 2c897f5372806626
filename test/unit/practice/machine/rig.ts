// A machine under test, and callers of it: streams that are recorded, a clock that stands until it is moved.

import { PassThrough, type Readable, Writable } from 'node:stream';
import t from 'tap';
import { createMachine } from '../../../../src/practice/machine/create.ts';
import type {
  CommandOutcome,
  Machine,
  MachineSpec,
  TerminalSize,
} from '../../../../src/practice/machine/machine.ts';

export const START_MS = Date.UTC(2026, 2, 4, 5, 6, 7, 89);

/** A clock whose delays pass at once, and are counted, unless `held`. */
export class FakeClock {
  nowMs = START_MS;
  held = false;
  readonly #waiting = new Set<() => void>();

  get waiting(): number {
    return this.#waiting.size;
  }

  readonly now = (): number => this.nowMs;

  readonly delay = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      if (signal.aborted) return resolve();
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
      if (this.held) return;
      setImmediate(() => {
        if (!this.#waiting.has(done)) return;
        this.nowMs += ms;
        done();
      });
    });

  /** Lets all that waits go on. */
  release(ms = 0): void {
    this.nowMs += ms;
    for (const done of [...this.#waiting]) done();
  }
}

export interface Rig {
  readonly machine: Machine;
  readonly clock: FakeClock;
}

export function specOf(part: Partial<MachineSpec> = {}): MachineSpec {
  return {
    hostname: 'web-0',
    image: 'postern.dev/practice/pause:1',
    command: [],
    args: [],
    env: [],
    workingDir: '',
    stdin: false,
    stdinOnce: false,
    tty: false,
    ip: '10.244.0.7',
    files: new Map(),
    ...part,
  };
}

export function rig(part: Partial<MachineSpec> = {}): Rig {
  const clock = new FakeClock();
  return { machine: createMachine(specOf(part), clock), clock };
}

/** Keeps what is written. */
export class Recorder extends Writable {
  readonly chunks: Buffer[] = [];
  readonly #watchers = new Set<() => void>();

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    for (const watcher of [...this.#watchers]) watcher();
    done();
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Resolves when the text so far satisfies `test`. */
  until(test: (text: string) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!test(this.text)) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }
}

export interface Result {
  readonly outcome: CommandOutcome;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

/** Runs a command without a terminal to its end. */
export async function run(
  machine: Machine,
  command: readonly string[],
  input?: string | Buffer | Readable,
): Promise<Result> {
  const stdout = new Recorder();
  const stderr = new Recorder();
  let stdin: Readable | undefined;
  if (typeof input === 'string' || Buffer.isBuffer(input)) {
    const given = new PassThrough();
    given.end(input);
    stdin = given;
  } else {
    stdin = input;
  }
  const outcome = await machine.exec(command, false, {
    stdin,
    stdout,
    stderr,
    onSize: () => {},
    gone: new AbortController().signal,
  });
  return { outcome, stdout: stdout.text, stderr: stderr.text, bytes: stdout.bytes };
}

export function sh(machine: Machine, text: string, input?: string | Buffer | Readable): Promise<Result> {
  return run(machine, ['sh', '-c', text], input);
}

/** Resolves with the log's text once it satisfies `test`. */
export function logUntil(machine: Machine, test: (text: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    const text = () =>
      machine
        .logLines()
        .map((line) => line.text)
        .join('\n');
    if (test(text())) return resolve(text());
    const stop = machine.onLogLine(() => {
      if (!test(text())) return;
      stop();
      resolve(text());
    });
  });
}

/** A script, and all that it prints and how it ends. */
export type Row = readonly [text: string, stdout: string, stderr?: string, code?: number];

/** A test whose rows are run by one machine's shell, one after the other. */
export function table(name: string, rows: readonly Row[]): void {
  t.test(name, async (t) => {
    const { machine } = rig();
    for (const [text, stdout, stderr = '', code = 0] of rows) {
      const result = await sh(machine, text, '');
      t.same([result.stdout, result.stderr, result.outcome], [stdout, stderr, { exitCode: code }], text);
    }
    await machine.stop(0);
  });
}

/** A caller with a terminal. */
export class Console {
  readonly keys = new PassThrough();
  readonly screen = new Recorder();
  readonly outcome: Promise<CommandOutcome>;
  readonly #gone = new AbortController();
  #resize: (size: TerminalSize) => void = () => {};

  constructor(machine: Machine, command: readonly string[] | 'attach', size?: TerminalSize) {
    const streams = {
      stdin: this.keys,
      stdout: this.screen,
      stderr: undefined,
      gone: this.#gone.signal,
      onSize: (listener: (size: TerminalSize) => void) => {
        this.#resize = listener;
        if (size !== undefined) listener(size);
      },
    };
    this.outcome = command === 'attach' ? machine.attach(streams) : machine.exec(command, true, streams);
  }

  /** Types, once the screen ends with `after`. */
  async type(keys: string, after?: string): Promise<void> {
    if (after !== undefined) await this.screen.until((text) => text.endsWith(after));
    this.keys.write(keys);
  }

  resize(size: TerminalSize): void {
    this.#resize(size);
  }

  leave(): void {
    this.#gone.abort();
  }
}
