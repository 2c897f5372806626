// An access proxy in front of the gate, as small as it can be: TLS on a port of its own, and on each request, upgrades too, a new assertion in
// the vendor's header. What the caller sent under that name goes no further.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { makeCA } from '../../src/certificates.ts';
import type { Vendor } from './vendors.ts';

export interface AccessProxy {
  readonly port: number;
  readonly caPem: string;
  close(): Promise<void>;
}

/** Starts one in front of `gate`. */
export async function startAccessProxy(
  vendor: Vendor,
  gate: { readonly port: number; readonly ca: { readonly certPem: string } },
): Promise<AccessProxy> {
  const ca = await makeCA('access proxy CA');
  const { certPem, keyPem } = await ca.issue({ commonName: 'proxy', ipAddresses: ['127.0.0.1'] });
  const to = { host: '127.0.0.1', port: gate.port, ca: gate.ca.certPem };
  const linesOf = ({ rawHeaders }: IncomingMessage): string[] => {
    const lines: string[] = [];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2)
      if (rawHeaders[i]?.toLowerCase() !== vendor.header)
        lines.push(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '');
    return [...lines, vendor.header, vendor.sign()];
  };
  const sockets = new Set<Socket>();
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const { method, url: path } = request;
    const onward = httpsRequest({ ...to, method, path, headers: linesOf(request) as never, agent: false });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders as never);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const lines = linesOf(request);
    const pairs = lines.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${lines[i + 1]}`] : []));
    const upstream = tlsConnect(to, () => {
      upstream.write(`${[`${request.method} ${request.url} HTTP/1.1`, ...pairs].join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    caPem: ca.certPem,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
