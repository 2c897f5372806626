import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { readAnswers, refusalIn } from './answers.ts';
import { openRaw, requestText } from './caller.ts';
import { marker } from './cases.ts';
import { startGround } from './gate.ts';
import { type Script, switching, type UpstreamConnection } from './upstream.ts';

// S1 (CVE-2018-1002105): whatever the API server says to an upgrade, unless it is a 101 for what was asked, no byte that the caller sends reaches it,
// and both connections end. The caller pipelines a request for secrets in the same packet, and sends it again after the answer.

const facts = recordFacts('attack-upgrade-answers');
const ground = await startGround(t);
const { gate, upstream, auth } = ground;

const EXEC = '/api/v1/namespaces/n/pods/p/exec?command=sh&stdin=true';
const ASKED = {
  'SPDY/3.1': requestText(`POST ${EXEC} HTTP/1.1`, [
    'Host: x',
    auth,
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    'X-Stream-Protocol-Version: v4.channel.k8s.io',
  ]),
  websocket: requestText(`GET ${EXEC} HTTP/1.1`, [
    ...[
      'Host: x',
      auth,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ],
    'Sec-WebSocket-Protocol: v5.channel.k8s.io',
  ]),
} as const;
const PROTOCOLS = Object.keys(ASKED) as (keyof typeof ASKED)[];

const plain = (status: string, ...lines: readonly string[]) =>
  [`HTTP/1.1 ${status}`, ...lines, 'Content-Length: 2', '', '{}'].join('\r\n');

/** What the API server answers, and the status that the caller gets. */
const answers: readonly (readonly [name: string, bytes: (asked: string) => string, status: number])[] = [
  ...[400, 401, 403, 404, 405, 409, 429, 500, 503, 504].map(
    (status) => [String(status), () => plain(`${status} No`), status] as const,
  ),
  ...[200, 201, 202, 206].map((status) => [String(status), () => plain(`${status} Yes`), 502] as const),
  ...[300, 301, 302, 303, 307, 308].map(
    (status) =>
      [String(status), () => plain(`${status} There`, 'Location: https://169.254.169.254/'), 502] as const,
  ),
  ['204', () => 'HTTP/1.1 204 No Content\r\n\r\n', 502],
  ['304', () => 'HTTP/1.1 304 Not Modified\r\n\r\n', 502],
  ['200 that has no end', () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n', 502],
  ['200 until the connection ends', () => 'HTTP/1.1 200 OK\r\n\r\n{}', 502],
  [
    '403 that says Upgrade',
    (asked) => plain('403 Forbidden', 'Connection: Upgrade', `Upgrade: ${asked}`),
    403,
  ],
  ['200 that says Upgrade', (asked) => plain('200 OK', 'Connection: Upgrade', `Upgrade: ${asked}`), 502],
  ['426', (asked) => plain('426 Upgrade Required', 'Connection: Upgrade', `Upgrade: ${asked}`), 426],
  ['599', () => plain('599 Odd'), 599],
  ['999', () => plain('999 Odd'), 999],
  ['101 without Upgrade', () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n', 502],
  ['101 with an empty one', () => switching(''), 502],
  ['101 for h2c', () => switching('h2c'), 502],
  ['101 for TLS/1.0', () => switching('TLS/1.0'), 502],
  ['101 for SPDY/2', () => switching('SPDY/2'), 502],
  ['101 for websocket/13', () => switching('websocket/13'), 502],
  ['101 for the other protocol', (asked) => switching(asked === 'websocket' ? 'SPDY/3.1' : 'websocket'), 502],
  ['101 for another, then for the one asked', (asked) => switching('h2c', `Upgrade: ${asked}\r\n`), 502],
  [
    '101 with CL and TE',
    (asked) => switching(asked, 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
    502,
  ],
  ['101 with a bare LF', (asked) => switching(asked, 'X: y\nZ: a\r\n'), 502],
  ['101 with a folded line', (asked) => switching(asked, 'X: y\r\n z\r\n'), 502],
  ['101 of HTTP/2.0', (asked) => switching(asked).replace('HTTP/1.1', 'HTTP/2.0'), 502],
  ['102 and no more than 403', () => `HTTP/1.1 102 Processing\r\n\r\n${plain('403 Forbidden')}`, 403],
  ['seventeen times 103', () => 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(17), 502],
  ['bytes before the 101', (asked) => `hello${switching(asked)}`, 502],
  ['an empty line before the 101', (asked) => `\r\n${switching(asked)}`, 502],
  ['a request instead of an answer', () => 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 502],
  [
    'a 403 with two lengths',
    () => 'HTTP/1.1 403 No\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
    502,
  ],
  [
    'a 403 longer than it says',
    () => `${plain('403 Forbidden')}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nHIDDEN`,
    403,
  ],
];

/** Answers and leaves the connection open, whatever the gate does. */
const saying =
  (bytes: string): Script =>
  async (connection) => {
    await connection.request();
    await connection.write(bytes);
  };

for (const [name, bytes, status] of answers)
  for (const asked of PROTOCOLS)
    await facts.attack('S1', `${name} to ${asked}: nothing more of the caller's gets through`, async (t) => {
      const hidden = marker();
      const secrets = requestText(`GET /api/v1/secrets?${hidden} HTTP/1.1`, ['Host: x', auth]);
      const [accepted, index] = [upstream.accepted(), upstream.connections.length];
      upstream.plan(saying(bytes(asked)));
      const caller = await openRaw(gate);
      await caller.send(ASKED[asked] + secrets);
      const all = await caller.over;
      await caller.send(secrets);
      const got = readAnswers(all, true);
      t.same(
        got.answers.map((one) => one.status),
        [status],
        'one answer',
      );
      t.equal(got.malformed, '');
      if (status === 502)
        t.match(refusalIn(got.answers[0] ?? NONE), {
          kind: 'Status',
          code: 502,
          cause: /^UP(STREAM_PROTOCOL|GRADE_INVALID_RESPONSE)$/,
        });
      t.notMatch(all.toString('latin1'), /HIDDEN|169\.254/);
      t.equal(got.rest.length, 0, 'and nothing after it');
      const connection = await upstream.connection(index);
      await connection.closed;
      await ground.settle();
      t.notOk(upstream.reached(hidden));
      // Of a 401 the gate asks whether it is meant itself, once a second.
      const asking = upstream.connections.slice(index).filter((one) => isQuestion(one)).length;
      t.ok(asking <= (status === 401 ? 1 : 0));
      t.equal(upstream.accepted() - accepted, 2 + asking, 'one connection, and the settling one');
      caller.reset();
    });

/** The gate's own: as its own account, with nothing of a caller's. */
function isQuestion({ bytes }: UpstreamConnection): boolean {
  return bytes.includes('GET /version HTTP/1.1') && !bytes.includes('Impersonate-');
}

const NONE = { status: 0, reason: '', lines: [], body: Buffer.alloc(0), untilClose: false };
