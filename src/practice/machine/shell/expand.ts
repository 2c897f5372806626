// Expands the shell's words (POSIX.1-2024 2.6): parameters, command substitution, arithmetic, splitting into fields, and paths.

import type { FileTree } from '../files/tree.ts';
import { evaluate } from './arithmetic.ts';
import { escapePattern, expandPath, stripPattern } from './glob.ts';
import type { Change, Part, Word } from './syntax.ts';

/** The longest value; a doubling loop ends here. Characters. */
const MAX_VALUE = 4 * 1024 * 1024;

/** What expansion needs of the shell. */
export interface Expander {
  readonly files: FileTree;
  readonly cwd: string;
  readonly params: readonly string[];
  /** A variable or special parameter other than `@` and `*`. */
  readonly get: (name: string) => string | undefined;
  readonly set: (name: string, value: string) => void;
  /** The output of commands, without the newlines at its end. */
  readonly substitute: (source: string) => Promise<string>;
  /** An error that ends a shell that is not interactive: `sh: name: message`. */
  readonly fail: (message: string) => Error;
  /** `set -u`. */
  readonly strict: boolean;
}

interface Field {
  text: string;
  pattern: string;
  special: boolean;
}

/** The fields that words become. */
export async function expandFields(words: readonly Word[], shell: Expander): Promise<string[]> {
  const out: string[] = [];
  for (const word of words) {
    const fields = new Fields(shell.get('IFS') ?? ' \t\n', shell);
    await addParts(withHome(word, shell), fields, shell);
    for (const { text, pattern, special } of fields.end()) {
      const paths = special ? expandPath(shell.files, shell.cwd, pattern) : [];
      if (paths.length > 0) out.push(...paths);
      else out.push(text);
    }
  }
  return out;
}

/** A word as one text: what is assigned, a redirection's target, `case`'s word. */
export async function expandText(word: Word, shell: Expander): Promise<string> {
  return (await wholeField(word, shell)).text;
}

/** A word as a pattern, in which quoted text matches itself. */
export async function expandPattern(word: Word, shell: Expander): Promise<string> {
  return (await wholeField(word, shell)).pattern;
}

async function wholeField(word: Word, shell: Expander): Promise<Field> {
  const fields = new Fields('', shell);
  await addParts(withHome(word, shell), fields, shell);
  const all = fields.end();
  return {
    text: all.map(({ text }) => text).join(' '),
    pattern: all.map(({ pattern }) => pattern).join(' '),
    special: false,
  };
}

/** `~` and `~/…` at the start. */
function withHome(word: Word, shell: Expander): Word {
  const [first, ...rest] = word;
  if (first?.kind !== 'text' || first.quoted || !/^~(\/|$)/.test(first.text)) return word;
  if (first.text === '~' && rest.length > 0) return word;
  const home: Part = { kind: 'text', text: shell.get('HOME') ?? '~', quoted: true };
  return [home, { ...first, text: first.text.slice(1) }, ...rest];
}

async function addParts(word: Word, fields: Fields, shell: Expander): Promise<void> {
  for (const part of word) {
    if (part.kind === 'text') fields.add(part.text, part.quoted);
    else if (part.kind === 'parameter') await addParameter(part, fields, shell);
    else if (part.kind === 'command') fields.addValue(await shell.substitute(part.source), part.quoted);
    else fields.addValue(evaluate(await expandText(part.word, shell), shell), part.quoted);
  }
}

async function addParameter(
  part: Part & { kind: 'parameter' },
  fields: Fields,
  shell: Expander,
): Promise<void> {
  const { name, change, quoted } = part;
  if ((name === '@' || name === '*') && change === undefined)
    return fields.addAll(shell.params, name, quoted);
  const value = name === '@' || name === '*' ? joinedParams(shell) : shell.get(name);
  if (change === undefined) {
    if (value === undefined && shell.strict) throw shell.fail(`${name}: parameter not set`);
    return fields.addValue(value ?? '', quoted);
  }
  const lacks = value === undefined || (change.operator.startsWith(':') && value === '');
  switch (change.operator.replace(':', '')) {
    case '-':
      if (lacks) return addParts(change.word, fields, shell);
      return fields.addValue(value, quoted);
    case '+':
      if (!lacks) return addParts(change.word, fields, shell);
      return;
    default:
      return fields.addValue(await changed(name, value, lacks, { change, shell }), quoted);
  }
}

function joinedParams(shell: Expander): string | undefined {
  return shell.params.length === 0 ? undefined : shell.params.join(' ');
}

async function changed(
  name: string,
  value: string | undefined,
  lacks: boolean,
  { change, shell }: { readonly change: Change; readonly shell: Expander },
): Promise<string> {
  switch (change.operator.replace(':', '')) {
    case 'length':
      return String([...(value ?? '')].length);
    case '=': {
      if (!lacks) return value ?? '';
      const text = await expandText(change.word, shell);
      shell.set(name, text);
      return text;
    }
    case '?': {
      if (!lacks) return value ?? '';
      const text = await expandText(change.word, shell);
      throw shell.fail(`${name}: ${text === '' ? 'parameter not set or null' : text}`);
    }
    default:
      return stripPattern(value ?? '', await expandPattern(change.word, shell), change.operator);
  }
}

/** Fields as they grow. */
class Fields {
  readonly #separators: string;
  readonly #shell: Expander;
  readonly #done: Field[] = [];
  #current: Field | undefined;
  /** `""` was seen: an empty field is one, unless it was a `"$@"` of nothing. */
  #empty = false;
  #nothing = false;

  constructor(separators: string, shell: Expander) {
    this.#separators = separators;
    this.#shell = shell;
  }

  add(text: string, quoted: boolean): void {
    if (text === '') {
      this.#empty ||= quoted;
      return;
    }
    this.#current ??= { text: '', pattern: '', special: false };
    this.#current.text += text;
    this.#current.pattern += quoted ? escapePattern(text) : text;
    this.#current.special ||= !quoted && /[*?[]/.test(text);
    if (this.#current.text.length > MAX_VALUE) throw this.#shell.fail('Out of space');
  }

  /** What an expansion gave: split when it was not quoted. */
  addValue(value: string, quoted: boolean): void {
    if (quoted || this.#separators === '') {
      if (quoted) this.#empty = true;
      this.add(value, quoted);
      return;
    }
    let start = 0;
    for (let at = 0; at < value.length; at += 1) {
      const char = value[at] ?? '';
      if (!this.#separators.includes(char)) continue;
      this.add(value.slice(start, at), false);
      if (!/\s/.test(char)) this.#current ??= { text: '', pattern: '', special: false };
      this.#break();
      start = at + 1;
    }
    this.add(value.slice(start), false);
  }

  addAll(values: readonly string[], name: string, quoted: boolean): void {
    if (quoted && name === '*') {
      this.addValue(values.join(this.#separators.slice(0, 1) || ' '), true);
      return;
    }
    if (quoted && values.length === 0) this.#nothing = true;
    for (const [index, value] of values.entries()) {
      if (index > 0) this.#break();
      if (quoted) this.#current ??= { text: '', pattern: '', special: false };
      this.addValue(value, quoted);
    }
  }

  end(): readonly Field[] {
    if (this.#current === undefined && this.#empty && !this.#nothing && this.#done.length === 0) {
      return [{ text: '', pattern: '', special: false }];
    }
    this.#break();
    return this.#done;
  }

  #break(): void {
    if (this.#current !== undefined) this.#done.push(this.#current);
    this.#current = undefined;
  }
}
