// One API server as the gate sees it: where it is, how it is trusted, and with which credential the gate comes. TLS is always verified
// (there is no way around it) and always HTTP/1.1: upgrades need it, and one pool that opens connections as needed spreads requests
// over API servers where a single HTTP/2 session would pin them.

import { createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterDelay } from '../delay.ts';
import { hostPort } from '../hostport.ts';
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
  /** Opens a dedicated verified TLS connection, HTTP/1.1 by ALPN; the caller ends it. @throws the socket's error, or ConnectTimeout. */
  dial(): Promise<TLSSocket>;
  /** Ends idle pooled connections now and busy ones when they are done. */
  close(): Promise<void>;
}

/** Time to connect, TLS included, before a request fails with 504. ms; client-go's dial timeout. */
export const CONNECT_TIMEOUT_MS = 30_000;
/** Below the 90 s after which Go servers close idle connections, so that a pooled one is never closed under a request. ms. */
const POOL_KEEP_ALIVE_MS = 30_000;
/** The API server's certificate is verified at least so often; between, connections resume. ms */
const MAX_RESUMING_MS = 60 * 60_000;
/** TCP keep-alive probes on every connection, so that a silent dead peer is noticed. ms. */
export const TCP_KEEP_ALIVE_MS = 30_000;

/** Prepares an upstream; nothing is connected yet. @throws Error when the certificate or key can't be used. */
export function createUpstream(name: string, target: UpstreamTarget, now: () => number = Date.now): Upstream {
  const secureContext = createSecureContext({
    ...(target.caPem === '' ? {} : { ca: target.caPem }),
    ...(target.clientCertPem === '' ? {} : { cert: target.clientCertPem, key: target.clientKeyPem }),
    minVersion: 'TLSv1.2',
  });
  const servername = target.tlsServerName || target.host;
  const host = hostLine(target.host, target.port);
  const tls = {
    secureContext,
    rejectUnauthorized: true,
    // SNI may not be an address; verification of an address goes by the host below.
    servername: /^[\d.]+$|:/.test(servername) ? '' : servername,
    ALPNProtocols: ['http/1.1'],
  };
  const resumption = rememberSession(now);
  const dial = () => {
    const session = resumption.get();
    const socket = tlsConnect({
      ...tls,
      host: target.host,
      port: target.port,
      ...(session === undefined ? {} : { session }),
    });
    resumption.watch(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    return socket;
  };
  const pool = createPool({
    connect: (ready, failed) => void connected(dial()).then(ready, failed),
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
    dial: () => connected(dial()),
    close: () => pool.close(),
  };
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
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      // Until its user has set a handler of his own, an error must not reach the process.
      socket.on('error', () => {});
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function hostLine(host: string, port: number): string {
  const whole = hostPort(host, port);
  return port === 443 ? whole.slice(0, -':443'.length) : whole;
}
