// Expressions over claims and users: what they come to, what is refused when the configuration is read, and what fails when they are evaluated. The
// facts are kube-apiserver's: pkg/authentication/cel/compile_test.go, pkg/cel/library, and cel-go's strings, sets and lists.

import t from 'tap';
import { MAX_EVALUATION_MS } from '../../../src/cel/budget.ts';
import { CLAIMS, createEnvironment, USER } from '../../../src/cel/environment.ts';
import { MAX_EXPRESSION_LENGTH } from '../../../src/cel/parser.ts';

const environment = createEnvironment({ claims: CLAIMS, user: USER });
const variables = {
  claims: JSON.parse(
    `{"sub":"jane","email":"Jane@Example.com","email_verified":true,"groups":["a","b",""],"n":5,"half":0.5,"none":null,"roles":"x,y,z",
      "nested":{"deep":{"key":"v"}},"example.com/team":"red","mixed":["a",1],"smile":"a\u{1F600}b","aud":["one","two"]}`.replace(
      '\\u{1F600}',
      '😀',
    ),
  ),
  user: { username: 'jane', uid: 'u1', groups: ['dev', 'ops'], extra: { 'example.com/k': ['v1', 'v2'] } },
};

function evaluate(text: string): unknown {
  const compiled = environment.compile(text);
  if (!compiled.ok) return `refused: ${compiled.message}`;
  const evaluation = compiled.expression.evaluate(variables);
  return evaluation.ok ? evaluation.value : `failed: ${evaluation.message}`;
}

const values: readonly (readonly [string, unknown])[] = [
  ['claims.sub', 'jane'],
  ['claims["example.com/team"]', 'red'],
  ['"oidc:" + claims.sub', 'oidc:jane'],
  ['claims.email_verified', true],
  ['claims.email_verified == true && claims.email.endsWith("@Example.com")', true],
  ['has(claims.absent)', false],
  ['has(claims.none)', true],
  ['claims.none == null', true],
  ['claims.?absent.orValue("none")', 'none'],
  ['claims[?"absent"].orValue("none")', 'none'],
  ['claims.?nested.?deep.?key.orValue("none")', 'v'],
  ['claims.nested.deep.key', 'v'],
  ['claims.n == 5', true],
  ['claims.n >= 4.5', true],
  ['string(claims.n)', '5'],
  ['claims.n + 1.0', 6],
  ['"b" in claims.groups', true],
  ['dyn(claims.groups).filter(g, g != "").map(g, "p:" + g)', ['p:a', 'p:b']],
  ['dyn(claims.aud).exists(a, a == "two")', true],
  ['dyn(claims.aud).all(a, a.startsWith("o"))', false],
  ['dyn(claims.aud).exists_one(a, a == "one")', true],
  ['claims.roles.split(",")', ['x', 'y', 'z']],
  ['claims.roles.split(",", 2)', ['x', 'y,z']],
  ['claims.roles.split(",", 0)', []],
  ['claims.email.lowerAscii()', 'jane@example.com'],
  ['"ÄBC".lowerAscii()', 'Äbc'],
  ['"äbc".upperAscii()', 'äBC'],
  ['claims.smile.size()', 3n],
  ['claims.smile.charAt(1)', '😀'],
  ['claims.smile.substring(2)', 'b'],
  ['claims.smile.substring(0, 2)', 'a😀'],
  ['claims.smile.indexOf("b")', 2n],
  ['"tacocat".indexOf("c", 3)', 4n],
  ['"tacocat".lastIndexOf("at")', 5n],
  ['"tacocat".lastIndexOf("a", 3)', 1n],
  ['"hello hello".replace("he", "we")', 'wello wello'],
  ['"hello hello".replace("he", "we", 1)', 'wello hello'],
  ['"ab".replace("", "_")', '_a_b_'],
  ['" \\u00a0x ".trim()', 'x'],
  ['["a", "b"].join("-")', 'a-b'],
  ['claims.sub.matches("^ja")', true],
  ['claims.sub.matches("(?i)^JA")', true],
  ['"abc 123 def 45".find("[0-9]+")', '123'],
  ['"abc 123 def 45".findAll("[0-9]+")', ['123', '45']],
  ['"1 2 3".findAll("[0-9]", 2)', ['1', '2']],
  ['["a", "b"].isSorted()', true],
  ['[1, 3, 2].max()', 3n],
  ['[1, 3, 2].sum()', 6n],
  ['["b", "a"].min()', 'a'],
  ['["a", "b", "a"].indexOf("a")', 0n],
  ['["a", "b", "a"].lastIndexOf("a")', 2n],
  ['["a", "b", "a"].distinct()', ['a', 'b']],
  ['["b", "a"].sort()', ['a', 'b']],
  ['[[1], [2]].flatten()', [1n, 2n]],
  ['lists.range(3)', [0n, 1n, 2n]],
  ['["a"].first().value()', 'a'],
  ['sets.contains(["a", "b"], ["b"])', true],
  ['sets.intersects(user.groups, ["x", "ops"])', true],
  ['sets.equivalent(["a", "b"], ["b", "a", "a"])', true],
  ['isIP("10.0.0.1") && !isIP("10.0.0.01") && !isIP("::ffff:1.2.3.4")', true],
  ['cidr("10.0.0.0/8").containsIP("10.1.2.3")', true],
  ['cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")', true],
  ['ip("::1").isLoopback() && ip("::1").family() == 6', true],
  ['isURL("https://a.example/x?y=1") && !isURL("a.example")', true],
  ['url("https://a.example:8443/x?y=1").getHostname()', 'a.example'],
  ['url("https://a.example:8443/x?y=1").getPort()', '8443'],
  ['url("https://a.example:8443/x?y=1").getQuery()["y"]', ['1']],
  ['user.groups.all(g, !g.startsWith("system:"))', true],
  ['user.extra["example.com/k"][1]', 'v2'],
  ['!user.username.startsWith("system:")', true],
  ['timestamp("2026-01-02T03:04:05Z").getFullYear()', 2026n],
  ['duration("90s") > duration("1m")', true],
  ['claims.sub == "jane" ? "a" : "b"', 'a'],
];
for (const [text, expected] of values) t.test(text, async (t) => t.same(evaluate(text), expected));

const failures: readonly (readonly [string, RegExp])[] = [
  ['claims.absent', /no such key: absent/],
  ['has(claims.absent.key)', /no such key: absent/],
  ['claims.toString', /no such key/],
  ['claims.constructor', /no such key/],
  ['claims.__proto__', /no such key/],
  ['claims.n + 1', /no such overload/], // encoding/json reads every number as a float64, so claims.n is a double
  ['claims.sub + 1', /no such overload/],
  ['claims.groups[7]', /index out of bounds: 7/],
  ['1 / 0 > 0', /division by zero/],
  ['"abc".substring(5)', /index out of range/],
  ['claims.roles.split(",").map(x, int(x))', /type conversion error/],
];
for (const [text, message] of failures)
  t.test(`fails when it is evaluated: ${text}`, async (t) => {
    const found = evaluate(text);
    t.match(found, /^failed: /);
    t.match(found, message);
  });

const refusals: readonly (readonly [string, RegExp])[] = [
  ['', /1:1: Syntax error/],
  ['   ', /1:4: Syntax error/],
  ['claims.sub.matches("(")', /1:20: invalid matches argument/],
  ['claims.groups.exists(g, g == "a")', /1:7: expression of type 'any' cannot be range of a comprehension/],
  ['cel.bind(x, 1, x)', /undeclared reference/],
  ['claims.', /^refused: 1:8: /],
  ['1 +', /^refused: 1:4: /],
  ['nobody.sub', /^refused: 1:1: .*nobody/],
  ['user.nothing', /^refused: 1:\d+: .*nothing/],
  ['claims.sub.unknown()', /unknown/],
  ['1 + "a"', /1:3: found no matching overload for '_\+_' applied to '\(int, string\)'/],
  ['["a", 1]', /1:7: expected type 'string' but found 'int'/],
  ['user.groups.all(g, g)', /bool/],
  ['b"e30=".json()', /undeclared reference to 'json'/],
  [`"${'x'.repeat(MAX_EXPRESSION_LENGTH)}"`, /size exceeds limit/],
];
for (const [text, message] of refusals)
  t.test(`refused when it is read: ${text.slice(0, 40)}`, async (t) => t.match(evaluate(text), message));

t.test('a result of another type is refused, and dyn is no bool', async (t) => {
  t.match(environment.compile('claims.email_verified', ['bool']), {
    ok: false,
    message: /^must evaluate to bool/,
  });
  t.match(environment.compile('user.username', ['bool']), { ok: false });
  t.ok(environment.compile('claims.email_verified == true', ['bool']).ok);
});

t.test('the keys of a variable that are read by name, however it is written', async (t) => {
  const compiled = environment.compile(
    'claims.a + claims["b"] + claims.?c.orValue("") + claims[?"d"].orValue("") + (has(claims.e) ? claims.f.g : "")',
  );
  t.ok(compiled.ok);
  if (compiled.ok) t.same([...compiled.expression.keysRead('claims')].sort(), ['a', 'b', 'c', 'd', 'e', 'f']);
});

t.test('an expression that would go on for hours is ended in time', async (t) => {
  const list = `[${Array.from({ length: 200 }, (_, i) => i).join(',')}]`;
  const compiled = environment.compile(
    `${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, a + b + c + d >= 0))))`,
  );
  t.ok(compiled.ok);
  if (!compiled.ok) return;
  const startedAt = performance.now();
  t.match(compiled.expression.evaluate(variables), {
    ok: false,
    message: /time limit exceeded|cost limit exceeded/,
  });
  t.ok(performance.now() - startedAt < 20 * MAX_EVALUATION_MS, 'whatever else the machine does');
  t.match(environment.compile('1 == 1'), { ok: true }, 'and the next one is evaluated');
});

t.test('a pattern that backtracks elsewhere takes linear time', async (t) => {
  const compiled = environment.compile('claims.long.matches("^(a+)+$")');
  t.ok(compiled.ok);
  if (!compiled.ok) return;
  const startedAt = performance.now();
  t.same(compiled.expression.evaluate({ ...variables, claims: { long: `${'a'.repeat(5000)}b` } }), {
    ok: true,
    value: false,
  });
  t.ok(performance.now() - startedAt < 2000);
});
