import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

// HTTP/2 frame by frame, where the gate serves the streams itself (src/streams.ts, src/caller.ts): RFC 9113 §8.1, RFC 9110 §6.4.1, §9.3.6, §10.1.1.

let respond: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
  void response.end();
const upstream = await startUpstream({ handler: (request, response) => respond(request, response) });
const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }] });
const authorization = `Bearer ${await gate.token()}`;
const session = connectHttp2(`https://127.0.0.1:${gate.port}`, { ca: gate.ca.certPem });
t.teardown(async () => {
  session.destroy();
  await gate.stop();
  await upstream.close();
});

/** Sends a request and reads its answer to the end; `ended` is whether the head itself was the end. */
async function answerOf(stream: ClientHttp2Stream) {
  stream.on('error', () => {});
  const closed = once(stream, 'close');
  const [headers, flags] = (await once(stream, 'response')) as [IncomingHttpHeaders, number];
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await closed;
  return {
    status: headers[':status'] as unknown as number,
    headers,
    ended: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0,
    body: Buffer.concat(chunks).toString(),
    code: stream.rstCode,
  };
}

// [what, method, status, lines, body, whether its head ends the answer]
const answers: readonly [string, string, number, readonly string[], string, boolean][] = [
  ['Content-Length 0', 'GET', 200, ['Content-Length', '0'], '', true],
  ['204', 'DELETE', 204, [], '', true],
  ['304', 'GET', 304, ['ETag', '"a"'], '', true],
  ['the answer to a HEAD', 'HEAD', 200, ['Content-Length', '5'], '', true],
  ['a body', 'GET', 200, ['Content-Length', '5'], 'hello', false],
  ['a body without a length', 'GET', 200, [], 'hello', false],
];

for (const [what, method, status, lines, body, ends] of answers) {
  t.test(`${what} ${ends ? 'ends with its head' : 'follows its head'}`, async (t) => {
    respond = (_request, response) => {
      response.writeHead(status, lines as string[]);
      response.end(body);
    };
    const answer = await answerOf(session.request({ ':method': method, ':path': '/x', authorization }));
    t.match(answer, { status, body, ended: ends, code: 0 });
    t.type(answer.headers.date, 'string');
  });
}

t.test('the refusal of a HEAD is a head alone', async (t) => {
  const answer = await answerOf(session.request({ ':method': 'HEAD', ':path': '/x' }));
  t.match(answer, { status: 401, body: '', ended: true, code: 0 });
});

// [what, headers, status]
const refused: readonly [string, Record<string, string>, number][] = [
  ['CONNECT', { ':method': 'CONNECT', ':authority': `127.0.0.1:${upstream.port}`, authorization }, 405],
  ['an unknown expectation', { ':path': '/x', expect: 'tea', authorization }, 417],
];

for (const [what, headers, status] of refused) {
  t.test(`${what} is refused with ${status}, reaches nobody, and the connection goes on`, async (t) => {
    const before = upstream.received.length;
    t.match(await answerOf(session.request(headers)), { status, body: '' });
    t.equal(upstream.received.length, before);
    respond = (_request, response) => response.end('next');
    t.match(await answerOf(session.request({ ':path': '/x', authorization })), { status: 200, body: 'next' });
  });
}

t.test('trailers after a body end it, and go no further', async (t) => {
  let trailers: readonly string[] = ['none seen'];
  respond = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      trailers = request.rawTrailers;
      response.end(Buffer.concat(chunks));
    });
  };
  const stream = session.request(
    { ':method': 'POST', ':path': '/x', authorization },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': '1' }));
  stream.end('whole');
  t.match(await answerOf(stream), { status: 200, body: 'whole', code: 0 });
  t.same(trailers, []);
});

t.test('an answer before the end of the body leaves the connection whole', async (t) => {
  respond = (_request, response) => response.end('early');
  const stream = session.request({ ':method': 'POST', ':path': '/x', authorization });
  stream.write('half');
  // The rest comes when the answer has, and is dropped.
  stream.on('end', () => stream.end('whole'));
  t.match(await answerOf(stream), { status: 200, body: 'early' });
  respond = (_request, response) => response.end('next');
  t.match(await answerOf(session.request({ ':path': '/x', authorization })), { status: 200, body: 'next' });
});

for (const phase of ['before the head', 'within the body'] as const) {
  t.test(`a reset ${phase} ends the request at the API server, and no other`, async (t) => {
    let began = () => {};
    const arrived = new Promise<void>((resolve) => {
      began = resolve;
    });
    let ended = () => {};
    const gone = new Promise<void>((resolve) => {
      ended = resolve;
    });
    let release = () => {};
    respond = (request, response) => {
      if (request.url === '/other') {
        release = () => response.end('other');
        return;
      }
      response.on('close', ended);
      if (phase === 'within the body') response.write('some');
      began();
    };
    const other = answerOf(session.request({ ':path': '/other', authorization }));
    const stream = session.request({ ':path': '/one', authorization });
    stream.on('error', () => {});
    await (phase === 'within the body' ? once(stream, 'data') : arrived);
    stream.close(constants.NGHTTP2_CANCEL);
    await gone;
    release();
    t.match(await other, { status: 200, body: 'other', code: 0 });
  });
}
