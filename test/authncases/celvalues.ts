// Numbers, booleans, null and times in expressions: every JSON number is a double, and nothing is converted by itself.

import {
  type Claims,
  type Expected,
  type Row,
  refused,
  type Scenario,
  type Topic,
  value,
  withValue,
} from './case.ts';

const SOURCE = 'pkg/cel/environment/base.go; github.com/google/cel-go common/types';
const UNREAD = refused('TOKEN_CLAIMS', 'failed to unmarshal');
const OVERLOAD = refused('TOKEN_CLAIMS', 'no such overload');

function scenario(expression: string, rows: readonly Row[], source = SOURCE): Scenario {
  return { about: expression, source, entry: value(expression), rows };
}
const row = (n: unknown, expected: Expected, fact = JSON.stringify(n)): Row => [fact, { n }, expected];
const text =
  (json: string) =>
  ({
    signText,
    complete,
  }: {
    signText: (text: string) => Promise<string>;
    complete: (claims: Claims) => Claims;
  }) =>
    signText(JSON.stringify(complete({ n: '@' })).replace('"@"', json));

export const celValues: Topic = {
  name: 'values',
  scenarios: [
    scenario('string(claims.n)', [
      row(1, withValue('1')),
      row(-1.5, withValue('-1.5')),
      row(0, withValue('0')),
      row(1234567, withValue('1.234567e+06')),
      row(100000, withValue('100000')),
      row(1e21, withValue('1e+21')),
      row(0.0001, withValue('0.0001')),
      row(0.00001, withValue('1e-05')),
      row(true, withValue('true')),
      row('x', withValue('x')),
      row(null, OVERLOAD),
      row([1], OVERLOAD),
      ['a number beyond 2^53 loses digits', text('9007199254740993'), withValue('9.007199254740992e+15')],
      ['-0 keeps its sign', text('-0'), withValue('-0')],
      ['a number that no double can hold', text('1e999'), UNREAD],
      ['one below zero', text('-1e999'), UNREAD],
      ['one that is nearly nothing is zero', text('1e-999'), withValue('0')],
      [
        'the largest that a double can hold',
        text('1.7976931348623157e308'),
        withValue('1.7976931348623157e+308'),
      ],
      ['the first beyond it', text('1.8e308'), UNREAD],
    ]),
    scenario("has(claims.n.b) ? claims.n.b : 'none'", [
      [
        'a number that no double can hold spoils the claim that it is in',
        text('{"a":1e999,"b":"x"}'),
        UNREAD,
      ],
      ['in a list too', text('[{"a":[1e999]}]'), UNREAD],
      ['and nothing else', text('{"b":"x"},"m":1e999'), withValue('x')],
    ]),
    scenario("has(claims.n) ? 'there' : 'none'", [
      ['asking for one that can not be read', text('1e999'), UNREAD],
    ]),
    scenario("claims.?n.hasValue() ? 'there' : 'none'", [
      ['asking for it as an optional', text('1e999'), UNREAD],
    ]),
    scenario("claims.n == 1.0 || claims.sub == 'jane' ? 'yes' : 'no'", [
      ['that can not be read does not matter when the other side decides', text('1e999'), withValue('yes')],
    ]),
    scenario('string(int(claims.n))', [
      row(7, withValue('7')),
      row(7.9, withValue('7'), 'cuts towards zero'),
      row(-7.9, withValue('-7'), 'cuts towards zero below it too'),
      row('42', withValue('42'), 'a string of digits'),
      row('4.2', refused('TOKEN_CLAIMS', 'type conversion error'), 'a string of more than digits'),
      row(1e19, refused('TOKEN_CLAIMS', 'integer overflow'), 'too large'),
      row(1760000000, withValue('1760000000'), 'a time'),
    ]),
    scenario("claims.n == 1 ? 'one' : 'other'", [
      row(1, withValue('one'), 'a double equals an int'),
      row('1', withValue('other'), 'a string does not'),
      row(true, withValue('other'), 'a boolean does not'),
      row(null, withValue('other'), 'null does not'),
    ]),
    scenario("claims.n > 1 ? 'more' : 'not more'", [
      row(1.5, withValue('more'), 'a double is compared with an int'),
      row(1, withValue('not more')),
      row('2', OVERLOAD, 'a string is not'),
    ]),
    scenario('string(claims.n + 1)', [
      row(1, OVERLOAD, 'a double and an int are not added'),
      row('1', OVERLOAD, 'nor a string and an int'),
    ]),
    scenario('string(claims.n + 1.0)', [
      row(1, withValue('2'), 'two doubles are'),
      row(0.5, withValue('1.5')),
    ]),
    scenario('string(claims.n % 2)', [row(3, OVERLOAD, 'a double has no remainder')]),
    scenario('string(int(claims.n) % 2 + int(claims.n) / 2)', [
      row(7, withValue('4')),
      row(-7, withValue('-4')),
    ]),
    scenario('string(1 / int(claims.n))', [
      row(2, withValue('0')),
      row(0, refused('TOKEN_CLAIMS', 'division by zero')),
    ]),
    scenario("type(claims.n) == double ? 'double' : type(claims.n) == string ? 'string' : 'else'", [
      row(1, withValue('double')),
      row('1', withValue('string')),
      row([], withValue('else')),
    ]),
    scenario("claims.n == null ? 'null' : 'not'", [
      row(null, withValue('null')),
      row(0, withValue('not')),
      row('', withValue('not')),
    ]),
    scenario("claims.n ? 'yes' : 'no'", [
      row(true, withValue('yes')),
      row(false, withValue('no')),
      row('true', OVERLOAD, 'a string is no condition'),
      row(1, OVERLOAD, 'nor a number'),
    ]),
    scenario("timestamp(int(claims.n)) > timestamp('2020-01-01T00:00:00Z') ? 'later' : 'earlier'", [
      row(1760000000, withValue('later')),
      row(1, withValue('earlier')),
    ]),
    scenario("string(duration(string(int(claims.n)) + 's').getMinutes())", [row(150, withValue('2'))]),
  ],
};
