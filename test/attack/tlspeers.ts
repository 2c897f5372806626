// TLS servers that a gate must not believe, for upstreams and issuers alike (field-lessons.md S38), each with the authority that the gate is told to trust
// and wrong in exactly one thing.

import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type CertificateRequest, makeCA } from '../../src/certificates.ts';
import { makeSelfSigned } from '../tls/selfsigned.ts';

/** What is wrong, and what makes it so. */
export interface WrongPeer {
  readonly wrong: string;
  /** PEM that the gate trusts. */
  readonly caPem: string;
  readonly tls: TlsOptions;
}

const DAY_MS = 24 * 60 * 60_000;
const HERE = { ipAddresses: ['127.0.0.1'], dnsNames: ['localhost'] };
const ANYTHING = 'ALL:@SECLEVEL=0';

/** [what is wrong, what the certificate says instead]; all are of the trusted authority. */
const CERTIFICATES: readonly (readonly [wrong: string, request: Partial<CertificateRequest>])[] = [
  ['another address', { ipAddresses: ['127.0.0.2'] }],
  ['names only, no address', { ipAddresses: [] }],
  ['its address as a DNS name', { ipAddresses: [], dnsNames: ['127.0.0.1'] }],
  ['its address as the common name only', { ipAddresses: [], dnsNames: [], commonName: '127.0.0.1' }],
  [
    'expired a minute ago',
    { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() - 60_000) },
  ],
  [
    'in force from tomorrow',
    { notBefore: new Date(Date.now() + DAY_MS), notAfter: new Date(Date.now() + 2 * DAY_MS) },
  ],
  ["a client's", { client: true }],
];

/** [what is wrong, the server's own settings]; the certificate is good. */
const SETTINGS: readonly (readonly [wrong: string, settings: TlsOptions])[] = [
  ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: ANYTHING }],
  ['TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: ANYTHING }],
];

/** All of them; certificates are made now. */
export async function makeWrongPeers(): Promise<readonly WrongPeer[]> {
  const ca = await makeCA('trusted CA');
  const good = { commonName: 'peer', ...HERE };
  const peer = async (wrong: string, request: CertificateRequest, settings: TlsOptions = {}, from = ca) => {
    const { certPem, keyPem } = await from.issue(request);
    return { wrong, caPem: ca.certPem, tls: { cert: certPem, key: keyPem, ...settings } };
  };
  const selfSigned = await makeSelfSigned('ECDSA');
  const stranger = await makeCA('trusted CA');
  const unsent = await ca.intermediate('intermediate CA');
  return [
    await peer("an authority of the same name, but not that one's key", good, {}, stranger),
    await peer('an intermediate authority that is not sent', good, {}, unsent),
    { wrong: 'self-signed', caPem: ca.certPem, tls: { cert: selfSigned.certPem, key: selfSigned.keyPem } },
    ...(await Promise.all(CERTIFICATES.map(([wrong, more]) => peer(wrong, { ...good, ...more })))),
    ...(await Promise.all(SETTINGS.map(([wrong, settings]) => peer(wrong, good, settings)))),
  ];
}

/** A server that notes what it was told: nothing, as long as it is not believed. */
export interface ListeningPeer {
  readonly port: number;
  /** What came through the handshake, or without one. */
  readonly heard: () => string;
  readonly accepted: () => number;
  close(): Promise<void>;
}

/** Starts one that speaks TLS, and answers whatever it hears with a good HTTP answer. */
export function startPeer(tls: TlsOptions): Promise<ListeningPeer> {
  return listen((hear) => createTlsServer({ ...tls, ALPNProtocols: ['http/1.1'] }, hear));
}

/** Starts one that speaks HTTP without TLS. */
export function startPlainPeer(): Promise<ListeningPeer> {
  return listen((hear) => createTcpServer(hear));
}

async function listen(create: (hear: (socket: Socket) => void) => Server): Promise<ListeningPeer> {
  let heard = '';
  let accepted = 0;
  const sockets = new Set<Socket>();
  const server = create((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
    });
  });
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
    heard: () => heard,
    accepted: () => accepted,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
