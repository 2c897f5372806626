import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { type Caller, caller, readAll, refusalOf, type Speech, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { reset } from '../fakes/peers.ts';
import { type Handler, startRawUpstream, startUpstream } from '../fakes/upstream.ts';

// Streaming: issue 3 §4, field-lessons S37, P9, P10, P25, protocol.md §8 and §10 rows 14 and 29. What is promised is constant memory, bytes at
// once in both directions, and that the end of one side is known to the other at once and for what it is.

let handle: Handler = (_request, response) => void response.end();
let onRaw: (socket: TLSSocket) => void = (socket) => socket.destroy();
const upstream = await startUpstream({
  handler: (request, response) =>
    request.url === '/ping' ? void response.end('pong') : handle(request, response),
});
const raw = await startRawUpstream((socket) => onRaw(socket));
const gate = await startTestGate({
  upstreams: [
    { name: 'main', upstream },
    { name: 'raw', upstream: raw, match: { pathPrefix: '/raw' } },
  ],
});
const auth = ['Authorization', `Bearer ${await gate.token()}`];
const pinger = caller(gate, 'h1');
t.teardown(async () => {
  pinger.close();
  await gate.stop();
  await upstream.close();
  await raw.close();
});

const MiB = 1024 * 1024;
const SPEAKERS: readonly Speech[] = ['h1', 'h2'];

/** Runs a case for HTTP/1.1 and HTTP/2, each with a connection of its own. */
function bothWays(name: string, run: (t: Test, one: Caller) => Promise<void>): void {
  for (const speech of SPEAKERS) {
    t.test(`${name} (${speech})`, async (t) => {
      const one = caller(gate, speech);
      t.teardown(() => one.close());
      await run(t, one);
    });
  }
}

/** Waits until `count` stands still: unchanged over 30 other requests that the same gate answers meanwhile. */
async function settled(count: () => number): Promise<number> {
  for (let still = 0, last = -1; still < 30; ) {
    await pinger.call({ path: '/ping', headers: auth });
    still = count() === last ? still + 1 : 0;
    last = count();
  }
  return count();
}

/** A body of `size` bytes that counts what was taken from it. */
function source(size: number): { stream: Readable; given: () => number } {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let given = 0;
  const stream = new Readable({
    highWaterMark: 64 * 1024,
    read() {
      if (given >= size) return void this.push(null);
      given += chunk.length;
      this.push(chunk);
    },
  });
  return { stream, given: () => given };
}

bothWays('a 64 MiB JSON upload waits for the API server, in constant memory', async (t, one) => {
  let request: IncomingMessage | undefined;
  let response: ServerResponse | undefined;
  const arrived = new Promise<void>((resolve) => {
    handle = (got, answer) => {
      request = got;
      response = answer;
      resolve();
    };
  });
  const { stream, given } = source(64 * MiB);
  const reply = one.call({
    method: 'POST',
    path: '/api/v1/namespaces/n/configmaps',
    headers: [...auth, 'Content-Type', 'application/json', 'Content-Length', String(64 * MiB)],
    body: stream,
  });
  await arrived;
  // Kernel buffers of two loopback connections are what may be on its way; HTTP/2 has windows far below that.
  const taken = await settled(given);
  t.ok(taken < 24 * MiB, `${taken} bytes were taken while the API server read none`);
  let read = 0;
  let peak = 0;
  request?.on('data', (chunk: Buffer) => {
    read += chunk.length;
    peak = Math.max(peak, given() - read);
  });
  request?.on('end', () => response?.end('{}'));
  t.equal((await reply).status, 200);
  t.equal(read, 64 * MiB);
  t.ok(peak < 24 * MiB, `${peak} bytes were on their way at most, kernel buffers included`);
});

bothWays('a 200 MiB answer waits for a slow reader, in constant memory', async (t, one) => {
  const { stream, given } = source(200 * MiB);
  handle = (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    stream.pipe(response);
  };
  const open = one.open({ path: '/api/v1/pods', headers: auth, end: true });
  const head = await open.head;
  head.stream.pause();
  const taken = await settled(given);
  t.ok(taken < 24 * MiB, `${taken} bytes were taken while the caller read none`);
  let read = 0;
  let peak = 0;
  head.stream.on('data', (chunk: Buffer) => {
    read += chunk.length;
    peak = Math.max(peak, given() - read);
  });
  head.stream.resume();
  await once(head.stream, 'end');
  t.equal(read, 200 * MiB);
  t.ok(peak < 24 * MiB, `${peak} bytes were on their way at most, kernel buffers included`);
});

bothWays('every chunk of a watch is seen at once, the headers before the first', async (t, one) => {
  let response: ServerResponse | undefined;
  const begun = new Promise<void>((resolve) => {
    handle = (_request, answer) => {
      response = answer;
      answer.writeHead(200, { 'Content-Type': 'application/json' });
      answer.flushHeaders();
      resolve();
    };
  });
  const open = one.open({ path: '/api/v1/pods?watch=1', headers: auth, end: true });
  await begun;
  const { status, stream } = await open.head;
  t.equal(status, 200);
  for (let i = 0; i < 20; i++) {
    const line = `{"type":"ADDED","object":{"n":${i}}}\n`;
    const seen = once(stream, 'data');
    response?.write(line);
    t.equal(String((await seen)[0]), line);
  }
  response?.end();
  t.equal((await readAll(stream)).complete, true);
});

bothWays(
  'the first bytes of an upload are at the API server while the caller still sends',
  async (t, one) => {
    const first = new Promise<string>((resolve) => {
      handle = (request, response) => {
        request.once('data', (chunk: Buffer) => resolve(chunk.toString()));
        request.on('end', () => response.end('done'));
      };
    });
    const open = one.open({ method: 'POST', path: '/x', headers: auth });
    open.request.write('first');
    t.equal(await first, 'first');
    open.request.end('last');
    const { stream } = await open.head;
    t.equal((await readAll(stream)).body.toString(), 'done');
  },
);

bothWays('bytes go both ways at the same time', async (t, one) => {
  handle = (request, response) => {
    response.writeHead(200);
    response.flushHeaders();
    request.pipe(response);
  };
  const open = one.open({ method: 'POST', path: '/api/v1/namespaces/n/pods/p/proxy/echo', headers: auth });
  open.request.write('one');
  const { stream } = await open.head;
  t.equal(String((await once(stream, 'data'))[0]), 'one');
  open.request.write('two');
  t.equal(String((await once(stream, 'data'))[0]), 'two');
  open.request.end();
  t.equal((await readAll(stream)).complete, true);
});

// protocol.md §8: a killed kubectl must end its watch at the API server at once. [when the caller goes away]
bothWays('a caller that goes away before the answer ends its request at the API server', async (t, one) => {
  const ended = new Promise<void>((resolve) => {
    handle = (request, response) => {
      response.on('close', () => resolve());
      request.resume();
      open.abort();
    };
  });
  const open = one.open({ path: '/api/v1/pods?watch=1', headers: auth, end: true });
  await ended;
  const line = await gate.logged(
    (line) => line['status'] === 499 && line['target'] === '/api/v1/pods?watch=1',
  );
  t.match(line, { msg: 'request', level: 'info' });
});

bothWays('a caller that goes away in mid body ends its request at the API server', async (t, one) => {
  const ended = new Promise<void>((resolve) => {
    handle = (_request, response) => {
      response.on('close', () => resolve());
      response.writeHead(200);
      response.write('first');
    };
  });
  const open = one.open({ path: '/api/v1/namespaces/n/pods/p/log?follow=true', headers: auth, end: true });
  const { stream } = await open.head;
  stream.on('error', () => {});
  await once(stream, 'data');
  open.abort();
  await ended;
  t.pass('the API server saw the end');
});

bothWays('a caller that goes away in mid upload ends its request at the API server', async (t, one) => {
  const ended = new Promise<boolean>((resolve) => {
    handle = (request) => {
      request.on('error', () => {});
      request.on('close', () => resolve(request.complete));
      request.once('data', () => open.abort());
    };
  });
  const open = one.open({ method: 'PUT', path: '/x', headers: auth });
  open.request.on('error', () => {});
  open.request.write('first');
  t.equal(await ended, false, 'an incomplete request, not a short one');
});

bothWays(
  'a caller that goes away while the gate still connects leaves no connection behind',
  async (t, one) => {
    // The raw upstream never finishes its TLS handshake: its TCP sockets are taken, and nothing is read.
    const { createServer } = await import('node:net');
    const sockets: import('node:net').Socket[] = [];
    const silent = createServer((socket) => {
      socket.on('error', () => {});
      sockets.push(socket);
      silent.emit('taken', socket);
    });
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as import('node:net').AddressInfo;
    const other = await startTestGate({
      issuer: gate.issuer,
      upstreams: [{ name: 'silent', upstream: { port, ca: upstream.ca } }],
    });
    const two = caller(other, one.speech);
    const taken = once(silent, 'taken');
    const open = two.open({ path: '/version', headers: auth, end: true });
    await taken;
    open.abort();
    const line = await other.logged((line) => line['msg'] === 'request');
    t.match(line, { status: 499 });
    two.close();
    for (const socket of sockets) socket.destroy();
    await other.stop();
    silent.close();
  },
);

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
        onRaw = (accepted) => {
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
  onRaw = (socket) => socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'));
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
      onRaw = answerEarly;
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
  onRaw = answerEarly;
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
    onRaw = (socket) => socket.once('data', () => socket.destroy());
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
  const { stream } = source(64 * MiB);
  const reply = await two.call({
    method: 'POST',
    path: '/x',
    headers: [...auth, 'Content-Length', String(64 * MiB)],
    body: stream,
  });
  t.match(refusalOf(reply), { http: 502, cause: 'UPSTREAM_UNREACHABLE' });
  stream.destroy();
  two.close();
  await other.stop();
});

bothWays('a caller that goes away is no failure of the API server', async (t, one) => {
  const path = `/aborted-${one.speech}`;
  const reset = 'postern_upstream_errors_total{cluster="main",reason="reset"}';
  const before = await gate.metric(reset);
  handle = (request) => {
    request.on('error', () => {});
    request.once('data', () => open.abort());
  };
  const open = one.open({ method: 'PUT', path, headers: auth });
  open.request.on('error', () => {});
  open.request.write('first');
  const line = await gate.logged((line) => line['target'] === path);
  t.match(line, { status: 499, level: 'info' });
  t.equal(await gate.metric(reset), before);
});

bothWays(
  'a caller that goes away while its token is still being verified is forwarded nowhere',
  async (t, one) => {
    const issuer = await startIssuer();
    const other = await startTestGate({ issuer, upstreams: [{ name: 'main', upstream }] });
    const two = caller(other, one.speech);
    const bearer = async () => ['Authorization', `Bearer ${await issuer.sign()}`];
    t.equal((await two.call({ path: '/ping', headers: await bearer() })).status, 200);
    const before = upstream.received.length;
    // An unknown key makes the gate ask the issuer again, which answers only once the caller has left.
    let answer = () => {};
    const asked = new Promise<void>((resolve) =>
      issuer.setKeys((_request, response) => {
        answer = () => void issuer.publicKeys().then((keys) => response.end(JSON.stringify({ keys })));
        resolve();
      }),
    );
    await issuer.rotate();
    const open = two.open({
      path: '/late',
      headers: await bearer(),
      end: true,
    });
    await asked;
    open.abort();
    await other.logged((line) => line['target'] === '/late' && line['status'] === 499);
    answer();
    issuer.setKeys(undefined);
    t.equal((await two.call({ path: '/ping', headers: await bearer() })).status, 200);
    t.same(
      upstream.received.slice(before).map(({ url }) => url),
      ['/ping'],
    );
    t.equal(await other.metric('postern_requests_in_flight{cluster="main",kind="short"}'), 0);
    two.close();
    await other.stop();
    await issuer.close();
  },
);

// S36, CVE-2023-44487: streams that are opened and reset at once.
t.test('a storm of reset streams leaves nothing open at the API server, and others are served', async (t) => {
  const storm = caller(gate, 'h2');
  const answered = caller(gate, 'h2');
  handle = () => {};
  for (let i = 0; i < 500; i++)
    storm.open({ path: '/api/v1/pods?watch=1', headers: auth, end: true }).abort();
  handle = (_request, response) => void response.end('ok');
  t.equal((await answered.call({ path: '/x', headers: auth })).status, 200);
  storm.close();
  answered.close();
  const count = async () => gate.metric('postern_requests_in_flight{cluster="main",kind="watch"}');
  for (let left = await count(), tries = 0; left > 0 && tries < 200; tries++) left = await count();
  t.equal(await count(), 0);
});

// RFC 9110 §10.1.1; curl sends it with bodies over 1 MiB.
t.test('Expect: 100-continue', async (t) => {
  const expecting = ['Expect', '100-continue', 'Content-Length', '4'];
  t.test('the 100 comes once the gate let the request in, and the line ends here', async (t) => {
    handle = (request, response) => void request.pipe(response);
    for (const speech of SPEAKERS) {
      const one = caller(gate, speech);
      const open = one.open({ method: 'POST', path: '/x', headers: [...auth, ...expecting] });
      await once(open.request, 'continue');
      open.request.end('body');
      const { status, stream } = await open.head;
      t.equal(status, 200, speech);
      t.equal((await readAll(stream)).body.toString(), 'body');
      t.same(valuesOf(upstream.received.at(-1)?.rawHeaders ?? [], 'expect'), []);
      one.close();
    }
  });
  t.test('a refusal comes instead of the 100', async (t) => {
    const before = upstream.received.length;
    for (const speech of SPEAKERS) {
      const one = caller(gate, speech);
      const open = one.open({ method: 'POST', path: '/x', headers: expecting });
      open.request.on('error', () => {});
      open.request.on('continue', () => t.fail('a 100 before the refusal'));
      const { stream, ...head } = await open.head;
      t.match(refusalOf({ ...head, body: (await readAll(stream)).body }), {
        http: 401,
        cause: 'CREDENTIALS_MISSING',
      });
      one.close();
    }
    t.equal(upstream.received.length, before);
  });
});
