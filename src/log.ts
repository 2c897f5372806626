// The log: one JSON object a line on standard error, messages constant, facts as fields. Nothing here ever sees a credential: header
// lines are not logged at any level, and query values that may carry a token are masked.

import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from './config/config.ts';

export type Log = Logger;

/**
 * Names of parameters whose values are masked: what programs behind a `proxy` subresource, object stores and identity providers call a secret. None
 * of Kubernetes' own parameters is called so.
 */
const SECRET_PARAMETER =
  /token|bearer|authorization|passw|secret|credential|signature|assertion|jwt|saml|api[-_]?key|verifier|^[?&;#]?sig$/i;
/** A name and password before the host, of a target that is a whole URL. */
const USER_INFO = /^([a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/i;
const MAX_TARGET_CHARS = 4096;
/** Of what else a caller may have made as long as a request; names of objects have 253 and little more. */
const MAX_WORD_CHARS = 512;

/** Makes a log whose lines go to `stream`: that of the program is logsink.ts. */
export function createLog(level: LogLevel, stream: DestinationStream): Log {
  const timestamp = clockText();
  return pino(
    {
      level,
      base: null,
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: disarm },
    },
    stream,
  );
}

/**
 * What JSON lets stand in a string and a terminal obeys, or a reader of lines takes for an end: DEL and the C1 controls (CSI is one byte there), the
 * separators U+2028 and U+2029, what turns text around (U+202A to U+202E, U+2066 to U+2069), and a byte order mark.
 */
const STEERING = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;
const ALL_STEERING = new RegExp(STEERING, 'g');

/** A line of JSON in which only escapes say those characters: the same value for who parses it. Callers choose usernames, and more. */
function disarm(line: string): string {
  if (!STEERING.test(line)) return line;
  return line.replace(ALL_STEERING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
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
  const target = rawTarget.includes('@') ? rawTarget.replace(USER_INFO, '$1//MASKED@') : rawTarget;
  const from = target.search(/[?;#]/);
  const shown =
    from === -1
      ? target
      : target.slice(0, from) +
        target
          .slice(from)
          .split(/(?=[&#])/)
          .map(maskPair)
          .join('');
  // JSON escapes the controls below 0x20; those above, raw bytes of the request line, would still steer a terminal.
  return cut(shown, MAX_TARGET_CHARS).replace(
    /[\u007f-\u009f]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A part of a request as it may be logged: readers of logs drop or split lines that are too long. */
export function loggedWord(word: string): string {
  return cut(word, MAX_WORD_CHARS);
}

function cut(text: string, chars: number): string {
  return text.length > chars ? `${text.slice(0, chars)}...TRUNCATED` : text;
}

/** What follows `&` or `#`, with its mark. Some programs part at `;` as well: behind a secret's name all is masked that could be its value. */
function maskPair(pair: string): string {
  if (!pair.includes('=')) return pair;
  let shown = '';
  for (const part of pair.split(/(?=[?;])/)) {
    const equals = part.indexOf('=');
    if (equals !== -1 && SECRET_PARAMETER.test(decoded(part.slice(0, equals))))
      return `${shown}${part.slice(0, equals)}=MASKED`;
    shown += part;
  }
  return shown;
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
