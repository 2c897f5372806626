import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { BodyReader } from '../../../src/proxy/framing.ts';
import { HeadReader, UpstreamHeadTooLarge, UpstreamMalformed } from '../../../src/proxy/response.ts';
import { MAX_HEADER_BYTES } from '../../../src/serverlimits.ts';

interface Read {
  readonly status: number;
  readonly message: string;
  readonly lines: readonly string[];
  readonly body: string;
  /** Whole by its own framing; one until the connection ends is not. */
  readonly done: boolean;
  readonly untilClose: boolean;
  readonly surplus: string;
}

/** Reads an answer from pieces, as a connection does. @throws what the readers throw; undefined when the head is not complete */
function readAnswer(pieces: readonly Buffer[], isHead = false): Read | undefined {
  const head = new HeadReader();
  const body = new BodyReader();
  let inBody = false;
  const chunks: Buffer[] = [];
  let surplus = '';
  for (const piece of pieces) {
    let at = 0;
    if (!inBody) {
      at = head.read(piece);
      if (at === -1) continue;
      inBody = true;
      body.start(head, isHead);
    }
    at = body.read(piece, at, { onData: (chunk) => void chunks.push(chunk) });
    surplus += piece.toString('latin1', at);
  }
  if (!inBody) return undefined;
  const { status, message, lines } = head;
  const text = Buffer.concat(chunks).toString('latin1');
  return { status, message, lines, body: text, done: body.done, untilClose: body.untilClose, surplus };
}

/** What `expected` names of an answer, to be compared exactly. */
function named(read: Read | undefined, expected: Partial<Read>): Partial<Read> {
  const all = Object.entries(read ?? {});
  return Object.fromEntries(all.filter(([name]) => name in expected));
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const bytewise = (text: string) => Array.from(latin1(text), (byte) => Buffer.of(byte));
const MALFORMED = { code: 'UPSTREAM_MALFORMED' };
const TOO_LARGE = { code: 'UPSTREAM_HEAD_TOO_LARGE' };
const OK = 'HTTP/1.1 200 OK\r\n';

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

const CHUNKED = `${OK}Transfer-Encoding: Chunked\r\n\r\n`;
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

// --- against Node's own client --------------------------------------------------------------------------------------------------

const TOKEN = [..."!#$%&'*+-.^_`|~0123456789abcXYZ"];
const text = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((c) => c !== 0x7f)
    .map((c) => String.fromCharCode(c)),
  maxLength: 20,
});
// Node gives `set-cookie` and all others alike in rawHeaders; framing lines are the generator's own.
const line = fc.tuple(
  fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 20 }).map((name) => `x${name}`),
  text,
);
const payload = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const framed = fc.oneof(
  payload.map((body) => [`Content-Length: ${body.length}\r\n\r\n`, body] as const),
  payload.map((body) => ['\r\n', body] as const),
  fc
    .array(
      fc.tuple(
        payload.filter((one) => one !== ''),
        fc.constantFrom('', ';a', ';b="c d"'),
      ),
      { maxLength: 4 },
    )
    .map(
      (chunks) =>
        [
          'Transfer-Encoding: chunked\r\n\r\n',
          `${chunks.map(([one, extension]) => `${one.length.toString(16)}${extension}\r\n${one}\r\n`).join('')}0\r\n\r\n`,
        ] as const,
    ),
);
const answers = fc
  .tuple(
    fc.constantFrom(0, 1, 2),
    fc.integer({ min: 200, max: 599 }),
    text,
    fc.array(line, { maxLength: 8 }),
    framed,
  )
  .map(([informational, status, reason, lines, [framing, body]]) => {
    const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const hasBody = status !== 204 && status !== 304;
    return `${'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n'.repeat(informational)}HTTP/1.1 ${status} ${reason}\r\n${fields}${framing}${hasBody ? body : ''}`;
  });
const cuts = fc.array(fc.nat(400), { maxLength: 6 });

function splitAt(whole: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set(at.map((one) => one % (whole.length + 1)))].sort((a, b) => a - b);
  return [...ends, whole.length]
    .map((end, i) => whole.subarray(ends[i - 1] ?? 0, end))
    .filter((one) => one.length > 0);
}

t.test("answers made at random are read as Node's client reads them", async (t) => {
  let answer = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer, 'latin1'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const byNode = async () => {
    const request = httpRequest({ host: '127.0.0.1', port, agent: false });
    request.end();
    const [response] = await once(request, 'response');
    const body = Buffer.concat(await response.toArray()).toString('latin1');
    return { status: response.statusCode, message: response.statusMessage, lines: response.rawHeaders, body };
  };
  await fc.assert(
    fc.asyncProperty(answers, cuts, async (made, at) => {
      answer = made;
      const read = readAnswer(splitAt(latin1(made), at));
      if (read === undefined) throw new Error('not complete');
      const { status, message, lines, body, done, untilClose, surplus } = read;
      t.strictSame({ status, message, lines, body }, await byNode(), JSON.stringify(made));
      t.ok((done || untilClose) && surplus === '');
    }),
    { numRuns: 150 },
  );
});

t.test('whatever comes, however split: one of the two errors, or what the whole would give', async () => {
  const outcome = (pieces: readonly Buffer[]) => {
    try {
      return JSON.stringify(readAnswer(pieces));
    } catch (error) {
      if (error instanceof UpstreamMalformed || error instanceof UpstreamHeadTooLarge) return 'refused';
      throw error;
    }
  };
  const parts = fc.constantFrom(
    OK,
    '\r\n',
    '\n',
    '\r',
    'A: b',
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    '3',
    'abc',
    '0',
    ';',
    ' ',
    '\0',
    'HTTP/1.1 100 x\r\n\r\n',
  );
  const garbage = fc.oneof(
    fc.array(parts, { maxLength: 14 }).map((some) => some.join('')),
    fc.array(parts, { maxLength: 14 }).map((some) => OK + some.join('')),
    fc.array(parts, { maxLength: 14 }).map((some) => CHUNKED + some.join('')),
    payload,
  );
  fc.assert(
    fc.property(garbage, cuts, (made, at) => outcome([latin1(made)]) === outcome(splitAt(latin1(made), at))),
    { numRuns: 3000 },
  );
});

t.test('an answer that was cut short is never complete', async () => {
  fc.assert(
    fc.property(answers, fc.nat(), (made, at) => {
      const cut = readAnswer([latin1(made).subarray(0, at % made.length)]);
      return cut === undefined || !cut.done;
    }),
    { numRuns: 2000 },
  );
});
