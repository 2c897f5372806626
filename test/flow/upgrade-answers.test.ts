// What happens to an upgrade request by what the API server answers, judged on raw sockets. Sources: apimachinery
// pkg/util/proxy/upgradeaware_test.go (the rows are named), CVE-2018-1002105 and CVE-2020-8559.

import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { readAll, requestUpgrade, startUpgrading, upgradeRequest } from '../fakes/peers.ts';
import { type FakeUpstream, startRawUpstream } from '../fakes/upstream.ts';

const issuer = await startIssuer();
t.teardown(() => issuer.close());

const LATER = 'GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n';
const STATUS =
  '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"no","reason":"Forbidden","code":403}';

/** A raw upstream that answers the first request head with `answer`, keeps its socket open, and keeps what else it is sent. */
async function startAnswering(
  answer: string,
): Promise<FakeUpstream & { readonly heard: () => string; readonly closed: Promise<void> }> {
  let heard = '';
  const closing = Promise.withResolvers<void>();
  const upstream = await startRawUpstream((socket) => {
    let answered = false;
    socket.on('close', () => closing.resolve());
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (answered || !heard.includes('\r\n\r\n')) return;
      answered = true;
      socket.write(answer);
    });
  });
  return { ...upstream, heard: () => heard, closed: closing.promise };
}

async function withGate(upstream: FakeUpstream, act: (gate: TestGate) => Promise<void>): Promise<void> {
  const gate = await startTestGate({ issuer, upstreams: [{ name: 'one', upstream }] });
  try {
    await act(gate);
  } finally {
    await upstream.close();
    await gate.stop();
  }
}

const body = (text: string) =>
  `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

// Row 20 UpgradeErrorResponseTerminates, and S1: the answer is relayed whole, then both connections end; nothing sent later gets through.
const relayed = [
  {
    given: '403 with a Status',
    answer: `HTTP/1.1 403 Forbidden\r\nX-Twice: a\r\nX-Twice: b\r\n${body(STATUS)}`,
    status: 403,
    body: STATUS,
  },
  {
    given: '400 with text',
    answer: `HTTP/1.1 400 Bad Request\r\n${body('nope')}`,
    status: 400,
    body: 'nope',
  },
  { given: '404', answer: `HTTP/1.1 404 Not Found\r\n${body('gone')}`, status: 404, body: 'gone' },
  {
    given: '500',
    answer: `HTTP/1.1 500 Internal Server Error\r\n${body('oops')}`,
    status: 500,
    body: 'oops',
  },
  {
    given: '429 with Retry-After',
    answer: `HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n${body('slow')}`,
    status: 429,
    body: 'slow',
  },
  {
    given: '503 in chunks',
    answer:
      'HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    status: 503,
    body: 'abcde',
  },
  {
    given: '403 of 300 kB',
    answer: `HTTP/1.1 403 Forbidden\r\n${body('x'.repeat(300_000))}`,
    status: 403,
    body: 'x'.repeat(300_000),
  },
  {
    given: '403 after 100 Continue',
    answer: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n${body('no')}`,
    status: 403,
    body: 'no',
  },
];
for (const one of relayed) {
  t.test(`${one.given} is relayed whole and both connections end`, async (t) => {
    const upstream = await startAnswering(one.answer);
    await withGate(upstream, async (gate) => {
      const client = await gate.connect();
      const answer = await requestUpgrade(client, upgradeRequest(await gate.token()) + LATER);
      client.write(LATER);
      const rest = await readAll(client);
      t.equal(answer.status, one.status);
      t.equal(rest, one.body);
      if (one.answer.includes('X-Twice'))
        t.match(answer.head, /X-Twice: a\r\nX-Twice: b\r\n/, 'repeated lines are kept');
      if (one.answer.includes('Retry-After')) t.match(answer.head, /Retry-After: 1\r\n/);
      t.match(answer.head, /Connection: close/i);
      await upstream.closed;
      t.notMatch(upstream.heard(), /secrets/, 'nothing else reached the API server');
      client.end();
      await once(client, 'close');
    });
  });
}

// Rows 9 and 21 UpgradeErrorResponse, S1 (101 with the wrong protocol), S3: nothing of it is forwarded.
const invalid = [
  { given: '200', answer: `HTTP/1.1 200 OK\r\n${body('{}')}` },
  { given: '204', answer: 'HTTP/1.1 204 No Content\r\n\r\n' },
  { given: '300', answer: `HTTP/1.1 300 Multiple Choices\r\n${body('x')}` },
  {
    given: '301 to another host',
    answer: 'HTTP/1.1 301 Moved\r\nLocation: https://169.254.169.254/\r\nContent-Length: 0\r\n\r\n',
  },
  {
    given: '302 to another host',
    answer: 'HTTP/1.1 302 Found\r\nLocation: https://169.254.169.254/\r\nContent-Length: 0\r\n\r\n',
  },
  {
    given: '307 to itself',
    answer: 'HTTP/1.1 307 Temporary Redirect\r\nLocation: /api/v1/secrets\r\nContent-Length: 0\r\n\r\n',
  },
  {
    given: '101 for websocket',
    answer: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  },
  {
    given: '101 for h2c',
    answer: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
  },
];
for (const one of invalid) {
  t.test(`${one.given} in answer to a SPDY upgrade is a 502 of the gate's own`, async (t) => {
    const upstream = await startAnswering(one.answer);
    await withGate(upstream, async (gate) => {
      const client = await gate.connect();
      const answer = await requestUpgrade(client, upgradeRequest(await gate.token()) + LATER);
      const status = JSON.parse(await readAll(client));
      t.equal(answer.status, 502);
      t.notMatch(answer.head, /Location/i);
      t.match(status, {
        kind: 'Status',
        code: 502,
        details: { causes: [{ reason: 'UPGRADE_INVALID_RESPONSE' }] },
      });
      await upstream.closed;
      t.notMatch(upstream.heard(), /secrets/);
      t.equal(upstream.accepted(), 1, 'no second connection');
      // A refused caller may take 10 s to close, for which the gate's stop waits.
      client.end();
      await once(client, 'close');
    });
  });
}

// Row 19 UpgradeConnectionErrorResponse: the API server breaks the exchange before it has answered.
const broken: readonly { given: string; act: (socket: TLSSocket) => void; status: number; reason: string }[] =
  [
    { given: 'closes at once', act: (socket) => socket.end(), status: 502, reason: 'UPSTREAM_RESET' },
    {
      given: 'closes in the middle of its head',
      act: (socket) => socket.end('HTTP/1.1 101 Switching'),
      status: 502,
      reason: 'UPSTREAM',
    },
    {
      given: 'speaks something else',
      act: (socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
      status: 502,
      reason: 'UPSTREAM_PROTOCOL',
    },
    {
      given: 'sends a head of 2 MiB',
      act: (socket) => socket.end(`HTTP/1.1 101 X\r\nA: ${'a'.repeat(2 ** 21)}\r\n\r\n`),
      status: 502,
      reason: 'UPSTREAM_PROTOCOL',
    },
  ];
for (const one of broken) {
  t.test(`an API server that ${one.given} is a ${one.status} Status`, async (t) => {
    const upstream = await startRawUpstream((socket) => socket.once('data', () => one.act(socket)));
    await withGate(upstream, async (gate) => {
      const client = await gate.connect();
      const answer = await requestUpgrade(client, upgradeRequest(await gate.token()));
      const status = JSON.parse(await readAll(client));
      t.equal(answer.status, one.status);
      t.match(status.details.causes[0].reason, new RegExp(one.reason));
      client.end();
      await once(client, 'close');
    });
  });
}

t.test('an API server that nobody can reach is a 502 Status, and the caller sees it whole', async (t) => {
  const upstream = await startRawUpstream(() => {});
  await upstream.close();
  const gate = await startTestGate({ issuer, upstreams: [{ name: 'one', upstream }] });
  const client = await gate.connect();
  const answer = await requestUpgrade(client, upgradeRequest(await gate.token()));
  t.equal(answer.status, 502);
  t.match(JSON.parse(await readAll(client)), {
    kind: 'Status',
    details: { causes: [{ reason: 'UPSTREAM_UNREACHABLE' }] },
  });
  client.end();
  await once(client, 'close');
  await gate.stop();
});

t.test('the 101 is passed line by line as the API server sent it', async (t) => {
  const answer =
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUPGRADE: spdy/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-A: 1\r\nX-A: 2\r\n\r\n';
  const upstream = await startUpgrading(() => {}, answer);
  await withGate(upstream, async (gate) => {
    const client = await gate.connect();
    t.equal((await requestUpgrade(client, upgradeRequest(await gate.token()))).head, answer);
    client.destroy();
  });
});
