// One API server as the gate sees it: where it is, how it is trusted, and with which credential the gate comes. TLS is always verified
// (there is no way around it) and always HTTP/1.1: upgrades need it, and one pool that opens connections as needed spreads requests
// over API servers where a single HTTP/2 session would pin them.

import { isIP, type LookupFunction } from 'node:net';
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
import { afterDelay } from '../delay.ts';
import { hostPort } from '../hostport.ts';
import { upstreamContextOptions } from '../securecontext.ts';
import { NeverConnected } from './connection.ts';
import { createPool, type Pool } from './pool.ts';

/** Where to connect, resolved from a kubeconfig or the pod's service account. Secrets are PEM or token text, '' when absent. */
export interface UpstreamTarget {
  readonly host: string;
  readonly port: number;
  /** Path that the API server is served under; '' for the root. */
  readonly basePath: string;
  readonly tlsServerName: string;
  /** '' means the system's roots. */
  readonly caPem: string;
  readonly clientCertPem: string;
  readonly clientKeyPem: string;
  readonly token: string;
}

/** A connected cluster of one generation. */
export interface Upstream {
  readonly name: string;
  /** Value of the Host line and key of the pool. */
  readonly host: string;
  readonly origin: string;
  readonly basePath: string;
  /** Flat request lines with the gate's own credential. */
  readonly credential: readonly string[];
  /** PEM of the gate's own certificate; '' when it comes without. */
  readonly clientCertPem: string;
  /** Carries REST. */
  readonly pool: Pool;
  /** Opens a dedicated verified TLS connection, HTTP/1.1 by ALPN; the caller ends it. @throws the socket's error, DescriptorsKept or ConnectTimeout. */
  dial(): Promise<TLSSocket>;
  /** Ends idle pooled connections now and busy ones when they are done. */
  close(): Promise<void>;
}

/** What connections to API servers share. */
export interface Dialing {
  /** Default is Node's own. */
  readonly lookup?: LookupFunction;
  /** Descriptors for them. Default is that there always are. */
  readonly descriptors?: {
    /** Whether one more may be begun. */
    mayConnect(): boolean;
    /** One is begun; to be called when it has its descriptor, or never will. */
    expect(): () => void;
  };
}

/** Time to connect, TLS included, before a request fails. ms; client-go's dial timeout. */
export const CONNECT_TIMEOUT_MS = 30_000;
/** Below the 90 s after which Go servers close idle connections, so that a pooled one is never closed under a request. ms. */
const POOL_KEEP_ALIVE_MS = 30_000;
/** The API server's certificate is verified at least so often; between, connections resume. ms */
const MAX_RESUMING_MS = 60 * 60_000;
/** TCP keep-alive probes on every connection, so that a silent dead peer is noticed. ms. */
export const TCP_KEEP_ALIVE_MS = 30_000;

/** Prepares an upstream; nothing is connected yet. @throws Error when the certificate or key can't be used. */
export function createUpstream(name: string, target: UpstreamTarget, dialing: Dialing = {}): Upstream {
  const { lookup, descriptors } = dialing;
  const now = () => performance.now();
  const secureContext = createSecureContext({
    ...(target.caPem === '' ? {} : { ca: target.caPem }),
    ...(target.clientCertPem === '' ? {} : { cert: target.clientCertPem, key: target.clientKeyPem }),
    ...upstreamContextOptions(),
  });
  const servername = target.tlsServerName || target.host;
  const host = hostLine(target.host, target.port);
  const tls = {
    secureContext,
    rejectUnauthorized: true,
    // SNI may not be an address (RFC 6066 §3); the certificate has to have it all the same.
    servername: isIP(servername) === 0 ? servername : '',
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      identityProblem(servername, certificate),
    ALPNProtocols: ['http/1.1'],
  };
  const resumption = rememberSession(now);
  const dial = async () => {
    if (descriptors?.mayConnect() === false) throw new DescriptorsKept();
    const session = resumption.get();
    const socket = tlsConnect({
      ...tls,
      host: target.host,
      port: target.port,
      ...(lookup === undefined ? {} : { lookup }),
      ...(session === undefined ? {} : { session }),
    });
    // The name is looked up before there is a descriptor to count.
    const had = descriptors?.expect();
    if (had !== undefined) socket.once('connectionAttempt', had).once('close', had);
    resumption.watch(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    return await connected(socket);
  };
  const pool = createPool({
    connect: (ready, failed) => void dial().then(ready, failed),
    keepAliveMs: POOL_KEEP_ALIVE_MS,
    now,
    setTimer: (callback, delayMs) => afterDelay(delayMs, callback),
  });
  return {
    name,
    host,
    basePath: target.basePath,
    credential: target.token === '' ? [] : ['Authorization', `Bearer ${target.token}`],
    clientCertPem: target.clientCertPem,
    origin: `https://${host}`,
    pool,
    dial,
    close: () => pool.close(),
  };
}

/** Node would take the common name of a certificate without alternative names; Go's clients do not (RFC 9525 §2). */
function identityProblem(name: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname !== undefined) return checkServerIdentity(name, certificate);
  const problem = new Error('the certificate has no subject alternative names');
  return Object.assign(problem, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

/**
 * The latest TLS session of one upstream, for the next connection to resume (RFC 8446 §2.2): no certificate to send, verify and sign for.
 * Only connections with the same authorities, name and client certificate share it, so what was verified once holds for all; at
 * least every MAX_RESUMING_MS the certificate is verified anew. A connection that fails takes the session with it.
 */
function rememberSession(now: () => number) {
  let session: Buffer | undefined;
  let verifiedAt = 0;
  return {
    get: () => (now() - verifiedAt < MAX_RESUMING_MS ? session : undefined),
    watch(socket: TLSSocket): void {
      socket.once('secureConnect', () => {
        if (!socket.isSessionReused()) verifiedAt = now();
        // TLS 1.3 sends its tickets after the handshake; later ones are as good as the first.
        socket.once('session', (fresh) => {
          session = fresh;
        });
      });
      socket.once('error', () => {
        session = undefined;
      });
    },
  };
}

/** Hardly any file descriptor is left, and what is left is kept. The code is the one with which the system refuses the last (open(2)). */
export class DescriptorsKept extends Error {
  readonly code = 'EMFILE';
  constructor() {
    super('too many open files: the last descriptors are kept for probes, metrics, keys and configuration');
  }
}

/** The connection did not come about in CONNECT_TIMEOUT_MS. */
export class ConnectTimeout extends Error {
  readonly code = 'CONNECT_TIMEOUT';
}

function connected(socket: TLSSocket): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new ConnectTimeout('connecting to the API server took too long')),
      CONNECT_TIMEOUT_MS,
    );
    const refused = (error: Error) => fail(neverConnected(error));
    socket.once('error', refused);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      // Until its user has set a handler of his own, an error must not reach the process.
      socket.on('error', () => {});
      socket.off('error', refused);
      resolve(socket);
    });
  });
}

/** Errors that a connection which stands can have as well: there a request may have been carried out, here nothing of it was sent. */
const ALSO_LATER: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

function neverConnected(error: Error & { readonly code?: unknown }): Error {
  if (!ALSO_LATER.has(error.code)) return error;
  return new NeverConnected(`no connection to the API server came about: ${error.message}`, {
    cause: error,
  });
}

function hostLine(host: string, port: number): string {
  const whole = hostPort(host, port);
  return port === 443 ? whole.slice(0, -':443'.length) : whole;
}
