// Whom the link to a Redis believes over TLS. What Node's own settings say of verifying must not matter: the password is the next thing that is sent.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import tls, { createServer, type TlsOptions } from 'node:tls';
import t, { type Test } from 'tap';
import { makeCA } from '../../../src/certificates.ts';
import { createRedisLink } from '../../../src/roster/redislink.ts';

const trusted = await makeCA('trusted');
const stranger = await makeCA('stranger');
const here = { commonName: 'redis', dnsNames: [], ipAddresses: ['127.0.0.1'] };
const HOUR_MS = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS);

/** A server that answers nothing and keeps what it hears; `say` is what the link says of it. */
async function meet(t: Test, options: TlsOptions) {
  let heard = '';
  const server = createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      heard += bytes;
      socket.end('-ERR no\r\n');
    });
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const dir = t.testdir({ password: 'opensesame' });
  writeFileSync(join(dir, 'ca.crt'), trusted.certPem);
  const { port } = server.address() as AddressInfo;
  const link = createRedisLink({
    url: `rediss://127.0.0.1:${port}`,
    passwordFile: join(dir, 'password'),
    caFile: join(dir, 'ca.crt'),
  });
  const said = await link
    .use((redis) => redis.del('x'))
    .then(
      () => 'it answered',
      (error: Error) => error.message,
    );
  link.drop();
  return { said, heard };
}

/** Node with all that makes it believe anybody, for as long as the test lasts. */
function weaken(t: Test): void {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' });
  t.teardown(() => {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS });
  });
}

const old: TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
const { certPem: cert, keyPem: key } = await trusted.issue(here);
const impostors: readonly (readonly [name: string, options: TlsOptions, said: RegExp])[] = [
  ['of an authority that is not named', pair(await stranger.issue(here)), /verify|self.signed|issuer/],
  ['of another name', pair(await trusted.issue({ ...here, ipAddresses: ['127.0.0.2'] })), /altnames|IP/],
  [
    'that has expired',
    pair(await trusted.issue({ ...here, notBefore: ago(2), notAfter: ago(1) })),
    /expired/,
  ],
  ['with TLS 1.1 only', { cert, key, ...old }, /protocol|version/],
];

for (const [name, options, said] of impostors)
  t.test(`a Redis with a certificate or protocol ${name} hears no byte`, async (t) => {
    weaken(t);
    const met = await meet(t, options);
    t.match(met.said, said);
    t.equal(met.heard, '');
  });

t.test('one that is verified hears the password', async (t) => {
  t.match((await meet(t, { cert, key })).heard, /opensesame/);
});

function pair({ certPem, keyPem }: { readonly certPem: string; readonly keyPem: string }): TlsOptions {
  return { cert: certPem, key: keyPem };
}
