import t from 'tap';
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
