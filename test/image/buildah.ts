// buildah with everything it keeps in one folder, so that a test's builds share nothing with the machine's and are gone with the folder. Root,
// no daemon, no overlay mounts, no container runtime: it works inside containers and on plain machines alike.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runOrFail } from '../cluster/run.ts';

const BUILD_TIMEOUT_MS = 15 * 60_000;

/** One folder's buildah. */
export interface Buildah {
  readonly dir: string;
  /** Builds the context folder with these arguments of `buildah build`. */
  readonly build: (context: string, args: readonly string[]) => Promise<void>;
  /** Writes an image as an OCI archive; the digest of its manifest. */
  readonly push: (image: string, file: string, name: string) => Promise<string>;
  readonly remove: () => Promise<void>;
}

/**
 * Prepares buildah in `dir`, which it makes. `signal` ends what runs.
 * @throws Error in one line where the machine has no buildah.
 */
export async function openBuildah(dir: string, signal?: AbortSignal): Promise<Buildah> {
  if ((await run('buildah', ['--version'])).code !== 0)
    throw new Error('This machine has no buildah, which builds the image: apt-get install -y buildah');
  for (const name of ['root', 'run', 'tmp']) await mkdir(join(dir, name), { recursive: true });
  const policy = join(dir, 'policy.json');
  await writeFile(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
  const registries = join(dir, 'registries.conf');
  await writeFile(registries, 'unqualified-search-registries = []\n');
  const place = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--storage-driver', 'vfs'];
  const options = {
    env: { TMPDIR: join(dir, 'tmp'), CONTAINERS_REGISTRIES_CONF: registries, XDG_RUNTIME_DIR: dir },
    timeoutMs: BUILD_TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  };
  const buildah = (command: string, ...args: readonly string[]): Promise<string> =>
    runOrFail('buildah', [...place, command, '--signature-policy', policy, ...args], options);
  return {
    dir,
    build: async (context, args) => {
      const fixed = ['--isolation', 'chroot', '--format', 'oci', '--identity-label=false', '--pull-never'];
      await buildah('build', ...fixed, ...args, context);
    },
    push: async (image, file, name) => {
      const digestFile = join(dir, 'tmp', 'digest');
      await buildah('push', '--digestfile', digestFile, image, `oci-archive:${file}:${name}`);
      return (await readFile(digestFile, 'utf8')).trim();
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
