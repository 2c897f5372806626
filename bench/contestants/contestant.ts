// What a contestant is, and the ground that all of them share: one authority, one upstream, one issuer, one folder for files.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../test/cluster/run.ts';
import type { Processes, Running } from '../processes.ts';
import type { Programs } from '../programs.ts';

/** The common ground. Files are PEM: one ECDSA P-256 authority, one server certificate for 127.0.0.1 and localhost. */
export interface Ground {
  readonly folder: string;
  readonly caFile: string;
  readonly caPem: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Certificate and key in one file. */
  readonly pairFile: string;
  readonly issuer: { readonly url: string; readonly audience: string };
  readonly programs: Programs;
  readonly processes: Processes;
}

/** One that runs. */
export interface Started {
  readonly url: string;
  readonly port: number;
  /** The process whose CPU and memory count, with its children; undefined: there is no proxy. */
  readonly pid: number | undefined;
  readonly stop: () => Promise<void>;
}

/** Whether it can run here: its version in words, or how to get it. */
export type Availability =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly how: string };

export interface Contestant {
  readonly name: string;
  /** What it is, for the help and the results. */
  readonly what: string;
  /** Only when asked for by name. */
  readonly optional: boolean;
  /** false: it is the bare upstream, with HTTP/1.1 alone. */
  readonly isProxy: boolean;
  readonly find: () => Promise<Availability>;
  /** Starts it in front of the upstream at that port of the loopback. @throws Error with its last words. */
  readonly start: (ground: Ground, upstreamPort: number) => Promise<Started>;
  /** The same with so many processes behind one listener, all of which serve; absent where that is not measured. @throws as start. */
  readonly startWorkers?: (ground: Ground, upstreamPort: number, count: number) => Promise<Started>;
}

/** A program that runs and listens at a port, as a contestant. */
export function startedAt(port: number, program: Running): Started {
  return { url: `https://127.0.0.1:${port}`, port, pid: program.pid, stop: program.stop };
}

/** Writes a configuration file into the ground's folder. @returns its path. */
export function writeConfig(ground: Ground, name: string, text: string): string {
  const file = join(ground.folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** Finds a Debian program by its version option; `pattern`'s first group is the version. */
export async function findProgram(
  name: string,
  option: string,
  pattern: RegExp,
  debianPackage: string,
): Promise<Availability> {
  const { code, stdout, stderr } = await run(name, [option]);
  if (code === 127) return { ok: false, how: `${name} is not here: apt-get install ${debianPackage}` };
  const text = stdout + stderr;
  return { ok: true, version: `${pattern.exec(text)?.[1] ?? 'of unknown version'}${opensslOf(text)}` };
}

/** The OpenSSL that a program says it runs on. */
function opensslOf(text: string): string {
  const version = /(?:Running on|built with).*OpenSSL (\d+\.\d+\.\d+)/.exec(text)?.[1];
  return version === undefined ? '' : `, OpenSSL ${version}`;
}
