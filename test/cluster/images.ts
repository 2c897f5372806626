// The pods' images, made here from the machine's static busybox, for there is no registry: an OCI image layout (image-spec v1.1) in a tar,
// one layer, imported with containerd's own ctr. All share the layer, so all have sh, tar, nc, httpd, dd, sha256sum, stty and the rest.

import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SLEEP_COMMAND } from './cluster.ts';
import { runOrFail } from './run.ts';
import { type TarEntry, writeTar } from './tar.ts';

/** The image of every pod's sandbox. */
export const PAUSE_IMAGE = 'postern.test/pause:1';
/** The image for tests. */
export const TEST_IMAGE = 'postern.test/busybox:1';

const CONFIGS: Readonly<Record<string, object>> = {
  [PAUSE_IMAGE]: { Entrypoint: SLEEP_COMMAND },
  [TEST_IMAGE]: { Cmd: ['sh'] },
};
const IMPORT_TIMEOUT_MS = 2 * 60_000;
const ENVIRONMENT = ['PATH=/bin', 'HOME=/root'];
const FOLDERS = ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'var', 'var/run'];

/** Makes the images and imports them over containerd's socket, each for the `native` snapshotter. */
export async function importImages(dir: string, busybox: string, socket: string): Promise<void> {
  const file = join(dir, 'images.tar');
  await writeFile(file, makeLayout(await makeLayer(busybox)));
  await importArchive(file, socket);
  await rm(file);
}

/** Imports an OCI archive over containerd's socket, so that pods find its images under the names in it. */
export async function importArchive(file: string, socket: string): Promise<void> {
  const ctr = ['-a', socket, '-n', 'k8s.io', 'images', 'import', '--snapshotter', 'native', file];
  await runOrFail('ctr', ctr, { timeoutMs: IMPORT_TIMEOUT_MS });
}

async function makeLayer(busybox: string): Promise<Buffer> {
  const applets = (await runOrFail(busybox, ['--list']))
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox');
  const entries: readonly TarEntry[] = [
    ...FOLDERS.map((name) => ({ name: `${name}/`, folder: true as const })),
    { name: 'tmp/', folder: true, mode: 0o1777 },
    { name: 'bin/busybox', content: await readFile(busybox), mode: 0o755 },
    ...applets.map((name) => ({ name: `bin/${name}`, linkTo: 'busybox' })),
    { name: 'etc/passwd', content: Buffer.from('root:x:0:0:root:/root:/bin/sh\n') },
    { name: 'etc/group', content: Buffer.from('root:x:0:\n') },
  ];
  return writeTar(entries);
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function makeLayout(layer: Buffer): Buffer {
  const blobs = new Map<string, Buffer>();
  const addBlob = (mediaType: string, content: Buffer): Descriptor => {
    const hash = createHash('sha256').update(content).digest('hex');
    blobs.set(`blobs/sha256/${hash}`, content);
    return {
      mediaType: `application/vnd.oci.image.${mediaType}`,
      digest: `sha256:${hash}`,
      size: content.length,
    };
  };
  const addJson = (mediaType: string, value: object): Descriptor =>
    addBlob(`${mediaType}+json`, Buffer.from(JSON.stringify(value)));
  const layers = [addBlob('layer.v1.tar', layer)];
  const platform = { architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux' };
  const manifests = Object.entries(CONFIGS).map(([name, config]) => {
    const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
    const image = addJson('config.v1', { ...platform, config: { Env: ENVIRONMENT, ...config }, rootfs });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = addJson('manifest.v1', { schemaVersion: 2, mediaType, config: image, layers });
    return { ...manifest, annotations: { 'io.containerd.image.name': name } };
  });
  return writeTar([
    { name: 'oci-layout', content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { name: 'index.json', content: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })) },
    ...[...blobs].map(([name, content]) => ({ name, content })),
  ]);
}
