// Builds Postern's image from the Dockerfile with buildah, on a build image made here, into an OCI archive that `ctr images import` takes. The
// result is cached by the content of what it is made from, outside the checkout: tests that only want to run the image don't build it twice.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, forgetOld } from '../cluster/cache.ts';
import { announced, type Say, sayOnStderr } from '../cluster/progress.ts';
import { runOrFail } from '../cluster/run.ts';
import { readArchive } from './archive.ts';
import { BASE_IMAGE, describeBase, makeBase } from './base.ts';
import { type Buildah, openBuildah } from './buildah.ts';
import { type Commit, hashInputs, ROOT, readCommit } from './inputs.ts';

/** What the label org.opencontainers.image.source says here: where an operator's own copy would lie. */
export const SOURCE = 'https://git.example.com/postern';
const ARCHIVE = 'image.tar';
const CACHE = 'image';
/** An archive has some 60 MB, and each commit gives another. */
const KEPT_ARCHIVES = 8;
/** Where the build stage finds the authorities that npm is to trust. */
const CA_IN_BUILD = '/run/secrets/ca';

/** Where the image goes and what it is called. `signal` ends the build; `say` (default: stderr) hears of one that takes long. */
export interface ImageOptions {
  readonly outFile: string;
  /** The reference in the archive, as a Pod's `image` names it: `postern.test/postern:1`. */
  readonly tag: string;
  readonly signal?: AbortSignal;
  readonly say?: Say;
}

/** The image as an OCI archive, its manifest's digest, and the sum of its layers, uncompressed, in bytes. */
export interface BuiltImage {
  readonly archive: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/**
 * The image of this checkout's files, from the cache or built now (about 2 minutes on 2 cores). Needs root, buildah and npm's registry.
 * @throws Error in one line for what the machine lacks, or with what the build printed.
 */
export async function buildImage(options: ImageOptions): Promise<BuiltImage> {
  const { outFile, tag, signal, say = sayOnStderr } = options;
  const content = [tag, await hashInputs(), await describeBase(), await readCommit()];
  const key = createHash('sha256').update(JSON.stringify(content));
  const folder = await cached(join(CACHE, key.digest('hex').slice(0, 16)), async (draft) => {
    const build = () =>
      withBuildah(signal, (buildah) => buildOnce(buildah, { tag, outFile: join(draft, ARCHIVE) }));
    await announced(say, "building Postern's image, about 2 minutes the first time", build);
  });
  await copyFile(join(folder, ARCHIVE), outFile);
  await forgetOld(CACHE, KEPT_ARCHIVES);
  const { digest, layers } = await readArchive(outFile);
  return { archive: outFile, digest, sizeBytes: layers.reduce((sum, { length }) => sum + length, 0) };
}

/** Does `work` with a buildah that has the build image, in a folder that is gone afterwards. */
export async function withBuildah<T>(
  signal: AbortSignal | undefined,
  work: (buildah: Buildah) => Promise<T>,
): Promise<T> {
  const buildah = await openBuildah(await mkdtemp(join(tmpdir(), 'postern-image-')), signal);
  try {
    await makeBase(buildah);
    return await work(buildah);
  } finally {
    await buildah.remove();
  }
}

/** Builds from the files of `checkout` (default: this one) without any cache. @returns the manifest's digest. */
export async function buildOnce(
  buildah: Buildah,
  {
    tag,
    outFile,
    checkout = ROOT,
  }: { readonly tag: string; readonly outFile: string; readonly checkout?: string },
): Promise<string> {
  const args = [...labelArgs(await readCommit()), ...(await secretArgs(buildah.dir))];
  const fixed = ['--no-cache', '--build-arg', `NODE_IMAGE=${BASE_IMAGE}`, '--tag', tag];
  await buildah.build(checkout, [...fixed, ...args]);
  return await buildah.push(tag, outFile, tag);
}

function labelArgs({ version, revision, time }: Commit): readonly string[] {
  const facts = {
    VERSION: version,
    REVISION: revision,
    CREATED: new Date(time * 1000).toISOString().replace('.000Z', 'Z'),
    SOURCE,
    SOURCE_DATE_EPOCH: String(time),
  };
  const args = Object.entries(facts).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  return [...args, '--timestamp', String(time)];
}

/** npm inside the build uses the registry and the authorities that npm uses on this machine. */
async function secretArgs(dir: string): Promise<readonly string[]> {
  const get = async (name: string): Promise<string> =>
    (await runOrFail('npm', ['config', 'get', name], { cwd: ROOT })).trim();
  const authorities = [await get('cafile'), process.env['NODE_EXTRA_CA_CERTS'] ?? ''].find(existsSync);
  const lines = [`registry=${await get('registry')}`];
  if (authorities !== undefined) lines.push(`cafile=${CA_IN_BUILD}`);
  const file = join(dir, 'npmrc');
  await writeFile(file, `${lines.join('\n')}\n`);
  const secrets = [
    `id=npmrc,src=${file}`,
    ...(authorities === undefined ? [] : [`id=ca,src=${authorities}`]),
  ];
  return secrets.flatMap((secret) => ['--secret', secret]);
}
