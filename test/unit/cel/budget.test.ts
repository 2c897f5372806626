// Expressions that would go on: each ends with an error, in a bounded number of steps and milliseconds, whatever a token brings.

import t from 'tap';
import { MAX_STEPS } from '../../../src/cel/budget.ts';
import { createEnvironment } from '../../../src/cel/environment.ts';
import { MAX_DEPTH, MAX_EXPRESSION_LENGTH, MAX_NESTING } from '../../../src/cel/parser.ts';

const environment = createEnvironment({
  ...{ l: 'list<dyn>', s: 'string', p: 'string', m: 'map<string, dyn>' },
  ...{ spaces: 'string', digits: 'string' },
});
const variables = {
  l: Array.from({ length: 1000 }, (_, index) => index),
  s: 'a'.repeat(200_000),
  p: '(a+)+$'.repeat(50),
  spaces: `a${' '.repeat(200_000)}a`,
  digits: `${'1'.repeat(200_000)}x`,
  m: Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 'v'.repeat(50)])),
};
/** CPU time, of which a machine that does much else makes more than what it takes alone: about 100 ms. */
const ENDED_MS = 2_000;

const COST = /^operation cancelled: (?:actual cost|time) limit exceeded$/;
const runaways: readonly (readonly [what: string, expression: string, message: RegExp])[] = [
  ['loops in loops', 'l.all(a, l.all(b, l.all(c, l.all(d, a + b + c + d >= 0.0))))', COST],
  ['a fault in each round', 'l.exists(a, l.exists(b, l.exists(c, 1 / 0 > 0)))', COST],
  ['texts made in a loop', 'l.map(a, l.map(b, s + s))', COST],
  [
    'a text that doubles',
    `${'s.replace("a", "aa")'.repeat(1)}.replace("a", "aa").replace("a", "aa")`,
    /exceeds limit/,
  ],
  ['splitting', 'l.map(a, s.split(""))', COST],
  ['joining', 'l.map(a, l.map(b, string(b)).join(s))', /exceeds limit/],
  ['lists made in a loop', 'l.map(x, lists.range(100000))', COST],
  ['a list of billions', 'lists.range(9000000000)', /exceeds limit/],
  ['comparing maps', 'l.map(a, m == {"a": m}.a).map(x, l.map(y, m == dyn({"b": l})))', COST],
  ['counting entries', 'l.map(a, l.map(b, m.size()))', COST],
  ['loops that end at once', 'l.map(a, l.map(b, m.exists(k, true)))', COST],
  ['empty or not', 'l.map(a, l.map(b, optional.ofNonZeroValue(m).hasValue()))', COST],
  ['finding all', 'l.map(x, s.findAll("a"))', COST],
  ['a pattern over a long text', 's.matches("^(a+)+$")', COST],
  ['a pattern from a token', 's.matches(p)', COST],
  ['a pattern with repeats of repeats', '"a".matches("((a{100}){100}){99}" + s.charAt(0))', COST],
  ['new patterns in a loop', 'l.map(a, l.map(b, "a".matches("b" + string(a) + string(b))))', COST],
  ['a pattern that is too long', '"a".matches(s)', /exceeds limit/],
  ['formatting', 'l.map(a, l.map(b, "%d %s".format([1, "x"])))', COST],
  [
    'time zones',
    'l.map(a, timestamp("2026-01-01T00:00:00Z").getHours("Europe/Berlin")).map(x, l.map(y, y))',
    COST,
  ],
  ['numbers of many digits', 'l.map(a, l.map(b, quantity("1e100").add(1)))', COST],
  ['entries made in a loop', 'l.map(a, l.transformMap(i, v, l.map(b, b)))', COST],
];
for (const [what, expression, message] of runaways) {
  t.test(`ended: ${what}`, async (t) => {
    const compiled = environment.compile(expression);
    t.match(compiled, { ok: true });
    if (!compiled.ok) return;
    const before = process.cpuUsage();
    const evaluation = compiled.expression.evaluate(variables);
    const { user, system } = process.cpuUsage(before);
    t.ok(user + system < 1000 * ENDED_MS, `in time: ${Math.round((user + system) / 1000)} ms`);
    t.match(evaluation, { ok: false, message });
  });
}

function compile(text: string) {
  const compiled = environment.compile(text);
  if (!compiled.ok) throw new TypeError(compiled.message);
  return compiled.expression;
}

// What a text costs that nearly fits grows with its length, not with its square. [expression, what comes of it]
const nearly: readonly (readonly [expression: string, evaluation: object])[] = [
  ['spaces.trim() == spaces', { ok: true, value: true }],
  ['(spaces + " ").trim() == spaces', { ok: true, value: true }],
  ['double(digits)', { ok: false, message: /^type conversion error/ }],
  ['quantity(digits)', { ok: false, message: /^quantities must match/ }],
  ['semver(digits, true)', { ok: false, message: /^Invalid semantic version/ }],
  ['timestamp(digits)', { ok: false, message: /^type conversion error/ }],
  ['duration(digits)', { ok: false, message: /^type conversion error/ }],
  ['isURL("https://" + digits)', { ok: true, value: true }],
  ['l.map(a, l.map(b, isQuantity(digits)))', { ok: false, message: COST }],
  ['l.map(a, l.map(b, isSemver(digits, true)))', { ok: false, message: COST }],
];
for (const [expression, expected] of nearly)
  t.test(`in time: ${expression}`, async (t) => {
    const compiled = environment.compile(expression);
    t.match(compiled, { ok: true });
    if (!compiled.ok) return;
    const before = process.cpuUsage();
    t.match(compiled.expression.evaluate(variables), expected);
    const { user, system } = process.cpuUsage(before);
    t.ok(user + system < 1000 * ENDED_MS, `${Math.round((user + system) / 1000)} ms`);
  });

t.test('steps are counted: one fewer than needed is an error, and || does not absorb it', async (t) => {
  const expression = compile('l.all(x, x >= 0.0) || true');
  t.match(expression.evaluate(variables), { ok: true, value: true });
  t.match(expression.evaluate(variables, { maxSteps: 1000 }), { ok: false, message: /cost limit/ });
  t.equal(MAX_STEPS, 1_000_000, "the API server's PerCallLimit");
});

t.test('the clock is looked at after a thousand steps, and then again and again', async (t) => {
  let now = 0;
  let looks = 0;
  const clock = () => {
    looks++;
    now += 60;
    return now;
  };
  t.match(compile('l.exists(x, x == 500.0)').evaluate(variables, { now: clock }), { ok: true });
  t.equal(looks, 1, 'which starts it');
  const slow = compile('l.all(x, l.all(y, x + y >= 0.0))').evaluate(variables, { now: clock });
  t.match(slow, { ok: false, message: 'operation cancelled: time limit exceeded' });
  t.equal(looks, 4, '60 ms, then 120');
});

t.test('what is too long or too deep is no expression', async (t) => {
  const nested = (depth: number) => `${'('.repeat(depth)}1${')'.repeat(depth)}`;
  t.ok(environment.compile(nested(MAX_NESTING - 1)).ok);
  t.match(environment.compile(nested(MAX_NESTING)), { ok: false, message: /recursion limit exceeded: 250/ });
  t.match(environment.compile(`1${'+1'.repeat(MAX_DEPTH)}`), {
    ok: false,
    message: /recursion limit exceeded/,
  });
  t.match(environment.compile(`l${'[0]'.repeat(MAX_DEPTH)}`), {
    ok: false,
    message: /recursion limit exceeded/,
  });
  t.ok(environment.compile(`true${' && true'.repeat(5000)}`).ok, 'a chain of && is flat');
  t.match(environment.compile(`"${'x'.repeat(MAX_EXPRESSION_LENGTH)}"`), {
    ok: false,
    message: /size exceeds/,
  });
  t.match(environment.compile('['.repeat(50_000)), { ok: false });
});
