import t from 'tap';
import { claimsIn, makeLogin, openBrowser, openGate, redeem, startIdentity } from '../fakes/identity.ts';

const PASSWORD_CLASS = 'urn:postern:demo:acr:password';
const SECOND_FACTOR_CLASS = 'urn:postern:demo:acr:second-factor';

const phoneCode = (body: string) => (/<p class="code">([\d ]+)</.exec(body)?.[1] ?? '').replace(' ', '');

/** Person, whether the second factor is used, and whom the gate then sees. */
const LOGINS = [
  ['erin', false, ['engineers'], ['pwd'], PASSWORD_CLASS],
  ['otto', false, ['engineers'], ['pwd'], PASSWORD_CLASS],
  ['otto', true, ['engineers', 'oncall'], ['pwd', 'otp', 'mfa'], SECOND_FACTOR_CLASS],
  ['ada', false, ['auditors'], ['pwd'], PASSWORD_CLASS],
] as const;

for (const [person, secondFactor, groups, amr, acr] of LOGINS) {
  t.test(
    `${person} signs in ${secondFactor ? 'with' : 'without'} a second factor, and the gate knows who it is`,
    async (t) => {
      const identity = await startIdentity(t);
      const browser = openBrowser(t, identity);
      const login = makeLogin();
      let page = await browser.visit(login.url);
      t.equal(page.title, 'Sign in');
      for (const id of ['erin', 'otto', 'ada']) t.match(page.body, new RegExp(`value="${id}" required>`));
      page = await browser.submit(page, { step: 'password', person, password: `${person}-demo` });
      if (person === 'otto') {
        t.equal(page.title, 'Second factor');
        const code = phoneCode((await browser.visit('/phone')).body);
        page = await browser.submit(page, secondFactor ? { step: 'code', code } : { step: 'skip' });
      }
      t.ok(page.url.startsWith('http://127.0.0.1:4711/callback?'), page.url);
      t.equal(page.back?.get('state'), login.state);
      t.equal(page.back?.get('iss'), identity.idp.issuer, 'RFC 9207');
      const tokens = await redeem(identity, login, page);
      t.match(tokens, { status: 200, token_type: 'Bearer' });
      t.notOk('refresh_token' in tokens, 'nobody asked for one');
      const claims = claimsIn(tokens['id_token']);
      t.match(claims, {
        iss: identity.idp.issuer,
        aud: 'postern',
        sub: person,
        nonce: 'nonce-1',
        email: `${person}@example.com`,
        email_verified: true,
        preferred_username: person,
        amr,
        acr,
      });
      t.equal(Number(claims['exp']) - Number(claims['iat']), 600);
      t.ok(Number(claims['auth_time']) <= Number(claims['iat']));
      const outcome = await openGate(t, identity).bearer(String(tokens['id_token']));
      t.match(outcome, { kind: 'user', expiresAt: Number(claims['exp']) * 1000 });
      t.same(outcome.kind === 'user' && { ...outcome.user }, {
        username: `${person}@example.com`,
        uid: person,
        groups,
        extra: {},
      });
      const about = await identity.fetch('/me', {
        headers: { authorization: `Bearer ${tokens['access_token']}` },
      });
      t.match(await about.json(), { sub: person, groups: [...groups] });
      t.match(identity.events[0], { kind: 'signedIn', person, secondFactor });
      t.match(identity.events[1], { kind: 'token', person, grant: 'authorization_code' });
      t.notMatch(JSON.stringify(identity.events), /eyJ/, 'no event holds a token');
    },
  );
}

t.test('cookies are for this host, its programs and encrypted ways only', async (t) => {
  const browser = openBrowser(t, await startIdentity(t));
  await browser.visit(makeLogin().url);
  t.ok(browser.cookies.size >= 4, 'there are some');
  for (const { line } of browser.cookies.values()) {
    t.match(line, /^postern_idp_\w+(\.sig)?=/);
    t.match(line, /; secure/i);
    t.match(line, /; httponly/i);
    t.match(line, /; samesite=lax/i);
  }
});

t.test('three wrong passwords, and the program is told', async (t) => {
  const identity = await startIdentity(t);
  const browser = openBrowser(t, identity);
  let page = await browser.visit(makeLogin().url);
  for (const [fields, text] of [
    [{ person: 'ada', password: 'erin-demo' }, 'The password is wrong.'],
    [{ person: 'bob', password: 'bob-demo' }, 'Choose who you are.'],
  ] as const) {
    page = await browser.submit(page, { step: 'password', ...fields });
    t.equal(page.status, 400);
    t.ok(page.body.includes(`<p class="error" role="alert">${text}</p>`));
  }
  page = await browser.submit(page, { step: 'password', person: 'ada', password: '' });
  t.equal(page.back?.get('error'), 'access_denied');
  t.equal(page.back?.get('error_description'), '3 wrong attempts: start again');
  t.equal(page.back?.get('code'), null);
  t.match(identity.events, [{ kind: 'refused' }, { kind: 'refused' }]);
});

t.test('the person who was tried stays chosen', async (t) => {
  const browser = openBrowser(t, await startIdentity(t));
  const page = await browser.submit(await browser.visit(makeLogin().url), {
    step: 'password',
    person: 'ada',
  });
  t.match(page.body, /value="ada" required checked>/);
  t.notMatch(page.body, /value="erin" required checked/);
});

for (const hint of ['otto', 'otto@example.com'])
  t.test(`a program may hint at ${hint}`, async (t) => {
    const page = await openBrowser(t, await startIdentity(t)).visit(makeLogin({ login_hint: hint }).url);
    t.match(page.body, /value="otto" required checked>/);
  });

t.test('wrong codes let nobody in, and the password does not come first again', async (t) => {
  const now = Date.now();
  const time = { now };
  const identity = await startIdentity(t, { now: () => time.now });
  const browser = openBrowser(t, identity);
  const old = phoneCode((await browser.visit('/phone')).body);
  time.now += 10 * 60_000;
  let page = await browser.visit(makeLogin().url);
  page = await browser.submit(page, { step: 'password', person: 'otto', password: 'otto-demo' });
  for (const code of [old, 'abcdef']) {
    page = await browser.submit(page, { step: 'code', code });
    t.equal(page.title, 'Second factor');
    t.ok(page.body.includes('role="alert">The code is wrong, or no longer good.'));
  }
  page = await browser.submit(page, { step: 'code', code: '' });
  t.equal(page.back?.get('error'), 'access_denied');
});

t.test('a code without a password, or a session without consent, is a page out of date', async (t) => {
  const browser = openBrowser(t, await startIdentity(t));
  const page = await browser.visit(makeLogin().url);
  const code = phoneCode((await browser.visit('/phone')).body);
  for (const fields of [
    { step: 'code', code },
    { step: 'skip' },
    { step: 'continue' },
    { step: 'nonsense' },
    {},
  ]) {
    const next = await browser.submit(page, { ...fields } as Record<string, string>);
    t.equal(next.status, 400, JSON.stringify(fields));
    t.equal(next.title, 'Sign in');
  }
});

t.test('cancelling tells the program', async (t) => {
  const browser = openBrowser(t, await startIdentity(t));
  const page = await browser.submit(await browser.visit(makeLogin().url), { step: 'cancel' });
  t.equal(page.back?.get('error'), 'access_denied');
  t.match(page.back?.get('error_description'), /cancelled/);
});

t.test('who is signed in already is asked whether to go on, or to be somebody else', async (t) => {
  const identity = await startIdentity(t);
  const browser = openBrowser(t, identity);
  const asOtto = { step: 'password', person: 'otto', password: 'otto-demo' };
  const second = await browser.submit(await browser.visit(makeLogin().url), asOtto);
  await browser.submit(second, { step: 'code', code: phoneCode((await browser.visit('/phone')).body) });

  const again = makeLogin();
  const ask = await browser.visit(again.url);
  t.equal(ask.title, 'Go on as Otto?');
  const tokens = await redeem(identity, again, await browser.submit(ask, { step: 'continue' }));
  t.match(
    claimsIn(tokens['id_token']),
    { sub: 'otto', groups: ['engineers', 'oncall'] },
    'his second factor counts on',
  );

  const other = makeLogin();
  const signIn = await browser.submit(await browser.visit(other.url), { step: 'another' });
  t.equal(signIn.title, 'Sign in');
  const asAda = await browser.submit(signIn, { step: 'password', person: 'ada', password: 'ada-demo' });
  t.match(claimsIn((await redeem(identity, other, asAda))['id_token']), { sub: 'ada', groups: ['auditors'] });
  t.equal((await browser.visit(makeLogin().url)).title, 'Go on as Ada?');
  t.equal(
    (await browser.visit(makeLogin({ prompt: 'login' }).url)).title,
    'Sign in',
    'prompt=login asks anew',
  );
  t.equal(
    (await browser.visit(makeLogin({ prompt: 'none' }).url)).back?.get('error'),
    'interaction_required',
  );
});

t.test(
  'refresh tokens: for offline_access with consent, once each, and they know the second factor',
  async (t) => {
    const identity = await startIdentity(t);
    const browser = openBrowser(t, identity);
    const login = makeLogin({ scope: 'openid offline_access', prompt: 'consent' });
    let page = await browser.submit(await browser.visit(login.url), {
      step: 'password',
      person: 'otto',
      password: 'otto-demo',
    });
    page = await browser.submit(page, {
      step: 'code',
      code: phoneCode((await browser.visit('/phone')).body),
    });
    const first = await redeem(identity, login, page);
    const refresh = (token: unknown) =>
      identity.post('/token', {
        client_id: 'postern',
        grant_type: 'refresh_token',
        refresh_token: String(token),
      });
    const answer = (await (await refresh(first['refresh_token'])).json()) as Record<string, unknown>;
    t.match(claimsIn(answer['id_token']), {
      sub: 'otto',
      groups: ['engineers', 'oncall'],
      amr: ['pwd', 'otp', 'mfa'],
    });
    t.match(await openGate(t, identity).bearer(String(answer['id_token'])), { kind: 'user' });
    const about = await identity.fetch('/me', {
      headers: { authorization: `Bearer ${answer['access_token']}` },
    });
    t.match(await about.json(), { groups: ['engineers', 'oncall'] });
    t.equal((await refresh(first['refresh_token'])).status, 400, 'used twice');
    t.equal((await refresh(answer['refresh_token'])).status, 400, 'and so the whole chain has ended');
  },
);

t.test('signing out ends the session', async (t) => {
  const identity = await startIdentity(t);
  const browser = openBrowser(t, identity);
  await browser.submit(await browser.visit(makeLogin().url), {
    step: 'password',
    person: 'erin',
    password: 'erin-demo',
  });
  const ask = await browser.visit('/session/end');
  t.equal(ask.title, 'Sign out?');
  t.equal((await browser.submit(ask, { logout: 'yes' })).title, 'You are signed out');
  t.equal((await browser.visit(makeLogin().url)).title, 'Sign in');
});
