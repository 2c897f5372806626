// Tar archives as streams (package modern-tar): between the machine's files and its sources and sinks, with backpressure both ways.

import type { ParsedTarEntry, TarHeader } from 'modern-tar';
import type { FileNode } from '../files/node.ts';
import type { Process, Sink, Source } from '../process.ts';
import { Signalled } from '../signals.ts';

/** Adds a file, directory or link to an archive. */
export type AddEntry = (name: string, node: FileNode) => Promise<void>;

/** Writes an archive of what `fill` adds. */
export async function packArchive(
  process: Process,
  sink: Sink,
  fill: (add: AddEntry) => Promise<void>,
): Promise<void> {
  const { createTarPacker } = await import('modern-tar');
  const { readable, controller } = createTarPacker();
  const reader = readable.getReader();
  const abort = () => controller.error(process.signal.reason);
  process.signal.addEventListener('abort', abort, { once: true });
  const filling = (async () => {
    await fill(async (name, node) => {
      const text = node.kind === 'generated' ? Buffer.from(node.text()) : undefined;
      const writer = controller.add(headerOf(name, node, text?.length ?? 0)).getWriter();
      if (text !== undefined) await writer.write(new Uint8Array(text));
      await writeBody(node, (chunk) => writer.write(chunk));
      await writer.close();
    });
    controller.finalize();
  })();
  // Its failure comes back through the reader.
  filling.catch((error: unknown) => controller.error(error));
  try {
    for (;;) {
      await process.system.turns.take(process.signal);
      const { done, value } = await reader.read();
      if (done) break;
      await sink.write(Buffer.from(value.buffer, value.byteOffset, value.byteLength), process.signal);
    }
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    process.signal.removeEventListener('abort', abort);
    await filling.catch(() => {});
  }
}

function headerOf(name: string, node: FileNode, textBytes: number): TarHeader {
  const common = {
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    uname: 'root',
    gname: 'root',
    mtime: new Date(node.mtimeMs),
  };
  if (node.kind === 'directory') return { name: `${name}/`, size: 0, type: 'directory', ...common };
  if (node.kind === 'symlink') return { name, size: 0, type: 'symlink', linkname: node.target, ...common };
  const size = node.kind === 'file' ? node.content.size : textBytes;
  return { name, size, type: 'file', ...common };
}

async function writeBody(node: FileNode, write: (chunk: Uint8Array) => Promise<void>): Promise<void> {
  if (node.kind !== 'file') return;
  const { size } = node.content;
  for (let at = 0; at < size; ) {
    // A file that grows or shrinks meanwhile: the archive has promised `size` bytes.
    const chunk = node.content.read(at)?.subarray(0, size - at) ?? Buffer.alloc(Math.min(size - at, 65_536));
    // A plain view: the packer takes no Buffer for a Uint8Array.
    await write(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    at += chunk.length;
  }
}

/** An entry of an archive that is being read. */
export interface UnpackedEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'link';
  readonly mode: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly target: string;
  /** Hands on the bytes; they are skipped when it is not called. */
  readonly body: (use: (chunk: Buffer) => Promise<void>) => Promise<void>;
}

/** Reads an archive, an entry at a time. @returns what is wrong with the archive itself. */
export async function unpackArchive(
  process: Process,
  source: Source,
  use: (entry: UnpackedEntry) => Promise<void>,
): Promise<string | undefined> {
  const { createTarDecoder } = await import('modern-tar');
  const { readable, writable } = createTarDecoder({ strict: true });
  const writer = writable.getWriter();
  const state: { failure: unknown; bytes: number } = { failure: undefined, bytes: 0 };
  const feeding = feed(process, source, writer, state);
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await useEntry(value, use);
    }
    await feeding;
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    await feeding;
    process.signal.throwIfAborted();
    if (state.failure instanceof Signalled) throw state.failure;
    if (error instanceof Signalled) throw error;
    if (error instanceof Error && error.name === 'FileError') throw error;
    return state.bytes === 0 ? undefined : 'This does not look like a tar archive';
  }
  return undefined;
}

async function feed(
  process: Process,
  source: Source,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  state: { failure: unknown; bytes: number },
): Promise<void> {
  writer.closed.catch(() => {});
  try {
    for (;;) {
      const chunk = await process.read(source);
      if (chunk === undefined) break;
      state.bytes += chunk.length;
      await writer.write(chunk);
    }
    await writer.close();
  } catch (error) {
    state.failure = error;
    await writer.abort(error).catch(() => {});
  }
}

async function useEntry(
  { header, body }: ParsedTarEntry,
  use: (entry: UnpackedEntry) => Promise<void>,
): Promise<void> {
  const kind = header.type ?? 'file';
  const known = kind === 'file' || kind === 'directory' || kind === 'symlink' || kind === 'link';
  let taken = false;
  if (known) {
    await use({
      name: header.name,
      kind,
      mode: header.mode ?? (kind === 'directory' ? 0o755 : 0o644),
      size: header.size,
      mtimeMs: header.mtime?.getTime() ?? 0,
      target: header.linkname ?? '',
      body: async (write) => {
        taken = true;
        const reader = body.getReader();
        try {
          for (;;) {
            const { done, value } = await reader.read();
            if (done) return;
            await write(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
          }
        } catch (error) {
          // What is left of it has to be passed, or the next entry never comes.
          await reader.cancel().catch(() => {});
          throw error;
        }
      },
    });
  }
  if (!taken) await body.cancel();
}
