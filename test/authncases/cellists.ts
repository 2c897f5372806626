// Lists, maps and absence in expressions.

import { type Row, refused, type Scenario, type Topic, value, withValue } from './case.ts';

const SOURCE = 'pkg/cel/environment/base.go: standard macros, library.Lists, ext.Sets';
const OVERLOAD = refused('TOKEN_CLAIMS', 'no such overload');

function scenario(expression: string, ...rows: readonly Row[]): Scenario {
  return { about: expression, source: SOURCE, entry: value(expression), rows };
}
const nobody = (reason: string) => refused('TOKEN_CLAIMS', reason);

export const celLists: Topic = {
  name: 'lists',
  scenarios: [
    scenario(
      "dyn(claims.l).filter(x, x.startsWith('k8s-')).map(x, x.substring(4))",
      ['those that fit, changed', { l: ['k8s-a', 'b', 'k8s-c'] }, withValue('a', 'c')],
      ['none', { l: ['b'] }, withValue()],
      ['a string is no list', { l: 'k8s-a' }, nobody('got')],
      ['one that is no string', { l: ['k8s-a', 7] }, OVERLOAD],
    ),
    scenario(
      "dyn(claims.l).exists(x, x == 'a') ? 'yes' : 'no'",
      ['one', { l: ['b', 'a'] }, withValue('yes')],
      ['none', { l: [] }, withValue('no')],
      ['other types are not equal', { l: [1, null, 'a'] }, withValue('yes')],
    ),
    scenario(
      "dyn(claims.l).all(x, x != 'a') ? 'yes' : 'no'",
      ['of none', { l: [] }, withValue('yes')],
      ['not all', { l: ['b', 'a'] }, withValue('no')],
    ),
    scenario(
      "dyn(claims.l).exists_one(x, x == 'a') ? 'yes' : 'no'",
      ['one', { l: ['a', 'b'] }, withValue('yes')],
      ['two', { l: ['a', 'a'] }, withValue('no')],
    ),
    scenario(
      "'a' in claims.l ? 'yes' : 'no'",
      ['there', { l: ['a'] }, withValue('yes')],
      ['key of a map', { l: { a: 1 } }, withValue('yes')],
      ['not in a string', { l: 'abc' }, OVERLOAD],
    ),
    scenario(
      "claims.l + ['x']",
      ['lists are joined', { l: ['a'] }, withValue('a', 'x')],
      ['a string is no list', { l: 'a' }, OVERLOAD],
    ),
    scenario(
      'claims.l[1]',
      ['the second', { l: ['a', 'b'] }, withValue('b')],
      ['not there', { l: ['a'] }, nobody('index out of bounds: 1')],
    ),
    scenario(
      'claims.l.sort()',
      ['by code point', { l: ['b', 'B', 'a'] }, withValue('B', 'a', 'b')],
      ['of none', { l: [] }, withValue()],
      ['not of types mixed', { l: ['b', 1] }, nobody('list elements must have the same type')],
      ['not of lists', { l: [['b'], ['a']] }, nobody('list elements must be comparable')],
      ['not of null', { l: [null, 'a'] }, nobody('list elements must be comparable')],
    ),
    scenario('claims.l.distinct()', ['once each', { l: ['b', 'a', 'b'] }, withValue('b', 'a')]),
    scenario('[claims.l.min(), claims.l.max()]', ['of strings', { l: ['b', 'a', 'c'] }, withValue('a', 'c')]),
    scenario(
      "string(claims.l.min()) + ' ' + string(claims.l.max())",
      ['of numbers', { l: [2.5, 1, 3] }, withValue('1 3')],
      ['of booleans', { l: [true, false] }, withValue('false true')],
      ['what has another type than the first is passed over', { l: ['b', 1, true, 'a'] }, withValue('a b')],
      ['unless it has no order at all', { l: ['b', null] }, OVERLOAD],
      ['a list has none', { l: ['b', ['a']] }, OVERLOAD],
      ['nor has what comes first', { l: [null, 'a'] }, OVERLOAD],
      ['of none', { l: [] }, nobody('min called on empty list')],
    ),
    scenario(
      "claims.l.isSorted() ? 'yes' : 'no'",
      ['strings', { l: ['a', 'a', 'b'] }, withValue('yes')],
      ['not sorted', { l: ['b', 'a'] }, withValue('no')],
      ['numbers', { l: [1, 2.5] }, withValue('yes')],
      ['types mixed', { l: ['b', 1, 'a'] }, withValue('yes')],
      ['with null', { l: ['b', null] }, OVERLOAD],
      ['objects', { l: [{}, {}] }, OVERLOAD],
    ),
    scenario(
      'string(claims.l.sum())',
      ['of numbers', { l: [1, 2.5] }, withValue('3.5')],
      ['of whole numbers', { l: [1, 2] }, withValue('3')],
      ['of none', { l: [] }, withValue('0')],
      ['not with a string', { l: [1, 'a'] }, OVERLOAD],
      ['nor with null', { l: [1, null] }, OVERLOAD],
      ['nor of strings', { l: ['a', 'b'] }, OVERLOAD],
      ['nor of a string', { l: '12' }, OVERLOAD],
    ),
    scenario(
      "claims.l.join('+')",
      ['not when the first is a number', { l: [1, 'a'] }, OVERLOAD],
      ['nor when a later one is', { l: ['a', 1] }, nobody('join: invalid input')],
    ),
    scenario("string(claims.l.indexOf('a')) + ' ' + string(claims.l.lastIndexOf('a'))", [
      'other types are not equal',
      { l: [1, 'a', null, 'a'] },
      withValue('1 3'),
    ]),
    scenario(
      "sets.contains(claims.l, ['a', 'b']) ? 'yes' : 'no'",
      ['all are there', { l: ['b', 'c', 'a'] }, withValue('yes')],
      ['not all', { l: ['a'] }, withValue('no')],
    ),
    scenario(
      'dyn(claims.l).map(x, x.name)',
      ['of objects', { l: [{ name: 'a' }, { name: 'b' }] }, withValue('a', 'b')],
      ['one without', { l: [{ name: 'a' }, {}] }, nobody('no such key: name')],
    ),
    scenario(
      "claims.l == ['a', 'b'] ? 'same' : 'not'",
      ['in order', { l: ['a', 'b'] }, withValue('same')],
      ['not in order', { l: ['b', 'a'] }, withValue('not')],
    ),
    scenario(
      'claims.l.flatten()',
      ['one level', { l: [['a'], ['b', 'c']] }, withValue('a', 'b', 'c')],
      ['where the first is no list', { l: ['a', ['b']] }, withValue('a', 'b')],
      ['where a later one is none', { l: [['a'], 'b'] }, withValue('a', 'b')],
    ),
    scenario('claims.l.flatten(2)', ['what is no list stays', { l: ['a', [['b']]] }, withValue('a', 'b')]),
  ],
};

export const celMaps: Topic = {
  name: 'maps',
  scenarios: [
    scenario(
      'claims.m.a.b.c',
      ['deep', { m: { a: { b: { c: 'x' } } } }, withValue('x')],
      ['broken', { m: { a: {} } }, nobody('no such key: b')],
    ),
    scenario("claims.m['a-b']", ['by index', { m: { 'a-b': 'x' } }, withValue('x')]),
    scenario(
      "has(claims.m.a) ? 'yes' : 'no'",
      ['there', { m: { a: '' } }, withValue('yes')],
      ['null is there', { m: { a: null } }, withValue('yes')],
      ['absent', { m: {} }, withValue('no')],
      ['the map is absent', {}, nobody('no such key: m')],
    ),
    scenario("has(claims.constructor) || has(claims.toString) ? 'yes' : 'no'", [
      'what JavaScript objects inherit is no claim',
      {},
      withValue('no'),
    ]),
    scenario("'a' in claims ? 'yes' : 'no'", ['the outermost map knows no "in"', { a: 1 }, OVERLOAD]),
    scenario(
      "has(claims.m.constructor) || 'hasOwnProperty' in claims.m ? 'yes' : 'no'",
      ['nor within a claim', { m: {} }, withValue('no')],
      ['unless it is there', { m: { constructor: 1 } }, withValue('yes')],
    ),
    scenario('dyn(claims.m).map(k, k).sort()', [
      'a map loops over its keys',
      { m: { b: 1, a: 2 } },
      withValue('a', 'b'),
    ]),
    scenario('dyn(claims.m).filter(k, claims.m[k] == true).sort()', [
      'keys whose value is',
      { m: { b: true, a: false, c: true } },
      withValue('b', 'c'),
    ]),
    scenario('string(size(claims.m))', ['how many keys', { m: { a: 1, b: 2 } }, withValue('2')]),
    scenario(
      "{'dev': 'developers', 'ops': 'operators'}[claims.r]",
      ['a table', { r: 'ops' }, withValue('operators')],
      ['not in it', { r: 'x' }, nobody('no such key: x')],
    ),
    scenario(
      "claims.m == {'a': 1} ? 'same' : 'not'",
      ['equal', { m: { a: 1 } }, withValue('same')],
      ['more', { m: { a: 1, b: 2 } }, withValue('not')],
    ),
  ],
};

export const celOptional: Topic = {
  name: 'optional',
  scenarios: [
    scenario(
      "claims.?a.orValue('none')",
      ['there', { a: 'x' }, withValue('x')],
      ['absent', {}, withValue('none')],
      ['null is there', { a: null }, withValue()],
    ),
    scenario(
      "claims.?a.?b.?c.orValue('none')",
      ['deep', { a: { b: { c: 'x' } } }, withValue('x')],
      ['broken', { a: { b: {} } }, withValue('none')],
      ['absent', {}, withValue('none')],
      ['a string on the way', { a: 'x' }, withValue('none')],
    ),
    scenario(
      "claims[?'a-b'].orValue('none')",
      ['by index', { 'a-b': 'x' }, withValue('x')],
      ['absent', {}, withValue('none')],
    ),
    scenario(
      "claims.l[?1].orValue('none')",
      ['of a list', { l: ['a', 'b'] }, withValue('b')],
      ['too short', { l: ['a'] }, withValue('none')],
    ),
    scenario(
      "claims.?a.or(claims.?b).orValue('none')",
      ['the first', { a: '1', b: '2' }, withValue('1')],
      ['the second', { b: '2' }, withValue('2')],
      ['neither', {}, withValue('none')],
    ),
    scenario(
      "claims.?a.optMap(x, x + '!').orValue('none')",
      ['changed', { a: 'x' }, withValue('x!')],
      ['absent', {}, withValue('none')],
    ),
    scenario(
      "claims.?a.hasValue() ? 'yes' : 'no'",
      ['there', { a: '' }, withValue('yes')],
      ['absent', {}, withValue('no')],
    ),
    scenario(
      'claims.?a.value()',
      ['there', { a: 'x' }, withValue('x')],
      ['absent', {}, nobody('optional.none() dereference')],
    ),
    scenario('claims.?a', [
      'an optional is no string',
      { a: 'x' },
      nobody('expression must return a string or a list of strings'),
    ]),
  ],
};
