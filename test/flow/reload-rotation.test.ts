import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { startTestGate, type TestGate, type TestGateOptions } from '../fakes/gate.ts';
import { ask, askAs, eventually, openSession, openWatch, startEcho } from '../fakes/sessions.ts';

// Issue 3 section 7: serving certificate, CA, kubeconfig, service account token and JWKS are taken up without dropping a connection.

async function setUp(
  t: Pick<typeof import('tap').t, 'teardown'>,
  options: Partial<TestGateOptions> = {},
  user?: object,
) {
  const upstream = await startEcho();
  const gate = await startTestGate({
    upstreams: [{ name: 'prod', upstream, ...(user === undefined ? {} : { user }) }],
    ...options,
  });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  return { gate, upstream };
}

/** The gate's own credential, as the API server got it. */
async function ownCredential(gate: TestGate): Promise<string | undefined> {
  const { rawHeaders } = JSON.parse((await askAs(gate, '/version')).body) as { rawHeaders: string[] };
  return rawHeaders[rawHeaders.indexOf('Authorization') + 1];
}

function fingerprint(
  port: number,
  ca: string,
  ALPNProtocols: string[] = [],
): Promise<{ print: string; alpn: unknown }> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols }, () => {
      resolve({ print: socket.getPeerCertificate().fingerprint256, alpn: socket.alpnProtocol });
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

t.test('serving certificate: new connections see the new one, old ones go on', async (t) => {
  const { gate } = await setUp(t);
  const session = await openSession(gate);
  const watch = await openWatch(gate);
  const before = await fingerprint(gate.port, gate.ca.certPem);
  const ca = await makeCA('new gate CA');
  const next = await ca.issue({ commonName: 'postern', ipAddresses: ['127.0.0.1'] });

  // A pair is two files: the moment between them is refused and does no harm.
  writeFileSync(`${gate.dir}/tls.crt`, next.certPem);
  t.equal(gate.gate.reload(), false);
  t.same(await fingerprint(gate.port, gate.ca.certPem), before, 'the old pair serves');
  writeFileSync(`${gate.dir}/tls.key`, next.keyPem);
  t.equal(gate.gate.reload(), true);

  const after = await fingerprint(gate.port, ca.certPem, ['h2', 'http/1.1']);
  t.not(after.print, before.print);
  t.equal(after.alpn, 'h2', 'ALPN as before');
  await t.rejects(fingerprint(gate.port, gate.ca.certPem), 'the old CA vouches for it no more');
  const http2 = connectHttp2(`https://127.0.0.1:${gate.port}`, { ca: ca.certPem });
  const stream = http2.request({ ':path': '/version', authorization: `Bearer ${await gate.token()}` });
  t.equal((await once(stream, 'response'))[0][':status'], 200);
  http2.destroy();
  await session.say('old connection, old certificate');
  session.socket.end();
  watch.close();
});

t.test('swapped symlinks, as Kubernetes mounts secrets, are noticed', async (t) => {
  const { gate } = await setUp(t);
  const put = (version: string, pair: { certPem: string; keyPem: string }) => {
    mkdirSync(`${gate.dir}/mount/..${version}`, { recursive: true });
    writeFileSync(`${gate.dir}/mount/..${version}/tls.crt`, pair.certPem);
    writeFileSync(`${gate.dir}/mount/..${version}/tls.key`, pair.keyPem);
    symlinkSync(`..${version}`, `${gate.dir}/mount/..data_tmp`);
    renameSync(`${gate.dir}/mount/..data_tmp`, `${gate.dir}/mount/..data`);
  };
  put('one', await gate.ca.issue({ commonName: 'one', ipAddresses: ['127.0.0.1'] }));
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(`..data/${name}`, `${gate.dir}/mount/${name}`);
  gate.writeConfig({
    ...gate.config,
    listen: {
      ...(gate.config['listen'] as object),
      tls: { certFile: 'mount/tls.crt', keyFile: 'mount/tls.key' },
    },
  });
  t.equal(gate.gate.reload(), true);
  const session = await openSession(gate);
  const { print } = await fingerprint(gate.port, gate.ca.certPem);
  put('two', await gate.ca.issue({ commonName: 'two', ipAddresses: ['127.0.0.1'] }));
  await eventually(async () => (await fingerprint(gate.port, gate.ca.certPem)).print !== print);
  await session.say('still there');
  session.socket.end();
});

t.test('token file: the next request carries the new token', async (t) => {
  const file = `/tmp/postern-token-${process.pid}`;
  writeFileSync(file, 'first-token\n');
  const { gate } = await setUp(t, {}, { tokenFile: file });
  t.equal(await ownCredential(gate), 'Bearer first-token');
  const session = await openSession(gate);
  writeFileSync(`${file}.next`, 'second-token\n');
  renameSync(`${file}.next`, file);
  await eventually(async () => (await ownCredential(gate)) === 'Bearer second-token');
  await session.say('opened with the first');
  session.socket.end();
  const { rmSync } = await import('node:fs');
  rmSync(file);
});

/** An API server that asks for client certificates and whose own can be changed while it runs. */
async function startRotating(t: Pick<typeof import('tap').t, 'teardown'>) {
  const ca = await makeCA('first upstream CA');
  const issue = (from: typeof ca) => from.issue({ commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'] });
  const pair = await issue(ca);
  const clients = await makeCA('client CA');
  const server = createHttpsServer(
    {
      cert: pair.certPem,
      key: pair.keyPem,
      requestCert: true,
      ca: clients.certPem,
      rejectUnauthorized: false,
    },
    (request, response) =>
      response.end((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'no certificate'),
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  server.on('upgrade', (_request, socket: Socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return {
    ca,
    clients,
    port: (server.address() as AddressInfo).port,
    async rotate(to: typeof ca) {
      const next = await issue(to);
      server.setSecureContext({ cert: next.certPem, key: next.keyPem, ca: clients.certPem });
      // As a restart would: connections that are idle end, sessions are kept by this test.
      server.closeIdleConnections();
    },
  };
}

t.test("the API server's CA and certificate, and the gate's own client certificate", async (t) => {
  const upstream = await startRotating(t);
  const one = await upstream.clients.issue({ commonName: 'gate-one', client: true });
  const gate = await startTestGate({
    upstreams: [
      {
        name: 'prod',
        upstream,
        user: {
          'client-certificate-data': Buffer.from(one.certPem).toString('base64'),
          'client-key-data': Buffer.from(one.keyPem).toString('base64'),
        },
      },
    ],
  });
  t.teardown(() => gate.stop());
  const kubeconfig = `${gate.dir}/prod.kubeconfig`;
  const edit = (change: (parsed: { clusters: { cluster: object }[]; users: { user: object }[] }) => void) => {
    const parsed = JSON.parse(readFileSync(kubeconfig, 'utf8'));
    change(parsed);
    writeFileSync(kubeconfig, JSON.stringify(parsed));
  };
  t.equal((await askAs(gate, '/version')).body, 'gate-one');
  const session = await openSession(gate);

  await t.test('client certificate', async (t) => {
    const two = await upstream.clients.issue({ commonName: 'gate-two', client: true });
    edit(({ users }) => {
      writeFileSync(`${gate.dir}/client.crt`, two.certPem);
      writeFileSync(`${gate.dir}/client.key`, two.keyPem);
      for (const entry of users)
        entry.user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    });
    t.equal(gate.gate.reload(), true);
    t.equal((await askAs(gate, '/version')).body, 'gate-two', 'no pooled connection of the old one is used');
    const three = await upstream.clients.issue({ commonName: 'gate-three', client: true });
    writeFileSync(`${gate.dir}/client.crt`, three.certPem);
    writeFileSync(`${gate.dir}/client.key`, three.keyPem);
    await eventually(async () => (await askAs(gate, '/version')).body === 'gate-three');
    await session.say('opened as gate-one');
  });

  await t.test('CA and server certificate', async (t) => {
    const next = await makeCA('second upstream CA');
    await upstream.rotate(next);
    await eventually(async () => (await askAs(gate, '/version')).status !== 200);
    const refused = await askAs(gate, '/version');
    t.equal(refused.status, 502, 'an unknown CA is not connected to');
    t.match(refused.body, 'UPSTREAM_TLS');
    const bundle = upstream.ca.certPem + next.certPem;
    edit(({ clusters }) => {
      for (const { cluster } of clusters)
        Object.assign(cluster, { 'certificate-authority-data': Buffer.from(bundle).toString('base64') });
    });
    t.equal(gate.gate.reload(), true);
    t.equal((await askAs(gate, '/version')).body, 'gate-three');
    await session.say('opened under the first CA');
  });
  session.socket.end();
});

t.test('JWKS: a token of a new key is good at once, sessions of the old key go on', async (t) => {
  const { gate } = await setUp(t);
  const old = await gate.token();
  const session = await openSession(gate, { token: old });
  await gate.issuer.rotate();
  const token = await gate.token();
  t.equal((await ask(gate, '/version', [`Authorization: Bearer ${token}`])).status, 200);
  const fresh = await openSession(gate, { token });
  await fresh.say('new key');
  await session.say('old key');
  t.equal((await ask(gate, '/version', [`Authorization: Bearer ${old}`])).status, 401, 'the old key is gone');
  session.socket.end();
  fresh.socket.end();
});
