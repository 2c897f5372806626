import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { type Answer, refusalIn } from './answers.ts';
import { openRaw, requestText } from './caller.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';
import { echoOf } from './upstream.ts';

// S10 from behind: an API server (or what answers through one: a pod behind `proxy`, an aggregated server) whose answer could be read as two. The
// caller sees one answer or a 502 or a broken one, never the hidden one; and the next request, of somebody else, gets its own answer.

const facts = recordFacts('attack-smuggling-answers');
const ground = await startGround(t);
const { gate, upstream, auth } = ground;
const bob = `Authorization: Bearer ${await gate.token({ sub: 'bob-id', email: 'bob@example.com', groups: ['ops'] })}`;

const HIDDEN = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nHIDDEN';
const ok = (lines: readonly string[], body: string) => ['HTTP/1.1 200 OK', ...lines, '', body].join('\r\n');
const chunked = 'Transfer-Encoding: chunked';

/** What the upstream answers, and how the caller hears of it: a 502, or an answer that breaks off, or one that is whole. */
type Row = readonly [name: string, bytes: string | readonly string[], heard: 502 | 'broken' | 'whole'];

const rows: readonly Row[] = [
  ['two lengths', ok(['Content-Length: 0', 'Content-Length: 5'], `hello${HIDDEN}`), 502],
  ['a list of lengths', ok(['Content-Length: 0, 5'], `hello${HIDDEN}`), 502],
  ['a negative length', ok(['Content-Length: -1'], HIDDEN), 502],
  ['a signed length', ok(['Content-Length: +5'], `hello${HIDDEN}`), 502],
  ['a length beyond 2^53', ok(['Content-Length: 9007199254740993'], HIDDEN), 502],
  ['a length beyond 2^64', ok(['Content-Length: 18446744073709551621'], `hello${HIDDEN}`), 502],
  ['an empty length', ok(['Content-Length:'], HIDDEN), 502],
  ['a length in words', ok(['Content-Length: five'], HIDDEN), 502],
  ['CL and TE', ok(['Content-Length: 5', chunked], `0\r\n\r\n${HIDDEN}`), 502],
  ['TE and CL', ok([chunked, 'Content-Length: 5'], `0\r\n\r\n${HIDDEN}`), 502],
  ['two codings', ok([chunked, chunked], `0\r\n\r\n${HIDDEN}`), 502],
  ['gzip, chunked', ok(['Transfer-Encoding: gzip, chunked'], `0\r\n\r\n${HIDDEN}`), 502],
  ['identity', ok(['Transfer-Encoding: identity', 'X: y'], HIDDEN), 502],
  ['xchunked', ok(['Transfer-Encoding: xchunked'], `0\r\n\r\n${HIDDEN}`), 502],
  ['chunked from HTTP/1.0', `HTTP/1.0 200 OK\r\n${chunked}\r\n\r\n0\r\n\r\n${HIDDEN}`, 502],
  ['a coding with a space before the colon', ok(['Transfer-Encoding : chunked'], `0\r\n\r\n${HIDDEN}`), 502],
  ['a folded line', ok(['X: y\r\n Content-Length: 0', 'Content-Length: 5'], `hello${HIDDEN}`), 502],
  ['a folded length', ok(['Content-Length:\r\n 5'], `hello${HIDDEN}`), 502],
  ['a bare LF that ends a line', ok(['X: y\nContent-Length: 0', 'Content-Length: 5'], `hello${HIDDEN}`), 502],
  ['a bare LF as the empty line', `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello${HIDDEN}`, 502],
  ['a bare CR in a value', ok(['X: y\rContent-Length: 0', 'Content-Length: 5'], `hello${HIDDEN}`), 502],
  ['NUL in a value', ok(['X: \0', 'Content-Length: 5'], `hello${HIDDEN}`), 502],
  ['NUL in a name', ok(['X\0: y', 'Content-Length: 5'], `hello${HIDDEN}`), 502],
  ['a name in brackets', ok(['X(y): z', 'Content-Length: 5'], `hello${HIDDEN}`), 502],
  ['a line without a colon', ok(['X', 'Content-Length: 5'], `hello${HIDDEN}`), 502],
  ['HTTP/2.0', `HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello${HIDDEN}`, 502],
  ['HTTP/0.9', `hello${HIDDEN}`, 502],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
  ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
  ['a bare CR in the reason', `HTTP/1.1 200 OK\rX: y\r\nContent-Length: 5\r\n\r\nhello${HIDDEN}`, 502],
  [
    'a 101 that nobody asked for',
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n${HIDDEN}`,
    502,
  ],
  [
    'seventeen informational answers',
    `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(17)}${ok(['Content-Length: 5'], 'hello')}`,
    502,
  ],
  ['a line of 2 MiB', ok([`X: ${'y'.repeat(2 ** 21)}`, 'Content-Length: 5'], 'hello'), 502],
  ['300,000 lines', ok(['X:y\r\n'.repeat(300_000).trimEnd(), 'Content-Length: 5'], 'hello'), 502],
  ['a chunk size that is none', ok([chunked], `zz\r\nhello\r\n0\r\n\r\n${HIDDEN}`), 'broken'],
  ['a chunk size with 0x', ok([chunked], `0x5\r\nhello\r\n0\r\n\r\n${HIDDEN}`), 'broken'],
  ['a space behind a chunk size', ok([chunked], `5 \r\nhello\r\n0\r\n\r\n${HIDDEN}`), 'broken'],
  ['a chunk size beyond 2^53', ok([chunked], `20000000000001\r\nhello\r\n0\r\n\r\n${HIDDEN}`), 'broken'],
  ['LF alone behind a chunk size', ok([chunked], `5\nhello\r\n0\r\n\r\n${HIDDEN}`), 'broken'],
  ['LF alone in a chunk extension', ok([chunked], `5;a=\nb\r\nhello\r\n0\r\n\r\n${HIDDEN}`), 'broken'],
  ['a chunk longer than it says', ok([chunked], `2\r\nhello\r\n0\r\n\r\n${HIDDEN}`), 'broken'],
  ['a folded trailer', ok([chunked], `5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n${HIDDEN}`), 'broken'],
  [
    'a chunk extension of 2 KiB',
    ok([chunked], `5;${'a'.repeat(2048)}\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
    'broken',
  ],
  ['a second answer behind the first', ok(['Content-Length: 5'], `hello${HIDDEN}`), 'whole'],
  ['a second answer behind chunks', ok([chunked], `5\r\nhello\r\n0\r\n\r\n${HIDDEN}`), 'whole'],
  ['an answer behind a 204', `HTTP/1.1 204 No Content\r\n\r\n${HIDDEN}`, 'whole'],
  [
    'a 204 with a length and a body',
    `HTTP/1.1 204 No Content\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    'whole',
  ],
  [
    'a 304 with a length and a body',
    `HTTP/1.1 304 Not Modified\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    'whole',
  ],
  [
    'trailers that are framing lines',
    ok([chunked], `5\r\nhello\r\n0\r\nContent-Length: 99\r\nX-Trailer: HIDDEN\r\n\r\n`),
    'whole',
  ],
  [
    'hop-by-hop lines',
    ok(
      [
        'Connection: X-A',
        'Keep-Alive: HIDDEN',
        'Upgrade: HIDDEN',
        'Proxy-Authenticate: HIDDEN',
        'Content-Length: 5',
      ],
      'hello',
    ),
    'whole',
  ],
  [
    'informational answers before it',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <HIDDEN>\r\n\r\n${ok(['Content-Length: 5'], 'hello')}`,
    'whole',
  ],
];

const NONE: Answer = { status: 0, reason: '', lines: [], body: Buffer.alloc(0), untilClose: false };
const get = (target: string, who: string) => requestText(`GET ${target} HTTP/1.1`, ['Host: x', who]);

// The first, for it needs a connection that is new.
await facts.attack(
  'S10',
  'an answer that nobody asked for ends the connection, and is never the next one',
  async (t) => {
    upstream.plan(async (connection) => {
      await connection.request();
      await connection.write(ok(['Content-Length: 5'], 'hello'));
    });
    const index = upstream.connections.length;
    const caller = await openRaw(gate);
    await caller.send(get('/first', auth));
    await caller.answers(1);
    const connection = await upstream.connection(index);
    await connection.write(HIDDEN);
    await connection.ended;
    await caller.send(get('/second', auth));
    t.match((await caller.answers(2))[1]?.body.toString(), /GET \/second HTTP/);
    t.notMatch(caller.heard.toString('latin1'), /HIDDEN/);
    t.notOk(connection.bytes.includes('/second'));
    caller.reset();
  },
);

for (const [name, bytes, heard] of rows)
  await facts.attack(
    'S10',
    `an answer with ${name}: ${heard === 'whole' ? 'one answer' : heard === 502 ? 'a 502' : 'broken off'}, and the next is the next`,
    async (t) => {
      upstream.plan(async (connection) => {
        await connection.request();
        for (const piece of [bytes].flat()) await connection.write(piece);
        // Where the gate keeps the connection, the next request comes here.
        for (;;) await connection.write(echoOf(await connection.request()));
      });
      const caller = await openRaw(gate);
      await caller.send(get('/first', auth));
      if (heard === 'broken') {
        const all = (await caller.over).toString('latin1');
        t.match(all, /^(HTTP\/1\.1 200 |$)/);
        t.notMatch(all, /\r\n0\r\n/, 'it has no end');
      } else {
        const [first] = await caller.answers(1);
        if (heard === 502)
          t.match(refusalIn(first ?? NONE), {
            status: 502,
            kind: 'Status',
            code: 502,
            cause: 'UPSTREAM_PROTOCOL',
          });
        else t.match(String(first?.status), /^(200|204|304)$/);
        for (const gone of ['keep-alive', 'upgrade', 'proxy-authenticate'])
          t.notMatch(valuesIn(first?.lines ?? [], gone).join(), /HIDDEN/);
        await caller.send(get('/second', auth));
        const [, second] = await caller.answers(2);
        t.match(second?.body.toString(), /GET \/second HTTP/);
      }
      t.notMatch(caller.heard.toString('latin1'), /HIDDEN/);
      const other = await openRaw(gate);
      await other.send(get('/other', bob));
      const [answer] = await other.answers(1);
      t.match(answer?.body.toString(), /GET \/other HTTP.*bob@example\.com/);
      t.notMatch(other.heard.toString('latin1'), /HIDDEN/);
      caller.reset();
      other.reset();
    },
  );
