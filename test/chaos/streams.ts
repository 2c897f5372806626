// People at work while something breaks: sessions through a gate that stream without an end, each byte that comes back compared with what was
// sent, and short requests beside them. What breaks says nothing to them; they notice when they are cut or get a wrong byte.

import type { TLSSocket } from 'node:tls';
import type { TestGate } from '../fakes/gate.ts';
import { EXEC, upgradeHead } from '../fakes/sessions.ts';

/** The part of a gate that callers see. */
export type Door = Pick<TestGate, 'connect' | 'token'>;

/** Bytes of one message. */
const MESSAGE_BYTES = 1024;
/** So many messages begin at a time, so often (ms): a load that two cores carry beside other tests. */
const AT_ONCE = 10;
const EVERY_MS = 10;

/** Sessions that stream. */
export interface Streams {
  /** Those that are open. */
  readonly open: number;
  /** Bytes that came back as they were sent. */
  readonly compared: number;
  /** What went wrong with any: cut, or a wrong byte. Empty is good. */
  readonly wrong: readonly string[];
  /** Resolves when each open session has had an answer to something sent after now. @throws Error when one is cut, or after `withinMs` */
  settle(withinMs?: number): Promise<void>;
  /** No session begins another message; resolves when the last answer is complete. */
  pause(): Promise<void>;
  /** From now on the gate may end them; a wrong byte is wrong as before. */
  expectEnd(): void;
  /** Resolves when the gate has ended all of them; that is not wrong then. */
  readonly ended: Promise<void>;
  /** Ends all from the caller's side. */
  close(): Promise<void>;
}

interface One {
  readonly socket: TLSSocket;
  expected: Buffer;
  at: number;
  rounds: number;
  isOver: boolean;
}

/** Opens so many sessions, which begin to stream. */
export async function startStreams(gate: Door, count: number): Promise<Streams> {
  const wrong: string[] = [];
  let compared = 0;
  let expectsEnd = false;
  let waiting: (() => void)[] = [];
  const wake = () => {
    const all = waiting;
    waiting = [];
    for (const resolve of all) resolve();
  };
  const until = async (isSo: () => boolean, withinMs: number, what: string) => {
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      wake();
    }, withinMs).unref();
    while (!isSo()) {
      if (isLate) throw new Error(`${what}: not within ${withinMs} ms`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    clearTimeout(deadline);
  };
  const token = await gate.token();
  const all: One[] = [];
  const receive = (one: One, chunk: Buffer) => {
    const right = one.expected.subarray(one.at, one.at + chunk.length);
    if (!right.equals(chunk)) wrong.push(`byte ${one.at} of message ${one.rounds} is not what was sent`);
    compared += chunk.length;
    one.at += chunk.length;
    if (one.at < one.expected.length) return;
    one.rounds++;
    wake();
  };
  for (let i = 0; i < count; i += 20)
    await Promise.all(
      Array.from({ length: Math.min(20, count - i) }, async () => {
        const socket = await openTunnel(gate, token);
        const one: One = { socket, expected: Buffer.alloc(0), at: 0, rounds: 0, isOver: false };
        socket.on('data', (chunk: Buffer) => receive(one, chunk));
        socket.on('close', () => {
          one.isOver = true;
          if (!expectsEnd) wrong.push(`cut after ${one.rounds} messages`);
          wake();
        });
        socket.on('end', () => socket.end());
        all.push(one);
      }),
    );
  let next = 0;
  let isPaused = false;
  const isBusy = ({ at, expected, isOver }: One) => !isOver && at < expected.length;
  const beat = setInterval(() => {
    for (let i = 0; i < AT_ONCE && !isPaused; i++) {
      const one = all[next++ % all.length];
      if (one === undefined || one.isOver || isBusy(one)) continue;
      one.expected = message(next);
      one.at = 0;
      one.socket.write(one.expected);
    }
  }, EVERY_MS);
  const ended = Promise.withResolvers<void>();
  const expectEnd = () => {
    expectsEnd = true;
    const areOver = () => all.every(({ isOver }) => isOver);
    void until(areOver, 3_600_000, 'their end').then(ended.resolve, () => {});
  };
  return {
    get open() {
      return all.filter(({ isOver }) => !isOver).length;
    },
    get compared() {
      return compared;
    },
    wrong,
    async settle(withinMs = 20_000) {
      // The first answer may be to something sent before.
      const goals = all.map(({ rounds }) => rounds + 2);
      await until(
        () => wrong.length > 0 || all.every(({ rounds, isOver }, i) => isOver || rounds >= (goals[i] ?? 0)),
        withinMs,
        'an answer in each session',
      );
      if (wrong.length > 0) throw new Error(wrong.join(', '));
    },
    async pause() {
      isPaused = true;
      await until(() => !all.some(isBusy), 20_000, 'the last answers');
      expectEnd();
    },
    expectEnd,
    ended: ended.promise,
    async close() {
      isPaused = true;
      expectsEnd = true;
      clearInterval(beat);
      for (const { socket } of all) socket.end();
      await until(() => all.every(({ isOver }) => isOver), 20_000, 'the end of all sessions');
    },
  };
}

async function openTunnel(gate: Door, token: string): Promise<TLSSocket> {
  const socket = await gate.connect();
  socket.write(upgradeHead('websocket', EXEC, [`Authorization: Bearer ${token}`]));
  await new Promise<void>((resolve, reject) => {
    let head = '';
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      if (head.startsWith('HTTP/1.1 101')) resolve();
      else reject(new Error(head));
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error('closed before it was open')));
  });
  return socket;
}

/** Different from message to message, and from byte to byte. */
function message(seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(MESSAGE_BYTES);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < MESSAGE_BYTES; i++) {
    state ^= (state << 13) >>> 0;
    state ^= state >>> 17;
    state ^= (state << 5) >>> 0;
    state >>>= 0;
    bytes[i] = state & 0xff;
  }
  return bytes;
}
