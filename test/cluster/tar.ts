// A tar archive (POSIX ustar) written and read in memory: for the layers and layouts of the images made here, and npm's packages. Names up
// to 100 bytes; every entry belongs to root and has time 0, so the same content gives the same digest.

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;

/** One entry: a file with content, a symbolic link, or a folder. */
export type TarEntry =
  | { readonly name: string; readonly content: Uint8Array; readonly mode?: number }
  | { readonly name: string; readonly linkTo: string }
  | { readonly name: string; readonly folder: true; readonly mode?: number };

/** The archive of `entries`, in their order. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const content = 'content' in entry ? entry.content : new Uint8Array();
    parts.push(header(entry, content.length), content, Buffer.alloc(-content.length & (BLOCK_BYTES - 1)));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/**
 * The content of file `name` in the archive.
 * @throws Error when there is none.
 */
export function readTarEntry(archive: Buffer, name: string): Buffer {
  for (let at = 0; at + BLOCK_BYTES <= archive.length; ) {
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0;
    const prefix = readText(archive, at + 345, 155);
    const own = readText(archive, at, NAME_BYTES);
    const start = at + BLOCK_BYTES;
    if ((prefix === '' ? own : `${prefix}/${own}`) === name) return archive.subarray(start, start + size);
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  throw new Error(`tar: no file ${name}`);
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.name) > NAME_BYTES) throw new TypeError(`tar: name too long: ${entry.name}`);
  const isLink = 'linkTo' in entry;
  const isFolder = 'folder' in entry;
  const mode = isLink ? 0o777 : (entry.mode ?? (isFolder ? 0o755 : 0o644));
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  block.write(entry.name, 0);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write(isLink ? '2' : isFolder ? '5' : '0', 156);
  if (isLink) block.write(entry.linkTo, 157);
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function readText(archive: Buffer, at: number, length: number): string {
  const text = archive.toString('utf8', at, at + length);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
