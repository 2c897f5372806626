import t from 'tap';
import { makeLogin, openBrowser, redeem, startIdentity } from '../fakes/identity.ts';

// What a program asks the identity provider for a sign-in with, and the code that it gets for it.

t.test('a code is good once, for its own client, with the right verifier', async (t) => {
  const identity = await startIdentity(t);
  const erin = { step: 'password', person: 'erin', password: 'erin-demo' };
  const obtain = async () => {
    const browser = openBrowser(t, identity);
    const login = makeLogin();
    return { login, page: await browser.submit(await browser.visit(login.url), erin) };
  };
  const { login, page } = await obtain();
  t.match(await redeem(identity, { ...login, verifier: 'x'.repeat(43) }, page), {
    status: 400,
    error: 'invalid_grant',
  });
  const other = await obtain();
  t.match(await redeem(identity, other.login, other.page), { status: 200 });
  t.match(await redeem(identity, other.login, other.page), { status: 400, error: 'invalid_grant' });
});

/** What is refused: a parameter, where that is said, and how. */
const REFUSED = [
  [{ code_challenge: undefined, code_challenge_method: undefined }, 'back', 'invalid_request'],
  [{ code_challenge_method: 'plain' }, 'back', 'invalid_request'],
  [{ response_type: 'id_token' }, 'back', 'unsupported_response_type'],
  [{ resource: 'urn:postern:demo:cluster' }, 'back', 'invalid_target'],
  [{ redirect_uri: 'http://127.0.0.1:4711/elsewhere' }, 'page', 'invalid_redirect_uri'],
  [{ redirect_uri: 'http://attacker.example/callback' }, 'page', 'invalid_redirect_uri'],
  [{ redirect_uri: 'https://127.0.0.1:4711/callback' }, 'page', 'invalid_redirect_uri'],
  [{ client_id: 'nobody' }, 'page', 'invalid_client'],
  [{ client_id: '"><b>' }, 'page', 'invalid_client'],
] as const;

for (const [more, where, error] of REFUSED)
  t.test(`refused: ${JSON.stringify(more)}`, async (t) => {
    const page = await openBrowser(t, await startIdentity(t)).visit(makeLogin(more).url);
    if (where === 'back') return void t.equal(page.back?.get('error'), error);
    t.equal(page.title, 'This does not work');
    t.equal(page.status, 400);
    t.ok(page.body.includes(`(${error})`), page.body);
  });

for (const uri of [
  'http://localhost:8000',
  'http://localhost:18000/',
  'http://127.0.0.1',
  'http://127.0.0.1:1/callback',
])
  t.test(`a native client may be at ${uri}`, async (t) => {
    const page = await openBrowser(t, await startIdentity(t)).visit(makeLogin({ redirect_uri: uri }).url);
    t.equal(page.title, 'Sign in');
  });

t.test('a sign-in belongs to the browser that began it, and forms come from its own page', async (t) => {
  const identity = await startIdentity(t);
  const browser = openBrowser(t, identity);
  const page = await browser.visit(makeLogin().url);
  const erin = { step: 'password', person: 'erin', password: 'erin-demo' };
  const stranger = await openBrowser(t, identity).submit(page, erin);
  t.equal(stranger.title, 'This does not work');
  t.equal(stranger.status, 400);

  const another = await browser.visit(makeLogin().url);
  const [firstCookies] = [...browser.cookies].filter(([, { path }]) => path === new URL(page.url).pathname);
  t.ok(firstCookies, 'each sign-in has a cookie of its own path');
  t.not(another.url, page.url);

  const { pathname } = new URL(another.url);
  const cookie = [...browser.cookies].map(([key, { value }]) => `${key.split(' ')[0]}=${value}`).join('; ');
  for (const headers of [
    { origin: 'https://attacker.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'https://127.0.0.1:1' },
  ] as const)
    t.equal(
      (await identity.post(pathname, erin, { cookie, ...headers })).status,
      403,
      JSON.stringify(headers),
    );
  t.same(identity.events, [], 'nobody is signed in, and no code was given');
});
