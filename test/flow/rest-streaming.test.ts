import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import t from 'tap';
import { caller, readAll, refusalOf, valuesOf } from '../fakes/caller.ts';
import { MiB, ON_THE_WAY, SPEAKERS, source, startStreaming } from './streaming.ts';

// Streaming: issue 3 §4, field-lessons S37, P9, P10, P25, protocol.md §8. What is promised is constant memory, and bytes at once in both directions.

const ground = await startStreaming();
const { auth, bothWays, settled, gate, upstream } = ground;

bothWays('a 200 MiB JSON upload waits for the API server, in constant memory', async (t, one) => {
  let request: IncomingMessage | undefined;
  let response: ServerResponse | undefined;
  const arrived = new Promise<void>((resolve) => {
    ground.handle = (got, answer) => {
      request = got;
      response = answer;
      resolve();
    };
  });
  const { stream, given } = source(200 * MiB);
  const reply = one.call({
    method: 'POST',
    path: '/api/v1/namespaces/n/configmaps',
    headers: [...auth, 'Content-Type', 'application/json', 'Content-Length', String(200 * MiB)],
    body: stream,
  });
  await arrived;
  // Kernel buffers of two loopback connections are what may be on its way; HTTP/2 has windows far below that.
  const taken = await settled(given);
  t.ok(taken < ON_THE_WAY, `${taken} bytes were taken while the API server read none`);
  let read = 0;
  let peak = 0;
  request?.on('data', (chunk: Buffer) => {
    read += chunk.length;
    peak = Math.max(peak, given() - read);
  });
  request?.on('end', () => response?.end('{}'));
  t.equal((await reply).status, 200);
  t.equal(read, 200 * MiB);
  t.ok(peak < ON_THE_WAY, `${peak} bytes were on their way at most, kernel buffers included`);
});

bothWays('a 200 MiB answer waits for a slow reader, in constant memory', async (t, one) => {
  const { stream, given } = source(200 * MiB);
  ground.handle = (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    stream.pipe(response);
  };
  const open = one.open({ path: '/api/v1/pods', headers: auth, end: true });
  const head = await open.head;
  head.stream.pause();
  const taken = await settled(given);
  t.ok(taken < ON_THE_WAY, `${taken} bytes were taken while the caller read none`);
  let read = 0;
  let peak = 0;
  head.stream.on('data', (chunk: Buffer) => {
    read += chunk.length;
    peak = Math.max(peak, given() - read);
  });
  head.stream.resume();
  await once(head.stream, 'end');
  t.equal(read, 200 * MiB);
  t.ok(peak < ON_THE_WAY, `${peak} bytes were on their way at most, kernel buffers included`);
});

bothWays('every chunk of a watch is seen at once, the headers before the first', async (t, one) => {
  let response: ServerResponse | undefined;
  const begun = new Promise<void>((resolve) => {
    ground.handle = (_request, answer) => {
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
      ground.handle = (request, response) => {
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
  ground.handle = (request, response) => {
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

// RFC 9110 §10.1.1; curl sends it with bodies over 1 MiB.
t.test('Expect: 100-continue', async (t) => {
  const expecting = ['Expect', '100-continue', 'Content-Length', '4'];
  t.test('the 100 comes once the gate let the request in, and the line ends here', async (t) => {
    ground.handle = (request, response) => void request.pipe(response);
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
