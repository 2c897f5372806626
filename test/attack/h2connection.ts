// One connection of a caller who speaks HTTP/2 frame by frame (h2frames.ts): nothing is repeated or answered by itself, and what came back can be
// waited for.

import type { TLSSocket } from 'node:tls';
import type { ConnectOptions } from '../fakes/gate.ts';
import {
  CODE,
  codeOf,
  FLAG,
  type Frame,
  frame,
  lastStreamOf,
  statusOf,
  TYPE,
  takeFrames,
} from './h2frames.ts';

/** Where such connections go to. */
export interface Place {
  connect(options?: ConnectOptions): Promise<TLSSocket>;
}

export interface FrameConnection {
  readonly socket: TLSSocket;
  /** Every frame so far. */
  readonly frames: readonly Frame[];
  /** Resolves when both sides are closed. */
  readonly closed: Promise<void>;
  readonly isClosed: () => boolean;
  /** Resolves once the bytes are written, or can't be any more because the peer has closed. */
  send(...bytes: readonly Buffer[]): Promise<void>;
  /** The first frame, old or new, that fits. @throws Error when the connection closes before */
  frame(fits: (frame: Frame) => boolean): Promise<Frame>;
  /** The status that a stream was answered with. @throws Error when the connection closes before */
  status(stream: number): Promise<number>;
  /** How a stream went: its status, `reset CODE`, `goaway CODE` when it is one that the peer says it will not answer, or `closed`. */
  outcome(stream: number): Promise<string>;
  /** Waits until the peer has read all that was sent: a PING is answered. @returns whether it was; not when the connection closes before */
  settled(): Promise<boolean>;
  end(): void;
}

/** A connection over which nothing has been said. */
export async function openFrames(place: Place, options: ConnectOptions = {}): Promise<FrameConnection> {
  const socket = await place.connect({ ALPNProtocols: ['h2'], ...options });
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  let isClosed = false;
  let pings = 0;
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = takeFrames(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), frames);
    wake();
  });
  socket.on('end', () => socket.end());
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isClosed = true;
      wake();
      resolve();
    });
  });
  /** The first answer of `look` that is not undefined. */
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = () => {
        const found = look();
        if (found === undefined && !isClosed) return;
        waiting.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`the connection was closed; it gave ${describe(frames)}`));
      };
      waiting.add(check);
      check();
    });
  const find = (fits: (one: Frame) => boolean) => until(() => frames.find(fits));
  const connection: FrameConnection = {
    socket,
    frames,
    closed,
    isClosed: () => isClosed,
    send: (...bytes) =>
      new Promise((resolve) => {
        if (isClosed || socket.writableEnded) resolve();
        else socket.write(Buffer.concat(bytes), () => resolve());
      }),
    frame: find,
    status: async (stream) =>
      statusOf(await find((one) => one.type === TYPE.HEADERS && one.stream === stream)),
    outcome: (stream) => until(() => outcomeOf(stream, frames) ?? (isClosed ? 'closed' : undefined)),
    settled: async () => {
      const payload = Buffer.alloc(8);
      payload.writeUInt32BE(++pings);
      void connection.send(frame(TYPE.PING, 0, 0, payload));
      const isOurs = (one: Frame) =>
        one.type === TYPE.PING && one.flags === FLAG.ACK && one.payload.equals(payload);
      return await find(isOurs).then(
        () => true,
        () => false,
      );
    },
    end: () => void socket.destroy(),
  };
  return connection;
}

function outcomeOf(stream: number, frames: readonly Frame[]): string | undefined {
  const own = frames.find(
    (one) => one.stream === stream && (one.type === TYPE.HEADERS || one.type === TYPE.RST_STREAM),
  );
  if (own?.type === TYPE.HEADERS) return String(statusOf(own));
  if (own !== undefined) return `reset ${codeOf(own)}`;
  const goaway = frames.findLast(({ type }) => type === TYPE.GOAWAY);
  if (goaway === undefined) return undefined;
  // One without an error lets the streams that it names be answered.
  if (codeOf(goaway) === CODE.NO_ERROR && lastStreamOf(goaway) >= stream) return undefined;
  return `goaway ${codeOf(goaway)}`;
}

function describe(frames: readonly Frame[]): string {
  const shown = frames.slice(-6).map((one) => {
    const name = Object.entries(TYPE).find(([, type]) => type === one.type)?.[0] ?? `type ${one.type}`;
    return `${name} ${one.stream}${one.type === TYPE.GOAWAY || one.type === TYPE.RST_STREAM ? ` code ${codeOf(one)}` : ''}`;
  });
  return `${frames.length} frames, the last ones: ${shown.join(', ')}`;
}
