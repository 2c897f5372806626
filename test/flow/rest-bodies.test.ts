import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startAnswering } from './answering.ts';
import { openSpeeches } from './speeches.ts';

// TestProxyRequestContentLengthAndTransferEncoding of apimachinery pkg/util/proxy/upgradeaware_test.go (protocol.md §3.3, rows 27–30), as
// black-box cases: bodies of requests and of answers arrive byte for byte, with the framing and coding that they were sent with.

const upstream = await startAnswering();
const gate = await startTestGate({
  upstreams: [{ name: 'main', upstream }],
});
const auth = ['Authorization', `Bearer ${await gate.token()}`];
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const { everySpeech } = openSpeeches(gate);

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

// Large and incompressible: undici gives a body that is there as a whole a Content-Length of its own, which is as right.
const payload = randomBytes(512 * 1024);
const framings: readonly [name: string, chunked: boolean, gzip: boolean][] = [
  ['Content-Length', false, false],
  ['Content-Length and gzip', false, true],
  ['chunked', true, false],
  ['chunked and gzip', true, true],
];

for (const [name, chunked, gzip] of framings) {
  const bytes = gzip ? gzipSync(payload) : payload;
  const encoding = gzip ? ['Content-Encoding', 'gzip'] : [];

  everySpeech(`a request body with ${name} arrives byte for byte`, async (t, one) => {
    let got: Buffer = Buffer.alloc(0);
    upstream.respond = (_request, response, body) => {
      got = body;
      response.end();
    };
    // HTTP/2 has no chunks: without a length the body is re-framed for HTTP/1.1.
    const framing = !chunked
      ? ['Content-Length', String(bytes.length)]
      : one.speech === 'h2'
        ? []
        : ['Transfer-Encoding', 'chunked'];
    const reply = await one.call({
      method: 'POST',
      path: '/x',
      headers: [...auth, ...framing, ...encoding],
      body: bytes,
    });
    t.equal(reply.status, 200);
    t.equal(digest(got), digest(bytes));
    const lines = upstream.received.at(-1)?.rawHeaders ?? [];
    t.same(valuesOf(lines, 'content-length'), chunked ? [] : [String(bytes.length)]);
    t.same(valuesOf(lines, 'transfer-encoding'), chunked ? ['chunked'] : []);
    t.same(valuesOf(lines, 'content-encoding'), gzip ? ['gzip'] : []);
  });

  everySpeech(`an answer with ${name} arrives byte for byte`, async (t, one) => {
    upstream.respond = (_request, response) => {
      response.writeHead(200, [...(chunked ? [] : ['Content-Length', String(bytes.length)]), ...encoding]);
      response.write(bytes.subarray(0, 5));
      response.end(bytes.subarray(5));
    };
    const reply = await one.call({ path: '/x', headers: [...auth, 'Accept-Encoding', 'gzip'] });
    t.equal(reply.complete, true);
    t.equal(digest(reply.body), digest(bytes));
    t.same(valuesOf(reply.rawHeaders, 'content-length'), chunked ? [] : [String(bytes.length)]);
    t.same(
      valuesOf(reply.rawHeaders, 'transfer-encoding'),
      chunked && one.speech !== 'h2' ? ['chunked'] : [],
    );
    t.same(valuesOf(reply.rawHeaders, 'content-encoding'), gzip ? ['gzip'] : []);
  });
}
