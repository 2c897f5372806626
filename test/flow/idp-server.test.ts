import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { startIdentityProvider } from '../../src/idp/provider.ts';
import { claimsIn, startIdentity } from '../fakes/identity.ts';

// The identity provider as a server: what it tells verifiers, whom it refuses, where it listens, and how it stops.

const PERSON_GRANT = 'urn:postern:demo:person';

t.test('discovery and keys are what a verifier needs, and no more', async (t) => {
  const identity = await startIdentity(t, { audience: 'other', tokenLifetimeS: 30 });
  const { issuer } = identity.idp;
  const discovery = (await (await identity.fetch('/.well-known/openid-configuration')).json()) as Record<
    string,
    unknown
  >;
  t.match(discovery, {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device/auth`,
    id_token_signing_alg_values_supported: ['ES256'],
    code_challenge_methods_supported: ['S256'],
  });
  const { keys } = (await (await identity.fetch('/jwks')).json()) as { keys: Record<string, unknown>[] };
  t.equal(keys.length, 1);
  t.same(Object.keys(keys[0] ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'], 'no private part');
  const claims = claimsIn(await identity.idp.tokenFor('erin'));
  t.match(claims, { aud: 'other', iss: issuer });
  t.equal(Number(claims['exp']) - Number(claims['iat']), 30);
});

t.test('other sites get no token: no CORS, no foreign forms, no foreign names', async (t) => {
  const identity = await startIdentity(t);
  const { host, port } = new URL(identity.idp.issuer);
  const form = { client_id: 'postern', grant_type: PERSON_GRANT, person: 'erin' };
  for (const path of ['/terminal/erin', '/token'])
    for (const headers of [
      { origin: 'https://attacker.example' },
      { 'sec-fetch-site': 'cross-site' },
    ] as const)
      t.equal((await identity.post(path, path === '/token' ? form : {}, headers)).status, 403);
  t.equal((await identity.fetch('/terminal/erin')).status, 405);
  t.equal((await identity.fetch('/terminal/erin', { method: 'PUT' })).status, 405);
  for (const name of [`attacker.example:${port}`, '127.0.0.1', `127.0.0.2:${port}`, `localhost:${port}`])
    t.equal((await identity.askAs(name, '/terminal/erin', 'POST')).statusCode, 421, name);
  t.equal((await identity.askAs(`attacker.example:${port}`, '/', 'GET')).statusCode, 421);
  const moved = await identity.askAs(`localhost:${port}`, '/phone?a=b', 'GET');
  t.equal(moved.statusCode, 308);
  t.equal(moved.headers['location'], `https://${host}/phone?a=b`);
  t.same(identity.events, []);
});

t.test('what is not there, too much or no form is said', async (t) => {
  const identity = await startIdentity(t);
  t.equal(await (await identity.fetch('/nothing')).text(), 'there is nothing at /nothing\n');
  const page = await identity.fetch('/nothing<b>', { headers: { accept: 'text/html' } });
  t.equal(page.status, 404);
  t.notMatch(await page.text(), /<b>/);
  const post = (body: string, type: string) =>
    identity.fetch('/terminal/erin', { method: 'POST', body, headers: { 'content-type': type } });
  t.equal((await post('{}', 'application/json')).status, 415);
  t.equal((await post(`a=${'x'.repeat(20_000)}`, 'application/x-www-form-urlencoded')).status, 413);
  t.equal((await identity.fetch('/', { method: 'HEAD' })).status, 200);
});

t.test('stopping cuts every connection, and may be asked for twice', async (t) => {
  const { idp } = await startIdentity(t);
  // Says nothing, not even TLS.
  const socket = connect(Number(new URL(idp.issuer).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await Promise.all([idp.stop(), idp.stop()]);
  await closed;
  const [error] = await once(connect(Number(new URL(idp.issuer).port), '127.0.0.1'), 'error');
  t.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
});

t.test('it listens on loopback only', async (t) => {
  const tls = { cert: '', key: '' };
  for (const host of [
    '0.0.0.0',
    '::',
    '192.0.2.1',
    '::ffff:192.0.2.1',
    'example.com',
    'localhost.example',
    '',
  ])
    await t.rejects(
      startIdentityProvider({ tls, host }),
      { name: 'TypeError', message: /loopback only/ },
      host,
    );
  const { idp } = await startIdentity(t, { host: 'localhost' });
  t.match(idp.issuer, /^https:\/\/localhost:\d+$/);
  t.match(claimsIn(await idp.tokenFor('erin')), { iss: idp.issuer });
});

t.test('a port that is taken is an error, and a bad certificate leaves no port open', async (t) => {
  const { idp } = await startIdentity(t);
  const port = Number(new URL(idp.issuer).port);
  const { certPem: cert, keyPem: key } = await makeCA('x');
  await t.rejects(startIdentityProvider({ tls: { cert, key }, port }), { code: 'EADDRINUSE' });
  await t.rejects(startIdentityProvider({ tls: { cert: 'no', key: 'no' } }));
});

t.test('nothing is printed, and nothing keeps a process alive once it has stopped', async (t) => {
  const { certPem, keyPem } = await (await makeCA('x')).issue({
    commonName: 'x',
    ipAddresses: ['127.0.0.1'],
  });
  const provider = new URL('../../src/idp/provider.ts', import.meta.url).href;
  const program = `
    const { startIdentityProvider } = await import(${JSON.stringify(provider)});
    const idp = await startIdentityProvider({ tls: ${JSON.stringify({ cert: certPem, key: keyPem })} });
    await idp.tokenFor('otto', { secondFactor: true });
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    process.removeAllListeners('warning');
    for (const [path, init] of [
      ['/.well-known/openid-configuration'], ['/'], ['/device'], ['/auth'], ['/session/end'], ['/me'], ['/nothing'],
      ['/terminal/erin', { method: 'POST' }],
      ['/token', { method: 'POST', body: new URLSearchParams({ client_id: 'postern', grant_type: '${PERSON_GRANT}', person: 'erin' }) }],
      ['/device/auth', { method: 'POST', body: new URLSearchParams({ client_id: 'postern', scope: 'openid' }) }],
    ]) await (await fetch(idp.issuer + path, init)).text();
    await idp.stop();
  `;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  t.equal(out, '');
  t.equal(err, '');
  t.equal(code, 0);
});
