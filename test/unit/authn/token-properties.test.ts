// What holds for any text in place of a token: another library that reads it reads the same, nothing is thrown, and a log line stays one line.

import fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import t from 'tap';
import { describeValue, parseToken } from '../../../src/authn/token.ts';
import { Unreadable } from '../../../src/cel/value.ts';
import { holds } from '../../properties.ts';

const encode = (text: string | Uint8Array) => Buffer.from(text).toString('base64url');
const members = fc.dictionary(
  fc.oneof(
    fc.constantFrom('iss', 'aud', 'alg', '__proto__', 'constructor', 'toString', ''),
    fc.string({ maxLength: 5 }),
  ),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 6 },
);
const text = members.map((one) => JSON.stringify(one));

/** Claims with the unreadable ones as null. */
function readable(claims: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(claims).map(([name, value]) => [name, value instanceof Unreadable ? null : value]);
}

/** What should be left of jose's reading, which takes a number that no double holds for infinity: those claims as null. */
function finite(claims: object): [string, unknown][] {
  return Object.entries(claims).map(([name, value]) => {
    let holdsInfinity = false;
    JSON.stringify(value, (_, inner: unknown) => {
      if (inner === Infinity || inner === -Infinity) holdsInfinity = true;
      return inner;
    });
    return [name, holdsInfinity ? null : value];
  });
}

t.test('what an issuer wrote is what is read, whatever the names are', async () => {
  holds(
    fc.property(text, text, (header, claims) => {
      const read = parseToken(`${encode(header)}.${encode(claims)}.c2ln`);
      return JSON.stringify(read?.header) === header && JSON.stringify(read?.claims) === claims;
    }),
  );
});

t.test('a number that no double holds makes its claim unreadable, and no other', async () => {
  const wrap = fc.array(fc.constantFrom('[', '{"a":'), { maxLength: 6 });
  holds(
    fc.property(text, wrap, fc.constantFrom('1e400', '-1e309', '1e308', '7'), (other, around, number) => {
      const closing = [...around].reverse().map((open) => (open === '[' ? ']' : '}'));
      const value = [...around, number, ...closing].join('');
      const claims = `{"other":${other},"big":${value}}`;
      const read = parseToken(`${encode('{}')}.${encode(claims)}.`)?.claims;
      const isBig = number.startsWith('1e4') || number.startsWith('-');
      return read?.['big'] instanceof Unreadable === isBig && JSON.stringify(read?.['other']) === other;
    }),
  );
});

t.test('what is read of any text is what jose reads', async (t) => {
  let count = 0;
  const alphabet = fc.constantFrom('A', 'e', 'y', '-', '_', '.', '=', '+', '/', ' ', '\n', '\0', 'é', '');
  const edits = fc.array(fc.tuple(fc.nat(200), fc.nat(2), alphabet), { maxLength: 1 });
  const bytes = fc.oneof(
    { weight: 6, arbitrary: text.map((one) => Buffer.from(one)) },
    fc
      .constantFrom('null', '[]', '"a"', '\ufeff{}', '{"a":1}{}', ' {"a":1} ', '{"a":1,"a":2}')
      .map((one) => Buffer.from(one)),
    fc.uint8Array({ maxLength: 20 }).map((one) => Buffer.from(one)),
  );
  holds(
    fc.property(bytes, bytes, edits, (header, claims, changes) => {
      let raw = `${encode(header)}.${encode(claims)}.c2ln`;
      for (const [at, removed, put] of changes)
        raw = raw.slice(0, at % raw.length) + put + raw.slice((at % raw.length) + removed);
      const read = parseToken(raw);
      if (read === undefined) return true;
      count++;
      return (
        /^[\w-]+\.[\w-]+\.[\w-]*$/.test(raw) &&
        // RFC 8259 §8.1: a byte order mark is no JSON. jose drops it.
        ![...raw.matchAll(/(?:^|\.)([\w-]+)/g)].some(
          ([, part = '']) => Buffer.from(part, 'base64url')[0] === 0xef,
        ) &&
        JSON.stringify(read.header) === JSON.stringify(decodeProtectedHeader(raw)) &&
        JSON.stringify(readable(read.claims)) === JSON.stringify(finite(decodeJwt(raw)))
      );
    }),
    { numRuns: 3000, examples: [[Buffer.from('{}'), Buffer.from('{"a":[1,-1e2182],"b":"Infinity"}'), []]] },
  );
  t.ok(count > 300, `${count} were read`);
});

t.test('however deep it is nested, a token is read or refused', async (t) => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const claims = `{"a":${open.repeat(50_000)}1e999${close.repeat(50_000)}}`;
    t.ok(parseToken(`${encode('{}')}.${encode(claims)}.`)?.claims['a'] instanceof Unreadable);
    t.equal(parseToken(`${encode('{}')}.${encode(open.repeat(50_000))}.`), undefined);
  }
});

t.test('whatever a caller chose, a log shows one short printable line of it', async () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 150 }),
    fc.string({ unit: 'binary-ascii' }),
    fc.jsonValue(),
  );
  const unit = fc.constantFrom(
    '\u2028',
    '\u200b',
    '\u202e',
    '\ud83d',
    '\x1b',
    '\n',
    '"',
    '\\',
    'a',
    '\u{e0041}',
  );
  holds(
    fc.property(fc.oneof(value, fc.string({ unit, maxLength: 240, size: 'max' })), (given) => {
      const shown = describeValue(given);
      return /^[^\p{C}\p{Zl}\p{Zp}]*$/u.test(shown) && shown.length <= 210 && shown.isWellFormed();
    }),
    { numRuns: 3000 },
  );
});
