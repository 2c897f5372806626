// The cache of what is slow to make (binaries built from Go modules, stock kubectls): outside the checkout, by version, shared by checkouts
// and by runs side by side. An entry is a folder that appears whole or not at all: made under another name, then renamed.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** In the name of an entry that is being made. */
const DRAFT = '.tmp-';

/** The folder of the cache: `$XDG_CACHE_HOME/postern`, else `~/.cache/postern`. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'postern');
}

/** The folder of entry `key`, filled by `make` when it is not there yet. Of two runs that make it at once, the first to finish wins. */
export async function cached(key: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), key);
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const draft = `${folder}${DRAFT}${randomBytes(4).toString('hex')}`;
  await mkdir(draft);
  try {
    await make(draft);
    await rename(draft, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

/** Removes all but the `kept` newest entries below `prefix`, for what is made anew with every change; entries in the making are left alone. */
export async function forgetOld(prefix: string, kept: number): Promise<void> {
  const base = join(cacheFolder(), prefix);
  const names = (await readdir(base)).filter((name) => !name.includes(DRAFT));
  const madeAt = async (name: string): Promise<number> =>
    await stat(join(base, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0, // another run has just removed it
    );
  const entries = await Promise.all(names.map(async (name) => ({ name, at: await madeAt(name) })));
  const old = entries.sort((one, other) => other.at - one.at).slice(kept);
  await Promise.all(old.map(({ name }) => rm(join(base, name), { recursive: true, force: true })));
}
