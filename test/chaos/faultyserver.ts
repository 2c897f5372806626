// An API server with faults, at the level where they happen: each TCP connection first, then TLS over it, then bytes. Unlike a TLS server of Node's
// it can reset a connection in any phase, and go away and come back on its port, which nobody else takes because its address is its own.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';

/** What happens to connections and requests. It may be changed at any time; what is open goes on as it began. */
export interface Plan {
  /** A connection was accepted, and this is all that is to become of it: it is read and dropped. Absent: TLS. */
  onTcp?: ((raw: Socket) => void) | undefined;
  /** Its handshake is done; nothing reads it yet. Absent: requests are read and given to `serve`. */
  onTls?: ((socket: TLSSocket, raw: Socket) => void) | undefined;
  serve: (asked: Asked) => void;
}

export interface FaultyServer {
  readonly host: string;
  readonly port: number;
  readonly ca: CertificateAuthority;
  readonly plan: Plan;
  /** TCP connections accepted so far, and open now. */
  readonly accepted: () => number;
  readonly open: () => number;
  /** The certificate of connections that come from now on. */
  present(certificate: { readonly certPem: string; readonly keyPem: string }): void;
  /** Resets every connection; the port stays open. */
  hangUp(): void;
  /** As a process that is killed: the port is closed and each connection reset. */
  crash(): Promise<void>;
  /** As one that is told to end: the port is closed, and each connection ends after what was written. */
  stop(): Promise<void>;
  /** Opens the port again. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** A loopback address that no other test listens on. */
export const LOOPBACK = '127.0.77.1';
/** One that a test makes silent, in a network of its own. */
export const SILENT = '127.0.78.4';

/** The certificate that a gate expects of it. */
export function certify(
  ca: CertificateAuthority,
  more: { readonly notBefore?: Date; readonly notAfter?: Date } = {},
) {
  return ca.issue({
    commonName: 'kube-apiserver',
    dnsNames: ['localhost', 'api.chaos.test'],
    ipAddresses: ['127.0.0.1', LOOPBACK, SILENT],
    ...more,
  });
}

/** Starts one. */
export async function startFaultyServer(
  serve: Plan['serve'] = () => {},
  { host = LOOPBACK, ca: given }: { readonly host?: string; readonly ca?: CertificateAuthority } = {},
): Promise<FaultyServer> {
  const ca = given ?? (await makeCA('upstream CA'));
  const contextOf = ({ certPem, keyPem }: { certPem: string; keyPem: string }) =>
    createSecureContext({ cert: certPem, key: keyPem });
  let secureContext = contextOf(await certify(ca));
  const plan: Plan = { serve };
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => {
    accepted++;
    sockets.add(raw);
    raw.on('error', () => {}).on('close', () => sockets.delete(raw));
    if (plan.onTcp !== undefined) {
      plan.onTcp(raw);
      raw.on('end', () => raw.end()).resume();
      return;
    }
    const socket = new TLSSocket(raw, {
      ...{ isServer: true, secureContext, ALPNProtocols: ['http/1.1'], allowHalfOpen: true },
    } as never);
    socket.on('error', () => {}).on('_tlsError', () => raw.destroy());
    socket.once('secure', () => {
      if (plan.onTls === undefined) readRequests(socket, raw, (asked) => plan.serve(asked));
      else plan.onTls(socket, raw);
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const leave = async (end: (socket: Socket) => void) => {
    const closed = server.listening ? once(server, 'close') : undefined;
    if (closed !== undefined) server.close();
    for (const socket of sockets) end(socket);
    await closed;
  };
  return {
    ...{ host, port, ca, plan },
    accepted: () => accepted,
    open: () => sockets.size,
    present: (certificate) => {
      secureContext = contextOf(certificate);
    },
    hangUp: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    crash: () => leave((socket) => socket.resetAndDestroy()),
    stop: () => leave((socket) => socket.destroySoon()),
    comeBack: async () => {
      server.listen(port, host);
      await once(server, 'listening');
    },
    close: () => leave((socket) => socket.destroy()),
  };
}

/** A request's head as it came, what came behind it, and the socket, which is paused. */
export interface Asked {
  readonly head: string;
  readonly rest: Buffer;
  readonly socket: TLSSocket;
  readonly raw: Socket;
}

/** Reads heads; what stands behind one is given along, and is taken for the next head when it is left there. */
function readRequests(socket: TLSSocket, raw: Socket, serve: Plan['serve']): void {
  let seen = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    const end = seen.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = seen.toString('latin1', 0, end + 4);
    const rest = seen.subarray(end + 4);
    seen = Buffer.alloc(0);
    if (/^upgrade:/im.test(head)) {
      socket.off('data', read);
      socket.pause();
    }
    serve({ head, rest, socket, raw });
  };
  socket.on('data', read);
  socket.on('end', () => socket.end());
}

/** A whole answer. */
export function answer(body: string, lines: readonly string[] = []): string {
  return `${['HTTP/1.1 200 OK', 'Content-Type: application/json', `Content-Length: ${body.length}`, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

/** The 101 to an upgrade request. */
export function accept(head: string): string {
  const protocol = /^upgrade: *(.+)$/im.exec(head)?.[1]?.trim() ?? '';
  const version = protocol === 'websocket' ? 'Sec-WebSocket-Protocol' : 'X-Stream-Protocol-Version';
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${version}: v4.channel.k8s.io\r\n\r\n`;
}
