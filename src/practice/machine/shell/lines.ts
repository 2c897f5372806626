// Reads single lines from a source that others read on: what is behind the line goes back.

import type { Source } from '../process.ts';

/** The longest line; a longer one comes in pieces. Bytes. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** The next line with its newline (without one at the end of the file); undefined at the end. @throws Signalled. */
export async function readLine(
  source: Source,
  signal: AbortSignal,
  encoding: 'utf8' | 'latin1' = 'utf8',
): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = await source.read(signal);
    if (chunk === undefined) break;
    const end = chunk.indexOf(0x0a);
    parts.push(end === -1 ? chunk : chunk.subarray(0, end + 1));
    size += chunk.length;
    if (end !== -1) source.unread(chunk.subarray(end + 1));
    if (end !== -1 || size >= MAX_LINE_BYTES) break;
  }
  return parts.length === 0 ? undefined : Buffer.concat(parts).toString(encoding);
}
