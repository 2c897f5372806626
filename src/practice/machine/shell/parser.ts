// Makes commands of the shell's tokens: recursive descent over the grammar of POSIX.1-2024 2.10. Syntax errors are worded as dash words them.

import { RESERVED, TokenCursor } from './cursor.ts';
import type { Arm, Assignment, Clause, CommandList, Item, Redirect, ShellNode, Word } from './syntax.ts';

const MAX_DEPTH = 100;
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=/;

/** Reads a script, one complete line of commands at a time. */
export class ShellParser {
  readonly #tokens: TokenCursor;
  #depth = 0;

  constructor(text: string, firstLine = 1) {
    this.#tokens = new TokenCursor(text, firstLine);
  }

  /** The next line's commands (with all that belongs to them); undefined at the end. @throws SyntaxFailure. */
  next(): CommandList | undefined {
    this.#tokens.advance();
    while (this.#tokens.token.kind === 'newline') this.#tokens.advance();
    if (this.#tokens.token.kind === 'end') return undefined;
    const list = this.#list(() => this.#tokens.atLineEnd(), false);
    if (!this.#tokens.atLineEnd()) throw this.#tokens.unexpected();
    this.#tokens.readHereDocuments();
    return list;
  }

  /** Commands up to what `ends` them; `inner` ones may take several lines. */
  #list(ends: () => boolean, inner: boolean): Item[] {
    const items: Item[] = [];
    if (inner) this.#tokens.skipNewlines();
    while (!ends() && !(inner && this.#tokens.token.kind === 'end')) {
      const { start } = this.#tokens.token;
      const node = this.#andOr();
      const source = this.#tokens.reader.text.slice(start, this.#tokens.token.start).trim();
      const background = this.#tokens.is('&');
      items.push({ node, background, source });
      const separated = background || this.#tokens.is(';');
      if (separated) this.#tokens.advance();
      if (inner && this.#tokens.token.kind === 'newline') this.#tokens.skipNewlines();
      else if (!separated) break;
    }
    return items;
  }

  /** As `#list`, up to one of the reserved words, which must follow something. */
  #body(...ends: readonly string[]): CommandList {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#tokens.reader.fail('too deeply nested');
    const list = this.#list(() => ends.some((end) => this.#tokens.is(end)), true);
    this.#depth -= 1;
    // At the end of all it is the last of them that is missed: `fi`, not `else`.
    if (list.length === 0)
      throw this.#tokens.unexpected(this.#tokens.token.kind === 'end' ? ends.at(-1) : undefined);
    return list;
  }

  #andOr(): ShellNode {
    let left = this.#pipeline();
    for (;;) {
      const operator = this.#tokens.is('&&') ? '&&' : this.#tokens.is('||') ? '||' : undefined;
      if (operator === undefined) return left;
      this.#tokens.advance();
      this.#tokens.skipNewlines();
      left = { kind: 'both', operator, left, right: this.#pipeline() };
    }
  }

  #pipeline(): ShellNode {
    let negated = false;
    while (this.#tokens.is('!')) {
      negated = !negated;
      this.#tokens.advance();
    }
    const stages = [this.#command()];
    while (this.#tokens.is('|')) {
      this.#tokens.advance();
      this.#tokens.skipNewlines();
      stages.push(this.#command());
    }
    const [only] = stages;
    return stages.length === 1 && !negated && only !== undefined
      ? only
      : { kind: 'pipeline', negated, stages };
  }

  #command(): ShellNode {
    const compound = this.#compound();
    if (compound === undefined) return this.#simple();
    const redirects: Redirect[] = [];
    while (this.#tokens.atRedirect()) redirects.push(this.#tokens.redirect());
    return redirects.length === 0 ? compound : { kind: 'redirected', node: compound, redirects };
  }

  #compound(): ShellNode | undefined {
    const token = this.#tokens.token;
    const word = token.kind === 'operator' ? token.text : token.kind === 'word' ? token.plain : undefined;
    switch (word) {
      case 'if':
        return this.#if();
      case 'while':
      case 'until': {
        this.#tokens.advance();
        const test = this.#body('do');
        return { kind: 'while', until: word === 'until', test, body: this.#doDone() };
      }
      case 'for':
        return this.#for();
      case 'case':
        return this.#case();
      case '{':
      case '(': {
        const close = word === '{' ? '}' : ')';
        this.#tokens.advance();
        const body = this.#body(close);
        this.#tokens.expect(close);
        return { kind: word === '{' ? 'group' : 'subshell', body };
      }
      default:
        return undefined;
    }
  }

  #if(): ShellNode {
    const clauses: Clause[] = [];
    do {
      this.#tokens.advance();
      const test = this.#body('then');
      this.#tokens.expect('then');
      clauses.push({ test, body: this.#body('elif', 'else', 'fi') });
    } while (this.#tokens.is('elif'));
    let otherwise: CommandList | undefined;
    if (this.#tokens.is('else')) {
      this.#tokens.advance();
      otherwise = this.#body('fi');
    }
    this.#tokens.expect('fi');
    return { kind: 'if', clauses, otherwise };
  }

  #doDone(): CommandList {
    this.#tokens.expect('do');
    const body = this.#body('done');
    this.#tokens.expect('done');
    return body;
  }

  #for(): ShellNode {
    this.#tokens.advance();
    const token = this.#tokens.token;
    const name = token.kind === 'word' ? token.plain : undefined;
    if (name === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw token.kind === 'end'
        ? this.#tokens.unexpected()
        : this.#tokens.reader.fail('Bad for loop variable');
    }
    this.#tokens.advance();
    this.#tokens.skipNewlines();
    let words: Word[] | undefined;
    if (this.#tokens.is('in')) {
      this.#tokens.advance();
      words = [];
      while (this.#tokens.token.kind === 'word') {
        words.push(this.#tokens.token.word);
        this.#tokens.advance();
      }
      if (this.#tokens.token.kind !== 'newline' && !this.#tokens.is(';')) throw this.#tokens.unexpected('do');
    }
    if (this.#tokens.is(';')) this.#tokens.advance();
    this.#tokens.skipNewlines();
    return { kind: 'for', name, words, body: this.#doDone() };
  }

  #case(): ShellNode {
    this.#tokens.advance();
    if (this.#tokens.token.kind !== 'word') throw this.#tokens.unexpected();
    const { word } = this.#tokens.token;
    this.#tokens.advance();
    this.#tokens.skipNewlines();
    this.#tokens.expect('in');
    this.#tokens.skipNewlines();
    const arms: Arm[] = [];
    while (!this.#tokens.is('esac')) {
      if (this.#tokens.is('(')) this.#tokens.advance();
      const patterns: Word[] = [];
      do {
        if (patterns.length > 0) this.#tokens.advance();
        if (this.#tokens.token.kind !== 'word') throw this.#tokens.unexpected(')');
        patterns.push(this.#tokens.token.word);
        this.#tokens.advance();
      } while (this.#tokens.is('|'));
      this.#tokens.expect(')');
      const body = this.#list(() => this.#tokens.is(';;') || this.#tokens.is('esac'), true);
      arms.push({ patterns, body });
      if (this.#tokens.is(';;')) this.#tokens.advance();
      else if (!this.#tokens.is('esac')) throw this.#tokens.unexpected('esac');
      this.#tokens.skipNewlines();
    }
    this.#tokens.advance();
    return { kind: 'case', word, arms };
  }

  #simple(): ShellNode {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (let first = true; ; first = false) {
      const token = this.#tokens.token;
      if (this.#tokens.atRedirect()) {
        redirects.push(this.#tokens.redirect());
        continue;
      }
      if (token.kind !== 'word') break;
      if (first && token.plain !== undefined && RESERVED.has(token.plain)) throw this.#tokens.unexpected();
      const assignment = words.length === 0 ? assignmentOf(token.word) : undefined;
      if (assignment === undefined) words.push(token.word);
      else assignments.push(assignment);
      this.#tokens.advance();
      if (words.length === 1 && this.#tokens.is('(') && first && token.plain !== undefined) {
        return this.#function(token.plain);
      }
    }
    if (words.length === 0 && assignments.length === 0 && redirects.length === 0)
      throw this.#tokens.unexpected();
    if (this.#tokens.is('(')) throw this.#tokens.unexpected();
    return { kind: 'simple', assignments, words, redirects };
  }

  #function(name: string): ShellNode {
    this.#tokens.advance();
    this.#tokens.expect(')');
    this.#tokens.skipNewlines();
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw this.#tokens.reader.fail('Bad function name');
    return { kind: 'function', name, body: this.#command() };
  }
}

function assignmentOf(word: Word): Assignment | undefined {
  const [first, ...rest] = word;
  if (first?.kind !== 'text' || first.quoted) return undefined;
  const found = ASSIGNMENT.exec(first.text);
  if (found === null) return undefined;
  const text = first.text.slice(found[0].length);
  const head: Word = text === '' ? [] : [{ ...first, text }];
  return { name: found[1] ?? '', word: [...head, ...rest] };
}
