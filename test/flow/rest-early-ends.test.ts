import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { caller, readAll, refusalOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { reset } from '../fakes/peers.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { MiB, source, startStreaming } from './streaming.ts';

// Answers that end early: those that the API server breaks off are incomplete for the caller, and those that come while the caller still sends
// reach it (protocol.md §8, field-lessons P25).

const ground = await startStreaming();
const { auth, bothWays, gate, upstream } = ground;

// Each is an answer that is cut short: what arrived stays, but nobody may take it for the whole.
const cuts: readonly [name: string, head: string][] = [
  ['with a Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this'],
  ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n'],
  ['in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this'],
];

for (const [name, bytes] of cuts) {
  for (const how of ['FIN', 'RST'] as const) {
    bothWays(
      `an answer ${name} that the API server breaks off by ${how} is incomplete for the caller`,
      async (t, one) => {
        let socket: TLSSocket | undefined;
        ground.onRaw = (accepted) => {
          socket = accepted;
          accepted.once('data', () => accepted.write(bytes));
        };
        const open = one.open({ path: '/raw/x', headers: auth, end: true });
        const { status, stream } = await open.head;
        t.equal(status, 200);
        const [first] = await once(stream, 'data');
        t.equal(String(first), 'only this');
        const rest = readAll(stream);
        if (how === 'FIN') socket?.end();
        else if (socket !== undefined) reset(socket);
        t.equal((await rest).complete, false);
      },
    );
  }
}

bothWays('an answer framed by the end of the connection is whole', async (t, one) => {
  ground.onRaw = (socket) => socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'));
  const reply = await one.call({ path: '/raw/x', headers: auth });
  t.equal(reply.body.toString(), 'all of it');
  t.equal(reply.complete, true);
});

// A server may answer and not want the rest: kube-apiserver's 413 for a body over 3 MiB, and every refusal of the gate's own.
// Go's server answers, sends FIN, and reads on for a moment so that no reset overtakes the answer.
const TOO_LARGE = '{"kind":"Status","code":413}';
const answerEarly = (socket: TLSSocket) => {
  socket.once('data', () => {
    socket.resume();
    socket.end(
      `HTTP/1.1 413 Too Large\r\nContent-Length: ${TOO_LARGE.length}\r\nConnection: close\r\n\r\n${TOO_LARGE}`,
    );
  });
};

for (const framing of [['Content-Length', String(256 * MiB)], []]) {
  bothWays(
    `an early 413 reaches a caller that is still sending, ${framing[0] ?? 'no length'}`,
    async (t, one) => {
      ground.onRaw = answerEarly;
      for (let i = 0; i < 10; i++) {
        const { stream } = source(256 * MiB);
        const reply = await one.call({
          method: 'POST',
          path: '/raw/x',
          headers: [...auth, ...framing],
          body: stream,
        });
        t.equal(reply.status, 413);
        t.equal(reply.body.toString(), TOO_LARGE);
        t.equal(reply.complete, true);
        stream.destroy();
      }
    },
  );
}

bothWays('an early 413 reaches a caller that waits before it goes on', async (t, one) => {
  ground.onRaw = answerEarly;
  const open = one.open({ method: 'POST', path: '/raw/x', headers: [...auth, 'Content-Length', '1000'] });
  open.request.on('error', () => {});
  open.request.write('some');
  const { status, stream } = await open.head;
  t.equal(status, 413);
  t.same(await readAll(stream), { body: Buffer.from(TOO_LARGE), complete: true });
  open.abort();
});

bothWays(
  'a caller that is still sending is told when the API server breaks off before its answer',
  async (t, one) => {
    ground.onRaw = (socket) => socket.once('data', () => socket.destroy());
    const open = one.open({ method: 'POST', path: '/raw/x', headers: [...auth, 'Content-Length', '1000'] });
    open.request.on('error', () => {});
    open.request.write('some');
    const { stream, ...head } = await open.head;
    t.match(refusalOf({ ...head, body: (await readAll(stream)).body }), {
      http: 502,
      cause: 'UPSTREAM_RESET',
    });
    open.abort();
  },
);

bothWays('a caller that is still sending is told that it was refused', async (t, one) => {
  const before = upstream.received.length;
  const open = one.open({ method: 'POST', path: '/x', headers: ['Content-Length', '1000'] });
  open.request.on('error', () => {});
  open.request.write('some');
  const { stream, ...head } = await open.head;
  t.match(refusalOf({ ...head, body: (await readAll(stream)).body }), {
    http: 401,
    cause: 'CREDENTIALS_MISSING',
  });
  t.equal(upstream.received.length, before);
  open.abort();
});

// Closing with unread input would send RST, and a caller that writes first and reads later would never see the answer.
t.test('a caller that has sent all of 8 MiB before it reads finds the refusal', async (t) => {
  for (let i = 0; i < 5; i++) {
    const socket = await gate.connect();
    socket.pause();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(`POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: ${8 * MiB}\r\n\r\n`);
    for (let sent = 0; sent < 8 * MiB && !socket.destroyed; sent += 64 * 1024) {
      const drained = new Promise<void>((resolve) => socket.once('drain', resolve));
      if (!socket.write(Buffer.alloc(64 * 1024))) await Promise.race([drained, closed]);
    }
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end());
    socket.resume();
    await closed;
    t.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 401 .*"CREDENTIALS_MISSING"/s);
  }
});

bothWays('a large upload to an API server that is not there gets its Status', async (t, one) => {
  const gone = await startUpstream();
  await gone.close();
  const other = await startTestGate({ issuer: gate.issuer, upstreams: [{ name: 'gone', upstream: gone }] });
  const two = caller(other, one.speech);
  const { stream } = source(200 * MiB);
  const reply = await two.call({
    method: 'POST',
    path: '/x',
    headers: [...auth, 'Content-Length', String(200 * MiB)],
    body: stream,
  });
  t.match(refusalOf(reply), { http: 502, cause: 'UPSTREAM_UNREACHABLE' });
  stream.destroy();
  two.close();
  await other.stop();
});
