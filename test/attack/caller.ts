// The attacker's side: raw bytes over TLS, in the pieces that the case says, with all that comes back. HTTP/2 by node:http2 is test/fakes/caller.ts's
// `caller(place, 'h2')`; frames that no library would send are h2frames.ts's.

import type { TLSSocket } from 'node:tls';
import type { ConnectOptions } from '../fakes/gate.ts';
import { reset } from '../fakes/peers.ts';
import { type Answer, type Answers, readAnswers } from './answers.ts';

/** What can be connected to. */
export interface Connectable {
  connect(options?: ConnectOptions): Promise<TLSSocket>;
}

/** A connection of an attacker. */
export interface RawCaller {
  readonly socket: TLSSocket;
  /** All that has come. */
  readonly heard: Buffer;
  /** Writes (a text is latin1); false when the gate is gone. */
  send(bytes: string | Buffer): Promise<boolean>;
  /** Resolves when what has come fits. Rejects when the connection ends before. */
  until(fits: (bytes: Buffer) => boolean): Promise<void>;
  /** Resolves with that many whole final answers. Rejects when the connection ends before. */
  answers(count: number): Promise<readonly Answer[]>;
  /** FIN; it still reads. */
  end(): void;
  /** RST. */
  reset(): void;
  /** Resolves with all of it when the gate has ended the connection, whether by FIN or RST. */
  readonly over: Promise<Buffer>;
}

/** Opens one; HTTP/1.1 without ALPN unless asked for. */
export async function openRaw(gate: Connectable, options: ConnectOptions = {}): Promise<RawCaller> {
  const socket = await gate.connect(options);
  const chunks: Buffer[] = [];
  let waiting: (() => void)[] = [];
  let isOver = false;
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const one of woken) one();
  };
  const heard = () => Buffer.concat(chunks);
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  // Not by events.once, which takes an RST for a failure of the test.
  const over = new Promise<void>((resolve) =>
    socket.once('end', () => resolve()).once('close', () => resolve()),
  ).then(() => {
    isOver = true;
    wake();
    return heard();
  });
  const until = async (fits: (bytes: Buffer) => boolean) => {
    while (!fits(heard())) {
      if (isOver) throw new Error(`the gate closed after: ${heard().toString('latin1').slice(0, 2000)}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const finals = () => readAnswers(heard(), isOver).answers.filter(({ status }) => status >= 200);
  return {
    socket,
    get heard() {
      return heard();
    },
    send: (bytes) =>
      new Promise((resolve) =>
        socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, (error) =>
          resolve(error == null),
        ),
      ),
    until,
    answers: async (count) => {
      await until(() => finals().length >= count);
      return finals();
    },
    end: () => void socket.end(),
    reset: () => reset(socket),
    over,
  };
}

/** An attack whose connection the gate has not ended by then has failed. ms */
const ATTEMPT_MS = 20_000;

/**
 * Sends bytes, or pieces of them each in a write of its own, on a fresh connection; resolves when the gate has closed it.
 * @throws Error when it has not after ATTEMPT_MS
 */
export async function attempt(
  gate: Connectable,
  bytes: string | Buffer | readonly (string | Buffer)[],
  options: ConnectOptions & {
    /** Closes its sending side after the bytes. */
    readonly end?: boolean;
    readonly methods?: readonly string[];
  } = {},
): Promise<Answers & { readonly bytes: Buffer }> {
  const { end = false, methods = [], ...connecting } = options;
  const caller = await openRaw(gate, connecting);
  for (const piece of typeof bytes === 'string' || Buffer.isBuffer(bytes) ? [bytes] : bytes)
    if (!(await caller.send(piece))) break;
  if (end) caller.end();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    caller.socket.destroy();
  }, ATTEMPT_MS);
  const all = await caller.over;
  clearTimeout(timer);
  caller.socket.destroy();
  if (isLate) throw new Error(`the gate has not closed after: ${all.toString('latin1').slice(0, 2000)}`);
  return { ...readAnswers(all, true, methods), bytes: all };
}

/** An HTTP/1.1 request as bytes (latin1): the head that a case wants, and whatever is to follow. */
export function requestText(startLine: string, lines: readonly string[], body = ''): string {
  return `${[startLine, ...lines].join('\r\n')}\r\n\r\n${body}`;
}
