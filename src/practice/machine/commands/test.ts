// test and `[` (POSIX.1-2024): files, texts, whole numbers, `!`, `-a`, `-o` and parentheses.

import type { FileNode } from '../files/node.ts';
import type { Process, Program } from '../process.ts';
import { pathIn } from './options.ts';

/** Thrown for an expression that is none. */
class TestFailure extends Error {}

const UNARY = new Set('bcdefghLnprsStuwxzkO'.split('').map((letter) => `-${letter}`));
const BINARY = new Set([
  '=',
  '==',
  '!=',
  '<',
  '>',
  '-eq',
  '-ne',
  '-lt',
  '-le',
  '-gt',
  '-ge',
  '-nt',
  '-ot',
  '-ef',
]);

async function test(process: Process): Promise<number> {
  const args = [...process.args];
  try {
    if (process.name === '[' && args.pop() !== ']') throw new TestFailure('missing ]');
    const reader = new Expression(process, args);
    return reader.all() ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TestFailure)) throw error;
    await process.warn(error.message);
    return 2;
  }
}

class Expression {
  readonly #process: Process;
  readonly #args: readonly string[];
  #at = 0;

  constructor(process: Process, args: readonly string[]) {
    this.#process = process;
    this.#args = args;
  }

  all(): boolean {
    const [first, second, third] = this.#args;
    // The number of arguments decides first, so that texts may look like operators.
    if (first === undefined) return false;
    if (second === undefined) return first !== '';
    if (this.#args.length === 2) {
      if (first === '!') return second === '';
      if (BINARY.has(second)) throw new TestFailure(`${second}: argument expected`);
      if (!UNARY.has(first)) throw new TestFailure(`${first}: unexpected operator`);
      return this.#unary(first, second);
    }
    if (this.#args.length === 3 && third !== undefined && BINARY.has(second))
      return this.#binary(first, second, third);
    const value = this.#or();
    if (this.#at < this.#args.length) throw new TestFailure(`${this.#args[this.#at]}: unexpected operator`);
    return value;
  }

  #or(): boolean {
    let value = this.#and();
    while (this.#args[this.#at] === '-o') {
      this.#at += 1;
      const right = this.#and();
      value = value || right;
    }
    return value;
  }

  #and(): boolean {
    let value = this.#not();
    while (this.#args[this.#at] === '-a') {
      this.#at += 1;
      const right = this.#not();
      value = value && right;
    }
    return value;
  }

  #not(): boolean {
    let negated = false;
    while (this.#args[this.#at] === '!') {
      this.#at += 1;
      negated = !negated;
    }
    return this.#primary() !== negated;
  }

  #primary(): boolean {
    const [first, second, third] = this.#args.slice(this.#at, this.#at + 3);
    if (first === undefined) throw new TestFailure('argument expected');
    if (second !== undefined && third !== undefined && BINARY.has(second)) {
      this.#at += 3;
      return this.#binary(first, second, third);
    }
    if (first === '(') {
      this.#at += 1;
      const value = this.#or();
      if (this.#args[this.#at] !== ')') throw new TestFailure('closing paren expected');
      this.#at += 1;
      return value;
    }
    if (UNARY.has(first) && second !== undefined) {
      this.#at += 2;
      return this.#unary(first, second);
    }
    this.#at += 1;
    return first !== '';
  }

  #unary(operator: string, operand: string): boolean {
    if (operator === '-n') return operand !== '';
    if (operator === '-z') return operand === '';
    if (operator === '-t') return this.#terminal(operand);
    const follow = operator !== '-h' && operator !== '-L';
    const node = this.#process.system.files.peek(pathIn(this.#process, operand), follow);
    return node !== undefined && fileTest(operator, node);
  }

  #terminal(fd: string): boolean {
    const { stdin, stdout, stderr } = this.#process.stdio;
    return [stdin, stdout, stderr][Number(fd)]?.terminal !== undefined;
  }

  #binary(left: string, operator: string, right: string): boolean {
    switch (operator) {
      case '=':
      case '==':
        return left === right;
      case '!=':
        return left !== right;
      case '<':
        return left < right;
      case '>':
        return left > right;
      case '-nt':
      case '-ot':
      case '-ef':
        return this.#files(left, operator, right);
      default:
        return numberTest(operator, integer(left), integer(right));
    }
  }

  #files(left: string, operator: string, right: string): boolean {
    const { files } = this.#process.system;
    const [a, b] = [files.peek(pathIn(this.#process, left)), files.peek(pathIn(this.#process, right))];
    if (operator === '-ef') return a !== undefined && a === b;
    const [newer, older] = operator === '-nt' ? [a, b] : [b, a];
    return newer !== undefined && (older === undefined || newer.mtimeMs > older.mtimeMs);
  }
}

function fileTest(operator: string, node: FileNode): boolean {
  switch (operator) {
    case '-f':
      return node.kind === 'file' || node.kind === 'generated';
    case '-d':
      return node.kind === 'directory';
    case '-h':
    case '-L':
      return node.kind === 'symlink';
    case '-c':
      return node.kind === 'device';
    case '-s':
      return node.kind === 'directory' || (node.kind === 'file' && node.content.size > 0);
    case '-x':
      return node.kind === 'directory' || (node.mode & 0o111) !== 0;
    case '-w':
      return node.kind !== 'generated' && !(node.kind === 'directory' && node.frozen);
    case '-u':
      return (node.mode & 0o4000) !== 0;
    case '-g':
      return (node.mode & 0o2000) !== 0;
    case '-k':
      return (node.mode & 0o1000) !== 0;
    case '-b':
    case '-p':
    case '-S':
      return false;
    default:
      return true;
  }
}

function integer(text: string): bigint {
  if (!/^\s*[-+]?\d{1,40}\s*$/.test(text)) throw new TestFailure(`Illegal number: ${text}`);
  return BigInt(text.trim().replace(/^\+/, ''));
}

function numberTest(operator: string, left: bigint, right: bigint): boolean {
  switch (operator) {
    case '-eq':
      return left === right;
    case '-ne':
      return left !== right;
    case '-lt':
      return left < right;
    case '-le':
      return left <= right;
    case '-gt':
      return left > right;
    default:
      return left >= right;
  }
}

/** Name → program. */
export const TEST_PROGRAMS: readonly (readonly [string, Program])[] = [
  ['test', { usage: 'EXPRESSION', run: test }],
  ['[', { usage: 'EXPRESSION ]', run: test }],
];
