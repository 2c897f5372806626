// Clients of the token webhook that begin and do not go on. When the gate stops they may not hold up the end: at the listener's deadlines Node does
// not look any more once it closes.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

/** Reviews may take 5 s. ms */
const SOON_MS = 9_000;

const ca = await makeCA('webhook CA');
const serving = await ca.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
const client = await ca.issue({ commonName: 'kube-apiserver', client: true });

async function start(t: Test) {
  const upstream = await startUpstream();
  t.teardown(() => upstream.close());
  const dir = t.testdir({});
  const file = (name: string, content: string) => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  const gate = await startTestGate({
    upstreams: [{ name: 'one', upstream }],
    config: {
      tokenWebhook: {
        address: '127.0.0.1:0',
        tls: { certFile: file('webhook.crt', serving.certPem), keyFile: file('webhook.key', serving.keyPem) },
        clientCAFile: file('clients.crt', ca.certPem),
        audiences: ['https://kubernetes.default.svc'],
      },
    },
  });
  return { gate, to: { host: '127.0.0.1', port: Number(new URL(gate.gate.webhookUrl).port) } };
}

type Address = { readonly host: string; readonly port: number };

async function secured(to: Address) {
  const socket = tlsConnect({ ...to, ca: ca.certPem, cert: client.certPem, key: client.keyPem });
  await once(socket, 'secureConnect');
  return socket;
}

const ways: readonly (readonly [string, (to: Address) => Promise<Socket>])[] = [
  [
    'says nothing, not even TLS',
    async (to) => {
      const socket = connect(to);
      await once(socket, 'connect');
      return socket;
    },
  ],
  ['asks nothing', secured],
  [
    'stalls within the head of a review',
    async (to) => {
      const socket = await secured(to);
      socket.write('POST /apis/authentication.k8s.io/v1/tokenreviews HTTP/1.1\r\n');
      return socket;
    },
  ],
  [
    'stalls within the body of a review',
    async (to) => {
      const socket = await secured(to);
      socket.write(
        'POST /apis/authentication.k8s.io/v1/tokenreviews HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{',
      );
      return socket;
    },
  ],
];
for (const [what, open] of ways)
  t.test(`a client that ${what} does not hold up the end`, { timeout: 20_000 }, async (t) => {
    const { gate, to } = await start(t);
    const socket = await open(to);
    socket.on('error', () => {});
    t.teardown(() => socket.destroy());
    socket.resume();
    // What was written is there before what comes after it on another connection.
    (await secured(to)).end();
    const from = performance.now();
    await gate.stop();
    const tookMs = performance.now() - from;
    t.ok(tookMs < SOON_MS, `stopped in ${tookMs} ms`);
  });

t.test('a client that goes within its review is a line in the log, and nothing else', async (t) => {
  const { gate, to } = await start(t);
  t.teardown(() => gate.stop());
  const socket = await secured(to);
  socket.on('error', () => {});
  socket.write(
    'POST /apis/authentication.k8s.io/v1/tokenreviews HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
  );
  await once(socket, 'data');
  socket.destroy();
  t.match(await gate.logged(({ msg }) => msg === 'token review'), {
    outcome: 'failed',
    client: 'kube-apiserver',
  });
});
