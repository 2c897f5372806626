// Many issuers behind one TLS server: each path is one, with the same keys. That is what lets one file of 64 entries ask about 64
// configurations. Answers of distributed claims' endpoints are published beneath the issuer's path.

import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { CompactSign, exportSPKI } from 'jose';
import { makeCA } from '../../src/certificates.ts';
import { createKeyring } from '../fakes/keyring.ts';
import type { Claims, Signing, TokenMaker } from './case.ts';

const WELL_KNOWN = '/.well-known/openid-configuration';
const KEYS = '/keys';
/** Where a discovery document may be that is not at its usual place. */
export const DISCOVERY_ELSEWHERE = '/discovery-elsewhere';
/** An issuer at a path that ends so has a slash at the end of its URL; its documents are found without. */
export const WITH_SLASH = '/with-slash';
const TOKEN_SECONDS = 600;
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
/** Every issuer publishes a key for EdDSA too: that a token is refused is then not for want of it. */
const NOT_IN_KUBERNETES = ['EdDSA'];

export interface Issuers {
  readonly caPem: string;
  /** https URL of the issuer at a path. */
  readonly url: (path: string) => string;
  /** Makes tokens of the issuer at `path`; its `iss` is `url(path)` unless given. */
  readonly maker: (path: string, iss?: string) => TokenMaker;
  readonly close: () => Promise<void>;
}

interface Published {
  readonly status?: number;
  readonly body: string;
}

/** Starts them. */
export async function startIssuers(): Promise<Issuers> {
  const ca = await makeCA('issuers CA');
  const { certPem, keyPem } = await ca.issue({ commonName: 'issuers', ipAddresses: ['127.0.0.1'] });
  const keyring = createKeyring();
  const strangers = createKeyring();
  for (const alg of [...ALGORITHMS, ...NOT_IN_KUBERNETES]) await keyring.current(alg);
  const published = new Map<string, Published>();
  const sockets = new Set<Socket>();
  let base = '';
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const path = request.url ?? '';
    const answer = published.get(path);
    if (answer !== undefined) response.writeHead(answer.status ?? 200).end(answer.body);
    else if (path.endsWith(WELL_KNOWN))
      sendJson(response, discovery(base + path.slice(0, -WELL_KNOWN.length)));
    else if (path.endsWith(DISCOVERY_ELSEWHERE))
      sendJson(response, discovery(base + path.slice(0, -DISCOVERY_ELSEWHERE.length)));
    else if (path.endsWith(KEYS)) void keyring.published().then((keys) => sendJson(response, { keys }));
    else response.writeHead(404).end();
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = (path: string) => `${base}${path}`;
  const maker = (path: string, iss = url(path)): TokenMaker => {
    const now = Math.floor(Date.now() / 1000);
    const complete = (claims: Claims = {}) => completeClaims(iss, now, claims);
    const signText = async (payload: string, signing: Signing = {}) => {
      const alg = signing.alg ?? 'RS256';
      const key = await keyring.current(alg);
      const { privateKey } = signing.byStranger === true ? await strangers.current(alg) : key;
      const kid = signing.kid === null ? {} : { kid: signing.kid ?? key.kid };
      return new CompactSign(Buffer.from(payload))
        .setProtectedHeader({ alg, ...kid, ...signing.header })
        .sign(privateKey);
    };
    const sign = (claims?: Claims, signing?: Signing) => signText(JSON.stringify(complete(claims)), signing);
    return {
      issuer: iss,
      now,
      complete,
      signText,
      sign,
      other: {
        issuer: url('/other'),
        sign: (claims) => signText(JSON.stringify(completeClaims(url('/other'), now, claims ?? {}))),
      },
      publicPem: async () => exportSPKI((await keyring.current('RS256')).publicKey),
      publish: (name, answer) => {
        published.set(`${path}/${name}`, answer);
        return `${url(path)}/${name}`;
      },
    };
  };
  return {
    caPem: ca.certPem,
    url,
    maker,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A token of any header, payload and signature: for those that no library would make. */
export function craft(header: object, claims: object, signature = ''): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

/** A token signed with a shared secret. */
export function craftHmac(header: object, claims: object, secret: string): string {
  const signed = craft(header, claims).replace(/\.$/, '');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function completeClaims(iss: string, now: number, claims: Claims): Claims {
  return { iss, aud: 'postern', sub: 'jane', iat: now, exp: now + TOKEN_SECONDS, ...claims };
}

function discovery(issuer: string): object {
  return {
    issuer: issuer.endsWith(WITH_SLASH) ? `${issuer}/` : issuer,
    jwks_uri: `${issuer}${KEYS}`,
    authorization_endpoint: `${issuer}/authorize`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ALGORITHMS,
  };
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
