// A small real OpenID issuer for tests: discovery and JWKS over https with keys made at run time, and every way to misbehave that the tests
// ask for. It has no login: `sign` makes the tokens.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { makeCA } from '../../src/certificates.ts';
import { createKeyring, type Keyring, type RotateOptions } from './keyring.ts';

export interface IssuerOptions {
  /** Address to bind. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** Name in the issuer's URL. Default is the address it is bound to. */
  readonly name?: string;
  /** Path of the issuer's URL, without a slash at its end. Default ''. */
  readonly path?: string;
  /** A certificate of the tests' own; default is one of a CA made now. */
  readonly tls?: { readonly certPem: string; readonly keyPem: string; readonly caPem: string };
  /** More options of its TLS server, such as versions. */
  readonly server?: TlsOptions;
  /** Default is the machine's clock. ms */
  readonly now?: () => number;
}

export interface SignOptions {
  /** Default RS256. */
  readonly alg?: string;
  /** Default is the current key's; null leaves it out. */
  readonly kid?: string | null;
  /** More header members. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Seconds until exp; default 300. null leaves exp out. */
  readonly expiresIn?: number | null;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Issuer {
  readonly url: string;
  readonly port: number;
  /** PEM of the CA that signed its certificate. */
  readonly caPem: string;
  /** How often each document was asked for. */
  readonly hits: { discovery: number; jwks: number; other: number };
  /** Signs claims; iss, aud (postern), sub, email, groups and iat have defaults, and undefined leaves one out. */
  sign(claims?: Readonly<Record<string, unknown>>, options?: SignOptions): Promise<string>;
  /** Replaces all signing keys. */
  rotate(options?: RotateOptions): Promise<void>;
  /** The published keys. */
  publicKeys(): Promise<readonly JWK[]>;
  /** What it shows to connections from now on; those that are open are cut. */
  present(pair: { readonly certPem: string; readonly keyPem: string }): void;
  /** While down every connection is cut. */
  setDown(down: boolean): void;
  /** Answers discovery, or the keys, with something else: a body, or a handler. undefined ends it. */
  setDiscovery(answer: Answer | object | string | undefined): void;
  setKeys(answer: Answer | object | string | undefined): void;
  /** Answers every other path, as for the claims that a token only points to; 404 without. */
  setOther(answer: Answer | object | string | undefined): void;
  close(): Promise<void>;
}

interface State {
  down: boolean;
  url: string;
  discovery?: Answer | undefined;
  jwks?: Answer | undefined;
  other?: Answer | undefined;
}

/** Starts an issuer. */
export async function startIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const host = options.host ?? '127.0.0.1';
  const now = options.now ?? (() => Date.now());
  const tls = options.tls ?? (await makeTls(options.name ?? host));
  const keyring = createKeyring();
  const hits = { discovery: 0, jwks: 0, other: 0 };
  const state: State = { down: false, url: '' };
  const path = options.path ?? '';

  const server = createServer(
    { cert: tls.certPem, key: tls.keyPem, ...options.server },
    (request, response) => {
      const document = findDocument(request.url ?? '', path);
      hits[document] += 1;
      if (state[document] !== undefined) state[document](request, response);
      else if (document === 'other') response.writeHead(404).end();
      else if (document === 'discovery') json(discoveryDocument(state.url))(request, response);
      else void keyring.published().then((keys) => json({ keys })(request, response));
    },
  );
  const sockets = trackSockets(server, () => state.down);
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  state.url = `https://${formatHost(options.name ?? host)}:${port}${path}`;

  return {
    url: state.url,
    port,
    caPem: tls.caPem,
    hits,
    sign: (claims, sign) => signClaims(keyring, { iss: state.url, ...claims }, { ...sign, now: now() }),
    rotate: (rotate = {}) => keyring.rotate(rotate),
    publicKeys: () => keyring.published(),
    present({ certPem, keyPem }) {
      server.setSecureContext({ cert: certPem, key: keyPem });
      sockets.cut();
    },
    setDown(down) {
      state.down = down;
      if (down) sockets.cut();
    },
    setDiscovery(answer) {
      state.discovery = toAnswer(answer);
    },
    setKeys(answer) {
      state.jwks = toAnswer(answer);
    },
    setOther(answer) {
      state.other = toAnswer(answer);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      sockets.cut();
      await closed;
    },
  };
}

function findDocument(url: string, path: string): 'discovery' | 'jwks' | 'other' {
  if (url === `${path}/.well-known/openid-configuration`) return 'discovery';
  return url === `${path}/keys` ? 'jwks' : 'other';
}

/** Knows the open connections, and cuts new ones at once while `isDown`. */
function trackSockets(server: Server, isDown: () => boolean): { cut(): void } {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    if (isDown()) socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return {
    cut() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A token of any header, claims and signature: for those that no library would make. */
export function craftToken(header: unknown, claims: unknown, signature = ''): string {
  const encode = (part: unknown) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

async function makeTls(name: string) {
  const ca = await makeCA('test issuer CA');
  const isAddress = /^[\d.]+$|:/.test(name);
  const names = isAddress ? { ipAddresses: [name] } : { dnsNames: [name] };
  return { ...(await ca.issue({ commonName: name, ...names })), caPem: ca.certPem };
}

function discoveryDocument(url: string) {
  return {
    issuer: url,
    jwks_uri: `${url}/keys`,
    authorization_endpoint: `${url}/authorize`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256', 'EdDSA'],
  };
}

async function signClaims(
  keyring: Keyring,
  given: Readonly<Record<string, unknown>>,
  options: SignOptions & { readonly now: number },
): Promise<string> {
  const { kid, alg, privateKey } = await keyring.current(options.alg ?? 'RS256');
  const iat = Math.floor(options.now / 1000);
  const claims = {
    aud: 'postern',
    sub: 'subject-1',
    email: 'jane@example.com',
    groups: ['developers'],
    iat,
    ...(options.expiresIn === null ? {} : { exp: iat + (options.expiresIn ?? 300) }),
    ...given,
  };
  const header: JWTHeaderParameters = { alg, typ: 'JWT', ...options.header };
  if (options.kid !== null) header.kid = options.kid ?? kid;
  return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
}

function json(body: unknown): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

function toAnswer(answer: Answer | object | string | undefined): Answer | undefined {
  if (answer === undefined || typeof answer === 'function') return answer as Answer | undefined;
  return typeof answer === 'string' ? (_request, response) => void response.end(answer) : json(answer);
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
