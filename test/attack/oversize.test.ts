import { once } from 'node:events';
import t, { type Test } from 'tap';
import { caller } from '../fakes/caller.ts';
import { recordFacts } from '../reliability/facts.ts';
import { refusalIn } from './answers.ts';
import { attempt, openRaw, requestText } from './caller.ts';
import { marker, refuses } from './cases.ts';
import { startGround } from './gate.ts';
import type { Script } from './upstream.ts';

// Oversize everything, and S37 in short: what is too large is refused with the status that says so, and what may be large is streamed, byte for byte, in
// memory that does not grow with it. S35: a caller who never reads, and one who sends slowly, cost others nothing.

const facts = recordFacts('attack-oversize');
const ground = await startGround(t);
const { gate, upstream, auth, token, place } = ground;
const MIB = 1024 * 1024;
/** What the gate may hold more, whatever the size of what passes: buffers of both sockets and the slabs. Bytes. */
const GROWTH_BYTES = 48 * MIB;

const get = (target: string, ...lines: readonly string[]) =>
  requestText(`GET ${target} HTTP/1.1`, ['Host: x', 'Connection: close', auth, ...lines]);

await refuses(facts, 'S37', ground, [
  ['a request line of 2 MiB', (h) => get(`/${h}${'x'.repeat(2 * MIB)}`), 431],
  ['a header line of 2 MiB', (h) => get(`/${h}`, `X: ${'y'.repeat(2 * MIB)}`), 431],
  ['a header name of 2 MiB', (h) => get(`/${h}`, `${'X'.repeat(2 * MIB)}: y`), 431],
  ['200,000 header lines', (h) => get(`/${h}`, 'X: y\r\n'.repeat(200_000).trimEnd()), 431],
  [
    'an Authorization line of 2 MiB',
    (h) => requestText(`GET /${h} HTTP/1.1`, ['Host: x', `Authorization: Bearer ${'y'.repeat(2 * MIB)}`]),
    431,
  ],
  ['a method of 1 MiB', (h) => `${'G'.repeat(MIB)} /${h} HTTP/1.1\r\nHost: x\r\n\r\n`],
  [
    'an upgrade with a line of 2 MiB',
    (h) =>
      requestText(`POST /api/v1/namespaces/n/pods/${h}/exec HTTP/1.1`, [
        'Host: x',
        auth,
        'Connection: Upgrade',
        'Upgrade: SPDY/3.1',
        `X: ${'y'.repeat(2 * MIB)}`,
      ]),
    431,
  ],
]);

for (const [what, body] of [
  ['trailers', `5\r\nhello\r\n0\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(4 * 1024)}\r\n`],
  ['a chunk extension', `5;${'a'.repeat(4 * MIB)}\r\nhello\r\n0\r\n\r\n`],
] as const)
  await facts.attack('S37', `${what} of 4 MiB: the connection ends, and no request is whole`, async (t) => {
    const before = upstream.requests().length;
    const got = await attempt(
      gate,
      requestText('POST /first HTTP/1.1', ['Host: x', auth, 'Transfer-Encoding: chunked'], body),
    );
    await ground.settle();
    t.ok(got.answers.every(({ status }) => status >= 400));
    t.equal(upstream.requests().length - before, 1);
  });

await facts.attack(
  'S37',
  '900 KiB of header lines are no more than Go’s servers take, and go on whole',
  async (t) => {
    const before = upstream.requests().length;
    const lines = Array.from({ length: 9000 }, (_, i) => `X-${i}: ${'y'.repeat(85)}`);
    const got = await attempt(gate, get('/large', ...lines));
    t.same(
      got.answers.map(({ status }) => status),
      [200],
    );
    const sent = new Set(upstream.requests()[before]?.rawLines);
    t.equal(lines.filter((line) => sent.has(line)).length, 9000);
  },
);

/** Writes a body in pieces with backpressure, then closes. */
function streaming(head: string, piece: Buffer, pieces: number): Script {
  return async (connection) => {
    await connection.request();
    await connection.write(head);
    for (let i = 0; i < pieces; i++) if (!(await connection.write(piece))) return;
    connection.end();
  };
}

const PIECE = Buffer.alloc(MIB, 'list of pods ');
const framed = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')]);

for (const [speech, mebibytes] of [
  ['h1', 500],
  ['h2', 100],
] as const)
  await facts.attack(
    'S37',
    `a list of ${mebibytes} MiB passes over ${speech} in constant memory`,
    async (t) => {
      const before = await gate.holdings();
      upstream.plan(
        streaming(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${mebibytes * MIB}\r\n\r\n`,
          PIECE,
          mebibytes,
        ),
      );
      const one = caller(place, speech);
      const opened = one.open({
        path: '/api/v1/pods',
        headers: ['authorization', `Bearer ${token}`],
        end: true,
      });
      const { stream } = await opened.head;
      let received = 0;
      let highest = 0;
      let differing = 0;
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.length; ) {
          const from = (received + at) % MIB;
          const size = Math.min(MIB - from, chunk.length - at);
          if (chunk.compare(PIECE, from, from + size, at, at + size) !== 0) differing++;
          at += size;
        }
        const was = received;
        received += chunk.length;
        if (Math.floor(was / (50 * MIB)) !== Math.floor(received / (50 * MIB)))
          highest = Math.max(highest, (await gate.holdings()).rss);
      }
      one.close();
      t.equal(received, mebibytes * MIB);
      t.equal(differing, 0, 'pieces that differ');
      t.ok(
        highest - before.rss < GROWTH_BYTES,
        `${((highest - before.rss) / MIB).toFixed(0)} MiB more at its highest`,
      );
      facts.add('growth', [
        `RSS while a list of ${mebibytes} MiB passes over ${speech}, MiB`,
        Math.round(before.rss / MIB),
        Math.round(highest / MIB),
        `+ ${GROWTH_BYTES / MIB}`,
      ]);
      facts.add('bytes', [`a list over ${speech}`, received, mebibytes * MIB - received]);
    },
  );

await facts.attack(
  'S37',
  'an endless answer in chunks to a caller who does not read is held up, not gathered',
  async (t) => {
    const before = await gate.holdings();
    let written = 0;
    let isFull: (() => void) | undefined;
    const full = new Promise<void>((resolve) => {
      isFull = resolve;
    });
    upstream.plan(async (connection) => {
      await connection.request();
      await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      while (!connection.socket.destroyed) {
        written += MIB;
        // The system takes no more: the gate reads no more.
        if (!connection.socket.write(framed)) {
          isFull?.();
          await Promise.race([once(connection.socket, 'drain'), connection.closed]);
        }
      }
    });
    const silent = await openRaw(gate);
    silent.socket.pause();
    await silent.send(get('/api/v1/pods?watch=true'));
    await full;
    await othersAreAnswered(t);
    const held = await gate.holdings();
    t.ok(written < 64 * MIB, `${written / MIB} MiB were taken`);
    t.ok(held.rss - before.rss < GROWTH_BYTES, `${((held.rss - before.rss) / MIB).toFixed(0)} MiB more`);
    silent.reset();
    await upstream.connections.find(({ bytes }) => bytes.includes('watch=true'))?.closed;
  },
);

await facts.attack('S37', 'a gzip bomb passes as it is: nobody opens it here', async (t) => {
  const { gzipSync } = await import('node:zlib');
  const bomb = gzipSync(Buffer.alloc(256 * MIB));
  const before = await gate.holdings();
  upstream.plan(async (connection) => {
    await connection.request();
    await connection.write(
      `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: ${bomb.length}\r\n\r\n`,
    );
    await connection.write(bomb);
  });
  const got = await attempt(gate, get('/api/v1/pods', 'Accept-Encoding: gzip'));
  t.ok(got.answers[0]?.body.equals(bomb));
  t.ok((await gate.holdings()).rss - before.rss < GROWTH_BYTES);
});

await facts.attack(
  'S35',
  'a body of 200 MiB to an API server that does not read is held up, not gathered',
  async (t) => {
    const before = await gate.holdings();
    const hidden = marker();
    upstream.plan((connection) => void connection.socket.pause());
    const one = await openRaw(gate);
    let sent = 0;
    void one.send(
      requestText(`POST /api/v1/${hidden} HTTP/1.1`, ['Host: x', auth, `Content-Length: ${200 * MIB}`]),
    );
    while (sent < 200 * MIB && one.socket.write(PIECE)) sent += MIB;
    await othersAreAnswered(t);
    const held = await gate.holdings();
    t.ok(held.rss - before.rss < GROWTH_BYTES, `${((held.rss - before.rss) / MIB).toFixed(0)} MiB more`);
    one.reset();
  },
);

for (const [name, bytes] of [
  ['in the request line', 'GET /api'],
  ['in a header line', 'GET /api HTTP/1.1\r\nHost: x\r\nX-A: '],
  [
    'in a chunk size',
    requestText('POST /api HTTP/1.1', ['Host: x', auth, 'Transfer-Encoding: chunked'], '5'),
  ],
  [
    'in a chunk',
    requestText('POST /api HTTP/1.1', ['Host: x', auth, 'Transfer-Encoding: chunked'], '5\r\nhel'),
  ],
  ['in a body', requestText('POST /api HTTP/1.1', ['Host: x', auth, 'Content-Length: 5'], 'hel')],
  [
    'in the trailers',
    requestText('POST /api HTTP/1.1', ['Host: x', auth, 'Transfer-Encoding: chunked'], '0\r\nX'),
  ],
] as const)
  await facts.attack('S35', `fifty callers who stop ${name} stop nobody, and leave nothing`, async (t) => {
    const before = upstream.requests().length;
    const stopped = await Promise.all(Array.from({ length: 50 }, () => openRaw(gate)));
    for (const one of stopped) await one.send(bytes);
    const got = await attempt(gate, get('/version'));
    t.match(got.answers.map(refusalIn), [{ status: 200 }]);
    for (const one of stopped) one.reset();
    await ground.settle();
    t.ok(
      upstream
        .requests()
        .slice(before)
        .every(({ target }) => target === '/version' || target.includes('settling')),
      'none of theirs is whole',
    );
  });

/** Twenty other callers, which also prove that time has passed. */
async function othersAreAnswered(t: Test): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const one = caller(place, 'h1-alpn');
    t.equal(
      (await one.call({ path: `/version?${i}`, headers: ['authorization', `Bearer ${token}`] })).status,
      200,
    );
    one.close();
  }
}
