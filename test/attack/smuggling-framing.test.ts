import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { breaksOff, type Row, refuses } from './cases.ts';
import { startGround } from './gate.ts';

// S10: where one reader takes a body to end and another does not, the rest is a request that nobody judged. Each case hides one in its body, with a
// good token, so that it would be forwarded. Sources: RFC 9112 §6 and §11.2, the forms of Linhart et al. (2005), Kettle's "HTTP Desync Attacks"
// (2019) and "HTTP/1.1 Must Die" (2025), the advisories of llhttp and of Node named in field-lessons.md §3.

const facts = recordFacts('attack-smuggling-framing');
const ground = await startGround(t);
const { auth } = ground;

const get = (hidden: string) =>
  requestText(`GET /${hidden} HTTP/1.1`, ['Host: x', auth, 'Connection: close']);
/** A POST with these lines, and what follows its head. */
const post =
  (lines: readonly string[], body: (hidden: string) => string, version = '1.1') =>
  (hidden: string) =>
    requestText(`POST /first HTTP/${version}`, ['Host: x', auth, ...lines], body(hidden));
/** An empty body in chunks, and then the hidden request. */
const afterChunks = (hidden: string) => `0\r\n\r\n${get(hidden)}`;
const afterFive = (hidden: string) => `hello${get(hidden)}`;

const coded = (line: string): Row['1'] => post([line], afterChunks);
const long = (value: string): Row['1'] => post([`Content-Length: ${value}`], afterFive);

const both: readonly Row[] = [
  ['CL.TE', post(['Content-Length: 6', 'Transfer-Encoding: chunked'], afterChunks)],
  ['TE.CL', post(['Transfer-Encoding: chunked', 'Content-Length: 4'], afterChunks)],
  ['CL.TE with both right', post(['Content-Length: 5', 'Transfer-Encoding: chunked'], () => '0\r\n\r\n')],
  ['CL of 0 and TE', post(['Content-Length: 0', 'Transfer-Encoding: chunked'], afterChunks)],
  ['CL and a coding that is none', post(['Content-Length: 5', 'Transfer-Encoding: xchunked'], afterFive)],
  ['CL and an empty coding', post(['Content-Length: 5', 'Transfer-Encoding:'], afterFive)],
  ['CL and identity', post(['Content-Length: 5', 'Transfer-Encoding: identity'], afterFive)],
  [
    'CL.TE within an upgrade',
    post(
      [...['Connection: Upgrade', 'Upgrade: SPDY/3.1', 'Content-Length: 6', 'Transfer-Encoding: chunked']],
      afterChunks,
    ),
  ],
];

const codings: readonly Row[] = [
  ['chunked, identity', coded('Transfer-Encoding: chunked, identity')],
  ['chunked, chunked', coded('Transfer-Encoding: chunked, chunked')],
  ['identity, chunked', coded('Transfer-Encoding: identity, chunked')],
  ['gzip, chunked', coded('Transfer-Encoding: gzip, chunked')],
  ['identity alone', coded('Transfer-Encoding: identity')],
  ['gzip alone', coded('Transfer-Encoding: gzip')],
  ['xchunked', coded('Transfer-Encoding: xchunked')],
  ['chunkedx', coded('Transfer-Encoding: chunkedx')],
  ['chunked with a parameter', coded('Transfer-Encoding: chunked;q=1')],
  ['chunked in quotes', coded('Transfer-Encoding: "chunked"')],
  ['a list that ends in a comma', coded('Transfer-Encoding: chunked,')],
  ['a list that begins with one', coded('Transfer-Encoding: ,chunked')],
  ['an empty coding', coded('Transfer-Encoding:')],
  ['a vertical tab before', coded('Transfer-Encoding: \x0bchunked')],
  ['a form feed behind', coded('Transfer-Encoding: chunked\x0c')],
  ['NUL behind', coded('Transfer-Encoding: chunked\0')],
  ['NBSP before', coded('Transfer-Encoding: \xa0chunked')],
  ['a space before the colon', coded('Transfer-Encoding : chunked')],
  ['a tab before the colon', coded('Transfer-Encoding\t: chunked')],
  ['folded', coded('Transfer-Encoding:\r\n chunked')],
  ['hidden behind a bare LF', post(['X: y\nTransfer-Encoding: chunked', 'Content-Length: 5'], afterFive)],
  ['hidden behind a bare CR', post(['X: y\rTransfer-Encoding: chunked', 'Content-Length: 5'], afterFive)],
  ['two lines, the last none', post(['Transfer-Encoding: chunked', 'Transfer-Encoding: x'], afterChunks)],
  ['two lines, the first none', post(['Transfer-Encoding: x', 'Transfer-Encoding: chunked'], afterChunks)],
  [
    'two lines, both chunked',
    post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], afterChunks),
  ],
  ['chunked from HTTP/1.0', post(['Transfer-Encoding: chunked'], afterChunks, '1.0')],
];

const lengths: readonly Row[] = [
  ['two lengths', post(['Content-Length: 0', 'Content-Length: 5'], afterFive)],
  ['two equal lengths', post(['Content-Length: 5', 'Content-Length: 5'], afterFive)],
  ['two, one in another case', post(['Content-Length: 5', 'content-length: 0'], afterFive)],
  ['a list of equal ones', long('5, 5')],
  ['a list of two', long('5, 0')],
  ['a sign', long('+5')],
  ['a negative one', long('-1')],
  ['minus nought', long('-0')],
  ['hexadecimal', long('0x5')],
  ['a point', long('5.0')],
  ['an exponent', long('5e0')],
  ['an underscore', long('5_0')],
  ['two numbers', long('5 5')],
  ['a semicolon', long('5;')],
  ['a vertical tab', long('\x0b5')],
  ['NBSP', long('\xa05')],
  ['an Arabic five in UTF-8', long('\xd9\xa5')],
  ['nothing', long('')],
  ['a word', long('five')],
  ['2^64 + 5', long('18446744073709551621')],
  ['2^64', long('18446744073709551616')],
  ['a hundred digits', long('9'.repeat(100))],
  ['a space before the colon', post(['Content-Length : 5'], afterFive)],
  ['folded', post(['Content-Length:\r\n 5'], afterFive)],
];

const broken: readonly Row[] = [
  [
    'a chunk size that is none',
    post(['Transfer-Encoding: chunked'], (h) => `zz\r\nhello\r\n${afterChunks(h)}`),
  ],
  ['an empty chunk size', post(['Transfer-Encoding: chunked'], (h) => `\r\nhello\r\n${afterChunks(h)}`)],
  ['a negative chunk size', post(['Transfer-Encoding: chunked'], (h) => `-5\r\nhello\r\n${afterChunks(h)}`)],
  ['a chunk size with 0x', post(['Transfer-Encoding: chunked'], (h) => `0x5\r\nhello\r\n${afterChunks(h)}`)],
  [
    'a space before a chunk size',
    post(['Transfer-Encoding: chunked'], (h) => ` 5\r\nhello\r\n${afterChunks(h)}`),
  ],
  [
    'a space behind a chunk size',
    post(['Transfer-Encoding: chunked'], (h) => `5 \r\nhello\r\n${afterChunks(h)}`),
  ],
  [
    'a tab behind a chunk size',
    post(['Transfer-Encoding: chunked'], (h) => `5\t\r\nhello\r\n${afterChunks(h)}`),
  ],
  [
    'a chunk size of 2^64 + 5',
    post(['Transfer-Encoding: chunked'], (h) => `10000000000000005\r\nhello\r\n${afterChunks(h)}`),
  ],
  [
    'a chunk longer than it says',
    post(['Transfer-Encoding: chunked'], (h) => `2\r\nhello\r\n${afterChunks(h)}`),
  ],
  [
    'LF alone behind a chunk size',
    post(['Transfer-Encoding: chunked'], (h) => `5\nhello\r\n${afterChunks(h)}`),
  ],
  ['LF alone behind a chunk', post(['Transfer-Encoding: chunked'], (h) => `5\r\nhello\n${afterChunks(h)}`)],
  ['CR alone behind a chunk', post(['Transfer-Encoding: chunked'], (h) => `5\r\nhello\r${afterChunks(h)}`)],
  ['nothing behind a chunk', post(['Transfer-Encoding: chunked'], (h) => `5\r\nhello${afterChunks(h)}`)],
  ['LF alone behind the last size', post(['Transfer-Encoding: chunked'], (h) => `0\n\r\n${get(h)}`)],
  ['LF alone as the end', post(['Transfer-Encoding: chunked'], (h) => `0\r\n\n${get(h)}`)],
  [
    'LF alone in an extension',
    post(['Transfer-Encoding: chunked'], (h) => `5;a=\nb\r\nhello\r\n${afterChunks(h)}`),
  ],
  [
    'LF alone that ends an extension',
    post(['Transfer-Encoding: chunked'], (h) => `5;a=b\nhello\r\n${afterChunks(h)}`),
  ],
  [
    'CR alone in an extension',
    post(['Transfer-Encoding: chunked'], (h) => `5;a=\rb\r\nhello\r\n${afterChunks(h)}`),
  ],
  [
    'NUL in an extension',
    post(['Transfer-Encoding: chunked'], (h) => `5;a=\0\r\nhello\r\n${afterChunks(h)}`),
  ],
  ['a trailer ended by LF alone', post(['Transfer-Encoding: chunked'], (h) => `0\r\nX: y\n\r\n${get(h)}`)],
  ['a folded trailer', post(['Transfer-Encoding: chunked'], (h) => `0\r\nX: y\r\n z\r\n\r\n${get(h)}`)],
  ['a trailer without a colon', post(['Transfer-Encoding: chunked'], (h) => `0\r\nX\r\n\r\n${get(h)}`)],
];

await refuses(facts, 'S10', ground, both);
await refuses(
  facts,
  'S10',
  ground,
  codings.map(([name, ...more]) => [`a coding, ${name},`, ...more]),
);
await refuses(
  facts,
  'S10',
  ground,
  lengths.map(([name, ...more]) => [`a length, ${name},`, ...more]),
);
await breaksOff(facts, 'S10', ground, broken);
