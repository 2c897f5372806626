import t from 'tap';
import { BodyReader } from '../../../src/proxy/framing.ts';
import { HeadReader } from '../../../src/proxy/response.ts';
import {
  bytewise,
  CHUNKED,
  latin1,
  MALFORMED,
  named,
  OK,
  type Read,
  readAnswer,
  TOO_LARGE,
} from './readanswer.ts';

// Bodies of answers: by length, in chunks, until the connection ends (RFC 9112 §6.3, §7.1).

const bodies: readonly (readonly [why: string, answer: string, expected: Partial<Read>])[] = [
  [
    'RFC 9112 §6.3: a length',
    `${OK}Content-Length: 5\r\n\r\nhelloX`,
    { body: 'hello', done: true, surplus: 'X' },
  ],
  ['§6.3: nothing', `${OK}Content-Length: 0\r\n\r\nX`, { body: '', done: true, surplus: 'X' }],
  [
    '§6.3: one length twice',
    `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`,
    { body: 'ab', done: true },
  ],
  ['§6.3: too short', `${OK}Content-Length: 5\r\n\r\nhell`, { body: 'hell', done: false, untilClose: false }],
  ['§6.3: until the end', `${OK}\r\nhello`, { body: 'hello', done: false, untilClose: true }],
  ['§6.3: 204', 'HTTP/1.1 204 x\r\n\r\nX', { body: '', done: true, surplus: 'X' }],
  [
    '§6.3: 304 has the length of another',
    'HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n',
    { done: true, untilClose: false },
  ],
  [
    '§7.1: chunks',
    `${CHUNKED}5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n`,
    { body: 'hello!', done: true, surplus: '' },
  ],
  [
    '§7.1: either case and zeros',
    `${CHUNKED}00000000000000000a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\nX`,
    { body: '01234567890123456789', done: true, surplus: 'X' },
  ],
  ['§7.1.1: extensions', `${CHUNKED}1;a=b;c="d;\x80 e"\r\nx\r\n0;z\r\n\r\n`, { body: 'x', done: true }],
  [
    '§7.1.2: trailers',
    `${CHUNKED}1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n`,
    { body: 'x', done: true, lines: ['Transfer-Encoding', 'Chunked'] },
  ],
  ['§7.1: the last chunk lacks', `${CHUNKED}1\r\nx\r\n`, { body: 'x', done: false }],
  ['§7.1: the last empty line lacks', `${CHUNKED}1\r\nx\r\n0\r\n`, { body: 'x', done: false }],
  ['§7.1: 2^53-1', `${CHUNKED}1fffffffffffff\r\nx`, { body: 'x', done: false }],
];

t.test('bodies, at each point where they may be split, and byte by byte', async (t) => {
  for (const [why, answer, expected] of bodies) {
    const whole = readAnswer([latin1(answer)]);
    t.strictSame(named(whole, expected), expected, why);
    t.same(readAnswer(bytewise(answer)), whole, `${why}, byte by byte`);
    for (let at = 1; at < answer.length; at++) {
      const split = readAnswer([latin1(answer.slice(0, at)), latin1(answer.slice(at))]);
      if (JSON.stringify(split) !== JSON.stringify(whole)) t.same(split, whole, `${why}, split at ${at}`);
    }
  }
});

t.test('answers to HEAD have no body, whatever they say', async (t) => {
  for (const head of [`${OK}Content-Length: 5\r\n\r\n`, CHUNKED, `${OK}\r\n`]) {
    const expected = { done: true, untilClose: false, body: '', surplus: 'X' };
    t.strictSame(named(readAnswer([latin1(`${head}X`)], true), expected), expected);
  }
});

t.test('chunks that are refused', async (t) => {
  for (const [why, chunks] of [
    ['RFC 9112 §7.1: no size', '\r\nx'],
    ['a sign', '+1\r\nx\r\n'],
    ['a minus', '-1\r\nx\r\n'],
    ['0x', '0x1\r\nx\r\n'],
    ['space before', ' 1\r\nx\r\n'],
    ['space behind', '1 \r\nx\r\n'],
    ['no hexadecimal digit', 'g\r\n'],
    ['bare LF', '1\nx\r\n'],
    ['bare CR', '1\rx'],
    ['bare LF after data', '1\r\nx\n'],
    ['more data than the size', '1\r\nxy\r\n'],
    ['2^53', '20000000000000\r\n'],
    ['2^64 and one', '10000000000000001\r\nx'],
    ['§7.1.1: NUL in an extension', '1;a\0b\r\nx'],
    ['§7.1.1: LF in an extension', '1;a\nb\r\nx'],
    ['§7.1.1: a long extension', `1;${'a'.repeat(1024)}\r\nx`],
    ['only zeros', '0'.repeat(2000)],
    ['§7.1.2: a trailer without colon', '0\r\nA\r\n\r\n'],
    ['§7.1.2: space before the colon', '0\r\nA : b\r\n\r\n'],
    ['§7.1.2: no name', '0\r\n: b\r\n\r\n'],
    ['§7.1.2: folding', '0\r\nA: b\r\n c\r\n\r\n'],
    ['§7.1.2: bare LF', '0\r\nA: b\n\r\n'],
    ['§7.1: bare LF at the end', '0\r\n\n'],
    ['§7.1: bare CR at the end', '0\r\n\rX'],
  ] as const) {
    t.throws(() => readAnswer([latin1(CHUNKED + chunks)]), MALFORMED, why);
    t.throws(() => readAnswer(bytewise(CHUNKED + chunks)), MALFORMED, why);
  }
  const trailers = latin1(`${CHUNKED}0\r\n${'A: b\r\n'.repeat(200_000)}\r\n`);
  t.throws(() => readAnswer([trailers]), TOO_LARGE, 'endless trailers');
});

t.test('data is handed on as parts of what was read, without waiting for a whole chunk', async (t) => {
  const head = new HeadReader();
  const body = new BodyReader();
  const got: Buffer[] = [];
  const sink = { onData: (chunk: Buffer) => void got.push(chunk) };
  const first = latin1(`${CHUNKED}ff\r\nabc`);
  body.start(head, false);
  const at = head.read(first);
  body.start(head, false);
  body.read(first, at, sink);
  const second = latin1('defg');
  body.read(second, 0, sink);
  t.same(got.map(String), ['abc', 'defg']);
  t.equal(got[0]?.buffer, first.buffer);
  t.equal(got[1], second);
});

t.test('a body that is halted hands nothing on, and says where it stopped', async (t) => {
  const head = new HeadReader();
  const body = new BodyReader();
  head.read(latin1(CHUNKED));
  body.start(head, false);
  const got: string[] = [];
  const sink = {
    onData: (chunk: Buffer) => {
      got.push(String(chunk));
      body.halted = true;
    },
  };
  const chunk = latin1('1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
  const at = body.read(chunk, 0, sink);
  t.same([at, got], [4, ['a']]);
  t.equal(body.read(chunk, at, sink), 4);
  body.halted = false;
  t.equal(body.read(chunk, at, sink), 10);
  t.same(got, ['a', 'b']);
  body.halted = false;
  t.equal(body.read(chunk, 10, sink), chunk.length);
  t.equal(body.done, true);
});
