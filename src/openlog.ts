// The log of a running program: its lines go to standard error by way of a bounded queue (logsink.ts), and what became of them is in the metrics.

import type { DestinationStream } from 'pino';
import type { LogLevel } from './config/config.ts';
import { createLog, type Log, loggedError } from './log.ts';
import { openLogSink, PIPE_CHARS, type Trouble } from './logsink.ts';
import type { Metrics } from './metrics.ts';

export interface OpenLog {
  readonly log: Log;
  /** Brings the gauge up to date. */
  collect(): void;
}

export interface OpenLogOptions {
  readonly level: LogLevel;
  readonly metrics: Pick<Metrics, 'logWritable' | 'logLinesDropped'>;
  /** Other processes write to the same place. */
  readonly isShared: boolean;
  /** In every line; 0 is none. */
  readonly worker: number;
  /** Where lines go instead. */
  readonly stream: DestinationStream | undefined;
}

/** Opens it. */
export function openLog({ level, metrics, isShared, worker, stream }: OpenLogOptions): OpenLog {
  metrics.logWritable.set(1);
  const named = (to: DestinationStream) => {
    const log = createLog(level, to);
    return worker === 0 ? log : log.child({ worker });
  };
  if (stream !== undefined) return { log: named(stream), collect: () => {} };
  const sink = openLogSink({
    ...(isShared ? { chunkChars: PIPE_CHARS } : {}),
    onDrop: () => metrics.logLinesDropped.inc(),
    onAgain: (trouble) => sayAgain(log, trouble),
  });
  const log = named(sink);
  return { log, collect: () => metrics.logWritable.set(sink.isWritable() ? 1 : 0) };
}

function sayAgain(log: Log, { lost, lastedMs, cause }: Trouble): void {
  const facts = { lost, lastedMs, cause: loggedError(cause) };
  if (lost > 0) log.error(facts, 'log lines were lost here: the log could not be written');
  else log.warn(facts, 'the log could not be written for a while; no line was lost');
}
