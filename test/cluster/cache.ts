// The cache of what is slow to make (binaries built from Go modules, stock kubectls): outside the checkout, by version, shared by checkouts
// and by runs side by side. An entry is a folder that appears whole or not at all: made under another name, then renamed.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

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
  const draft = `${folder}.tmp-${randomBytes(4).toString('hex')}`;
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
