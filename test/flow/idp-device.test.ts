import t, { type Test } from 'tap';
import { type Browser, claimsIn, openBrowser, openGate, startIdentity } from '../fakes/identity.ts';

// RFC 8628, Device Authorization Grant.
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

async function startDevice(t: Test) {
  const identity = await startIdentity(t);
  const response = await identity.post(
    '/device/auth',
    { client_id: 'postern', scope: 'openid offline_access' },
    { 'user-agent': 'kubectl<b>' },
  );
  const device = (await response.json()) as Record<string, string>;
  const poll = async () => {
    const form = { client_id: 'postern', grant_type: DEVICE_GRANT, device_code: device['device_code'] ?? '' };
    return (await (await identity.post('/token', form)).json()) as Record<string, unknown>;
  };
  const code = device['user_code'] ?? '';
  return { identity, device, code, poll, browser: openBrowser(t, identity) };
}

const signIn = async (browser: Browser, page: Awaited<ReturnType<Browser['visit']>>, person: string) =>
  browser.submit(page, { step: 'password', person, password: `${person}-demo` });

t.test('a terminal gets its token when the person has typed its code elsewhere', async (t) => {
  const { identity, device, code, poll, browser } = await startDevice(t);
  t.match(device, { verification_uri: `${identity.idp.issuer}/device`, expires_in: 600 });
  t.match(code, /^[B-Z]{4}-[B-Z]{4}$/);
  t.match(await poll(), { error: 'authorization_pending' });
  t.same(identity.events, [], 'waiting is no refusal');

  let page = await browser.visit('/device');
  t.equal(page.title, 'Enter the code');
  page = await browser.submit(page, { user_code: code.toLowerCase().replace('-', ' ') });
  t.equal(page.title, 'Is this your code?');
  t.ok(page.body.includes(`<p class="code">${code}</p>`), 'to be compared');
  t.ok(page.body.includes('(kubectl&lt;b&gt;)'), 'and who asked, escaped');
  page = await browser.submit(page, {});
  t.equal(page.title, 'Sign in');
  t.match(await poll(), { error: 'authorization_pending' });
  page = await signIn(browser, page, 'ada');
  t.equal(page.title, 'You are signed in');

  const tokens = await poll();
  t.match(await openGate(t, identity).bearer(String(tokens['id_token'])), {
    kind: 'user',
    user: { username: 'ada@example.com', groups: ['auditors'], uid: 'ada' },
  });
  t.type(tokens['refresh_token'], 'string');
  t.match(await poll(), { error: 'invalid_grant' }, 'once only');
});

t.test('a link with the code in it leads to the form with the code in it, and to nothing more', async (t) => {
  const { device, code, poll, browser } = await startDevice(t);
  t.match(device['verification_uri_complete'], `?user_code=${code}`);
  const page = await browser.visit(device['verification_uri_complete'] ?? '');
  t.equal(page.title, 'Enter the code');
  t.ok(page.body.includes(`name="user_code" value="${code}"`));
  t.match(await poll(), { error: 'authorization_pending' });
  const attack = await browser.visit('/device?user_code=%22%3E%3Cb%3E');
  t.ok(attack.body.includes('value="&quot;&gt;&lt;b&gt;"'));
  t.notOk((await browser.visit('/device?user_code=a&user_code=b')).body.includes('a,b'));
});

t.test('the code of somebody else is refused, and that terminal gets nothing', async (t) => {
  const { code, poll, browser } = await startDevice(t);
  const confirm = await browser.submit(await browser.visit('/device'), { user_code: code });
  const page = await browser.submit(confirm, { abort: 'yes' });
  t.ok(page.body.includes('Refused. The terminal that asked gets nothing.'), page.body);
  t.match(await poll(), { error: 'access_denied' });
});

t.test('cancelling the sign-in, or failing it three times, refuses the terminal, too', async (t) => {
  for (const steps of [['cancel'], ['password', 'password', 'password']]) {
    const { code, poll, browser } = await startDevice(t);
    let page = await browser.submit(await browser.visit('/device'), { user_code: code });
    page = await browser.submit(page, {});
    for (const step of steps) page = await browser.submit(page, { step });
    t.ok(page.body.includes('Refused. The terminal that asked gets nothing.'), page.body);
    t.match(await poll(), { error: 'access_denied' });
  }
});

t.test('a wrong code, none, or a used one: the form again, and why', async (t) => {
  const { code, browser } = await startDevice(t);
  let page = await browser.visit('/device');
  for (const [typed, text] of [
    ['BBBB-BBBB', 'There is no such code.'],
    ['', 'Type a code.'],
  ] as const) {
    page = await browser.submit(page, { user_code: typed });
    t.ok(page.body.includes(`<p class="error" role="alert">${text}`), page.body);
  }
  page = await browser.submit(await browser.submit(page, { user_code: code }), {});
  await signIn(browser, page, 'erin');
  page = await browser.submit(await browser.visit('/device'), { user_code: code });
  t.ok(page.body.includes('This code was used already.'), page.body);
});

t.test('who is signed in already confirms, and otto keeps what his second factor gave him', async (t) => {
  const { identity, code, poll, browser } = await startDevice(t);
  let page = await browser.submit(await browser.visit('/device'), { user_code: code });
  page = await signIn(browser, await browser.submit(page, {}), 'otto');
  const phone = /class="code">([\d ]+)</.exec((await browser.visit('/phone')).body)?.[1] ?? '';
  page = await browser.submit(page, { step: 'code', code: phone });
  t.same(claimsIn((await poll())['id_token'])['groups'], ['engineers', 'oncall']);

  const second = (await (
    await identity.post('/device/auth', { client_id: 'postern', scope: 'openid' })
  ).json()) as Record<string, string>;
  page = await browser.submit(await browser.visit('/device'), { user_code: second['user_code'] ?? '' });
  page = await browser.submit(page, {});
  t.equal(page.title, 'Go on as Otto?');
  t.equal((await browser.submit(page, { step: 'continue' })).title, 'You are signed in');
});

t.test('a form without the secret of its page is refused', async (t) => {
  const { identity, code, browser } = await startDevice(t);
  const page = await browser.visit('/device');
  const bad = { ...page, body: page.body.replace(/name="xsrf" value="[^"]*"/, 'name="xsrf" value="x"') };
  t.ok((await browser.submit(bad, { user_code: code })).body.includes('xsrf token invalid'));
  for (const lost of [
    await identity.post('/device', { user_code: code, confirm: 'yes' }),
    await identity.fetch('/device/unknown'),
  ]) {
    t.equal(lost.status, 303, 'without a session it begins anew');
    t.match(lost.headers.get('location'), /\/device$/);
  }
  t.match(identity.events, [{ kind: 'refused' }]);
});

t.test('the robot has no use for a device', async (t) => {
  const { identity } = await startDevice(t);
  const response = await identity.post(
    '/device/auth',
    { scope: 'openid' },
    { authorization: `Basic ${btoa('postern-robot:postern-robot-demo')}` },
  );
  t.equal(response.status, 400);
});
