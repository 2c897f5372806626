// The build image that the test makes in place of the public one of the Dockerfile, for there is no image registry here: the same parts (Node,
// the libraries it loads, npm, a POSIX shell with the usual tools) from the npm packages `node` and `npm` and the machine's libraries and
// static busybox. Nothing of busybox or npm is in the final image.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DebianPackage, findPackages } from '../../scripts/image/debian.ts';
import { checkMachine } from '../cluster/machine.ts';
import { runOrFail } from '../cluster/run.ts';
import type { Buildah } from './buildah.ts';

/** The name of the build image: the Dockerfile's NODE_IMAGE. */
export const BASE_IMAGE = 'localhost/postern-test/node:1';

const NODE = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
/** The npm that builds: as the public image, one of the major version that Node 26 brings. */
const NPM = {
  version: '11.19.1',
  integrity:
    'sha512-ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g==',
} as const;
const FETCH_TIMEOUT_MS = 5 * 60_000;
const ENTRIES = { 'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n', 'etc/group': 'root:x:0:\n' } as const;

/** What decides the image's content, for a key of a cache. */
export async function describeBase(): Promise<string> {
  const hash = createHash('sha256').update(NPM.integrity);
  const libraries = await findLibraries();
  for (const path of [NODE, ...libraries]) hash.update(path).update(await readFile(path));
  for (const { stanza } of findPackages(libraries)) hash.update(stanza);
  return hash.digest('hex');
}

/** Makes the image in `buildah`'s storage. */
export async function makeBase(buildah: Buildah): Promise<void> {
  const { busybox } = await checkMachine();
  const context = await mkdtemp(join(buildah.dir, 'base-'));
  const root = join(context, 'root');
  const put = async (from: string, to: string): Promise<void> => {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await cp(from, join(root, to), { dereference: true });
  };
  await put(NODE, 'usr/local/bin/node');
  const libraries = await findLibraries();
  for (const path of libraries) await put(path, path);
  await putPackages(root, findPackages(libraries));
  await put(busybox, 'bin/busybox');
  for (const name of (await runOrFail(busybox, ['--list'])).trim().split('\n'))
    if (name !== 'busybox') await symlink('busybox', join(root, 'bin', name));
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await symlink('/bin/busybox', join(root, 'usr/bin/env'));
  await putNpm(context, join(root, 'usr/local/lib/node_modules/npm'));
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  await mkdir(join(root, 'etc'), { recursive: true });
  for (const [name, text] of Object.entries(ENTRIES)) await writeFile(join(root, name), text);
  for (const name of ['root', 'tmp']) await mkdir(join(root, name));
  await writeFile(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY root /\nENV PATH=/usr/local/bin:/usr/bin:/bin HOME=/root\n',
  );
  await buildah.build(context, ['--tag', BASE_IMAGE]);
  await rm(context, { recursive: true });
}

/** What dpkg knows of the libraries, and of nothing else. */
async function putPackages(root: string, packages: readonly DebianPackage[]): Promise<void> {
  const put = async (file: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), content);
  };
  await put('etc/os-release', await readFile('/etc/os-release'));
  await put('var/lib/dpkg/status', packages.map(({ stanza }) => stanza).join('\n'));
  for (const { listFile, copyrightFile } of packages)
    for (const file of [listFile, copyrightFile]) if (existsSync(file)) await put(file, await readFile(file));
}

async function findLibraries(): Promise<readonly string[]> {
  const script =
    'process.report.excludeNetwork = true; console.log(JSON.stringify(process.report.getReport().sharedObjects))';
  const paths = JSON.parse(await runOrFail(NODE, ['-e', script])) as readonly string[];
  return paths.filter((path) => path.startsWith('/'));
}

async function putNpm(draft: string, folder: string): Promise<void> {
  const args = ['pack', `npm@${NPM.version}`, '--silent', '--ignore-scripts', '--pack-destination', draft];
  const printed = await runOrFail('npm', args, { cwd: draft, timeoutMs: FETCH_TIMEOUT_MS });
  const archive = join(draft, printed.trim().split('\n').pop() ?? '');
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`;
  if (integrity !== NPM.integrity) throw new Error(`npm@${NPM.version}: integrity ${integrity}`);
  await mkdir(folder, { recursive: true });
  await runOrFail('tar', ['--extract', '--file', archive, '--directory', folder, '--strip-components=1']);
}
