// Everything on the provider's port that is not oidc-provider's own: the guards before every request, the start page, the phone, the steps of a
// sign-in, and tokens for the terminal.

import { PERSON_GRANT, ROBOT, SESSION_COOKIE } from './clients.ts';
import { readForm } from './form.ts';
import { CONTENT_SECURITY_POLICY } from './layout.ts';
import type { Context, Provider } from './library.ts';
import { errorPage, startPage } from './pages.ts';
import { hasSecondFactor, PEOPLE } from './people.ts';
import type { Phone } from './phone.ts';
import { phonePage } from './signin.ts';
import type { Steps } from './steps.ts';
import { PersonRefused } from './terminal.ts';

/** What the routes need. */
export interface RoutesDeps {
  readonly provider: Provider;
  readonly audience: string;
  readonly phone: Phone;
  readonly steps: Steps;
  /** Issues a token for `person` and other parameters. @throws PersonRefused. */
  readonly tokenFor: (parameters: Readonly<Record<string, string>>) => Promise<string>;
  /** Told of what nobody expected. */
  readonly onFailure: (error: unknown) => void;
}

type Next = () => Promise<unknown>;
type Handler = (ctx: Context, argument: string) => Promise<void> | void;
type Route = readonly [methods: readonly string[], path: RegExp, handler: Handler];

/** Documents that clients may keep for a while; everything else is for one person or for one moment. */
const CACHEABLE = /^\/(\.well-known\/|jwks$)/;
const READ = ['GET', 'HEAD'];

/** Puts the routes before oidc-provider's own. */
export function addRoutes(deps: RoutesDeps): void {
  const { provider } = deps;
  const { host, port } = new URL(provider.issuer);
  const ownNames = new Set(['localhost', '127.0.0.1', '[::1]'].map((name) => `${name}:${port}`));
  const routes = listRoutes(deps);
  provider.use(async (ctx, next) => {
    protect(ctx);
    try {
      if (refuseStranger(ctx, host, ownNames) || refuseCrossSite(ctx, provider.issuer)) return;
      await dispatch(routes, ctx, next);
    } catch (error) {
      answerError(ctx, error, deps.onFailure);
    }
    if (ctx.status === 404 && ctx.body === undefined) refuse(ctx, 404, `there is nothing at ${ctx.path}`);
  });
}

function listRoutes({ provider, audience, phone, steps, tokenFor }: RoutesDeps): readonly Route[] {
  const owner = PEOPLE.find(hasSecondFactor);
  const facts = { issuer: provider.issuer, clientId: audience, personGrant: PERSON_GRANT };
  const robot = { robotId: ROBOT.id, robotSecret: ROBOT.secret };
  return [
    [READ, /^\/$/, (ctx) => show(ctx, startPage({ ...facts, ...robot }))],
    [READ, /^\/phone$/, (ctx) => owner && show(ctx, phonePage(owner, phone.code(), phone.secondsLeft()))],
    [[...READ, 'POST'], /^\/interaction\/([\w-]+)$/, steps],
    [['POST'], /^\/terminal\/([^/]*)$/, (ctx, person) => answerTerminal(ctx, person, tokenFor)],
  ];
}

async function dispatch(routes: readonly Route[], ctx: Context, next: Next): Promise<void> {
  for (const [methods, path, handler] of routes) {
    const match = path.exec(ctx.path);
    if (match === null) continue;
    if (methods.includes(ctx.method)) return handler(ctx, match[1] ?? '');
    ctx.set('allow', methods.join(', '));
    return refuse(ctx, 405, `${ctx.method} is not for ${ctx.path}, only ${methods.join(', ')}`);
  }
  keepUserCode(ctx);
  if (isLostDeviceForm(ctx)) {
    ctx.redirect('/device');
    ctx.status = 303;
  } else await next();
}

/** A link that holds a device's code (RFC 8628 §3.3.1) leads to the form with the code in it: without script, and in our style. */
function keepUserCode(ctx: Context): void {
  if (ctx.path !== '/device' || !READ.includes(ctx.method)) return;
  ctx.state['userCode'] = ctx.query['user_code'];
  ctx.query = {};
}

/** A step of a device's page without the session that the page began: oidc-provider would fail (9.13.3), so the person begins anew. */
function isLostDeviceForm(ctx: Context): boolean {
  const isStep = ctx.path === '/device' ? ctx.method === 'POST' : /^\/device\/(?!auth$)/.test(ctx.path);
  return isStep && ctx.cookies.get(SESSION_COOKIE) === undefined;
}

function protect(ctx: Context): void {
  ctx.set('content-security-policy', CONTENT_SECURITY_POLICY);
  ctx.set('x-content-type-options', 'nosniff');
  // Not no-referrer: a browser would then say "Origin: null" with our own forms.
  ctx.set('referrer-policy', 'same-origin');
  ctx.set('cross-origin-resource-policy', 'same-origin');
  if (!CACHEABLE.test(ctx.path)) ctx.set('cache-control', 'no-store');
}

/** Answers under its own name only: a name that was bent to loopback (DNS rebinding) has no business here. */
function refuseStranger(ctx: Context, host: string, ownNames: ReadonlySet<string>): boolean {
  const asked = ctx.host.toLowerCase();
  if (asked === host) return false;
  if (!ownNames.has(asked) || !READ.includes(ctx.method)) {
    refuse(ctx, 421, `this is ${host}, not what was asked for`);
    return true;
  }
  ctx.redirect(`https://${host}${ctx.url}`);
  ctx.status = 308;
  return true;
}

/** Forms of other sites don't count, whatever cookies come with them. Programs other than browsers send neither header. */
function refuseCrossSite(ctx: Context, issuer: string): boolean {
  if (ctx.method !== 'POST') return false;
  const site = ctx.get('sec-fetch-site');
  const origin = ctx.get('origin');
  if ((site === '' || site === 'same-origin') && (origin === '' || origin === issuer)) return false;
  refuse(ctx, 403, 'forms from other sites are not accepted');
  return true;
}

async function answerTerminal(ctx: Context, person: string, tokenFor: RoutesDeps['tokenFor']): Promise<void> {
  const parameters = { ...toRecord(ctx.URL.searchParams), ...toRecord(await readForm(ctx)) };
  if ('person' in parameters) throw new PersonRefused('the person stands in the path');
  ctx.type = 'text/plain';
  ctx.body = `${await tokenFor({ ...parameters, person: decode(person) })}\n`;
}

function toRecord(parameters: URLSearchParams): Readonly<Record<string, string>> {
  const names = [...parameters.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new PersonRefused('a parameter stands there twice');
  return Object.fromEntries(parameters);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Errors of oidc-provider and of Koa carry a status and whether their text is for the caller. */
function answerError(ctx: Context, error: unknown, onFailure: (error: unknown) => void): void {
  const { status = 500, expose = false, message = '', ...rest } = error as Partial<HttpError>;
  if (error instanceof PersonRefused) refuse(ctx, 400, `${error.code}: ${error.message}`);
  else if (expose && status < 500) refuse(ctx, status, rest.error_description ?? message);
  else {
    onFailure(error);
    refuse(ctx, 500, 'something went wrong in the identity provider');
  }
}

interface HttpError {
  readonly status: number;
  readonly expose: boolean;
  readonly message: string;
  readonly error_description?: string;
}

/** A page for a browser, a line for anything else. */
function refuse(ctx: Context, status: number, text: string): void {
  const isBrowser = ctx.get('accept').includes('text/html');
  if (isBrowser) show(ctx, errorPage('This does not work', text));
  else {
    ctx.type = 'text/plain';
    ctx.body = `${text}\n`;
  }
  ctx.status = status;
}

function show(ctx: Context, page: string): void {
  ctx.type = 'html';
  ctx.body = page;
}
