// Port-forward as older WebSocket callers know it (protocol.md §1.7): the ports are named in the query, each has a channel for data and one
// for an error, and both begin with the port as a little-endian number.

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SetTimer } from '../../delay.ts';
import { Channels } from './channels.ts';
import { connectedPort, parsePort } from './portlink.ts';

/** Most ports of one connection: in base64 a channel's number is one character. */
const MAX_PORTS = 32;

/** What a connection is to carry. */
export interface PortChannels {
  readonly ports: readonly number[];
  readonly base64: boolean;
  readonly connect: (port: number) => Duplex | undefined;
}

/** The ports of `?ports=80,443&ports=8080` (the kubelet calls it `port`); undefined when there are none, or what is there is none. */
export function portsOf(target: string): readonly number[] | undefined {
  const query = new URLSearchParams(target.slice(target.indexOf('?') + 1));
  const texts = [...query.getAll('ports'), ...query.getAll('port')].flatMap((value) => value.split(','));
  const ports = texts.map(parsePort).filter((port) => port !== undefined);
  return ports.length === 0 || ports.length !== texts.length || ports.length > MAX_PORTS ? undefined : ports;
}

/** Serves the channels of one connection until every port's connection is over, or the caller is gone. */
export async function servePortChannels(
  websocket: WebSocket,
  { ports, base64, connect }: PortChannels,
  setTimer?: SetTimer,
): Promise<void> {
  const channels = new Channels(websocket, { base64, halfClose: false }, ports.length * 2, setTimer);
  const over = ports.map((port, index) => {
    const [data, error] = [channels.writer(index * 2), channels.writer(index * 2 + 1)];
    const input = channels.reader(index * 2);
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    data.write(number);
    error.write(number);
    const { connection, failure } = connectedPort(port, connect);
    if (connection === undefined) {
      return new Promise<void>((resolve) => error.end(failure, () => resolve()));
    }
    connection.on('error', (problem: Error) =>
      error.end(`error forwarding port ${port} to pod: ${problem.message}`),
    );
    connection.once('close', () => data.end());
    connection.pipe(data);
    input.pipe(connection);
    void channels.closed.then(() => connection.destroy());
    return new Promise<void>((resolve) => data.once('close', () => resolve()));
  });
  await Promise.race([channels.closed, Promise.all(over)]);
  await channels.finish();
}
