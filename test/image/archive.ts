// Reads an OCI archive (image-spec v1.1: an image layout in a tar) of one image: its manifest's digest, its configuration, its layers as tars.

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { readTarEntry } from '../cluster/tar.ts';

/** The parts of an image's configuration that the tests look at (image-spec's config.md). */
export interface ImageConfig {
  readonly created?: string;
  readonly architecture: string;
  readonly config: {
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly ExposedPorts?: Readonly<Record<string, object>>;
    readonly Labels?: Readonly<Record<string, string>>;
  };
}

/** An image. `digest` is its manifest's, `name` the reference in the archive's index; `layers` are uncompressed tars, lowest first. */
export interface Image {
  readonly digest: string;
  readonly name: string | undefined;
  readonly config: ImageConfig;
  readonly layers: readonly Buffer[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads `file`.
 * @throws Error when it is not such an archive, or holds several images.
 */
export async function readArchive(file: string): Promise<Image> {
  const archive = await readFile(file);
  const blob = ({ digest }: Descriptor): Buffer => readTarEntry(archive, `blobs/${digest.replace(':', '/')}`);
  const json = <T>(content: Buffer): T => JSON.parse(content.toString()) as T;
  const { manifests } = json<{ manifests: readonly Descriptor[] }>(readTarEntry(archive, 'index.json'));
  const [entry, ...more] = manifests;
  if (entry === undefined || more.length > 0) throw new Error(`${file}: ${manifests.length} images, not one`);
  const manifest = json<{ config: Descriptor; layers: readonly Descriptor[] }>(blob(entry));
  return {
    digest: entry.digest,
    name: entry.annotations?.['org.opencontainers.image.ref.name'],
    config: json<ImageConfig>(blob(manifest.config)),
    layers: manifest.layers.map((layer) =>
      layer.mediaType.endsWith('+gzip') ? gunzipSync(blob(layer)) : blob(layer),
    ),
  };
}

const BLOCK_BYTES = 512;

/** One entry of a layer; `type` is tar's letter (0 file, 1 hard link, 2 symbolic link, 5 folder), `modifiedAt` in seconds since 1970. */
export interface Entry {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly userId: number;
  readonly groupId: number;
  readonly modifiedAt: number;
  readonly content: Buffer;
}

/** The entries of a tar (POSIX pax: ustar with records for what does not fit). */
export function listEntries(tar: Buffer): readonly Entry[] {
  const entries: Entry[] = [];
  let records: ReadonlyMap<string, string> = new Map();
  for (let at = 0; at + BLOCK_BYTES <= tar.length && tar[at] !== 0; ) {
    const header = tar.subarray(at, at + BLOCK_BYTES);
    const size = Number(records.get('size') ?? readOctal(header, 124, 12));
    const content = tar.subarray(at + BLOCK_BYTES, at + BLOCK_BYTES + size);
    at += BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    const type = readText(header, 156, 1) || '0';
    if (type === 'x') {
      records = readRecords(content.toString());
      continue;
    }
    const folder = readText(header, 345, 155);
    const name = `${folder}${folder === '' ? '' : '/'}${readText(header, 0, 100)}`;
    entries.push({
      path: (records.get('path') ?? name).replace(/^\.?\/|\/$/g, ''),
      type,
      mode: readOctal(header, 100, 8),
      userId: readOctal(header, 108, 8),
      groupId: readOctal(header, 116, 8),
      modifiedAt: Number(records.get('mtime') ?? readOctal(header, 136, 12)),
      content,
    });
    records = new Map();
  }
  return entries;
}

/** Records are `LENGTH KEY=VALUE\n`; no value here holds a line feed. */
function readRecords(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^\d+ ([^=]+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]));
}

function readText(header: Buffer, from: number, length: number): string {
  return header.toString('utf8', from, from + length).replace(/\0.*$/s, '');
}

function readOctal(header: Buffer, from: number, length: number): number {
  return Number.parseInt(readText(header, from, length), 8) || 0;
}
