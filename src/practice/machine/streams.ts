// Node's streams, as a caller of exec or attach brings them, as the machine's sources and sinks: with backpressure both ways.

import type { Readable, Writable } from 'node:stream';
import { NULL_SINK } from './files/open.ts';
import { Pipe } from './pipe.ts';
import type { Sink, Source } from './process.ts';
import { SIGPIPE, Signalled, suspend } from './signals.ts';

/** Writes to a caller, until it is `gone`: then each write gives SIGPIPE. Without a stream all is forgotten. */
export function sinkOf(stream: Writable | undefined, gone: AbortSignal): Sink {
  if (stream === undefined) return NULL_SINK;
  const wakers = new Set<() => void>();
  const wake = () => {
    for (const one of [...wakers]) one();
  };
  stream.on('drain', wake);
  stream.on('close', wake);
  stream.on('error', wake);
  gone.addEventListener('abort', wake, { once: true });
  const check = (signal: AbortSignal) => {
    signal.throwIfAborted();
    if (!stream.writable || gone.aborted) throw new Signalled(SIGPIPE);
  };
  return {
    terminal: undefined,
    write: async (chunk, signal) => {
      check(signal);
      if (stream.write(chunk)) return;
      await suspend(signal, (waker) => {
        wakers.add(waker);
        return () => wakers.delete(waker);
      });
      check(signal);
    },
  };
}

/** What takes a caller's bytes: a promise means that the next ones shall wait. */
export interface Taker {
  readonly take: (chunk: Buffer) => Promise<void> | undefined;
  readonly end: () => void;
}

/** Reads a caller's stdin into `taker`, from now until the answer is called. */
export function pump(stream: Readable, { take, end }: Taker): () => void {
  let stopped = false;
  let over = false;
  const finish = () => {
    if (!stopped && !over) end();
    over = true;
  };
  const onData = (chunk: Buffer) => {
    const waits = take(chunk);
    if (waits === undefined) return;
    stream.pause();
    const go = () => {
      if (!stopped) stream.resume();
    };
    waits.then(go, go);
  };
  stream.on('data', onData);
  stream.on('end', finish);
  stream.on('close', finish);
  stream.on('error', finish);
  if (stream.readableEnded || stream.destroyed) finish();
  return () => {
    stopped = true;
    stream.off('data', onData);
    stream.off('end', finish);
    stream.off('close', finish);
    stream.pause();
  };
}

/** A stream as a source, until `stop` is called. */
export function readFrom(
  stream: Readable,
  signal: AbortSignal,
): { readonly source: Source; readonly stop: () => void } {
  const input = new Pipe();
  const stop = pump(stream, {
    take: (chunk) => {
      input.push(chunk);
      return input.full ? input.room(signal) : undefined;
    },
    end: () => input.end(),
  });
  return { source: input, stop };
}
