import t from 'tap';
import { HeadReader } from '../../../src/proxy/response.ts';
import { MAX_HEADER_BYTES } from '../../../src/serverlimits.ts';
import { bytewise, latin1, MALFORMED, named, OK, type Read, readAnswer, TOO_LARGE } from './readanswer.ts';

// Heads of answers: what RFC 9112 and RFC 9110 let pass, what they do not, and how long one may be.

const goodHeads: readonly (readonly [why: string, head: string, expected: Partial<Read>])[] = [
  ['RFC 9112 §4', `${OK}\r\n`, { status: 200, message: 'OK', lines: [] }],
  ['§4: an empty reason', 'HTTP/1.1 404 \r\n\r\n', { status: 404, message: '' }],
  ['§4: and without its space', 'HTTP/1.1 404\r\n\r\n', { status: 404, message: '' }],
  ['§4: obs-text and spaces in the reason', 'HTTP/1.1 200 a\xe9 b\tc\r\n\r\n', { message: 'a\xe9 b\tc' }],
  ['§2.3: HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n', { status: 200, untilClose: true }],
  ['RFC 9110 §15: an unknown code', 'HTTP/1.1 799 x\r\n\r\n', { status: 799 }],
  ['§5.1: OWS at both ends', `${OK}A: \t b c \t\r\n\r\n`, { lines: ['A', 'b c'] }],
  ['§5.1: none', `${OK}A:b\r\n\r\n`, { lines: ['A', 'b'] }],
  ['§5: an empty value', `${OK}A:\r\nB: \r\n\r\n`, { lines: ['A', '', 'B', ''] }],
  ['§5.2: repeats, in order', `${OK}a: 1\r\nb: 2\r\nA: 3\r\n\r\n`, { lines: ['a', '1', 'b', '2', 'A', '3'] }],
  ['RFC 9110 §5.5: obs-text', `${OK}A: \x80\xff\r\n\r\n`, { lines: ['A', '\x80\xff'] }],
  [
    'RFC 9110 §5.6.2: every token character',
    `${OK}!#$%&'*+-.^_\`|~09azAZ: :\r\n\r\n`,
    { lines: ["!#$%&'*+-.^_`|~09azAZ", ':'] },
  ],
  [
    'RFC 9110 §8.6: a length that is repeated goes on once',
    `${OK}Content-Length: 5\r\nA: 1\r\ncontent-length: 5\r\n\r\nhello`,
    { lines: ['Content-Length', '5', 'A', '1'], done: true },
  ],
  [
    'RFC 9110 §15.2: informational first',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: 1\r\n\r\n${OK}B: 2\r\n\r\n`,
    { status: 200, lines: ['B', '2'] },
  ],
  [
    'RFC 9110 §15.2.2: 101 is final',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nraw',
    { status: 101, surplus: 'raw', done: true },
  ],
];

t.test('heads that are good', async (t) => {
  for (const [why, head, expected] of goodHeads) {
    t.strictSame(named(readAnswer([latin1(head)]), expected), expected, why);
    t.strictSame(named(readAnswer(bytewise(head)), expected), expected, `${why}, byte by byte`);
  }
});

const badHeads: readonly (readonly [why: string, head: string])[] = [
  ['RFC 9112 §4: another protocol', 'HTTP/2 200 OK\r\n\r\n'],
  ['§4: another version', 'HTTP/1.2 200 OK\r\n\r\n'],
  ['§4: lower case', 'http/1.1 200 OK\r\n\r\n'],
  ['§4: two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['§4: four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['§4: a sign', 'HTTP/1.1 +20 OK\r\n\r\n'],
  ['§4: no digits', 'HTTP/1.1 2x0 OK\r\n\r\n'],
  ['RFC 9110 §15: below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
  ['§4: two spaces', 'HTTP/1.1  200 OK\r\n\r\n'],
  ['§4: a tab', 'HTTP/1.1\t200 OK\r\n\r\n'],
  ['§4: NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'],
  ['§2.2: an empty line first', `\r\n${OK}\r\n`],
  ['§2.2: bare LF after the status line', 'HTTP/1.1 200 OK\nA: b\r\n\r\n'],
  ['§2.2: bare LF after a line', `${OK}A: b\nC: d\r\n\r\n`],
  ['§2.2: bare LF at the end', `${OK}A: b\n\n`],
  ['§2.2: bare CR in a value', `${OK}A: b\rC: d\r\n\r\n`],
  ['§2.2: bare CR in the status line', 'HTTP/1.1 200 O\rK\r\n\r\n'],
  ['§2.2: CR before CRLF', `${OK}A: b\r\r\n\r\n`],
  ['§5.2: folding', `${OK}A: b\r\n c\r\n\r\n`],
  ['§5.2: folding of the first line', `${OK} A: b\r\n\r\n`],
  ['§5.1: space before the colon', `${OK}A : b\r\n\r\n`],
  ['§5: no name', `${OK}: b\r\n\r\n`],
  ['§5: no colon', `${OK}A\r\n\r\n`],
  ['RFC 9110 §5.6.2: no token', `${OK}A(b): c\r\n\r\n`],
  ['RFC 9110 §5.6.2: obs-text in a name', `${OK}\xe9: c\r\n\r\n`],
  ['RFC 9110 §5.5: NUL', `${OK}A: b\0c\r\n\r\n`],
  ['RFC 9110 §5.5: a control', `${OK}A: b\x7f\r\n\r\n`],
  ['§6.3: a length with a sign', `${OK}Content-Length: +5\r\n\r\n`],
  ['§6.3: a hexadecimal length', `${OK}Content-Length: 0x5\r\n\r\n`],
  ['§6.3: an empty length', `${OK}Content-Length:\r\n\r\n`],
  ['§6.3: a list of lengths', `${OK}Content-Length: 5, 5\r\n\r\n`],
  ['§6.3: two lengths', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`],
  ['§6.3: two writings of one', `${OK}Content-Length: 5\r\ncontent-length: 05\r\n\r\n`],
  ['§6.3: 2^53', `${OK}Content-Length: 9007199254740992\r\n\r\n`],
  ['§6.3: a length and chunked', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['§6.3: chunked and a length', `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`],
  ['§6.1: another coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`],
  ['§6.1: identity', `${OK}Transfer-Encoding: identity\r\n\r\n`],
  ['§6.1: twice', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['§6.1: a near miss', `${OK}Transfer-Encoding: xchunked\r\n\r\n`],
  ['§6.1: in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['more than 16 informational answers', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17)}${OK}\r\n`],
];

t.test('heads that are refused, with a phrase that repeats nothing of them', async (t) => {
  for (const [why, head] of badHeads) {
    for (const pieces of [[latin1(head)], bytewise(head)]) {
      t.throws(() => readAnswer(pieces), MALFORMED, why);
      try {
        readAnswer(pieces);
      } catch (error) {
        t.match((error as Error).message, /^[A-Za-z0-9/. -]+$/, why);
      }
    }
  }
});

t.test('16 informational answers pass', async (t) => {
  const most = latin1(`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(16)}${OK}\r\n`);
  const reader = new HeadReader();
  for (let i = 0; i < 2; i++) {
    t.equal(reader.read(most), most.length, 'of each answer anew');
    t.equal(reader.status, 200);
    reader.reset();
  }
});

t.test('what can not become a head is refused before it ends', async (t) => {
  for (const start of ['SSH-2.0-x', '\n', `${OK}A: b\n`, 'HTTQ'])
    t.throws(() => readAnswer([latin1(start)]), MALFORMED, JSON.stringify(start));
  for (const start of ['H', 'HTTP/1.', `${OK}A: b\r`, `${OK}A: b\r\n`])
    t.equal(readAnswer([latin1(start)]), undefined, JSON.stringify(start));
});

t.test('whether the connection goes on (RFC 9112 §9.3)', async (t) => {
  for (const [head, expected] of [
    [`${OK}\r\n`, true],
    [`${OK}Connection: close\r\n\r\n`, false],
    [`${OK}Connection: x, Close\r\n\r\n`, false],
    [`${OK}Connection: keep-alive\r\nConnection: close\r\n\r\n`, false],
    [`${OK}Connection: close\r\nConnection: keep-alive\r\n\r\n`, false],
    ['HTTP/1.0 200 OK\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n', true],
    [`HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n${OK}\r\n`, true],
  ] as const) {
    const reader = new HeadReader();
    reader.read(latin1(head));
    t.equal(reader.keepAlive, expected, JSON.stringify(head));
  }
});

t.test('a reader that is reset knows nothing of the answer before', async (t) => {
  const reader = new HeadReader();
  reader.read(latin1(`${OK}Content-Length: 5\r\nConnection: close\r\n\r\n`));
  reader.reset();
  t.match(reader, { status: 0, message: '', lines: [], contentLength: undefined, keepAlive: false });
  t.equal(reader.read(latin1(`${OK}Transfer-Encoding: chunked\r\n\r\n`)), 47);
  t.match(reader, { contentLength: undefined, isChunked: true, keepAlive: true });
});

t.test('a head of 1 MiB passes, one byte more does not, at once or in pieces', async (t) => {
  const head = (bytes: number) => latin1(`${OK}A: ${'x'.repeat(bytes - OK.length - 7)}\r\n\r\n`);
  const pieces = (whole: Buffer) =>
    Array.from({ length: Math.ceil(whole.length / 999) }, (_, i) => whole.subarray(i * 999, (i + 1) * 999));
  const fits = head(MAX_HEADER_BYTES);
  t.equal(fits.length, MAX_HEADER_BYTES);
  t.equal(readAnswer([fits])?.status, 200);
  t.equal(readAnswer(pieces(fits))?.status, 200);
  const over = head(MAX_HEADER_BYTES + 1);
  t.throws(() => readAnswer([over]), TOO_LARGE);
  t.throws(() => readAnswer(pieces(over)), TOO_LARGE);
  const endless = latin1(`${OK}${'A: b\r\n'.repeat(200_000)}`);
  t.throws(() => readAnswer([endless]), TOO_LARGE);
});

// Searched anew from its start for each byte, this head would take 2^39 steps.
t.test('a head of 1 MiB that comes byte by byte takes linear time', async (t) => {
  const whole = latin1(`${OK}A: ${'x'.repeat(MAX_HEADER_BYTES - OK.length - 7)}\r\n\r\n`);
  const reader = new HeadReader();
  const startedAt = process.cpuUsage().user;
  let at = -1;
  for (let i = 0; i < whole.length; i++) at = reader.read(whole.subarray(i, i + 1));
  t.equal(at, 1);
  t.ok(process.cpuUsage().user - startedAt < 10_000_000, 'under 10 s of CPU');
});
