// `httpd`: serves a directory at a port inside the machine, with busybox's options. It goes into the background unless told not to.

import { detach } from '../daemon.ts';
import type { Process, Program } from '../process.ts';
import { suspend } from '../signals.ts';
import { define, type Options, pathIn, UsageError } from './options.ts';
import { openSite } from './web.ts';

/** `8080`, `0.0.0.0:8080`. @throws UsageError. */
export function readPort(text: string): number {
  const digits = text.replace(/^.*:/, '');
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`invalid port '${text}'`);
  return port;
}

async function httpd(process: Process, { flags, values }: Options): Promise<number> {
  const port = readPort(values.get('p') ?? '80');
  const home = values.get('h') ?? '.';
  const node = process.system.files.peek(pathIn(process, home));
  if (node?.kind !== 'directory') {
    const why = node === undefined ? 'No such file or directory' : 'Not a directory';
    await process.warn(`can't change directory to '${home}': ${why}`);
    return 1;
  }
  const { stderr } = process.stdio;
  const log = (line: string) => void stderr.write(Buffer.from(`${line}\n`), process.signal).catch(() => {});
  const loud = flags.has('v') && flags.has('f');
  const root = process.system.files.place(pathIn(process, home)).path;
  const close = openSite(process, { port, root, live: false, log: loud ? log : () => {} });
  if (close === undefined) {
    await process.warn('bind: Address already in use');
    return 1;
  }
  const wait = async ({ signal }: Process): Promise<number> => {
    await suspend(signal, () => () => {});
    close();
    throw signal.reason;
  };
  if (flags.has('f')) return wait(process);
  try {
    detach(process, wait);
    return 0;
  } catch (error) {
    close();
    throw error;
  }
}

/** The program. */
export const HTTPD: Program = define({ usage: '[-fv] [-p PORT] [-h DIRECTORY]', letters: 'fvp:h:' }, httpd);
