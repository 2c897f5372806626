import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { UpstreamHeadTooLarge, UpstreamMalformed } from '../../../src/proxy/response.ts';
import { holds, holdsInTime } from '../../properties.ts';
import { CHUNKED, latin1, OK, readAnswer } from './readanswer.ts';

// Whole answers made at random: against Node's own client, cut into any pieces, and cut short.

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
  await holdsInTime(
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
  holds(
    fc.property(garbage, cuts, (made, at) => outcome([latin1(made)]) === outcome(splitAt(latin1(made), at))),
    { numRuns: 3000 },
  );
});

t.test('an answer that was cut short is never complete', async () => {
  holds(
    fc.property(answers, fc.nat(), (made, at) => {
      const cut = readAnswer([latin1(made).subarray(0, at % made.length)]);
      return cut === undefined || !cut.done;
    }),
    { numRuns: 2000 },
  );
});
