// `$((…))`: arithmetic of signed 64-bit integers, with C's operators (POSIX.1-2024 2.6.4).

/** Where names get their values. */
export interface Names {
  readonly get: (name: string) => string | undefined;
  readonly set: (name: string, value: string) => void;
}

/** Thrown with dash's words: `arithmetic expression: expecting primary: "1+"`. */
export class ArithmeticFailure extends Error {}

const MAX_DEPTH = 200;
const TOKEN =
  /\s*(0[xX][0-9a-fA-F]+|[0-9]+|[A-Za-z_][A-Za-z0-9_]*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^?:()])/y;

/** Binary operators by how firmly they hold. */
const FIRMNESS: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '<=': 7,
  '>': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

/** Evaluates. @throws ArithmeticFailure. */
export function evaluate(text: string, names: Names): string {
  const evaluation = new Evaluation(text, names);
  return evaluation.all().toString();
}

class Evaluation {
  readonly #text: string;
  readonly #names: Names;
  readonly #tokens: string[] = [];
  #at = 0;
  #depth = 0;
  /** Above zero where a value is not needed: `0 && (x = 1)`. */
  #skipping = 0;

  constructor(text: string, names: Names) {
    this.#text = text;
    this.#names = names;
    const matcher = new RegExp(TOKEN);
    while (matcher.lastIndex < text.length) {
      const at = matcher.lastIndex;
      const found = matcher.exec(text);
      if (found !== null) this.#tokens.push(found[1] ?? '');
      else if (text.slice(at).trim() === '') break;
      else throw this.#fail('expecting EOF');
    }
  }

  all(): bigint {
    if (this.#tokens.length === 0) return 0n;
    const value = this.#assignment();
    if (this.#at < this.#tokens.length) throw this.#fail('expecting EOF');
    return value;
  }

  #fail(why: string): ArithmeticFailure {
    return new ArithmeticFailure(`arithmetic expression: ${why}: "${this.#text}"`);
  }

  #assignment(): bigint {
    const name = this.#tokens[this.#at] ?? '';
    const operator = this.#tokens[this.#at + 1] ?? '';
    if (!/^[A-Za-z_]/.test(name) || !/^(?:[-+*/%&|^]|<<|>>)?=$/.test(operator)) return this.#condition();
    this.#at += 2;
    const right = this.#assignment();
    const value = operator === '=' ? right : this.#apply(operator.slice(0, -1), this.#value(name), right);
    if (this.#skipping === 0) this.#names.set(name, value.toString());
    return value;
  }

  #condition(): bigint {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#fail('too deeply nested');
    const test = this.#binary(1);
    if (this.#tokens[this.#at] === '?') {
      this.#at += 1;
      const yes = this.#unless(test === 0n, () => this.#assignment());
      if (this.#tokens[this.#at] !== ':') throw this.#fail("expecting ':'");
      this.#at += 1;
      const no = this.#unless(test !== 0n, () => this.#condition());
      this.#depth -= 1;
      return test === 0n ? no : yes;
    }
    this.#depth -= 1;
    return test;
  }

  #unless(skipped: boolean, run: () => bigint): bigint {
    this.#skipping += skipped ? 1 : 0;
    const value = run();
    this.#skipping -= skipped ? 1 : 0;
    return value;
  }

  #binary(least: number): bigint {
    let left = this.#unary();
    for (;;) {
      const operator = this.#tokens[this.#at] ?? '';
      const firmness = FIRMNESS[operator] ?? 0;
      if (firmness < least) return left;
      this.#at += 1;
      const decided = (operator === '&&' && left === 0n) || (operator === '||' && left !== 0n);
      const right = this.#unless(decided, () => this.#binary(firmness + 1));
      left = this.#apply(operator, left, right);
    }
  }

  #unary(): bigint {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#fail('expecting primary');
    this.#at += 1;
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#fail('too deeply nested');
    const value = this.#primary(token);
    this.#depth -= 1;
    return BigInt.asIntN(64, value);
  }

  #primary(token: string): bigint {
    if (token === '-') return -this.#unary();
    if (token === '+') return this.#unary();
    if (token === '!') return this.#unary() === 0n ? 1n : 0n;
    if (token === '~') return ~this.#unary();
    if (token === '(') {
      const value = this.#assignment();
      if (this.#tokens[this.#at] !== ')') throw this.#fail("expecting ')'");
      this.#at += 1;
      return value;
    }
    if (/^[0-9]/.test(token)) return this.#number(token);
    if (/^[A-Za-z_]/.test(token)) return this.#value(token);
    throw this.#fail('expecting primary');
  }

  #value(name: string): bigint {
    const text = (this.#names.get(name) ?? '').trim();
    if (text === '') return 0n;
    if (!/^[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text))
      throw new ArithmeticFailure(`Illegal number: ${text}`);
    const value = this.#number(text.replace(/^[-+]/, ''));
    return text.startsWith('-') ? -value : value;
  }

  #number(digits: string): bigint {
    if (digits.length > 1 && /^0[0-7]+$/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
    if (/^0[0-9]/.test(digits)) throw this.#fail('expecting EOF');
    return BigInt(digits.slice(0, 40));
  }

  #apply(operator: string, left: bigint, right: bigint): bigint {
    if ((operator === '/' || operator === '%') && right === 0n) {
      if (this.#skipping > 0) return 0n;
      throw this.#fail('division by zero');
    }
    return BigInt.asIntN(64, OPERATIONS[operator]?.(left, right) ?? 0n);
  }
}

const OPERATIONS: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  '||': (a, b) => (a !== 0n || b !== 0n ? 1n : 0n),
  '&&': (a, b) => (a !== 0n && b !== 0n ? 1n : 0n),
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '&': (a, b) => a & b,
  '==': (a, b) => (a === b ? 1n : 0n),
  '!=': (a, b) => (a !== b ? 1n : 0n),
  '<': (a, b) => (a < b ? 1n : 0n),
  '<=': (a, b) => (a <= b ? 1n : 0n),
  '>': (a, b) => (a > b ? 1n : 0n),
  '>=': (a, b) => (a >= b ? 1n : 0n),
  '<<': (a, b) => a << (b & 63n),
  '>>': (a, b) => a >> (b & 63n),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};
