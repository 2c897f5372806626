// Keeps a token file per person fresh, as a login helper would: kubectl and client-go read a tokenFile again within a minute.

import type { Folder } from './folder.ts';

/** Lifetime of the tokens in the files. s. */
export const FILE_TOKEN_LIFETIME_S = 3600;
const RENEWAL_MS = (FILE_TOKEN_LIFETIME_S * 1000) / 2;

/** What it needs. */
export interface TokenFileDeps {
  readonly folder: Folder;
  /** Names of the files under tokens/, and how each comes by a token. */
  readonly sources: ReadonlyMap<string, () => Promise<string>>;
  /** Told when a renewal failed; the old token is then good for half its life yet. */
  readonly onError: (name: string, error: unknown) => void;
}

/** Writes each file now and then again at half of its token's life. @returns what ends that. @throws when a first token can't be had. */
export async function keepTokenFiles({ folder, sources, onError }: TokenFileDeps): Promise<() => void> {
  const write = async (name: string, obtain: () => Promise<string>) =>
    void folder.write(`tokens/${name}`, await obtain());
  await Promise.all([...sources].map(([name, obtain]) => write(name, obtain)));
  const timer = setInterval(() => {
    for (const [name, obtain] of sources) write(name, obtain).catch((error) => onError(name, error));
  }, RENEWAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
