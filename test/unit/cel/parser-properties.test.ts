// What holds for any text in place of a CEL expression: a tree or one issue within the text, nothing thrown, soon; and the tree is the same whatever
// stands between the tokens.

import fc from 'fast-check';
import t from 'tap';
import { MAX_EXPRESSION_LENGTH, parse } from '../../../src/cel/parser.ts';
import type { Expr } from '../../../src/cel/syntax.ts';
import { holds } from '../../properties.ts';

const token = fc.constantFrom(
  ...[
    'claims',
    'a',
    'in',
    'true',
    'null',
    'for',
    'has',
    'all',
    'exists_one',
    'map',
    'filter',
    'cel',
    'bind',
    'optMap',
    'x',
  ],
  ...[
    '0',
    '1',
    '9223372036854775808',
    '0x1f',
    '1u',
    '1.5',
    '1e999',
    '.5',
    '"a"',
    "'b'",
    'r"\\"',
    'b"\\377"',
    '"""c"""',
    '"\\ud800"',
  ],
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '.',
    ',',
    '?',
    ':',
    '+',
    '-',
    '!',
    '==',
    '<=',
    '&&',
    '||',
    '*',
    '%',
    '.?',
    '[?',
  ],
  ...['"', "'", '\\', '`', '//', '\n', '\r', '\t', ' ', '\0', '\ud800', 'é', '😀', '@', '#', '&', '|', '='],
);
const soup = fc.array(token, { maxLength: 25 }).map((some) => some.join(''));

/** Expressions as token lists, from the grammar (cel-go parser/gen/CEL.g4). */
const { expression } = fc.letrec<{ expression: string[]; atom: string[] }>((tie) => ({
  atom: fc.constantFrom(
    ['a'],
    ['claims'],
    ['1'],
    ['-1'],
    ['2u'],
    ['1.5'],
    ['"s // t"'],
    ['b"x"'],
    ['true'],
    ['null'],
    ["r'\\'"],
  ),
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('atom'),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '*', '/', '%', '<', '>=', '==', '!=', 'in', '&&', '||'),
        tie('expression'),
      )
      .map(([left, operator, right]) => ['(', ...left, ')', operator, '(', ...right, ')']),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([one, two, three]) => ['(', ...one, ')', '?', '(', ...two, ')', ':', ...three]),
    fc.tuple(fc.constantFrom('!', '-'), tie('atom')).map(([sign, one]) => [sign, '(', ...one, ')']),
    tie('expression').map((one) => ['(', ...one, ')', '.', 'b']),
    fc.tuple(tie('expression'), tie('expression')).map(([one, two]) => ['(', ...one, ')', '[', ...two, ']']),
    fc.tuple(tie('expression'), tie('expression')).map(([one, two]) => ['[', ...one, ',', ...two, ']']),
    fc.tuple(tie('expression'), tie('expression')).map(([one, two]) => ['{', ...one, ':', ...two, '}']),
    fc
      .tuple(tie('expression'), tie('expression'))
      .map(([one, two]) => ['(', ...one, ')', '.', 'exists', '(', 'x', ',', ...two, ')']),
    tie('expression').map((one) => ['size', '(', ...one, ')']),
  ),
}));
const between = fc.constantFrom(' ', '\n', '\t ', '\r\n', '\f', ' // a comment ) "\n', '\n//\n');

/** The tree without its places in the text. */
function shape(expr: Expr): string {
  return JSON.stringify(expr, (key, value: unknown) => {
    if (key === 'at') return undefined;
    if (typeof value === 'bigint') return `${value}n`;
    return value instanceof Uint8Array ? [...value] : value;
  });
}

t.test('any text is a tree or an issue at a place within it', async (t) => {
  let trees = 0;
  holds(
    fc.property(
      fc.oneof(
        soup,
        expression.map((some) => some.slice(0, -1).join(' ')),
        fc.string({ unit: 'binary', maxLength: 30 }),
      ),
      (text) => {
        const parsed = parse(text);
        trees += Number(parsed.ok);
        return (
          parsed.ok || (parsed.issue.at >= 0 && parsed.issue.at <= text.length && parsed.issue.message !== '')
        );
      },
    ),
    { numRuns: 1500 },
  );
  t.ok(trees > 20, `${trees} were expressions`);
});

t.test('a tree is the same whatever stands between its tokens', async () => {
  holds(
    fc.property(expression, fc.array(between, { minLength: 1, maxLength: 5 }), (tokens, gaps) => {
      const plain = parse(tokens.join(' '));
      const spaced = parse(tokens.map((one, i) => (gaps[i % gaps.length] ?? '') + one).join(''));
      return plain.ok && spaced.ok && shape(plain.expr) === shape(spaced.expr);
    }),
    { numRuns: 500 },
  );
});

t.test('constants are what they say, up to the last that there is', async () => {
  const int = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n) - 2n, max: -(2n ** 63n) + 2n }),
    fc.bigInt({ min: 2n ** 63n - 2n, max: 2n ** 63n + 1n }),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  );
  const constantOf = (text: string): unknown => {
    const parsed = parse(text);
    return parsed.ok && 'value' in parsed.expr ? parsed.expr.value : undefined;
  };
  holds(
    fc.property(
      int,
      (value) => constantOf(String(value)) === (BigInt.asIntN(64, value) === value ? value : undefined),
    ),
  );
  const escaped = (text: string) =>
    [...text].map((one) => `\\U${(one.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`).join('');
  holds(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      if (!text.isWellFormed()) return constantOf(`"${escaped(text)}"`) === undefined;
      return (
        constantOf(`"${escaped(text)}"`) === text &&
        constantOf(JSON.stringify(text).replaceAll('\x7f', '\\x7f')) === text
      );
    }),
    { numRuns: 1000 },
  );
});

t.test('an escaped code point is that character, or none when there is none', async () => {
  const near = fc.constantFrom(0, 0xd7ff, 0xd800, 0xdbff, 0xdfff, 0xe000, 0x10ffff, 0x110000, 0xffffffff);
  holds(
    fc.property(fc.oneof(near, fc.nat(0x11ffff)), (code) => {
      const parsed = parse(`"\\U${code.toString(16).padStart(8, '0')}"`);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return !parsed.ok;
      return parsed.ok && 'value' in parsed.expr && parsed.expr.value === String.fromCodePoint(code);
    }),
  );
});

// Each is as long as an expression may be. What takes the square of that takes minutes.
const repeated = [
  ...[
    '(',
    '[',
    '{',
    '!',
    '-',
    'a.',
    'a+',
    'a?a:',
    'a&&',
    '[?',
    '"',
    "'''",
    '\\',
    '//',
    '/',
    ' ',
    '\n',
    '1',
    '1.',
    '0x',
    'rb',
    '.',
  ],
  ...['"\\', 'a(', 'a[', 'a,', '{a:', '"a"', 'b"', '&', '|', '`', '\ud800', '9e9', 'in ', 'a.b(', '!-', '-!'],
];
for (const unit of repeated)
  t.test(`${JSON.stringify(unit)} as often as it fits ends soon`, async (t) => {
    const text = unit.repeat(MAX_EXPRESSION_LENGTH / unit.length);
    const before = performance.now();
    for (const one of [text, `"${text.slice(1)}`, `a${text.slice(1)}`, `[${text.slice(2)}]`]) parse(one);
    t.ok(performance.now() - before < 5000);
  });
