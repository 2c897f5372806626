// The state of a shell: variables, parameters, options, jobs. What runs its commands is in run.ts.

import { FileError } from '../files/node.ts';
import { absolute, type FileTree } from '../files/tree.ts';
import type { Process, ProcessEntry, Sink, Stdio, System } from '../process.ts';
import type { Expander } from './expand.ts';
import type { ShellNode } from './syntax.ts';

/** Thrown to end a shell. */
export class ShellExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Thrown by an expansion or a special built-in: ends a shell that is not interactive; `message` goes to stderr. */
export class ShellFailure extends Error {}

/** Thrown by `break`, `continue` and `return`. */
export class Jump extends Error {
  readonly kind: 'break' | 'continue' | 'return';
  /** Loops to leave, or the exit code to return. */
  readonly count: number;

  constructor(kind: Jump['kind'], count: number) {
    super(kind);
    this.kind = kind;
    this.count = count;
  }
}

interface Variable {
  readonly value: string;
  readonly exported: boolean;
  readonly readonly: boolean;
}

/** Runs text in a shell: what `eval`, `.`, traps and substitutions need. */
export type Evaluate = (shell: Shell, text: string, stdio: Stdio) => Promise<number>;

/** Takes a fork's output: what substitutions need. */
export type Capture = (shell: Shell, source: string) => Promise<string>;

/** What a shell is made of. */
export interface ShellParts {
  readonly process: Process;
  readonly evaluate: Evaluate;
  readonly capture: Capture;
}

/** A shell, or a subshell of one. */
export class Shell implements Expander {
  readonly process: Process;
  readonly evaluate: Evaluate;
  readonly #capture: Capture;
  readonly functions = new Map<string, ShellNode>();
  readonly options = new Set<string>();
  readonly jobs = new Map<number, { readonly done: Promise<number>; readonly entry: ProcessEntry }>();
  /** Actions by signal number; 0 is EXIT. */
  readonly traps = new Map<number, string>();
  readonly #variables = new Map<string, Variable>();
  name = 'sh';
  params: readonly string[] = [];
  cwd: string;
  status = 0;
  /** How the last command substitution of a command ended. */
  substituted: number | undefined;
  /** What the names that a function has made its own were before; undefined outside of functions. */
  locals: (() => void)[] | undefined;
  lastJob = 0;
  interactive = false;
  loops = 0;
  /** Functions that call each other. */
  depth = 0;
  /** Subshells in each other. */
  forks = 0;
  stdio: Stdio;
  /** What ends the commands that run now: the process's own signal, or an interactive line's. */
  signal: AbortSignal;
  /** A process that a subshell's only command may become. */
  spare: ProcessEntry | undefined;
  /** The pid that `$$` gives: a subshell gives its parent's. */
  shownPid: number;

  constructor({ process, evaluate, capture }: ShellParts) {
    this.process = process;
    this.evaluate = evaluate;
    this.#capture = capture;
    this.cwd = process.cwd;
    this.stdio = process.stdio;
    this.signal = process.signal;
    this.shownPid = process.entry.pid;
    for (const [name, value] of process.env) {
      this.#variables.set(name, { value, exported: true, readonly: false });
    }
    this.set('PWD', this.cwd);
    this.set('IFS', ' \t\n');
  }

  get system(): System {
    return this.process.system;
  }

  get files(): FileTree {
    return this.process.system.files;
  }

  get strict(): boolean {
    return this.options.has('u');
  }

  /** A copy for a subshell in its own process. */
  fork(process: Process): Shell {
    const copy = new Shell({ process, evaluate: this.evaluate, capture: this.#capture });
    copy.#variables.clear();
    for (const [name, variable] of this.#variables) copy.#variables.set(name, variable);
    for (const [name, body] of this.functions) copy.functions.set(name, body);
    for (const option of this.options) copy.options.add(option);
    copy.name = this.name;
    copy.params = this.params;
    copy.cwd = this.cwd;
    copy.status = this.status;
    copy.lastJob = this.lastJob;
    copy.loops = this.loops;
    copy.locals = this.locals === undefined ? undefined : [];
    copy.depth = this.depth;
    copy.forks = this.forks + 1;
    copy.shownPid = this.shownPid;
    return copy;
  }

  /** A variable, a positional or a special parameter. */
  get(name: string): string | undefined {
    if (/^[0-9]+$/.test(name)) return name === '0' ? this.name : this.params[Number(name) - 1];
    switch (name) {
      case '?':
        return String(this.status);
      case '$':
        return String(this.shownPid);
      case '#':
        return String(this.params.length);
      case '!':
        return this.lastJob === 0 ? undefined : String(this.lastJob);
      case '-':
        return [...this.options].join('') + (this.interactive ? 'i' : '');
      case 'COLUMNS':
      case 'LINES':
        return this.#variables.get(name)?.value ?? this.#size(name);
      default:
        return this.#variables.get(name)?.value;
    }
  }

  #size(name: 'COLUMNS' | 'LINES'): string | undefined {
    const size = (this.stdio.stdout.terminal ?? this.stdio.stdin.terminal)?.size();
    return size === undefined ? undefined : String(name === 'COLUMNS' ? size.width : size.height);
  }

  /** @throws ShellFailure for a read-only variable. */
  set(name: string, value: string): void {
    const old = this.#variables.get(name);
    if (old?.readonly === true) throw this.fail(`${name}: is read only`);
    this.#variables.set(name, { value, exported: old?.exported ?? this.options.has('a'), readonly: false });
  }

  unset(name: string): void {
    if (this.#variables.get(name)?.readonly === true) throw this.fail(`${name}: is read only`);
    this.#variables.delete(name);
  }

  /** Marks a variable; one that is not set yet is set empty. */
  mark(name: string, mark: 'exported' | 'readonly'): void {
    const old = this.#variables.get(name) ?? { value: '', exported: false, readonly: false };
    this.#variables.set(name, { ...old, [mark]: true });
  }

  /** What `put` of the answer restores: for `VAR=x builtin`. */
  remember(names: readonly string[]): () => void {
    const old = names.map((name) => [name, this.#variables.get(name)] as const);
    return () => {
      for (const [name, variable] of old) {
        if (variable === undefined) this.#variables.delete(name);
        else this.#variables.set(name, variable);
      }
    };
  }

  /** The environment of commands. */
  environment(): Map<string, string> {
    const env = new Map<string, string>();
    for (const [name, { value, exported }] of this.#variables) if (exported) env.set(name, value);
    return env;
  }

  /** All variables, for `set`. */
  variables(): readonly (readonly [string, string])[] {
    return [...this.#variables].map(([name, { value }]) => [name, value] as const).sort();
  }

  substitute(source: string): Promise<string> {
    return this.#capture(this, source);
  }

  fail(message: string): ShellFailure {
    return new ShellFailure(`${this.name}: ${message}`);
  }

  /** Writes a line to `sink`. @throws Signalled. */
  async print(sink: Sink, text: string): Promise<void> {
    await this.system.turns.take(this.signal);
    await sink.write(Buffer.from(`${text}\n`), this.signal);
  }

  /** Changes the directory. @throws FileError. */
  changeDirectory(path: string): void {
    const place = this.files.place(absolute(this.cwd, path));
    if (place.node === undefined) throw new FileError('ENOENT');
    if (place.node.kind !== 'directory') throw new FileError('ENOTDIR');
    this.set('OLDPWD', this.cwd);
    this.cwd = place.path;
    this.set('PWD', this.cwd);
  }
}
