// The functions over strings in expressions.

import { disagrees, type Row, refused, type Scenario, type Topic, value, withValue } from './case.ts';

const SOURCE = 'pkg/cel/environment/base.go ext.Strings, pkg/cel/library/regex.go';
const OVERLOAD = refused('TOKEN_CLAIMS', 'no such overload');
/** oidc.go convertCELValueToStringList knows two Go types of lists; these functions give a third. */
const NO_LIST = refused('TOKEN_CLAIMS', 'expression must return a string or a list of strings');

/** To be like the API server would help nobody there: such an entry lets nobody in. Until that is decided. */
const lenient = (...values: readonly string[]) => disagrees(withValue(...values), 'the list is taken');

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
    scenario("claims.s.split('/')", [
      'is no list of strings to the mapping',
      { s: 'a/b' },
      NO_LIST,
      lenient('a', 'b'),
    ]),
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
    scenario("claims.s.findAll('[0-9]+')", [
      'is no list of strings to the mapping either',
      { s: '1 2' },
      NO_LIST,
      lenient('1', '2'),
    ]),
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
