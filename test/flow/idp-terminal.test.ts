import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { startIdentityProvider } from '../../src/idp/provider.ts';
import { claimsIn, openGate, startIdentity } from '../fakes/identity.ts';

const PERSON_GRANT = 'urn:postern:demo:person';
const robot = (secret = 'postern-robot-demo') => ({
  authorization: `Basic ${btoa(`postern-robot:${secret}`)}`,
});

/** Request, and what is in the token: groups and lifetime. */
const TOKENS = [
  ['erin', {}, ['engineers'], 600],
  ['otto', {}, ['engineers'], 600],
  ['otto', { second_factor: 'true' }, ['engineers', 'oncall'], 600],
  ['otto', { second_factor: 'false', lifetime: '20' }, ['engineers'], 20],
  ['ada', { lifetime: '5s' }, ['auditors'], 5],
  ['ada', { lifetime: '2m' }, ['auditors'], 120],
  ['ada', { lifetime: '1h' }, ['auditors'], 3600],
] as const;

for (const [person, more, groups, lifetimeS] of TOKENS)
  t.test(`a token at once: ${person} ${JSON.stringify(more)}`, async (t) => {
    const identity = await startIdentity(t);
    const query = new URLSearchParams(more);
    const form = { client_id: 'postern', grant_type: PERSON_GRANT, person, ...more };
    const answer = (await (await identity.post('/token', form)).json()) as Record<string, unknown>;
    t.match(answer, { token_type: 'Bearer', expires_in: lifetimeS, scope: 'openid profile email groups' });
    const options = {
      ...('lifetime' in more ? { lifetimeS } : {}),
      secondFactor: 'second_factor' in more && more.second_factor === 'true',
    };
    const plain = await identity.post(`/terminal/${person}?${query}`);
    t.match(plain.headers.get('content-type'), /^text\/plain/);
    const printed = await plain.text();
    t.match(printed, /^[\w-]+\.[\w-]+\.[\w-]+\n$/, 'a token, a line end, nothing else');
    const gate = openGate(t, identity);
    for (const token of [
      answer['id_token'],
      printed.trim(),
      (await (await identity.post(`/terminal/${person}`, more)).text()).trim(),
      await identity.idp.tokenFor(person, options),
    ]) {
      const claims = claimsIn(token);
      t.equal(Number(claims['exp']) - Number(claims['iat']), lifetimeS);
      const outcome = await gate.bearer(String(token));
      t.equal(outcome.kind, 'user');
      t.same(outcome.kind === 'user' && { ...outcome.user }, {
        username: `${person}@example.com`,
        uid: person,
        groups,
        extra: {},
      });
    }
    const about = await identity.fetch('/me', {
      headers: { authorization: `Bearer ${answer['access_token']}` },
    });
    t.match(await about.json(), { sub: person, email: `${person}@example.com`, groups: [...groups] });
    t.match(identity.events, [
      { kind: 'token', person, grant: PERSON_GRANT },
      { kind: 'token', person, grant: 'terminal' },
    ]);
  });

t.test('the gate sees a short token end', async (t) => {
  const identity = await startIdentity(t);
  const gate = openGate(t, identity);
  const token = await identity.idp.tokenFor('erin', { lifetimeS: 5 });
  t.match(await gate.bearer(token), { kind: 'user', expiresAt: Number(claimsIn(token)['exp']) * 1000 });
  gate.time.advance(60_000);
  t.match(await gate.bearer(token), { kind: 'rejected', code: 'TOKEN_EXPIRED' });
});

t.test('the gate believes only this provider', async (t) => {
  const [identity, other] = [await startIdentity(t), await startIdentity(t)];
  const gate = openGate(t, identity);
  t.match(await gate.bearer(await other.idp.tokenFor('erin')), {
    kind: 'rejected',
    code: 'TOKEN_UNKNOWN_ISSUER',
  });
  const [header, , signature] = (await identity.idp.tokenFor('ada')).split('.');
  const payload = (await identity.idp.tokenFor('erin')).split('.')[1];
  t.match(await gate.bearer(`${header}.${payload}.${signature}`), {
    kind: 'rejected',
    code: 'TOKEN_SIGNATURE',
  });
  await identity.idp.stop();
});

/** Path with query, form, and what the answer says. */
const REFUSED = [
  ['/terminal/bob', {}, "there is no person 'bob', only erin, otto, ada"],
  ['/terminal/', {}, "there is no person '', only erin, otto, ada"],
  ['/terminal/%3Cb%3E%00%22', {}, "there is no person '<b>??', only erin, otto, ada"],
  ['/terminal/erin', { lifetime: '4' }, "lifetime is '4', and has to be 5s to 1h, e.g. 20s, 10m or 1h"],
  ['/terminal/erin?lifetime=61m', {}, "lifetime is '61m', and has to be 5s to 1h"],
  ['/terminal/erin?lifetime=', {}, "lifetime is '', and has"],
  ['/terminal/erin?lifetime=-5', {}, "lifetime is '-5', and has"],
  ['/terminal/erin?lifetime=1e2', {}, "lifetime is '1e2', and has"],
  ['/terminal/erin?lifetime=20%20s', {}, "lifetime is '20 s', and has"],
  ['/terminal/erin', { second_factor: 'true' }, 'erin has no second factor, only otto'],
  ['/terminal/otto', { second_factor: 'yes' }, "second_factor is 'yes', and has to be true or false"],
  ['/terminal/otto', { secondfactor: 'true' }, "there is no parameter 'secondfactor', only person, lifetime"],
  ['/terminal/otto?lifetime=20&lifetime=30', {}, 'a parameter stands there twice'],
  ['/terminal/otto', { person: 'erin' }, 'the person stands in the path'],
] as const;

for (const [path, form, message] of REFUSED)
  t.test(`no token: ${path} ${JSON.stringify(form)}`, async (t) => {
    const identity = await startIdentity(t);
    const response = await identity.post(path, { ...form });
    t.equal(response.status, 400);
    const said = await response.text();
    t.ok(said.startsWith(`invalid_request: ${message}`), said);
    t.match(said, /^[\x20-\x7e]+\n$/, 'one printable line');
  });

/** Form at the token endpoint, and the OAuth error. */
const TOKEN_ERRORS = [
  [{ person: 'bob' }, 'invalid_request', "there is no person 'bob', only erin, otto, ada"],
  [{}, 'invalid_request', "there is no person '', only erin, otto, ada"],
  [
    { person: 'erin', lifetime: '2h' },
    'invalid_request',
    "lifetime is '2h', and has to be 5s to 1h, e.g. 20s, 10m or 1h",
  ],
  [{ person: 'erin', client_id: 'nobody' }, 'invalid_client', 'client authentication failed'],
  [{ person: 'erin', grant_type: 'password' }, 'unsupported_grant_type', 'unsupported grant_type requested'],
] as const;

for (const [form, error, error_description] of TOKEN_ERRORS)
  t.test(`an OAuth error: ${JSON.stringify(form)}`, async (t) => {
    const identity = await startIdentity(t);
    const response = await identity.post('/token', {
      client_id: 'postern',
      grant_type: PERSON_GRANT,
      ...form,
    });
    t.same(await response.json(), { error, error_description });
    t.match(identity.events, [{ kind: 'refused', reason: error_description }]);
  });

t.test('in the process the same is refused in the same words', async (t) => {
  const { idp } = await startIdentity(t);
  await t.rejects(idp.tokenFor('bob'), { message: "there is no person 'bob', only erin, otto, ada" });
  await t.rejects(idp.tokenFor('erin', { lifetimeS: 1 }), { message: /^lifetime is '1'/ });
  await t.rejects(idp.tokenFor('erin', { lifetimeS: 5.5 }), { message: /^lifetime is '5.5'/ });
  await t.rejects(idp.tokenFor('ada', { secondFactor: true }), {
    message: 'ada has no second factor, only otto',
  });
});

t.test('the robot signs in with its secret, and is no person', async (t) => {
  const identity = await startIdentity(t);
  const form = { grant_type: 'client_credentials' };
  const answer = (await (await identity.post('/token', form, robot())).json()) as Record<string, unknown>;
  t.match(await openGate(t, identity).bearer(String(answer['access_token'])), {
    kind: 'user',
    user: { username: 'robot@example.com', uid: 'postern-robot', groups: ['robots'] },
  });
  t.match(identity.events, [{ kind: 'token', person: 'postern-robot', grant: 'client_credentials' }]);
  t.equal((await identity.post('/token', form, robot('wrong'))).status, 401);
  t.equal(
    (await identity.post('/token', { ...form, client_id: 'postern' })).status,
    400,
    'a person is no robot',
  );
  const asPerson = { grant_type: PERSON_GRANT, person: 'erin' };
  t.equal((await identity.post('/token', asPerson, robot())).status, 400, 'and a robot no person');
});

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
