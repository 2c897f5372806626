// Questions of the gate's own: bounded in time and size, over the real pool and TLS.
import t from 'tap';
import { askCluster } from '../../../src/proxy/ask.ts';
import { createUpstream } from '../../../src/proxy/upstream.ts';
import { type Handler, startUpstream } from '../../fakes/upstream.ts';

let handler: Handler = (_request, response) => response.end('{}');
const server = await startUpstream({ handler: (request, response) => handler(request, response) });
const target = {
  ...{ host: '127.0.0.1', port: server.port, basePath: '/base', tlsServerName: '' },
  ...{ caPem: server.ca.certPem, clientCertPem: '', clientKeyPem: '', token: 'own' },
};
const upstream = createUpstream('one', target);
t.teardown(async () => {
  await upstream.close();
  await server.close();
});
const question = { method: 'POST', path: '/apis/x', body: '{"é":1}', timeoutMs: 10_000 };

t.test('it goes as the gate’s own account, and the answer is whole', async (t) => {
  let body = '';
  handler = (request, response) => {
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => response.writeHead(201).end('{"a":1}'));
  };
  const answer = await askCluster(upstream, question);
  t.equal(answer.status, 201);
  t.equal(answer.body.toString(), '{"a":1}');
  t.equal(body, question.body);
  t.match(server.received.at(-1), { method: 'POST', url: '/base/apis/x' });
  t.same(server.received.at(-1)?.rawHeaders, [
    ...['Host', upstream.host, 'Authorization', 'Bearer own', 'Accept', 'application/json'],
    ...['Content-Type', 'application/json', 'Content-Length', '8'],
  ]);
});

t.test('an error status is an answer', async (t) => {
  handler = (_request, response) => response.writeHead(403).end('{}');
  t.match(await askCluster(upstream, { method: 'GET', path: '/x', timeoutMs: 10_000 }), { status: 403 });
});

t.test('no answer in time is none', async (t) => {
  handler = () => {};
  await t.rejects(askCluster(upstream, { ...question, timeoutMs: 20 }), { code: 'ETIMEDOUT' });
});

t.test('nor is one that does not end in time', async (t) => {
  handler = (_request, response) => void response.writeHead(200).write('{');
  await t.rejects(askCluster(upstream, { ...question, timeoutMs: 50 }), { code: 'ETIMEDOUT' });
});

t.test('nor one that is too large', async (t) => {
  handler = (_request, response) => response.end(Buffer.alloc(5 * 1024 * 1024));
  await t.rejects(askCluster(upstream, question), /too large/);
});

/** Ends the connection of the next `count` requests without an answer, and answers those after. */
function closing(count: number): void {
  let left = count;
  handler = (request, response) => {
    request.resume();
    if (left-- > 0) request.socket.destroy();
    else request.on('end', () => response.end('{}'));
  };
}

t.test('what carries nothing out is asked once more when a kept connection was closed', async (t) => {
  for (const one of [
    { ...question, mayRepeat: true },
    { method: 'GET', path: '/x', timeoutMs: 10_000 },
  ]) {
    closing(0);
    await askCluster(upstream, one);
    const [before, accepted] = [server.received.length, server.accepted()];
    closing(1);
    t.match(await askCluster(upstream, one), { status: 200 }, one.method);
    const [first, second, ...more] = server.received.slice(before);
    t.same(second, first, 'the same again');
    t.same(more, []);
    t.equal(server.accepted(), accepted + 1, 'on a connection of its own');
  }
});

t.test('once, and nothing else is', async (t) => {
  for (const [one, times, requests] of [
    [{ ...question, mayRepeat: true }, 2, 2],
    [question, 1, 1],
    [{ ...question, method: 'DELETE' }, 1, 1],
  ] as const) {
    closing(0);
    await askCluster(upstream, question);
    const before = server.received.length;
    closing(times);
    await t.rejects(askCluster(upstream, one), { code: /UPSTREAM_CLOSED|ECONNRESET/ });
    t.equal(server.received.length - before, requests, `${one.method}, closed ${times} times`);
  }
});

t.test('nor one that breaks off', async (t) => {
  handler = (request, response) => {
    response.writeHead(200, { 'Content-Length': 10 }).write('{');
    request.socket.destroy();
  };
  await t.rejects(askCluster(upstream, question));
});

t.test('and nothing is asked of what cannot be reached, or is closed', async (t) => {
  const gone = await startUpstream();
  const elsewhere = createUpstream('gone', { ...target, port: gone.port, caPem: gone.ca.certPem });
  await gone.close();
  await t.rejects(askCluster(elsewhere, question), { code: 'ECONNREFUSED' });
  await elsewhere.close();
  await t.rejects(askCluster(elsewhere, question), /the pool is closed/);
});

t.test('a network that cannot be reached is told from a connection that has fallen silent', async (t) => {
  // Linux says ENETUNREACH to everybody who connects to a broadcast address.
  const nowhere = createUpstream('nowhere', { ...target, host: '255.255.255.255' });
  await t.rejects(askCluster(nowhere, question), { code: 'NEVER_CONNECTED', cause: { code: 'ENETUNREACH' } });
  await nowhere.close();
});
