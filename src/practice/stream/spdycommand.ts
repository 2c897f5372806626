// exec and attach over SPDY (protocol.md §1.5): the caller opens one stream after the other and says of each what it is for.

import { afterDelay, type SetTimer } from '../../delay.ts';
import type { CommandConnection, WantedStreams } from './connection.ts';
import { acceptSpdy, type UpgradeRequest } from './negotiate.ts';
import { SpdySession } from './spdy/session.ts';
import type { SpdyStream } from './spdy/stream.ts';

/** As the kubelet speaks them; v5 is for WebSocket only. */
const PROTOCOLS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
const WITHOUT_RESIZE: readonly string[] = ['v2.channel.k8s.io', 'channel.k8s.io'];
const TYPES: readonly string[] = ['error', 'stdin', 'stdout', 'stderr', 'resize'];
/** Time for the caller to open all streams. ms. */
const CREATION_TIMEOUT_MS = 30_000;
/** When all has been sent, the caller may read as slowly as a person pages through it, then closes. ms. */
const FINISH_TIMEOUT_MS = 10 * 60_000;

interface Negotiated {
  readonly protocol: string;
  readonly wanted: WantedStreams;
  readonly setTimer: SetTimer | undefined;
}

/** Answers the handshake and waits for the streams; undefined when it came to nothing, and the connection is closed. */
export async function openSpdyCommand(
  upgrade: UpgradeRequest,
  wanted: WantedStreams,
  setTimer?: SetTimer,
): Promise<CommandConnection | undefined> {
  const protocol = acceptSpdy(upgrade, PROTOCOLS);
  if (protocol === undefined) return undefined;
  const streams = new Map<string, SpdyStream>();
  const missing = new Set(expectedTypes(wanted, protocol));
  const { promise: complete, resolve } = Promise.withResolvers<void>();
  const session = new SpdySession(upgrade.socket, {
    role: 'server',
    head: upgrade.head,
    ...(setTimer === undefined ? {} : { setTimer }),
    accept: (headers) => {
      const type = headers.get('streamtype') ?? '';
      return TYPES.includes(type) && !streams.has(type);
    },
    onStream: (stream) => {
      const type = stream.headers.get('streamtype') ?? '';
      streams.set(type, stream);
      const read = missing.has(type) && (type === 'stdin' || type === 'resize');
      if (!read) stream.ignoreInput();
      if (missing.delete(type) && missing.size === 0) resolve();
    },
  });
  const cancel = afterDelay(CREATION_TIMEOUT_MS, resolve, setTimer);
  await Promise.race([complete, session.closed]);
  cancel();
  const error = streams.get('error');
  if (missing.size > 0 || error === undefined) {
    await session.end();
    return undefined;
  }
  return connectionOf(session, streams, error, { protocol, wanted, setTimer });
}

function expectedTypes(wanted: WantedStreams, protocol: string): string[] {
  const { stdin, stdout, stderr, tty } = wanted;
  return TYPES.filter((type) => {
    if (type === 'resize') return tty && !WITHOUT_RESIZE.includes(protocol);
    return type === 'error' || { stdin, stdout, stderr }[type as 'stdin' | 'stdout' | 'stderr'];
  });
}

function connectionOf(
  session: SpdySession,
  streams: ReadonlyMap<string, SpdyStream>,
  error: SpdyStream,
  { protocol, wanted, setTimer }: Negotiated,
): CommandConnection {
  const expected = expectedTypes(wanted, protocol);
  const stream = (type: string) => (expected.includes(type) ? streams.get(type) : undefined);
  return {
    stdin: stream('stdin'),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    resize: stream('resize'),
    error,
    asStatus: protocol === 'v4.channel.k8s.io',
    closed: session.closed,
    finish: async () => {
      // Whoever has read the ends of all streams closes; a GOAWAY before that would only hurry them.
      for (const each of streams.values()) each.ignoreInput().end();
      const cancel = afterDelay(FINISH_TIMEOUT_MS, () => void session.end(), setTimer);
      await session.closed;
      cancel();
    },
  };
}
