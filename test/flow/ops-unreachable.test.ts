import { createServer as createTcpServer, type Socket } from 'node:net';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { ask, askAs, askUpgrade, EXEC, startEcho, upgradeHead } from '../fakes/sessions.ts';
import { startRawUpstream } from '../fakes/upstream.ts';

// What a gate tells its operator when it cannot reach its issuer or its API servers: probes, metrics and log.

const upstream = await startEcho();
t.teardown(() => upstream.close());
const dead = await startEcho();
await dead.close();

t.test(
  'an issuer that was never reached keeps the gate from being ready; one that goes away does not',
  async (t) => {
    const issuer = await startIssuer();
    issuer.setDown(true);
    const lonely = await startTestGate({ upstreams: [{ name: 'prod', upstream }], issuer });
    t.teardown(async () => {
      await lonely.stop();
      await issuer.close();
    });
    await lonely.logged((line) => line['msg'] === 'keys of an issuer could not be fetched');
    const readyz = async (query = '') => {
      const answer = await fetch(`${lonely.gate.opsUrl}/readyz${query}`);
      return { status: answer.status, text: await answer.text() };
    };
    t.same(await readyz(), { status: 503, text: `issuer-keys: no keys yet from ${issuer.url}\n` });
    t.same(await readyz('?verbose'), {
      status: 503,
      text: `[+]started ok\n[+]not-draining ok\n[-]issuer-keys failed: no keys yet from ${issuer.url}\nreadyz check failed\n`,
    });
    t.equal((await fetch(`${lonely.gate.opsUrl}/livez`)).status, 200);
    t.equal((await askAs(lonely, '/version')).status, 503, 'nobody can be judged: 503, not 401');
    t.ok((await lonely.metric(`postern_jwks_refresh_total{issuer="${issuer.url}",outcome="failed"}`)) > 0);
    t.equal(
      await lonely.metric('postern_authentication_total{source="authorization",outcome="unavailable"}'),
      1,
    );
    issuer.setDown(false);
    while ((await readyz()).status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
    issuer.setDown(true);
    t.equal((await readyz()).status, 200, 'its keys are known');
    t.equal((await askAs(lonely, '/version')).status, 200);
  },
);

t.test('why the API server could not be used', async (t) => {
  const trusted = await makeCA('upstream CA');
  const now = Date.now();
  const expired = { notBefore: new Date(now - 7_200_000), notAfter: new Date(now - 3_600_000) };
  const garbage = await startRawUpstream((socket) => {
    socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  }, trusted);
  const resets = await startRawUpstream((socket) => {
    socket.once('data', () => socket.destroy());
  }, trusted);
  const plain = createTcpServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const servers = {
    ca: await startTls(
      await (await makeCA('other CA')).issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] }),
    ),
    name: await startTls(await trusted.issue({ commonName: 'x', dnsNames: ['elsewhere.example'] })),
    expired: await startTls(await trusted.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'], ...expired })),
  };
  // [cluster, port, reason, text]
  const cases: [string, number, string, string][] = [
    ['dead', dead.port, 'unreachable', 'cannot be reached'],
    ['other-ca', servers.ca.port, 'tls', 'could not verify'],
    ['other-name', servers.name.port, 'tls', 'could not verify'],
    ['expired', servers.expired.port, 'tls', 'could not verify'],
    ['no-tls', (plain.address() as { port: number }).port, 'tls', 'could not verify'],
    ['reset', resets.port, 'reset', 'ended the connection'],
    ['garbage', garbage.port, 'protocol', 'not valid HTTP'],
  ];
  const broken = await startTestGate({
    upstreams: cases.map(([name, port]) => ({
      name,
      upstream: { port, ca: trusted },
      match: { pathPrefix: `/${name}` },
    })),
  });
  t.teardown(async () => {
    await broken.stop();
    await Promise.all([garbage.close(), resets.close(), ...Object.values(servers).map((one) => one.close())]);
    plain.close();
  });
  const auth = [`Authorization: Bearer ${await broken.token()}`];
  for (const [name, , reason, text] of cases) {
    const rest = await ask(broken, `/${name}/api/v1/pods`, auth);
    t.equal(rest.status, 502, name);
    t.match(JSON.parse(rest.body), {
      kind: 'Status',
      code: 502,
      details: { causes: [{ reason: `UPSTREAM_${reason.toUpperCase()}` }] },
    });
    t.ok(JSON.parse(rest.body).message.includes(text), name);
    t.notMatch(rest.body, /127\.0\.0\.1|certificate|ECONN/, 'nothing of the inside');
    const upgrade = await askUpgrade(broken, upgradeHead('spdy', `/${name}${EXEC}`, auth));
    t.match(upgrade, /^HTTP\/1.1 502 /, `${name}, upgrade`);
    t.match(upgrade, `UPSTREAM_${reason.toUpperCase()}`);
    t.equal(
      await broken.metric(`postern_upstream_errors_total{cluster="${name}",reason="${reason}"}`),
      2,
      name,
    );
    const line = await broken.logged((one) => one['cluster'] === name);
    t.match(line, { level: 'warn', error: `UPSTREAM_${reason.toUpperCase()}`, cause: { name: /Error/ } });
  }
  for (const server of Object.values(servers))
    t.equal(server.heard(), 0, 'an unverified server was told nothing');
});

/** A TLS server that counts the requests it hears. */
async function startTls(pair: { certPem: string; keyPem: string }) {
  const { createServer } = await import('node:https');
  const { once } = await import('node:events');
  let heard = 0;
  const server = createServer({ cert: pair.certPem, key: pair.keyPem }, (_request, response) => {
    heard++;
    response.end();
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    heard: () => heard,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
