// One API server as the gate sees it: where it is, how it is trusted, and with which credential the gate comes. TLS is always verified
// (there is no way around it) and always HTTP/1.1: upgrades need it, and one pool that opens connections as needed spreads requests
// over API servers where a single HTTP/2 session would pin them.

import { createSecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { Agent, type Dispatcher } from 'undici';
import { hostPort } from '../hostport.ts';
import { MAX_HEADER_BYTES } from '../serverlimits.ts';

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
  readonly dispatcher: Dispatcher;
  /** Opens a dedicated verified TLS connection, HTTP/1.1 by ALPN; the caller ends it. @throws the socket's error, or ConnectTimeout. */
  dial(): Promise<TLSSocket>;
  /** Ends idle pooled connections now and busy ones when they are done. */
  close(): Promise<void>;
}

/** Time to connect, TLS included, before a request fails with 504. ms; client-go's dial timeout. */
export const CONNECT_TIMEOUT_MS = 30_000;
/** Below the 90 s after which Go servers close idle connections, so that a pooled one is never closed under a request. ms. */
const POOL_KEEP_ALIVE_MS = 30_000;
/** TCP keep-alive probes on every connection, so that a silent dead peer is noticed. ms. */
export const TCP_KEEP_ALIVE_MS = 30_000;

/** Prepares an upstream; nothing is connected yet. @throws Error when the certificate or key can't be used. */
export function createUpstream(name: string, target: UpstreamTarget): Upstream {
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
  const dial = () => {
    const socket = tlsConnect({ ...tls, host: target.host, port: target.port });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    return socket;
  };
  const agent = new Agent({
    allowH2: false,
    pipelining: 1,
    connections: null,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: POOL_KEEP_ALIVE_MS,
    keepAliveMaxTimeout: POOL_KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: (_options, callback) =>
      void connected(dial()).then(
        (socket) => callback(null, socket),
        (error) => callback(error, null),
      ),
  });
  return {
    name,
    host,
    origin: `https://${host}`,
    basePath: target.basePath,
    credential: target.token === '' ? [] : ['Authorization', `Bearer ${target.token}`],
    dispatcher: agent,
    dial: () => connected(dial()),
    close: () => agent.close(),
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
