// What an image is built from: the files that .dockerignore lets in, and the commit that the labels name. Files decide the cache's key, so a
// changed source can't meet yesterday's image.

import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOrFail } from '../cluster/run.ts';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The labels' facts. `time` is in seconds since 1970. */
export interface Commit {
  readonly version: string;
  readonly revision: string;
  readonly time: number;
}

/** The files and folders that the build reads, from the checkout's root. */
export async function listInputs(): Promise<readonly string[]> {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n');
  const named = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  return ['.dockerignore', 'Dockerfile', ...named].sort();
}

/** A hash of every input's name, mode for its owner, and content. */
export async function hashInputs(): Promise<string> {
  const hash = createHash('sha256');
  const add = async (name: string): Promise<void> => {
    const found = await stat(join(ROOT, name));
    if (found.isDirectory()) {
      for (const child of (await readdir(join(ROOT, name))).sort()) await add(join(name, child));
      return;
    }
    const content = await readFile(join(ROOT, name));
    hash.update(JSON.stringify([name, (found.mode & 0o100) !== 0, content.length])).update(content);
  };
  for (const name of await listInputs()) await add(name);
  return hash.digest('hex');
}

/** The last commit that touched an input: later ones give the same image. */
export async function readCommit(): Promise<Commit> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const args = ['log', '-1', '--format=%H %ct', '--', ...(await listInputs())];
  const [revision = '', time = ''] = (await runOrFail('git', args, { cwd: ROOT })).trim().split(' ');
  return { version, revision, time: Number(time) };
}
