// Prometheus and promtool: those in PATH, else the ones of Debian's package, taken out of it into the cache. It is not installed, so there is
// no service, no user and nothing to stop.

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../cluster/cache.ts';
import { announced, type Say, sayOnStderr } from '../cluster/progress.ts';
import { run, runOrFail } from '../cluster/run.ts';

const PACKAGE = 'prometheus';
const ARCHIVE = /^prometheus_.+\.deb$/;

/** The value of PATH with which both are found. @throws Error when they can't be had: no Debian, or no network. */
export async function ensurePrometheus(say: Say = sayOnStderr): Promise<string> {
  const path = process.env['PATH'] ?? '';
  const found = await Promise.all(['prometheus', 'promtool'].map((name) => run(name, ['--version'])));
  if (found.every(({ code }) => code === 0)) return path;
  const folder = await cached('prometheus-debian', (draft) =>
    announced(say, 'Prometheus from its Debian package', () => extract(draft)),
  );
  return `${join(folder, 'usr/bin')}:${path}`;
}

async function extract(folder: string): Promise<void> {
  const download = () => run('apt-get', ['download', '--quiet=2', PACKAGE], { cwd: folder });
  if ((await download()).code !== 0) {
    // Where packages were never looked up, or long ago.
    await runOrFail('apt-get', ['update', '--quiet=2']);
    const { code, stderr } = await download();
    if (code !== 0) throw new Error(`apt-get download ${PACKAGE}: ${stderr}`);
  }
  const archive = (await readdir(folder)).find((name) => ARCHIVE.test(name)) ?? '';
  await runOrFail('dpkg-deb', ['--extract', archive, '.'], { cwd: folder });
  await rm(join(folder, archive));
}
