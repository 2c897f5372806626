// Client certificates with `postern serve --workers 2`, as real processes: who comes with one is that person on every worker, and who is on a
// list that changed meanwhile is nobody on every worker.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { type CertificatePair, makeCA } from '../../src/certificates.ts';
import { valuesOf } from '../fakes/caller.ts';
import { makeCRL } from '../fakes/crl.ts';
import { startTestGate } from '../fakes/gate.ts';
import { dialTls, postern, type Run, ready, says } from '../fakes/serve.ts';
import { read } from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';

const WORKERS = 2;
const REQUEST = 'GET /api/v1/pods HTTP/1.1\r\nHost: gate\r\n\r\n';

const clients = await makeCA('clients');
const jane = await clients.issue({ commonName: 'jane', organizations: ['dev'], client: true });
const joe = await clients.issue({ commonName: 'joe', client: true });
const listOf = (...revoked: CertificatePair[]) =>
  makeCRL(clients, {
    revoked: revoked.map(({ certPem }) => certPem),
    nextUpdate: new Date(Date.now() + 3_600_000),
  });

const upstream = await startUpstream({ handler: (_request, response) => response.end('{}') });
const gate = await startTestGate({
  upstreams: [{ name: 'prod', upstream }],
  listen: { clientCAFile: 'clients.crt' },
  before: async (dir) => {
    writeFileSync(join(dir, 'clients.crt'), clients.certPem);
    writeFileSync(join(dir, 'clients.crl'), await listOf());
  },
  authentication: { clientCertificates: { enabled: true, crlFile: 'clients.crl' } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

/** One more request on a connection; what was answered. */
async function ask(socket: TLSSocket): Promise<string> {
  const reader = read(socket);
  socket.write(REQUEST);
  await reader.until('}');
  return reader.text();
}

/** Connections of one person, as many as the workers have two each of. They are taken in turn. */
async function connectAll(port: number, { certPem, keyPem }: CertificatePair): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  for (let i = 0; i < 2 * WORKERS; i++)
    sockets.push(await dialTls(port, gate, { cert: certPem, key: keyPem }));
  return sockets;
}

/** The workers that answered the requests since, with what. */
function answeredBy(run: Run, since: number): string[] {
  return run
    .lines()
    .filter(says('request'))
    .slice(since)
    .map((line) =>
      `${line['worker']}: ${line['user'] || '-'} ${line['status']} ${line['error'] ?? ''}`.trim(),
    )
    .sort();
}

t.test('who has a certificate is somebody on every worker, until it is revoked', async (t) => {
  const run = postern(t, ['serve', '--config', gate.file, '--workers', String(WORKERS)]);
  const serving = await run.logged(says('serving'));
  const port = Number(new URL(String(serving['address'])).port);
  await ready(String(serving['ops']));
  let requests = 0;
  const askAll = async (sockets: readonly TLSSocket[], answer: RegExp) => {
    for (const socket of sockets) t.match(await ask(socket), answer);
    const since = requests;
    requests += sockets.length;
    await run.logged(says('request'), requests);
    return answeredBy(run, since);
  };

  const before = await connectAll(port, jane);
  t.same(await askAll(before, /^HTTP\/1.1 200 /), [
    ...['1: jane 200', '1: jane 200', '2: jane 200', '2: jane 200'],
  ]);
  t.equal(upstream.received.length, 4);
  for (const { rawHeaders } of upstream.received) {
    t.same(valuesOf(rawHeaders, 'impersonate-user'), ['jane']);
    t.same(valuesOf(rawHeaders, 'impersonate-group'), ['dev']);
  }

  // Nothing but the file changes: each worker sees that for itself.
  writeFileSync(join(gate.dir, 'clients.crl'), await listOf(jane));
  await run.logged(says('configuration taken up'), WORKERS);
  const forwarded = upstream.received.length;
  const REVOKED = /^HTTP\/1.1 401 [\s\S]*CERTIFICATE_REVOKED/;
  const refusals = [
    ...['1: - 401 CERTIFICATE_REVOKED', '1: - 401 CERTIFICATE_REVOKED'],
    ...['2: - 401 CERTIFICATE_REVOKED', '2: - 401 CERTIFICATE_REVOKED'],
  ];
  t.same(await askAll(before, REVOKED), refusals, 'on connections that were open');
  const after = await connectAll(port, jane);
  t.same(await askAll(after, REVOKED), refusals, 'and on new ones');
  t.equal(upstream.received.length, forwarded, 'nobody upstream was asked');

  const others = await connectAll(port, joe);
  t.same(await askAll(others, /^HTTP\/1.1 200 /), [
    ...['1: joe 200', '1: joe 200', '2: joe 200', '2: joe 200'],
  ]);
  for (const socket of [...before, ...after, ...others]) socket.destroy();
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 0);
});
