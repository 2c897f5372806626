// The client certificate of a TLS connection, read once for all its requests. What TLS found of it is told beside it, with the authorities by which it
// was found; what it means is authn's to say.

import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from './authn/certificates.ts';

/** As many as a chain may have; further ones that a client sends are left out. */
const MAX_SENT = 8;

/** Reads a connection's certificate, the same object each time; undefined where none came. To be called first when the handshake ends. */
export type CertificateReader = (socket: Socket) => PeerCertificate | undefined;

/** The authorities by which the listener verifies client certificates. */
export interface ClientAuthorities {
  /** PEM; '' when a handshake that ends now may have begun under others. */
  inForce(): string;
  /** Others from now on. */
  change(pem: string): void;
}

/** Holds them. A handshake takes `handshakeMs` at most; `now` gives ms. */
export function holdClientAuthorities(
  first: string,
  handshakeMs: number,
  now: () => number,
): ClientAuthorities {
  let pem = first;
  let certainFrom = 0;
  return {
    inForce: () => (now() < certainFrom ? '' : pem),
    change(next) {
      if (next === pem) return;
      pem = next;
      certainFrom = now() + handshakeMs;
    },
  };
}

/** A reader for a listener that asks for certificates. One that does not has none. */
export function createCertificateReader(authorities: ClientAuthorities): CertificateReader {
  const read = new WeakMap<Socket, PeerCertificate | undefined>();
  return (socket) => {
    if (read.has(socket)) return read.get(socket);
    const certificate = certificateOf(socket, authorities);
    read.set(socket, certificate);
    return certificate;
  };
}

function certificateOf(socket: Socket, authorities: ClientAuthorities): PeerCertificate | undefined {
  const tls = socket as TLSSocket;
  const certificate = tls.getPeerX509Certificate?.();
  if (certificate === undefined) return undefined;
  const { authorized, authorizationError } = tls;
  return {
    der: certificate.raw,
    problem: authorized ? '' : String(authorizationError ?? 'not verified'),
    authorities: authorities.inForce(),
    sent: authorized ? sentWith(certificate) : [],
  };
}

/** The authorities that came with it. A resumed TLS session has none. */
function sentWith(certificate: X509Certificate): readonly Buffer[] {
  const sent: Buffer[] = [];
  for (let one = certificate.issuerCertificate; one !== undefined && sent.length < MAX_SENT; ) {
    sent.push(one.raw);
    one = one.issuerCertificate;
  }
  return sent;
}
