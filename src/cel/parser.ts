// Text → tree: recursive descent over CEL's grammar (cel-go parser/gen/CEL.g4) with the optional syntax that the API server enables
// (`a.?b`, `a[?i]`, `[?x]`, `{?k: v}`). Length and depth are bounded before anything walks the tree.

import { Cursor } from './cursor.ts';
import { SyntaxIssue, type Token, tokenize } from './lexer.ts';
import { readBytesLiteral, readNumber, readStringLiteral, readUint } from './literals.ts';
import { expandMacro } from './macros.ts';
import type { Issue } from './source.ts';
import {
  call,
  type Element,
  type Entry,
  type Expr,
  ident,
  list,
  literal,
  map,
  qualifiedName,
  select,
  struct,
} from './syntax.ts';

/** The longest expression in UTF-16 units; cel-go's own default, in code points. */
export const MAX_EXPRESSION_LENGTH = 100_000;
/** The deepest nesting of parentheses, brackets and arguments; cel-go's own default. */
export const MAX_NESTING = 250;
/** The deepest tree: chains such as a.b.c and 1 + 2 + 3 count too. */
export const MAX_DEPTH = 1_000;

const LEVELS: readonly ReadonlySet<string>[] = [
  new Set(['<', '<=', '>=', '>', '==', '!=', 'in']),
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
];
const KEYWORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in']);
const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

export type Parsed =
  | { readonly ok: true; readonly expr: Expr }
  | { readonly ok: false; readonly issue: Issue };

/** Parses a whole expression. Never throws for what the text holds. */
export function parse(text: string): Parsed {
  try {
    if (text.length > MAX_EXPRESSION_LENGTH) {
      throw new SyntaxIssue(0, `expression size exceeds limit: ${text.length} > ${MAX_EXPRESSION_LENGTH}`);
    }
    return { ok: true, expr: new Parser(tokenize(text)).parse() };
  } catch (error) {
    if (error instanceof SyntaxIssue) return { ok: false, issue: error.issue };
    throw error;
  }
}

class Parser {
  readonly #tokens: Cursor;
  #nesting = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = new Cursor(tokens);
  }

  parse(): Expr {
    const expr = this.#expression();
    if (this.#tokens.peek().kind !== 'end') this.#tokens.unexpected();
    return expr;
  }

  #expression(): Expr {
    if (this.#nesting === MAX_NESTING) {
      throw new SyntaxIssue(this.#tokens.peek().at, `expression recursion limit exceeded: ${MAX_NESTING}`);
    }
    this.#nesting++;
    const condition = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#binary(0)));
    const operator = this.#tokens.take('?');
    let expr = condition;
    if (operator !== undefined) {
      const then = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#binary(0)));
      this.#tokens.expect(':');
      expr = this.#bounded(call(operator.at, '_?_:_', [condition, then, this.#expression()]));
    }
    this.#nesting--;
    return expr;
  }

  /** A whole chain of && or || is one call, as deep as its deepest term. */
  #logical(operator: string, name: string, term: () => Expr): Expr {
    const first = term();
    const terms = [first];
    const at = this.#tokens.peek().at;
    while (this.#tokens.take(operator) !== undefined) terms.push(term());
    return terms.length === 1 ? first : this.#bounded(call(at, name, terms));
  }

  #binary(level: number): Expr {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const token = this.#tokens.peek();
      if (!operators.has(token.text) || token.kind === 'string') return left;
      this.#tokens.advance();
      const name = token.text === 'in' ? '@in' : `_${token.text}_`;
      left = this.#bounded(call(token.at, name, [left, this.#binary(level + 1)]));
    }
  }

  #unary(): Expr {
    const first = this.#tokens.peek();
    if (first.text !== '!' && first.text !== '-') return this.#member(this.#primary());
    let count = 0;
    while (this.#tokens.take(first.text) !== undefined) count++;
    const { kind } = this.#tokens.peek();
    if (first.text === '-' && count === 1 && (kind === 'int' || kind === 'double')) {
      return this.#member(literal(first.at, readNumber(this.#tokens.advance(), true)));
    }
    const operand = this.#member(this.#primary());
    return count % 2 === 0 ? operand : this.#bounded(call(first.at, `${first.text}_`, [operand]));
  }

  #member(start: Expr): Expr {
    let expr = start;
    for (;;) {
      const dot = this.#tokens.take('.');
      const bracket = dot === undefined ? this.#tokens.take('[') : undefined;
      if (dot !== undefined) expr = this.#selection(expr, dot);
      else if (bracket !== undefined) expr = this.#index(expr, bracket);
      else return expr;
      this.#bounded(expr);
    }
  }

  #selection(operand: Expr, dot: Token): Expr {
    const optional = this.#tokens.take('?') !== undefined;
    const name = this.#tokens.advance();
    if (name.kind !== 'identifier' || KEYWORDS.has(name.text)) this.#tokens.unexpected(name);
    if (optional) return call(dot.at, '_?._', [operand, literal(name.at, name.text)]);
    const open = this.#tokens.take('(');
    if (open === undefined) return select(dot.at, operand, name.text);
    return expandMacro(open.at, name.text, this.#arguments(), operand);
  }

  #index(operand: Expr, bracket: Token): Expr {
    const name = this.#tokens.take('?') === undefined ? '_[_]' : '_[?_]';
    const index = this.#expression();
    this.#tokens.expect(']');
    return call(bracket.at, name, [operand, index]);
  }

  #primary(): Expr {
    const token = this.#tokens.advance();
    switch (token.kind) {
      case 'int':
      case 'double':
        return literal(token.at, readNumber(token, false));
      case 'uint':
        return literal(token.at, readUint(token));
      case 'string':
        return literal(token.at, readStringLiteral(token));
      case 'bytes':
        return literal(token.at, readBytesLiteral(token));
      case 'identifier':
        return this.#name(token, '');
      case 'punctuation':
        return this.#punctuated(token);
      default:
        return this.#tokens.unexpected(token);
    }
  }

  #punctuated(token: Token): Expr {
    if (token.text === '.') return this.#name(this.#tokens.advance(), '.');
    if (token.text === '[') return this.#list(token);
    if (token.text === '{') return this.#map(token);
    if (token.text !== '(') return this.#tokens.unexpected(token);
    const expr = this.#expression();
    this.#tokens.expect(')');
    return expr;
  }

  #name(token: Token, dot: string): Expr {
    if (token.kind !== 'identifier' || token.text === 'in') return this.#tokens.unexpected(token);
    if (dot === '' && (token.text === 'true' || token.text === 'false'))
      return literal(token.at, token.text === 'true');
    if (dot === '' && token.text === 'null') return literal(token.at, null);
    const open = this.#tokens.take('(');
    if (open === undefined && this.#tokens.startsStruct()) return this.#struct(token);
    if (RESERVED.has(token.text)) throw new SyntaxIssue(token.at, `reserved identifier: ${token.text}`);
    // A leading dot asks for the outermost scope; with an empty container that is where all names are looked up.
    if (open === undefined) return ident(token.at, token.text);
    return expandMacro(open.at, token.text, this.#arguments());
  }

  #struct(token: Token): Expr {
    let name: Expr = ident(token.at, token.text);
    while (this.#tokens.take('.') !== undefined) name = select(token.at, name, this.#tokens.advance().text);
    const open = this.#tokens.expect('{');
    while (this.#tokens.take('}') === undefined) {
      this.#tokens.take('?');
      this.#tokens.advance();
      this.#tokens.expect(':');
      this.#expression();
      if (this.#tokens.peek().text !== '}') this.#tokens.expect(',');
    }
    return struct(open.at, qualifiedName(name) ?? '');
  }

  #list(open: Token): Expr {
    const elements: Element[] = [];
    while (this.#tokens.take(']') === undefined) {
      const optional = this.#tokens.take('?') !== undefined;
      elements.push({ optional, value: this.#expression() });
      if (this.#tokens.peek().text !== ']') this.#tokens.expect(',');
    }
    return this.#bounded(list(open.at, elements));
  }

  #map(open: Token): Expr {
    const entries: Entry[] = [];
    while (this.#tokens.take('}') === undefined) {
      const optional = this.#tokens.take('?') !== undefined;
      const key = this.#expression();
      this.#tokens.expect(':');
      entries.push({ optional, key, value: this.#expression() });
      if (this.#tokens.peek().text !== '}') this.#tokens.expect(',');
    }
    return this.#bounded(map(open.at, entries));
  }

  #arguments(): readonly Expr[] {
    const args: Expr[] = [];
    if (this.#tokens.take(')') !== undefined) return args;
    do args.push(this.#expression());
    while (this.#tokens.take(',') !== undefined);
    this.#tokens.expect(')');
    return args;
  }

  #bounded(expr: Expr): Expr {
    if (expr.depth > MAX_DEPTH)
      throw new SyntaxIssue(expr.at, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    return expr;
  }
}
