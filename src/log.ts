// The log: one JSON object a line on standard error, messages constant, facts as fields. Nothing here ever sees a credential: header
// lines are not logged at any level, and query values that may carry a token are masked.

import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { LogLevel } from './config/config.ts';

export type Log = Logger;

/** Names of query parameters whose values are masked; `bearer` stands for every name that begins so. */
const SECRET_PARAMETER = /^(token|access_token|id_token|refresh_token|authorization|bearer.*)$/i;
const MAX_TARGET_CHARS = 4096;

/** Lines wait for one another for so long, so that a busy gate writes once for many. ms */
const WRITE_EVERY_MS = 50;
/** … and not beyond so much. bytes */
const WRITE_BYTES = 8 * 1024;

/** Opens the log. Writes are asynchronous, and what still waits is written when the process exits. */
export function createLog(
  level: LogLevel,
  stream: DestinationStream = destination({
    dest: 2,
    sync: false,
    minLength: WRITE_BYTES,
    periodicFlush: WRITE_EVERY_MS,
  }),
): Log {
  const timestamp = clockText();
  return pino(
    {
      level,
      base: null,
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}

/** pino's time field; its text is made once a millisecond, not once a line. */
function clockText(): () => string {
  let at = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) text = `,"time":"${new Date(now).toISOString()}"`;
    at = now;
    return text;
  };
}

/** The request target as it may be logged: secrets masked, cut at 4,096 characters. */
export function loggedTarget(rawTarget: string): string {
  const query = rawTarget.indexOf('?');
  const shown =
    query === -1
      ? rawTarget
      : rawTarget.slice(0, query + 1) +
        rawTarget
          .slice(query + 1)
          .split('&')
          .map(maskPair)
          .join('&');
  const cut = shown.length > MAX_TARGET_CHARS ? `${shown.slice(0, MAX_TARGET_CHARS)}...TRUNCATED` : shown;
  // JSON escapes the controls below 0x20; those above, raw bytes of the request line, would still steer a terminal.
  return cut.replace(/[\u007f-\u009f]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function maskPair(pair: string): string {
  const equals = pair.indexOf('=');
  if (equals === -1) return pair;
  const name = pair.slice(0, equals);
  return SECRET_PARAMETER.test(decoded(name)) ? `${name}=MASKED` : pair;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** An error as fields: its name, code and message with those of its causes, without a stack below debug. */
export function loggedError(error: unknown, depth = 0): Readonly<Record<string, unknown>> | undefined {
  if (!(error instanceof Error)) return error === undefined ? undefined : { message: String(error) };
  const code = (error as { code?: unknown }).code;
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
    ...(depth < 4 && inner !== undefined ? { cause: loggedError(inner, depth + 1) } : {}),
  };
}
