// The shell's syntax tree (POSIX.1-2024 chapter 2, as far as the practice shell goes).

/** A piece of a word. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'parameter'; readonly name: string; readonly change?: Change; readonly quoted: boolean }
  | { readonly kind: 'command'; readonly source: string; readonly quoted: boolean }
  | { readonly kind: 'arithmetic'; readonly word: Word; readonly quoted: boolean };

/** What `${name…}` does with the value: `:-`, `-`, `:=`, `=`, `:?`, `?`, `:+`, `+`, `%`, `%%`, `#`, `##`, or `length`. */
export interface Change {
  readonly operator: string;
  readonly word: Word;
}

/** A word: its pieces together. */
export type Word = readonly Part[];

/** `2>file`. */
export interface Redirect {
  readonly fd: number;
  readonly operator: '<' | '>' | '>>' | '>&' | '<&' | '<<' | '&>';
  readonly target: Word;
}

/** `name=word`. */
export interface Assignment {
  readonly name: string;
  readonly word: Word;
}

/** Assignments, words and redirections. */
export interface SimpleCommand {
  readonly kind: 'simple';
  readonly assignments: readonly Assignment[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

/** `if` or `elif` with its `then`. */
export interface Clause {
  readonly test: CommandList;
  readonly body: CommandList;
}

/** Any command. */
export type ShellNode =
  | SimpleCommand
  | { readonly kind: 'pipeline'; readonly negated: boolean; readonly stages: readonly ShellNode[] }
  | {
      readonly kind: 'both';
      readonly operator: '&&' | '||';
      readonly left: ShellNode;
      readonly right: ShellNode;
    }
  | { readonly kind: 'redirected'; readonly node: ShellNode; readonly redirects: readonly Redirect[] }
  | { readonly kind: 'group'; readonly body: CommandList }
  | { readonly kind: 'subshell'; readonly body: CommandList }
  | { readonly kind: 'if'; readonly clauses: readonly Clause[]; readonly otherwise: CommandList | undefined }
  | {
      readonly kind: 'while';
      readonly until: boolean;
      readonly test: CommandList;
      readonly body: CommandList;
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly words: readonly Word[] | undefined;
      readonly body: CommandList;
    }
  | { readonly kind: 'case'; readonly word: Word; readonly arms: readonly Arm[] }
  | { readonly kind: 'function'; readonly name: string; readonly body: ShellNode };

/** `a|b) …;;`. */
export interface Arm {
  readonly patterns: readonly Word[];
  readonly body: CommandList;
}

/** A command of a list. */
export interface Item {
  readonly node: ShellNode;
  readonly background: boolean;
  /** As it was written, for `ps` and `jobs`. */
  readonly source: string;
}

/** Commands one after the other. */
export type CommandList = readonly Item[];

/** What the shell cannot read; the message is dash's, without `Syntax error: `. */
export class SyntaxFailure extends Error {
  readonly line: number;
  /** Whether more input could mend it. */
  readonly incomplete: boolean;

  constructor(message: string, line: number, incomplete: boolean) {
    super(message);
    this.name = 'SyntaxFailure';
    this.line = line;
    this.incomplete = incomplete;
  }
}
