// Finds what a command's name runs: a program of the machine under $PATH, or a script.

import { absolute } from './files/tree.ts';
import type { Command, Process, System } from './process.ts';

/** What can be run. `argv` is what it gets: for a script, a shell with its path. */
export interface FoundProgram {
  readonly kind: 'program';
  readonly run: Command;
  readonly argv: readonly string[];
}

/** What a name stands for. */
export type Found = FoundProgram | { readonly kind: 'missing' } | { readonly kind: 'denied' };

/** Where a name without a slash is looked for when $PATH is not set. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where `name` is, as `which` prints it; undefined when it cannot be run. */
export function pathOf(system: System, name: string, cwd: string, path: string): string | undefined {
  const places = name.includes('/')
    ? [name]
    : path.split(':').map((one) => `${one === '' ? '.' : one}/${name}`);
  for (const place of places) {
    const node = name === '' ? undefined : system.files.peek(absolute(cwd, place));
    if (node?.kind === 'file' && (node.mode & 0o111) !== 0) return place;
  }
  return undefined;
}

/** What `argv` runs. */
export function findProgram(system: System, argv: readonly string[], cwd: string, path: string): Found {
  const [name = ''] = argv;
  const place = pathOf(system, name, cwd, path);
  if (place === undefined) {
    const there = name.includes('/') && system.files.peek(absolute(cwd, name)) !== undefined;
    return { kind: there ? 'denied' : 'missing' };
  }
  const node = system.files.peek(absolute(cwd, place));
  const program = node?.kind === 'file' ? node.program : undefined;
  const run = system.programs.get(program ?? 'sh')?.run;
  if (run === undefined) return { kind: 'missing' };
  return { kind: 'program', run, argv: program === undefined ? ['sh', place, ...argv.slice(1)] : argv };
}

/** What `argv` runs under the $PATH of `env`; `process` says so when it is nothing. @returns the program, or the exit code: 127, 126. */
export async function demandProgram(
  process: Process,
  argv: readonly string[],
  env: ReadonlyMap<string, string>,
): Promise<FoundProgram | number> {
  const found = findProgram(process.system, argv, process.cwd, env.get('PATH') ?? DEFAULT_PATH);
  if (found.kind === 'program') return found;
  const missing = found.kind === 'missing';
  await process.warn(
    `can't execute '${argv[0]}': ${missing ? 'No such file or directory' : 'Permission denied'}`,
  );
  return missing ? 127 : 126;
}
