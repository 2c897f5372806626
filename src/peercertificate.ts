// The client certificate of a TLS connection, read once for all its requests. What TLS found of it is told beside it; what it means is authn's to say.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from './authn/certificates.ts';

/** Reads a connection's certificate, the same object each time; undefined where none came. */
export type CertificateReader = (socket: Socket) => PeerCertificate | undefined;

/** A reader for a listener that asks for certificates. One that does not has none. */
export function createCertificateReader(): CertificateReader {
  const read = new WeakMap<Socket, PeerCertificate | undefined>();
  return (socket) => {
    if (read.has(socket)) return read.get(socket);
    const certificate = certificateOf(socket);
    read.set(socket, certificate);
    return certificate;
  };
}

function certificateOf(socket: Socket): PeerCertificate | undefined {
  const tls = socket as TLSSocket;
  const certificate = tls.getPeerX509Certificate?.();
  if (certificate === undefined) return undefined;
  const { authorized, authorizationError } = tls;
  return { der: certificate.raw, problem: authorized ? '' : String(authorizationError ?? 'not verified') };
}
