// The functions over strings in expressions.

import { type Row, refused, type Scenario, type Topic, value, withValue } from './case.ts';

const SOURCE = 'pkg/cel/environment/base.go ext.Strings, pkg/cel/library/regex.go';
const OVERLOAD = refused('TOKEN_CLAIMS', 'no such overload');
const NO_LIST = refused('TOKEN_CLAIMS', 'expression must return a string or a list of strings');

function scenario(expression: string, ...rows: readonly Row[]): Scenario {
  return { about: expression, source: SOURCE, entry: value(expression), rows };
}

export const celStrings: Topic = {
  name: 'strings',
  scenarios: [
    scenario(
      'claims.s.lowerAscii()',
      ['letters of ASCII alone', { s: 'ABC-ÄÖ' }, withValue('abc-ÄÖ')],
      ['a number has no case', { s: 7 }, OVERLOAD],
    ),
    scenario("claims.s.split('/').map(x, x)", [
      'is one once it was looped over',
      { s: 'a/b//c' },
      withValue('a', 'b', 'c'),
    ]),
    scenario("claims.s.split('/', 2).map(x, x)", [
      'the last keeps the rest',
      { s: 'a/b/c' },
      withValue('a', 'b/c'),
    ]),
    scenario("claims.s.replace('a', 'o')", ['all of them', { s: 'banana' }, withValue('bonono')]),
    scenario("claims.s.replace('a', 'o', 2)", ['so many', { s: 'banana' }, withValue('bonona')]),
    scenario(
      'claims.s.substring(1, 3)',
      ['counts characters, not bytes', { s: 'äöüß' }, withValue('öü')],
      ['also those beyond the first plane', { s: 'a😀b' }, withValue('😀b')],
      ['out of range', { s: 'ab' }, refused('TOKEN_CLAIMS', 'index out of range')],
    ),
    scenario("claims.s.trim() + '.'", [
      'white space of Unicode',
      { s: '\u2003 a\t\n\u00a0' },
      withValue('a.'),
    ]),
    scenario(
      "string(claims.s.indexOf('b'))",
      ['there', { s: 'äb' }, withValue('1')],
      ['not there', { s: 'x' }, withValue('-1')],
    ),
    scenario(
      'claims.s.charAt(1)',
      ['a character', { s: 'a😀' }, withValue('😀')],
      ['at the end it is empty', { s: 'a' }, withValue()],
    ),
    scenario(
      "claims.l.join('+')",
      ['strings', { l: ['a', 'b'] }, withValue('a+b')],
      ['none', { l: [] }, withValue()],
    ),
    scenario(
      'string(size(claims.s))',
      ['characters', { s: 'a😀ü' }, withValue('3')],
      ['of a list', { s: [1, 2] }, withValue('2')],
    ),
    scenario(
      "claims.s.startsWith('a') && claims.s.endsWith('c') && claims.s.contains('b') ? 'yes' : 'no'",
      ['all', { s: 'abc' }, withValue('yes')],
      ['not all', { s: 'ac' }, withValue('no')],
    ),
    scenario(
      "claims.s.matches('^[a-z]+@corp\\\\.example$') ? 'yes' : 'no'",
      ['fits', { s: 'jane@corp.example' }, withValue('yes')],
      ['a dot is a dot', { s: 'jane@corpxexample' }, withValue('no')],
      ['$ is the end of the text, not of a line', { s: 'jane@corp.example\n' }, withValue('no')],
    ),
    scenario(
      "claims.s.matches(claims.p) ? 'yes' : 'no'",
      ['anywhere', { s: 'abc', p: 'b' }, withValue('yes')],
      ['an expression that is none', { s: 'abc', p: '(' }, refused('TOKEN_CLAIMS', 'error parsing regexp')],
      [
        'look-ahead is none of RE2',
        { s: 'abc', p: 'a(?=b)' },
        refused('TOKEN_CLAIMS', 'error parsing regexp'),
      ],
    ),
    scenario(
      "claims.s.find('[0-9]+')",
      ['the first', { s: 'ab12c3' }, withValue('12')],
      ['none', { s: 'x' }, withValue()],
    ),
    scenario("claims.s.findAll('[0-9]+').map(x, x)", ['all', { s: 'ab12c3' }, withValue('12', '3')]),
    scenario(
      "claims.s + 'x'",
      ['strings', { s: 'a' }, withValue('ax')],
      ['not a number', { s: 1 }, OVERLOAD],
      ['not null', { s: null }, OVERLOAD],
    ),
    scenario("r'\\d' + \"\\u00e9\" + '''it's'''", ['literals', {}, withValue('\\dé' + "it's")]),
    scenario(
      "claims.s < 'b' ? 'before' : 'after'",
      ['by code point', { s: 'Z' }, withValue('before')],
      ['beyond', { s: 'é' }, withValue('after')],
    ),
    scenario(
      'url(claims.s).getHostname()',
      ['of a URL', { s: 'https://a.example:8443/x?y=z' }, withValue('a.example')],
      ['of none', { s: 'x y' }, refused('TOKEN_CLAIMS', 'URL parse error')],
    ),
    scenario(
      "cidr('10.0.0.0/8').containsIP(claims.s) ? 'in' : 'out'",
      ['within', { s: '10.1.2.3' }, withValue('in')],
      ['without', { s: '11.1.2.3' }, withValue('out')],
    ),
  ],
};

/** oidc.go convertCELValueToStringList knows two Go types of lists; some functions give a third, and what becomes of it may be one of the two. */
export const celResults: Topic = {
  name: 'results',
  scenarios: [
    scenario("claims.s.split('/')", ['is no list of strings to the mapping', { s: 'a/b' }, NO_LIST]),
    scenario("claims.s.split('/', 2)", ['nor in so many parts', { s: 'a/b/c' }, NO_LIST]),
    scenario("claims.s.split('/', 0)", ['not even in none', { s: 'a/b' }, NO_LIST]),
    scenario("claims.s.findAll('[0-9]+')", ['what was found is none either', { s: '1 2' }, NO_LIST]),
    scenario("claims.s.findAll('[0-9]+', 1)", ['nor so many of it', { s: '1 2' }, NO_LIST]),
    scenario("url(claims.s).getQuery()['g']", ['nor the values of a URL', { s: '/?g=a&g=b' }, NO_LIST]),
    scenario('format.dns1123Label().validate(claims.s).value()', [
      'nor what is wrong with a format',
      { s: 'A_' },
      NO_LIST,
    ]),
    scenario(
      "claims.s != '' ? claims.s.split('/') : []",
      ['nor through a condition', { s: 'a/b' }, NO_LIST],
      ['whose other side is one', { s: '' }, withValue()],
    ),
    scenario("claims.?s.optMap(s, s.split('/')).orValue([])", [
      'nor out of an optional',
      { s: 'a/b' },
      NO_LIST,
    ]),
    scenario("[claims.s.split('/')][0]", ['nor out of a list', { s: 'a/b' }, NO_LIST]),
    scenario("claims.s.split('/') + []", ['nor with nothing added', { s: 'a/b' }, NO_LIST]),
    scenario("[] + claims.s.split('/')", ['nor added to nothing', { s: 'a/b' }, NO_LIST]),
    scenario("claims.s.split('/', 0).sort()", ['nor is none of it when sorted', { s: 'a' }, NO_LIST]),
    scenario("claims.s.split('/', 0).distinct()", ['nor once each', { s: 'a' }, NO_LIST]),
    scenario("claims.s.split('/') + ['x']", [
      'is one when more is added',
      { s: 'a/b' },
      withValue('a', 'b', 'x'),
    ]),
    scenario("claims.s.split('/').filter(x, true)", [
      'when it was looped over',
      { s: 'a/b' },
      withValue('a', 'b'),
    ]),
    scenario("claims.s.split('/').sort()", ['when it was sorted', { s: 'b/a' }, withValue('a', 'b')]),
    scenario("claims.s.split('/').reverse()", ['when it was reversed', { s: 'a/b' }, withValue('b', 'a')]),
    scenario("claims.s.split('/').distinct()", ['once each', { s: 'a/a' }, withValue('a')]),
    scenario("claims.s.split('/').slice(0, 1)", ['a part of it', { s: 'a/b' }, withValue('a')]),
    scenario("[claims.s.split('/')].flatten()", ['when it was flattened', { s: 'a/b' }, withValue('a', 'b')]),
    scenario("claims.s.split('/')[0]", ['one of it is a string', { s: 'a/b' }, withValue('a')]),
    scenario('[type(claims.s)]', ['a type in a list is its name', { s: 'a' }, withValue('string')]),
    scenario('type(claims.s)', ['alone it is none', { s: 'a' }, NO_LIST]),
    scenario(
      '[claims.?s]',
      ['an optional in a list is what it holds', { s: 'a' }, withValue('a')],
      ['unless that is no string', { s: 7 }, NO_LIST],
      ['or nothing', {}, NO_LIST],
    ),
    scenario(
      'claims.s',
      ['a claim that is a list of strings', { s: ['a', '', 'b'] }, withValue('a', 'b')],
      ['with a number', { s: ['a', 1] }, NO_LIST],
      ['with null', { s: ['a', null] }, NO_LIST],
      ['a number', { s: 7 }, NO_LIST],
      ['an object', { s: {} }, NO_LIST],
      ['null', { s: null }, withValue()],
    ),
  ],
};
