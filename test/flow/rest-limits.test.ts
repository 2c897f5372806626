import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import t from 'tap';
import { caller, exchangeRaw, parseAnswers, refusalOf, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { openSpeeches } from './speeches.ts';

// Limits that are raised on purpose (issue 3 §4, protocol.md §8 "header limits", field-lessons P22, P33): what works directly works here, up
// to the API server's own 1 MiB of headers; what is more gets a Status.

const upstream = await startUpstream({
  handler: (request, response) => void request.resume().on('end', () => response.end('ok')),
});
const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }] });
const token = await gate.token();
const auth = ['Authorization', `Bearer ${token}`];
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const { everySpeech } = openSpeeches(gate);

const last = () => upstream.received.at(-1);
const lineOf = (headers: readonly string[]) => {
  let text = '';
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return text;
};

everySpeech('a token of 60 KB passes', async (t, one) => {
  const big = await gate.token({ padding: 'x'.repeat(45_000) });
  t.ok(big.length > 60_000, `${big.length} bytes`);
  t.equal((await one.call({ path: '/x', headers: ['Authorization', `Bearer ${big}`] })).status, 200);
});

everySpeech('2,000 groups arrive as 2,000 lines', async (t, one) => {
  const groups = Array.from({ length: 2000 }, (_, i) => `group-${i}`);
  const big = await gate.token({ groups });
  t.equal((await one.call({ path: '/x', headers: ['Authorization', `Bearer ${big}`] })).status, 200);
  t.same(valuesOf(last()?.rawHeaders ?? [], 'impersonate-group'), groups);
});

everySpeech('a label selector of 40 KB arrives whole', async (t, one) => {
  const path = `/api/v1/pods?labelSelector=app%20in%20(${'a'.repeat(40_000)})`;
  t.equal((await one.call({ path, headers: auth })).status, 200);
  t.equal(last()?.url, path);
});

everySpeech('a query of 1,500 arguments arrives whole', async (t, one) => {
  const query = Array.from({ length: 1500 }, (_, i) => `command=argument-${i}`).join('&');
  const path = `/api/v1/namespaces/n/pods/p/proxy/run?${query}`;
  t.equal((await one.call({ path, headers: auth })).status, 200);
  t.equal(last()?.url, path);
});

// Node keeps 1,023 or 2,000 lines by default and drops the rest without a word.
for (const count of [1023, 1024, 2001, 3000]) {
  everySpeech(`${count} header lines arrive`, async (t, one) => {
    const lines = Array.from({ length: count }, (_, i) => ['X-Line', `${i}`]).flat();
    t.equal((await one.call({ path: '/x', headers: [...lines, ...auth] })).status, 200);
    t.same(
      valuesOf(last()?.rawHeaders ?? [], 'x-line'),
      Array.from({ length: count }, (_, i) => `${i}`),
    );
  });
}

// Node's HTTP/2 client takes 144 KiB of header lines, Go's 10 MiB.
everySpeech('an answer with 3,000 header lines arrives', async (t, one) => {
  const wide = await startUpstream({
    handler: (_request, response) =>
      response
        .writeHead(
          200,
          Array.from({ length: 3000 }, (_, i) => [
            'X-Line',
            `${i} ${'x'.repeat(one.speech === 'h2' ? 20 : 160)}`,
          ]).flat(),
        )
        .end(),
  });
  const other = await startTestGate({ issuer: gate.issuer, upstreams: [{ name: 'wide', upstream: wide }] });
  const two = caller(other, one.speech);
  const reply = await two.call({ path: '/x', headers: auth });
  t.equal(reply.status, 200);
  t.equal(valuesOf(reply.rawHeaders, 'x-line').length, 3000);
  two.close();
  await other.stop();
  await wide.close();
});

t.test('HTTP/1.1: headers of 900 KB pass, beyond 1 MiB they are a 431 Status', async (t) => {
  for (const [size, status] of [
    [900 * 1024, 200],
    [1200 * 1024, 431],
  ] as const) {
    const before = upstream.received.length;
    const socket = await gate.connect();
    const head = `GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lineOf(auth)}X-Big: ${'b'.repeat(size)}\r\n\r\n`;
    const [answer] = parseAnswers(await exchangeRaw(socket, head));
    t.equal(answer?.status, status, `${size} bytes`);
    if (status === 200) continue;
    t.match(refusalOf({ status, body: Buffer.from(answer?.body ?? '') }), {
      kind: 'Status',
      code: 431,
      reason: 'BadRequest',
      cause: 'HEADERS_TOO_LARGE',
    });
    t.match(answer?.head, /^connection: close$/im);
    t.equal(upstream.received.length, before);
  }
});

t.test('HTTP/1.1: a URL beyond the limit is a 431 or 414 Status', async (t) => {
  const before = upstream.received.length;
  const socket = await gate.connect();
  const [answer] = parseAnswers(
    await exchangeRaw(socket, `GET /${'p'.repeat(1200 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`),
  );
  t.ok(answer?.status === 431 || answer?.status === 414, `${answer?.status}`);
  t.match(answer?.body, /"kind":"Status"/);
  t.equal(upstream.received.length, before);
});

// HTTP/2 (nghttp2): a header list over SETTINGS_MAX_HEADER_LIST_SIZE ends its stream, or with it the connection; what matters is that the
// gate lives, that nothing was forwarded, and that callers on other connections don't notice.
t.test('HTTP/2: headers beyond 1 MiB are refused, and nobody else notices', async (t) => {
  const bystander = caller(gate, 'h2');
  const watching = bystander.open({ method: 'POST', path: '/x', headers: auth });
  const session: ClientHttp2Session = connectHttp2(`https://127.0.0.1:${gate.port}`, {
    ca: gate.ca.certPem,
    ...({ maxSendHeaderBlockLength: 16 * 1024 * 1024 } as object),
  });
  session.on('error', () => {});
  const outcome = await new Promise<string>((resolve) => {
    const headers: Record<string, string> = { ':path': '/x', authorization: `Bearer ${token}` };
    for (let i = 0; i < 40; i++) headers[`x-big-${i}`] = 'b'.repeat(40_000);
    const stream = session.request(headers);
    stream.on('response', ({ ':status': status }) => resolve(`answered ${status}`));
    stream.on('error', () => {});
    stream.on('close', () => resolve(`closed, code ${stream.rstCode}`));
    session.on('close', () => resolve('session closed'));
  });
  t.comment(outcome);
  t.not(outcome, 'answered 200');
  const large = upstream.received.filter(({ rawHeaders }) => rawHeaders.includes('x-big-0'));
  t.same(large, [], 'nothing was forwarded');
  session.destroy();
  watching.request.end();
  const { status } = await watching.head;
  t.equal(status, 200, 'the bystander goes on');
  bystander.close();
});
