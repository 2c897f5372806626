// Stands where the API server would: a real TLS server on a free port that remembers every request it got, byte for byte, or hands over
// the raw socket. What is asserted to "have reached nobody" is asserted here.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';

/** A request as it arrived. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly httpVersion: string;
}

export interface FakeUpstream {
  readonly port: number;
  readonly ca: CertificateAuthority;
  readonly received: readonly Received[];
  /** Connections accepted so far, and open now. */
  readonly accepted: () => number;
  readonly open: () => number;
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;
export type UpgradeHandler = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

/** Starts an HTTPS upstream. Without a handler it answers 200 with a JSON echo of what it got. */
export async function startUpstream(
  options: { handler?: Handler; onUpgrade?: UpgradeHandler; ca?: CertificateAuthority } = {},
): Promise<FakeUpstream> {
  const ca = options.ca ?? (await makeCA('upstream CA'));
  const { certPem, keyPem } = await ca.issue({
    commonName: 'kube-apiserver',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const received: Received[] = [];
  const note = ({ method = '', url = '', rawHeaders, httpVersion }: IncomingMessage) =>
    received.push({ method, url, rawHeaders, httpVersion });
  const server = createHttpsServer(
    { cert: certPem, key: keyPem, maxHeaderSize: 4 * 1024 * 1024, requestTimeout: 0 },
    (request, response) => {
      note(request);
      (options.handler ?? echo)(request, response);
    },
  );
  server.maxHeadersCount = 0;
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    note(request);
    socket.on('error', () => {});
    if (options.onUpgrade === undefined) socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    else options.onUpgrade(request, socket, head);
  });
  return listen(server, ca, received);
}

/** Starts a TLS server that hands over each accepted socket as it is. */
export async function startRawUpstream(
  onConnection: (socket: TLSSocket) => void,
  ca?: CertificateAuthority,
): Promise<FakeUpstream> {
  const authority = ca ?? (await makeCA('upstream CA'));
  const { certPem, keyPem } = await authority.issue({
    commonName: 'kube-apiserver',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const server = createTlsServer(
    { cert: certPem, key: keyPem, ALPNProtocols: ['http/1.1'], allowHalfOpen: true },
    (socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    },
  );
  return listen(server, authority, []);
}

async function listen(
  server: import('node:tls').Server,
  ca: CertificateAuthority,
  received: Received[],
): Promise<FakeUpstream> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ca,
    received,
    accepted: () => accepted,
    open: () => sockets.size,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, rawHeaders } = request;
    const body = Buffer.from(
      JSON.stringify({ method, url, rawHeaders, body: Buffer.concat(chunks).toString('latin1') }),
    );
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    response.end(body);
  });
}
