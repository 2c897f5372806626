// What a container of the practice cluster is to the rest: a small machine of ours, in memory, that runs a built-in shell. Nothing in it is
// ever run on the person's computer, reads its files or opens its sockets.

import type { Duplex, Readable, Writable } from 'node:stream';

/** A terminal's size in characters. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** What a command has of its caller. With a terminal there is no stderr: all goes to stdout. */
export interface CommandStreams {
  /** Ends when the caller has half-closed. */
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Registers who is told of each size from now on, and of the last one at once. */
  readonly onSize: (listener: (size: TerminalSize) => void) => void;
  /** Aborts when the caller is gone. */
  readonly gone: AbortSignal;
}

/** How a command ended: its exit code 0 to 255, or why it could not run at all (the kubelet's words). */
export type CommandOutcome = { readonly exitCode: number } | { readonly failure: string };

/** One line of a container's log. `timeMs` is since the epoch. */
export interface LogLine {
  readonly timeMs: number;
  readonly text: string;
}

/** What a container is made of. */
export interface MachineSpec {
  readonly hostname: string;
  readonly image: string;
  /** Empty means the image's own. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly workingDir: string;
  /** Whether the main command reads stdin and has a terminal. */
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly ip: string;
  /** Files that are there from the start (configMap and secret volumes, the service account), by absolute path. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** What the machine takes from outside. */
export interface MachineSurroundings {
  /** ms since the epoch. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when aborted. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A running container. */
export interface Machine {
  /** Runs a command beside the main one. Resolves when it is over; never rejects. */
  readonly exec: (
    command: readonly string[],
    tty: boolean,
    streams: CommandStreams,
  ) => Promise<CommandOutcome>;
  /** Joins the main command's streams; resolves when it is over or the caller is gone. */
  readonly attach: (streams: CommandStreams) => Promise<CommandOutcome>;
  /** The lines so far (the last 10,000), oldest first. */
  readonly logLines: () => readonly LogLine[];
  /** Registers who is told of each further line; @returns a function that ends that. */
  readonly onLogLine: (listener: (line: LogLine) => void) => () => void;
  /** A connection to a port inside; undefined when nothing listens there. */
  readonly connect: (port: number) => Duplex | undefined;
  /** Resolves when the main command has ended. */
  readonly exited: Promise<CommandOutcome>;
  /** Ends the main command (SIGTERM, SIGKILL after `graceMs`), every exec and connection. */
  readonly stop: (graceMs: number) => Promise<void>;
}
