// Claims and users as expressions see them: every key by its name, and by its escaped name. k8s.io/apiserver pkg/cel/escaping_test.go, and
// plugin/pkg/authenticator/token/oidc/oidc_test.go "claims payload with deep use of __dot__".
import t from 'tap';
import { unescapeName } from '../../../src/cel/access.ts';
import { CLAIMS, createEnvironment } from '../../../src/cel/environment.ts';
import { Unreadable } from '../../../src/cel/value.ts';

t.test('escaped names', async (t) => {
  const names: readonly (readonly [string, string | undefined])[] = [
    ['a', 'a'],
    ['a__dot__a', 'a.a'],
    ['a__dash__a__dot__b__slash__c', 'a-a.b/c'],
    ['a__underscores__a', 'a__a'],
    ['__dot____dot__', '..'],
    ['__namespace__', 'namespace'],
    ['__if__', 'if'],
    ['a_b', 'a_b'],
    ['a__b', 'a__b'],
    // no escapes: below the top they are meant as they stand
    ['a__unknown__b', undefined],
    ['a__if__', undefined],
    ['a__dot__b__unknown__', undefined],
  ];
  for (const [escaped, name] of names) t.equal(unescapeName(escaped), name, escaped);
});

const claims = JSON.parse(`{
    "sub": "jane", "kubernetes.io": {"service-account": {"name": "sa"}}, "list": [{"a.b": ["x"]}], "a__b": "two",
    "constructor": "c", "__proto__": {"a": "p"}, "nested": {"constructor": "n", "toString": "s", "get": "g", "size": 1}, "none": null
  }`);
const environment = createEnvironment({ claims: CLAIMS });
const values: readonly (readonly [string, unknown])[] = [
  ['claims.sub', 'jane'],
  ['claims.kubernetes__dot__io.service__dash__account.name', 'sa'],
  ["claims['kubernetes.io']['service-account']['name']", 'sa'],
  ["claims['kubernetes__dot__io']['service-account'].name", 'sa'],
  ['has(claims.kubernetes__dot__io.service__dash__account)', true],
  ['has(claims.kubernetes__dot__io.other__dot__key)', false],
  ["claims.?kubernetes__dot__io.?absent.orValue('none')", 'none'],
  ['claims.list[0].a__dot__b[0]', 'x'],
  ['dyn(claims.list).map(o, o["a.b"][0])', ['x']],
  ['claims.a__b', 'two'],
  ['claims.a__underscores__b', 'two'],
  ['claims.kubernetes__dash__io', undefined],
  // keys that objects of JavaScript have anyway
  ['claims.constructor', 'c'],
  // `__proto__` looks like an escape, and is none: the API server finds nothing under such a name
  ['claims.__proto__.a', undefined],
  ['claims["__proto__"]', undefined],
  ['claims.nested.constructor + claims.nested.toString + claims.nested.get', 'nsg'],
  ['claims.nested.size()', 4n],
  ['claims.nested.valueOf', undefined],
  ['claims.hasOwnProperty', undefined],
  ['claims.none == null', true],
];
for (const [text, expected] of values)
  t.test(text, async (t) => {
    const compiled = environment.compile(text);
    t.ok(compiled.ok);
    if (!compiled.ok) return;
    const found = compiled.expression.evaluate({ claims });
    if (expected === undefined) t.match(found, { ok: false, message: /no such key/ });
    else t.same(found, { ok: true, value: expected });
  });

t.test('whoever nests deeply breaks nothing', async (t) => {
  const nested = () => JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`);
  const deep = { a: nested(), b: nested() };
  const evaluate = (text: string) => {
    const compiled = environment.compile(text);
    return compiled.ok ? compiled.expression.evaluate({ claims: deep }) : compiled;
  };
  t.same(evaluate('claims.a.a.a.size() == 1'), { ok: true, value: true });
  t.same(evaluate('claims.a == claims.b'), { ok: false, message: 'internal error: RangeError' });
});

// oidc.go newClaimsValue; test/authncases/celvalues.ts has kube-apiserver's own answers. Rules at the gate declare their claims as a map of dyn.
for (const declaration of [CLAIMS, 'map<string, dyn>'])
  t.test(`a claim that can't be read is an error for whoever asks for it, in ${declaration}`, async (t) => {
    const environment = createEnvironment({ claims: declaration });
    const claims = { bad: new Unreadable('claim "bad" failed to unmarshal'), good: 'x' };
    const evaluate = (text: string) => {
      const compiled = environment.compile(text);
      if (!compiled.ok) throw new TypeError(compiled.message);
      const result = compiled.expression.evaluate({ claims });
      return result.ok ? result.value : result.message;
    };
    for (const text of [
      'claims.bad',
      'claims["bad"]',
      'has(claims.bad)',
      'claims.?bad.orValue("x")',
      'claims.bad == 1',
    ])
      t.equal(evaluate(text), 'claim "bad" failed to unmarshal', text);
    t.equal(evaluate('claims.bad == 1 || claims.good == "x"'), true);
    t.equal(evaluate('claims.good'), 'x');
    if (declaration === CLAIMS) return;
    t.equal(evaluate('claims.exists(name, value, value == 1)'), 'claim "bad" failed to unmarshal');
    t.equal(evaluate('claims == {"good": "x"}'), false);
  });
