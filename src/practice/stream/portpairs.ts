// Port-forward's streams over a SPDY connection: each local connection is a pair of streams, first one for an error, then one for the data.

import type { Duplex } from 'node:stream';
import { afterDelay, type SetTimer } from '../../delay.ts';
import type { StreamHeaders } from '../../kube/spdyheaders.ts';
import { connectedPort, parsePort } from './portlink.ts';
import { SpdySession } from './spdy/session.ts';
import type { SpdyStream } from './spdy/stream.ts';

/** Time for the second stream of a pair to come after the first. ms. */
const PAIR_TIMEOUT_MS = 30_000;

interface Pair {
  readonly error?: SpdyStream;
  readonly data?: SpdyStream;
  /** Cancels the timeout. */
  readonly cancel: () => void;
}

/** Serves the pairs of one connection until it is closed. */
export async function servePortPairs(
  socket: Duplex,
  head: Buffer | undefined,
  connect: (port: number) => Duplex | undefined,
  setTimer?: SetTimer,
): Promise<void> {
  const pairs = new Map<string, Pair>();
  const onStream = (stream: SpdyStream) => {
    const type = streamType(stream.headers) ?? 'data';
    const id = pairId(stream);
    const pair = pairs.get(id) ?? { cancel: afterDelay(PAIR_TIMEOUT_MS, () => giveUp(id), setTimer) };
    if (type === 'error') stream.ignoreInput();
    if (pair[type] !== undefined) {
      stream.destroy();
      pair.error?.end(`error processing stream for request ${id}: ${type} stream already assigned`);
      return;
    }
    const both: Pair = type === 'error' ? { ...pair, error: stream } : { ...pair, data: stream };
    const { error, data } = both;
    if (error === undefined || data === undefined) {
      pairs.set(id, both);
      return;
    }
    pair.cancel();
    pairs.delete(id);
    forward(error, data, connect);
  };
  const giveUp = (id: string) => {
    const pair = pairs.get(id);
    pairs.delete(id);
    pair?.error?.end(`timed out waiting for the streams of request ${id}`);
    pair?.data?.destroy();
  };
  const session = new SpdySession(socket, {
    role: 'server',
    head,
    accept: (headers) => streamType(headers) !== undefined && parsePort(headers.get('port')) !== undefined,
    onStream,
    ...(setTimer === undefined ? {} : { setTimer }),
  });
  await session.closed;
  for (const { cancel } of pairs.values()) cancel();
}

function streamType(headers: StreamHeaders): 'error' | 'data' | undefined {
  const type = headers.get('streamtype');
  return type === 'error' || type === 'data' ? type : undefined;
}

/** Old clients name no request: theirs is told by the ids of its streams, which follow each other. */
function pairId({ id, headers }: SpdyStream): string {
  const named = headers.get('requestid') ?? '';
  if (named !== '') return named;
  return String(streamType(headers) === 'data' ? id - 2 : id);
}

function forward(error: SpdyStream, data: SpdyStream, connect: (port: number) => Duplex | undefined): void {
  const port = parsePort(data.headers.get('port')) ?? 0;
  const { connection, failure } = connectedPort(port, connect);
  if (connection === undefined) {
    error.end(failure);
    data.destroy();
    return;
  }
  let broken = '';
  connection.on('error', (problem: Error) => {
    broken = `error forwarding port ${port} to pod: ${problem.message}`;
  });
  // kubectl takes the pod's end for the end of the connection, but closes its side only when the error stream has ended too.
  data.once('finish', () => error.end());
  const over = () => {
    connection.destroy();
    if (!error.writableEnded) error.end(broken);
    if (data.writableFinished) data.ignoreInput();
    else data.destroy();
  };
  connection.once('close', () => {
    // What the pod had sent before it closed is still on its way.
    const sending = broken === '' && data.writableEnded && !data.writableFinished && !data.destroyed;
    if (sending) data.once('finish', over);
    else over();
  });
  data.once('close', over);
  connection.pipe(data).pipe(connection);
}
