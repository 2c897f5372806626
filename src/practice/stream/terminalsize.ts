// The resize stream: JSON objects one after the other, `{"Width":80,"Height":24}`, with or without line ends between them, split anywhere.

import type { Readable } from 'node:stream';
import type { TerminalSize } from '../machine/machine.ts';

/** Most characters of a size that is not whole yet. */
const MAX_PENDING_CHARS = 1024;
const MAX_SIZE = 0xffff;

/** Registers who is told of each size from now on, and of the last one at once. */
export type OnSize = (listener: (size: TerminalSize) => void) => void;

/** Reads a resize stream until its end or the first thing on it that is no size; what comes then is dropped. */
export function readSizes(stream: Readable | undefined): OnSize {
  const listeners: ((size: TerminalSize) => void)[] = [];
  let last: TerminalSize | undefined;
  let pending = '';
  let broken = false;
  stream?.on('data', (chunk: Buffer) => {
    if (broken) return;
    pending += chunk.toString('latin1');
    for (let end = pending.indexOf('}'); end !== -1; end = pending.indexOf('}')) {
      const size = parseSize(pending.slice(0, end + 1));
      pending = pending.slice(end + 1);
      broken = size === undefined;
      if (size === undefined) return;
      last = size;
      for (const listener of listeners) listener(size);
    }
    broken = pending.length > MAX_PENDING_CHARS;
  });
  return (listener) => {
    listeners.push(listener);
    if (last !== undefined) listener(last);
  };
}

/** Keys in any case, as Go reads them. */
function parseSize(text: string): TerminalSize | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field as unknown]));
  const [width, height] = [fields.get('width') ?? 0, fields.get('height') ?? 0];
  return isSize(width) && isSize(height) ? { width, height } : undefined;
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_SIZE;
}
