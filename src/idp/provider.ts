// The development identity provider of the demo: a real OpenID provider on loopback TLS, with three practice people. Its keys are made when it
// starts; nothing is written to disk.

import { generateKeyPairSync, randomBytes as secureRandomBytes } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, BlockList, isIP, type Socket } from 'node:net';
import { hostPort } from '../hostport.ts';
import { SIGNING_ALGORITHM } from './clients.ts';
import { type Library, loadLibrary, type Provider } from './library.ts';
import { createPhone, type Phone } from './phone.ts';
import { addRoutes } from './routes.ts';
import { makeSettings } from './settings.ts';
import { createSteps } from './steps.ts';
import { issueIdToken, readPersonRequest, registerPersonGrant, type TerminalDeps } from './terminal.ts';

const DEFAULT_LIFETIME_S = 600;
/** oidc-provider's events of what it refused. */
const REFUSALS = [
  'grant',
  'authorization',
  'device_authorization',
  'code_verification',
  'device_resume',
  'userinfo',
];

/** What happened, for whoever watches the demo. No tokens. */
export type IdentityEvent =
  | { readonly kind: 'signedIn'; readonly person: string; readonly secondFactor: boolean }
  /** `grant` is its OAuth grant type; for a client's own token the person is the client. */
  | { readonly kind: 'token'; readonly person: string; readonly grant: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface IdentityProviderOptions {
  /** PEM; the certificate has to hold the host's name or address. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** Loopback only: localhost, 127.0.0.0/8 or ::1. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** ms since the epoch, for the phone, and for auth_time of tokens at once; all else goes by the machine's clock: oidc-provider knows no other. */
  readonly now?: () => number;
  readonly randomBytes?: (size: number) => Uint8Array;
  /** Audience of the tokens, and id of the people's client. Default postern. */
  readonly audience?: string;
  /** Lifetime of tokens that ask for no other, s. Default 600. */
  readonly tokenLifetimeS?: number;
  readonly onEvent?: (event: IdentityEvent) => void;
}

/** What a token may have otherwise. */
export interface TokenOptions {
  /** Whole seconds, 5 to 3600. */
  readonly lifetimeS?: number;
  /** For people who have one; the provider looks at the phone itself. Default false. */
  readonly secondFactor?: boolean;
}

/** A running identity provider. */
export interface IdentityProvider {
  /** Its URL, which is the `iss` of its tokens. */
  readonly issuer: string;
  /** An ID token at once, the same as POST /terminal/PERSON gives. @throws PersonRefused. */
  readonly tokenFor: (personId: string, options?: TokenOptions) => Promise<string>;
  /** Closes its port and every connection at once. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts it.
 * @throws TypeError for an address that is not loopback; Error when the port is taken or oidc-provider is not installed.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { host = '127.0.0.1', port = 0, tls } = options;
  // A name other than localhost would have to be resolved to know.
  if (host !== 'localhost' && !isLoopback(host)) throw refusedAddress(host);
  const server = createServer({ cert: tls.cert, key: tls.key });
  const stop = stopper(server);
  const library = await loadLibrary();
  const address = await listen(server, port, host);
  try {
    if (!isLoopback(address.address)) throw refusedAddress(address.address);
    const issuer = `https://${hostPort(host, address.port)}`;
    return { ...(await serve(server, { ...options, library, issuer })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Facts extends IdentityProviderOptions {
  readonly library: Library;
  readonly issuer: string;
}

async function serve(server: Server, facts: Facts): Promise<Omit<IdentityProvider, 'stop'>> {
  const {
    library,
    issuer,
    audience = 'postern',
    tokenLifetimeS = DEFAULT_LIFETIME_S,
    onEvent = () => {},
  } = facts;
  const { now = Date.now, randomBytes = secureRandomBytes } = facts;
  const lifetimes = new WeakMap<object, number>();
  const settings = makeSettings({
    library,
    audience,
    tokenLifetimeS,
    signingKey: makeSigningKey(),
    cookieKey: Buffer.from(randomBytes(32)).toString('base64url'),
    lifetimeOf: (token) => lifetimes.get(token),
  });
  const provider = new library.Provider(issuer, settings);
  const phone = await createPhone({ now, randomBytes });
  const setLifetime = (token: object, lifetimeS: number) => void lifetimes.set(token, lifetimeS);
  const terminal: TerminalDeps = { provider, phone, audience, now, setLifetime };
  registerPersonGrant(library, terminal, tokenLifetimeS);
  const tokenFor = async (parameters: Readonly<Record<string, string>>) => {
    const request = readPersonRequest(parameters, tokenLifetimeS);
    const token = await issueIdToken(terminal, request);
    onEvent({ kind: 'token', person: request.person.id, grant: 'terminal' });
    return token;
  };
  addOwnPages({ provider, phone, audience, tokenFor, onEvent });
  reportEvents(provider, onEvent);
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));
  return {
    issuer,
    tokenFor: (personId, { lifetimeS, secondFactor = false } = {}) =>
      tokenFor({
        person: personId,
        second_factor: String(secondFactor),
        ...(lifetimeS === undefined ? {} : { lifetime: String(lifetimeS) }),
      }),
  };
}

interface PageDeps {
  readonly provider: Provider;
  readonly phone: Phone;
  readonly audience: string;
  readonly tokenFor: (parameters: Readonly<Record<string, string>>) => Promise<string>;
  readonly onEvent: (event: IdentityEvent) => void;
}

function addOwnPages({ onEvent, ...deps }: PageDeps): void {
  const steps = createSteps({
    ...deps,
    onSignIn: ({ id }, methods) =>
      onEvent({ kind: 'signedIn', person: id, secondFactor: methods.includes('mfa') }),
    onRefusal: (reason) => onEvent({ kind: 'refused', reason }),
  });
  addRoutes({ ...deps, steps, onFailure: (error) => onEvent({ kind: 'failed', error }) });
}

function reportEvents(provider: Provider, onEvent: (event: IdentityEvent) => void): void {
  const emitter: EventEmitter = provider;
  provider.on('grant.success', ({ oidc }) => {
    const person = oidc.account?.accountId ?? oidc.client?.clientId ?? '';
    onEvent({ kind: 'token', person, grant: String(oidc.params?.['grant_type']) });
  });
  const refused = (_ctx: unknown, error: Error & { readonly error_description?: string }) => {
    // A device that asks whether it may go on yet is no refusal.
    if (error.message !== 'authorization_pending')
      onEvent({ kind: 'refused', reason: error.error_description ?? error.message });
  };
  for (const what of REFUSALS) emitter.on(`${what}.error`, refused);
  provider.on('server_error', (_ctx, error) => onEvent({ kind: 'failed', error }));
  // Koa prints what nobody listens for.
  emitter.on('error', (error) => onEvent({ kind: 'failed', error }));
}

function makeSigningKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...(privateKey.export({ format: 'jwk' }) as { kty: 'EC' }), alg: SIGNING_ALGORITHM, use: 'sig' };
}

async function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  server.listen(port, host);
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

function stopper(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
    return stopped;
  };
}

function isLoopback(address: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

function refusedAddress(address: string): TypeError {
  return new TypeError(
    `the development identity provider gives tokens to whoever asks: it listens on loopback only, not on ${address}`,
  );
}
