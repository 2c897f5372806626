import { once } from 'node:events';
import t from 'tap';
import { caller } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { startStreaming } from './streaming.ts';

// Callers that go away, in each phase of a request: field-lessons S36, S37, protocol.md §8 and §10 rows 14 and 29. The API server knows at once,
// nothing is left behind, and it is nobody’s failure.

const ground = await startStreaming();
const { auth, bothWays, gate, upstream } = ground;

// protocol.md §8: a killed kubectl must end its watch at the API server at once. [when the caller goes away]
bothWays('a caller that goes away before the answer ends its request at the API server', async (t, one) => {
  const ended = new Promise<void>((resolve) => {
    ground.handle = (request, response) => {
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
    ground.handle = (_request, response) => {
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
    ground.handle = (request) => {
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

bothWays('a caller that goes away is no failure of the API server', async (t, one) => {
  const path = `/aborted-${one.speech}`;
  const reset = 'postern_upstream_errors_total{cluster="main",reason="reset"}';
  const before = await gate.metric(reset);
  ground.handle = (request) => {
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
  ground.handle = () => {};
  for (let i = 0; i < 500; i++)
    storm.open({ path: '/api/v1/pods?watch=1', headers: auth, end: true }).abort();
  ground.handle = (_request, response) => void response.end('ok');
  t.equal((await answered.call({ path: '/x', headers: auth })).status, 200);
  storm.close();
  answered.close();
  const count = async () => gate.metric('postern_requests_in_flight{cluster="main",kind="watch"}');
  for (let left = await count(), tries = 0; left > 0 && tries < 200; tries++) left = await count();
  t.equal(await count(), 0);
});
