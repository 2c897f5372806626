import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { readAll, requestUpgrade, upgradeRequest } from '../fakes/peers.ts';
import { startRawUpstream, startUpstream } from '../fakes/upstream.ts';
import { EXEC, setUp, WEBSOCKET_101 } from './upgrading.ts';

// What of an upgrade request reaches the API server, and when. Sources: apimachinery pkg/util/proxy/upgradeaware_test.go rows 13 to 18
// (ProxyUpgrade), client-go’s observed requests.

const issuer = await startIssuer();
t.teardown(() => issuer.close());

t.test(
  'the request goes on with its path, query and protocol lines as they came, our identity and one Connection line',
  async (t) => {
    const { gate, next, stop } = await setUp(issuer);
    const client = await gate.connect();
    await requestUpgrade(
      client,
      upgradeRequest(await gate.token(), {
        path: EXEC,
        more: 'Kubectl-Session: abc\r\nUser-Agent: kubectl/v1\r\nAudit-ID: mine\r\nX-Forwarded-For: 9.9.9.9\r\nCookie: a=b\r\n',
      }),
    );
    const { head } = await next();
    const lines = head.trimEnd().split('\r\n');
    t.equal(lines[0], `POST ${EXEC} HTTP/1.1`);
    const has = (line: string, times = 1) =>
      t.equal(lines.filter((one) => one.toLowerCase() === line.toLowerCase()).length, times, line);
    has('Connection: Upgrade');
    has('Upgrade: SPDY/3.1');
    has('X-Stream-Protocol-Version: v4.channel.k8s.io');
    has('X-Stream-Protocol-Version: v3.channel.k8s.io');
    has('Impersonate-User: alice@example.com');
    has('Impersonate-Group: engineers');
    has('Impersonate-Uid: alice-id');
    has('Authorization: Bearer gate-own-token');
    has('Kubectl-Session: abc');
    has('User-Agent: kubectl/v1');
    has('X-Forwarded-For: 127.0.0.1');
    has('Content-Length: 0');
    t.equal(
      lines.filter((one) => /^(audit-id|authorization|x-forwarded-for|host|connection|upgrade):/i.test(one))
        .length,
      6,
      'each of them once',
    );
    t.notMatch(head, /mine|Cookie|9\.9\.9\.9/);
    client.destroy();
    await stop();
  },
);

t.test('a bearer subprotocol is verified, removed, and nowhere in the log', async (t) => {
  const { gate, next, stop } = await setUp(issuer, WEBSOCKET_101);
  const client = await gate.connect();
  const token = await gate.token();
  const carried = Buffer.from(token).toString('base64url');
  const { status } = await requestUpgrade(
    client,
    `GET ${EXEC} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a\r\n` +
      `Sec-WebSocket-Protocol: v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${carried}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
  );
  const { head } = await next();
  t.equal(status, 101);
  t.match(head, /Sec-WebSocket-Protocol: v5\.channel\.k8s\.io, ?v4\.channel\.k8s\.io\r\n/);
  t.notMatch(head, carried);
  client.destroy();
  await gate.logged((line) => line['msg'] === 'session ended');
  t.notMatch(gate.log.join(''), carried);
  t.notMatch(gate.log.join(''), token);
  await stop();
});

t.test('what the caller sends before the 101 reaches the API server only after it, and first', async (t) => {
  const opened = Promise.withResolvers<TLSSocket>();
  let early = '';
  const upstream = await startRawUpstream((socket) => {
    socket.on('data', (chunk: Buffer) => {
      early += chunk.toString('latin1');
      if (early.endsWith('\r\n\r\n')) opened.resolve(socket);
    });
  });
  const gate = await startTestGate({ issuer, upstreams: [{ name: 'one', upstream }] });
  const client = await gate.connect();
  client.write(`${upgradeRequest(await gate.token())}first `);
  const socket = await opened.promise;
  client.write('second ');
  const answered = new Promise<string>((resolve) =>
    client.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))),
  );
  t.notMatch(early, /first|second/, 'nothing before the 101');
  const before = early.length;
  const arrived = new Promise<void>((resolve) =>
    socket.on('data', () => (early.endsWith('third') ? resolve() : undefined)),
  );
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nserver speaks at once',
  );
  t.match(await answered, /^HTTP\/1\.1 101/);
  client.write('third');
  await arrived;
  t.equal(early.slice(before), 'first second third');
  client.destroy();
  await upstream.close();
  await gate.stop();
});

t.test('bytes that come in one packet with the 101 are kept', async (t) => {
  const { gate, next, stop } = await setUp(
    issuer,
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nhello',
  );
  const client = await gate.connect();
  await requestUpgrade(client, upgradeRequest(await gate.token()));
  const { socket } = await next();
  socket.end(' world');
  t.equal(await readAll(client), 'hello world');
  client.end();
  await stop();
});

t.test('a caller that leaves while the API server is being asked ends the request there', async (t) => {
  const asked = Promise.withResolvers<TLSSocket>();
  const upstream = await startRawUpstream((socket) => socket.once('data', () => asked.resolve(socket)));
  const gate = await startTestGate({ issuer, upstreams: [{ name: 'one', upstream }] });
  const client = await gate.connect();
  client.write(upgradeRequest(await gate.token()));
  const socket = await asked.promise;
  const closed = once(socket, 'close');
  socket.resume();
  socket.on('end', () => socket.end());
  client.destroy();
  await closed;
  t.pass('the connection to the API server ended');
  await upstream.close();
  await gate.stop();
});

// Row 14: callers and API servers that offer h2 get their upgrade on HTTP/1.1.
for (const ALPNProtocols of [undefined, ['http/1.1'], ['h2', 'http/1.1']]) {
  t.test(`an upgrade by a caller with ALPN ${JSON.stringify(ALPNProtocols ?? null)}`, async (t) => {
    const upstream = await startUpstream({
      onUpgrade: (_request, socket) =>
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nok'),
    });
    const gate = await startTestGate({ issuer, upstreams: [{ name: 'one', upstream }] });
    const client = await gate.connect(
      ALPNProtocols === undefined ? {} : { ALPNProtocols: ALPNProtocols.filter((one) => one !== 'h2') },
    );
    t.equal((await requestUpgrade(client, upgradeRequest(await gate.token()))).status, 101);
    t.equal(await readAll(client), 'ok');
    t.equal(upstream.received[0]?.httpVersion, '1.1');
    client.end();
    await upstream.close();
    await gate.stop();
  });
}

t.test('a head of 900 kB and 1,500 arguments pass, one beyond 1 MiB is a 431 Status', async (t) => {
  const { gate, next, stop } = await setUp(issuer);
  const path = `/api/v1/namespaces/default/pods/p/exec?${Array.from({ length: 1500 }, (_, i) => `command=argument-${i}`).join('&')}`;
  const client = await gate.connect();
  t.equal(
    (
      await requestUpgrade(
        client,
        upgradeRequest(await gate.token(), { path, more: `X-Big: ${'b'.repeat(900_000)}\r\n` }),
      )
    ).status,
    101,
  );
  t.match((await next()).head.split('\r\n')[0], `POST ${path} HTTP/1.1`);
  client.destroy();
  const big = await gate.connect();
  const answer = await requestUpgrade(
    big,
    upgradeRequest(await gate.token(), { more: `X-Big: ${'b'.repeat(1_200_000)}\r\n` }),
  );
  t.equal(answer.status, 431);
  t.match(JSON.parse(await readAll(big)), { kind: 'Status', code: 431 });
  await stop();
});
