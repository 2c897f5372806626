// A running development identity provider for tests, a browser for its pages that has cookies and no script, and the gate's own judgement of
// the tokens. The browser looks at every page that it is shown: nothing may come from elsewhere, and nothing may run.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Test } from 'tap';
import { Agent, fetch, type RequestInit, type Response } from 'undici';
import { makeCA } from '../../src/certificates.ts';
import {
  type IdentityEvent,
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../../src/idp/provider.ts';
import { jwtEntry, openAuthenticator } from './authn.ts';

export const REDIRECT_URI = 'http://127.0.0.1:4711/callback';

/** A provider, and what it said. */
export interface Identity {
  readonly idp: IdentityProvider;
  readonly caPem: string;
  readonly events: IdentityEvent[];
  /** A request without cookies, as curl would make it; redirects are answers. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A request under another name, which fetch would not send. */
  askAs(host: string, path: string, method: 'GET' | 'POST'): Promise<IncomingMessage>;
  post(
    path: string,
    form?: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
}

/** Starts a provider; it ends with the test. */
export async function startIdentity(
  t: Test,
  options: Partial<IdentityProviderOptions> = {},
): Promise<Identity> {
  const ca = await makeCA('identity ca');
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'] };
  const { certPem, keyPem } = await ca.issue({ commonName: 'idp', ...names });
  const events: IdentityEvent[] = [];
  const onEvent = (event: IdentityEvent) => void events.push(event);
  const idp = await startIdentityProvider({ tls: { cert: certPem, key: keyPem }, onEvent, ...options });
  const dispatcher = new Agent({ connect: { ca: ca.certPem } });
  t.teardown(async () => {
    await idp.stop();
    await dispatcher.close();
  });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, idp.issuer), { dispatcher, redirect: 'manual', ...init });
  return {
    idp,
    caPem: ca.certPem,
    events,
    fetch: ask,
    async askAs(host, path, method) {
      const options = { ca: ca.certPem, servername: 'localhost', agent: false, method, headers: { host } };
      const [answer] = await once(request(new URL(path, idp.issuer), options).end(), 'response');
      return (answer as IncomingMessage).resume();
    },
    post: (path, form = {}, headers = {}) =>
      ask(path, { method: 'POST', body: new URLSearchParams(form), headers }),
  };
}

/** The gate's authenticator for the provider's tokens. */
export function openGate(t: Test, { idp, caPem }: Identity) {
  const issuer = { url: idp.issuer, caPem } as Parameters<typeof jwtEntry>[0];
  return openAuthenticator(t, jwtEntry(issuer));
}

/** Claims of a token, not verified. */
export function claimsIn(token: unknown): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());
}

/** A page, or the address outside of the provider that a browser was sent to. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly title: string;
  readonly body: string;
  /** Parameters of a redirect URI, when the browser was sent back to the client. */
  readonly back: URLSearchParams | undefined;
}

/** A browser with a cookie jar. */
export interface Browser {
  visit(url: string): Promise<Page>;
  /** Sends the page's first form with these fields. */
  submit(page: Page, fields: Readonly<Record<string, string>>): Promise<Page>;
  readonly cookies: Map<string, { readonly path: string; readonly value: string; readonly line: string }>;
}

/** Opens a browser. */
export function openBrowser(t: Test, identity: Identity): Browser {
  const cookies: Browser['cookies'] = new Map();
  const { issuer } = identity.idp;
  const go = async (url: string, init: RequestInit = {}): Promise<Page> => {
    const { pathname } = new URL(url);
    const sent = [...cookies].filter(
      ([, { path }]) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')),
    );
    const cookie = sent.map(([key, { value }]) => `${key.split(' ')[0]}=${value}`).join('; ');
    const headers = {
      accept: 'text/html,*/*;q=0.8',
      cookie,
      ...(init.method === 'POST' ? { origin: issuer } : {}),
    };
    const response = await identity.fetch(url, { ...init, headers });
    for (const line of response.headers.getSetCookie()) keep(cookies, line);
    const location = response.headers.get('location');
    if (location === null) return look(t, url, response);
    t.ok([303, 308].includes(response.status), 'after a redirect the browser asks with GET');
    const target = new URL(location, url);
    await response.body?.cancel();
    if (target.origin === issuer) return go(target.href);
    return {
      url: target.href,
      status: 303,
      title: '',
      body: '',
      back: new URLSearchParams(target.search || target.hash.slice(1)),
    };
  };
  return {
    cookies,
    visit: (url) => go(new URL(url, issuer).href),
    submit(page, fields) {
      const form = /<form method="post"(?: action="([^"]*)")?>(.*?)<\/form>/s.exec(page.body);
      if (form === null) throw new Error(`no form in ${page.title} ${page.body}`);
      const hidden = [...(form[2] ?? '').matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
      const body = new URLSearchParams(hidden.map(([, name = '', value = '']) => [name, value]));
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      return go(new URL(form[1] ?? page.url, page.url).href, { method: 'POST', body });
    },
  };
}

function keep(cookies: Browser['cookies'], line: string): void {
  const [pair = '', ...attributes] = line.split('; ');
  const name = pair.slice(0, pair.indexOf('='));
  const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
  const gone = attributes.some((attribute) => /^expires=Thu, 01 Jan 1970/i.test(attribute));
  if (gone) cookies.delete(`${name} ${path}`);
  else cookies.set(`${name} ${path}`, { path, value: pair.slice(name.length + 1), line });
}

/** What holds for every page. */
async function look(t: Test, url: string, response: Response): Promise<Page> {
  const body = await response.text();
  const title = /<title>([^<]*)<\/title>/.exec(body)?.[1]?.replace(' · Postern demo', '') ?? '';
  const policy = response.headers.get('content-security-policy') ?? '';
  const css = /<style>(.*?)<\/style>/s.exec(body)?.[1] ?? '';
  const digest = createHash('sha256').update(css).digest('base64');
  t.match(policy, /^default-src 'none';script-src;/, `${title}: no script`);
  t.ok(policy.includes(`style-src 'sha256-${digest}'`), `${title}: the style is the one allowed`);
  t.notMatch(body, /<script|\son\w+=|\ssrc=|url\(|@import|style=/i, `${title}: nothing that runs or loads`);
  t.equal(response.headers.get('cache-control'), 'no-store', `${title}: not stored`);
  t.match(body, /<html lang="en">.*<main>.*<h1>/s, `${title}: language and landmarks`);
  for (const [, id] of body.matchAll(/<input (?!type="(?:hidden|radio)")[^>]*?id="([^"]*)"/g))
    t.ok(body.includes(`for="${id}"`), `${title}: ${id} has a label`);
  return { url, status: response.status, title, body, back: undefined };
}

/** What a program needs to sign somebody in with a browser. */
export interface Login {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
}

/** An authorization request of the client postern; undefined leaves a parameter out. */
export function makeLogin(more: Readonly<Record<string, string | undefined>> = {}): Login {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('hex');
  const parameters = {
    client_id: 'postern',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: REDIRECT_URI,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
    nonce: 'nonce-1',
    ...more,
  };
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { url: `/auth?${new URLSearchParams(given)}`, verifier, state };
}

/** Changes a code into tokens. */
export async function redeem(
  identity: Identity,
  login: Login,
  page: Page,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await identity.post('/token', {
    client_id: 'postern',
    grant_type: 'authorization_code',
    code: page.back?.get('code') ?? '',
    redirect_uri: REDIRECT_URI,
    code_verifier: login.verifier,
  });
  return { status: response.status, ...((await response.json()) as object) };
}
