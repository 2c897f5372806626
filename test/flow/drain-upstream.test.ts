// What the gate itself still wants of an API server when it stops: nobody waits for it any more, so it may not hold up the end. The chart leaves
// 15 s between drainTimeout and the kubelet's SIGKILL.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { caller } from '../fakes/caller.ts';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

/** Nobody has anything open. ms */
const SOON_MS = 5_000;

async function stopIn(gate: TestGate): Promise<number> {
  const from = performance.now();
  await gate.stop();
  return performance.now() - from;
}

/** Takes connections and says nothing, not even TLS. */
async function startSilent(t: Test) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { server, port: (server.address() as { port: number }).port };
}

t.test('a connection to an API server that does not come about', async (t) => {
  const { server, port } = await startSilent(t);
  const ca = await makeCA('upstream CA');
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream: { port, ca } }] });
  const one = caller(gate, 'h1');
  const dialled = once(server, 'connection');
  const opened = one.open({
    path: '/api/v1/pods',
    headers: ['Authorization', `Bearer ${await gate.token()}`],
    end: true,
  });
  opened.request.on('error', () => {});
  opened.head.catch(() => {});
  await dialled;
  const ended = gate.logged(({ status }) => status === 499);
  opened.abort();
  await ended;
  one.close();
  const tookMs = await stopIn(gate);
  t.ok(tookMs < SOON_MS, `stopped in ${tookMs} ms`);
});

t.test('a session registry that does not answer', async (t) => {
  const asked = Promise.withResolvers<void>();
  const upstream = await startUpstream({
    handler: (request) => {
      request.resume();
      if (request.method === 'PUT') asked.resolve();
    },
  });
  t.teardown(() => upstream.close());
  const gate = await startTestGate({
    upstreams: [{ name: 'prod', upstream }],
    config: { sessions: { registry: { kubernetes: { namespace: 'postern' } } } },
  });
  await asked.promise;
  const tookMs = await stopIn(gate);
  t.ok(tookMs < SOON_MS, `stopped in ${tookMs} ms`);
});
