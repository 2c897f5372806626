// What exec and attach need of a caller's connection, whichever protocol carries it.

import type { Readable, Writable } from 'node:stream';

/** Which streams the query of the request asks for. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** A connection whose streams have all been opened. */
export interface CommandConnection {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Takes the outcome. */
  readonly error: Writable;
  readonly resize: Readable | undefined;
  /** Whether the outcome is told as a Status (v4 and v5), else as a text. */
  readonly asStatus: boolean;
  /** Resolves when the connection is closed, whoever closed it. */
  readonly closed: Promise<void>;
  /** Called when every stream has ended: lets the caller read it all, then closes. */
  readonly finish: () => Promise<void>;
}
