// A process of the practice machine: a command of ours with arguments, environment, streams and a number. It is no process of the person's
// computer. Processes share Node's one thread, so each takes turns: nothing that is typed can hold up the rest of the server.

import type { Duplex } from 'node:stream';
import type { FileTree } from './files/tree.ts';
import type { MachineSurroundings, TerminalSize } from './machine.ts';
import { endsProcess, SIGKILL, Signalled } from './signals.ts';

/** As many processes as a machine has at once; beyond, `fork` fails. */
const MAX_PROCESSES = 256;
/** Reads, writes and commands between two rests. */
const TURN = 64;

/** A line without its newline, the end of file (Ctrl-D), or Ctrl-C. */
export type TypedLine =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'interrupted' };

/** What a process sees of its terminal. */
export interface Tty {
  readonly size: () => TerminalSize;
  /** A line that is edited with cursor keys and history; it is added to `history`. @throws Signalled. */
  readonly readLine: (prompt: string, history: string[], signal: AbortSignal) => Promise<TypedLine>;
  /** Who is told of Ctrl-C and Ctrl-\ instead of the terminal's first process; @returns a function that ends that. */
  readonly onSignal: (listener: (signal: number) => void) => () => void;
}

/** Where bytes come from. */
export interface Source {
  readonly read: (signal: AbortSignal) => Promise<Buffer | undefined>;
  readonly unread: (chunk: Buffer) => void;
  readonly terminal: Tty | undefined;
}

/** Where bytes go. */
export interface Sink {
  readonly write: (chunk: Buffer, signal: AbortSignal) => Promise<void>;
  readonly terminal: Tty | undefined;
}

/** A process's three streams. */
export interface Stdio {
  readonly stdin: Source;
  readonly stdout: Sink;
  readonly stderr: Sink;
}

/** A command: its exit code. May throw Signalled. */
export type Command = (process: Process) => Promise<number>;

/** A command as the machine has it under /bin. */
export interface Program {
  readonly run: Command;
  /** What follows the name in its usage. */
  readonly usage: string;
}

/** What all processes of a machine share. */
export interface System extends MachineSurroundings {
  readonly hostname: string;
  readonly image: string;
  readonly ip: string;
  readonly startedMs: number;
  /** Aborts when the machine is switched off: what ends a process that no other does. */
  readonly power: AbortSignal;
  readonly files: FileTree;
  readonly processes: ProcessTable;
  readonly turns: Turns;
  readonly programs: ReadonlyMap<string, Program>;
  readonly connect: (port: number) => Duplex | undefined;
  /** Takes connections to a port; @returns what ends that, or undefined when another has the port. */
  readonly listen: (port: number, accept: (connection: Duplex) => void) => (() => void) | undefined;
  /** Ports that are taken. */
  readonly listening: () => readonly number[];
}

/** Lets others run once in a while. */
export class Turns {
  #taken = 0;

  /** @throws Signalled when the process has ended meanwhile. */
  async take(signal: AbortSignal): Promise<void> {
    this.#taken += 1;
    if (this.#taken % TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}

/** A line of `ps`. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  readonly startedMs: number;
  readonly terminal: boolean;
  readonly signal: AbortSignal;
  /** Signals that the process has asked not to get (`trap '' TERM`). */
  readonly ignored: Set<number>;
  readonly argv: () => readonly string[];
  /** The process becomes another program. */
  readonly become: (argv: readonly string[]) => void;
  readonly kill: (signal: number) => void;
  readonly end: () => void;
}

/** What is asked for a new process. `parent` ends it too. */
export interface NewProcess {
  readonly argv: readonly string[];
  readonly ppid: number;
  readonly terminal: boolean;
  readonly parent: AbortSignal;
}

/** Thrown when there are too many processes. */
export class CannotFork extends Error {}

/** Is told of each process; @returns who is told of its end. */
export type Watcher = (entry: ProcessEntry) => () => void;

/** The processes that live. */
export class ProcessTable {
  readonly #entries = new Map<number, ProcessEntry>();
  readonly #now: () => number;
  readonly #watch: Watcher;
  #last = 0;

  constructor(now: () => number, watch: Watcher) {
    this.#now = now;
    this.#watch = watch;
  }

  /** A new entry. @throws CannotFork. */
  start({ argv, ppid, terminal, parent }: NewProcess): ProcessEntry {
    if (this.#entries.size >= MAX_PROCESSES) throw new CannotFork('Cannot fork');
    this.#last += 1;
    const pid = this.#last;
    const controller = new AbortController();
    const follow = () => controller.abort(parent.reason);
    if (parent.aborted) follow();
    else parent.addEventListener('abort', follow, { once: true });
    const ignored = new Set<number>();
    let shown = argv;
    const entry: ProcessEntry = {
      pid,
      ppid,
      startedMs: this.#now(),
      terminal,
      signal: controller.signal,
      ignored,
      argv: () => shown,
      become: (next) => {
        shown = next;
      },
      kill: (signal) => {
        if (!endsProcess(signal) || (signal !== SIGKILL && ignored.has(signal))) return;
        controller.abort(new Signalled(signal));
      },
      end: () => {
        parent.removeEventListener('abort', follow);
        if (this.#entries.delete(pid)) ended();
      },
    };
    this.#entries.set(pid, entry);
    const ended = this.#watch(entry);
    return entry;
  }

  get(pid: number): ProcessEntry | undefined {
    return this.#entries.get(pid);
  }

  /** In the order of their numbers. */
  all(): readonly ProcessEntry[] {
    return [...this.#entries.values()];
  }
}

/** What a process is made of. */
export interface ProcessParts extends Stdio {
  readonly system: System;
  readonly entry: ProcessEntry;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
}

/** A running command's view of the world. */
export class Process {
  readonly system: System;
  readonly entry: ProcessEntry;
  readonly name: string;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly stdio: Stdio;

  constructor({ system, entry, argv, env, cwd, stdin, stdout, stderr }: ProcessParts) {
    this.system = system;
    this.entry = entry;
    this.name = argv[0]?.replace(/^.*\//, '') ?? '';
    this.args = argv.slice(1);
    this.env = env;
    this.cwd = cwd;
    this.stdio = { stdin, stdout, stderr };
  }

  get signal(): AbortSignal {
    return this.entry.signal;
  }

  /** The next bytes of `source` (stdin unless told); undefined at its end. @throws Signalled. */
  async read(source: Source = this.stdio.stdin): Promise<Buffer | undefined> {
    await this.system.turns.take(this.signal);
    return source.read(this.signal);
  }

  /** Writes to stdout. @throws Signalled. */
  async write(data: string | Buffer): Promise<void> {
    await this.system.turns.take(this.signal);
    await this.stdio.stdout.write(typeof data === 'string' ? Buffer.from(data) : data, this.signal);
  }

  /** Writes `name: text` to stderr. */
  async warn(text: string): Promise<void> {
    await this.system.turns.take(this.signal);
    await this.stdio.stderr.write(Buffer.from(`${this.name}: ${text}\n`), this.signal);
  }

  /** Waits. @throws Signalled. */
  async sleep(ms: number): Promise<void> {
    await this.system.delay(ms, this.signal);
    this.signal.throwIfAborted();
  }
}

/** Runs a command to its end. Never throws: a signal is 128 and its number, and no mistake of a command's reaches the server. */
export async function runCommand(
  command: Command,
  process: Process,
): Promise<{ code: number; signal: number }> {
  try {
    return { code: (await command(process)) & 255, signal: 0 };
  } catch (error) {
    if (error instanceof Signalled) return { code: error.exitCode, signal: error.signal };
    await process.warn(error instanceof Error ? error.message : String(error)).catch(() => {});
    return { code: 1, signal: 0 };
  }
}
