// dd: copies blocks, e.g. `dd if=/dev/zero bs=1M count=100 | …`. A block may be up to 64 MiB, and is passed in the pieces it comes in.

import { NULL_SINK, openSink, openSource } from '../files/open.ts';
import type { Process, Program, Sink } from '../process.ts';
import { define, pathIn, readSize, UsageError } from './options.ts';

const MAX_BLOCK = 64 * 1024 * 1024;
const OPERANDS = new Set([
  'if',
  'of',
  'bs',
  'ibs',
  'obs',
  'count',
  'skip',
  'status',
  'iflag',
  'oflag',
  'conv',
]);

function settings(operands: readonly string[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const operand of operands) {
    const at = operand.indexOf('=');
    const name = operand.slice(0, Math.max(0, at));
    if (!OPERANDS.has(name)) throw new UsageError(`unrecognized operand '${operand}'`);
    given.set(name, operand.slice(at + 1));
  }
  return given;
}

async function dd(process: Process, operands: readonly string[]): Promise<number> {
  const given = settings(operands);
  const block = readSize(given.get('bs') ?? given.get('ibs') ?? '512');
  if (block < 1 || block > MAX_BLOCK) throw new UsageError(`invalid number '${given.get('bs')}'`);
  const count = given.get('count');
  const { files, now } = process.system;
  const input = given.get('if');
  const output = given.get('of');
  const source =
    input === undefined ? process.stdio.stdin : openSource(files, pathIn(process, input), process.stdio);
  const keep = given.get('oflag') === 'append' || given.get('conv')?.includes('notrunc') === true;
  const sink: Sink =
    output === undefined
      ? process.stdio.stdout
      : openSink(files, pathIn(process, output), keep, process.stdio);
  const started = now();
  const skipped = readSize(given.get('skip') ?? '0') * block;
  await copyBytes(process, source, NULL_SINK, { limit: skipped, copied: { bytes: 0 } });
  const limit = count === undefined ? Number.POSITIVE_INFINITY : readSize(count) * block;
  let code = 0;
  const copied = { bytes: 0 };
  try {
    await copyBytes(process, source, sink, { limit, copied });
  } catch (error) {
    // Written so far counts, as `No space left on device` shows it.
    if (!(error instanceof Error) || error.name !== 'FileError') throw error;
    await process.warn(`error writing '${output ?? 'standard output'}': ${error.message}`);
    code = 1;
  }
  await report(process, given.get('status'), { block, bytes: copied.bytes, ms: now() - started });
  return code;
}

async function copyBytes(
  process: Process,
  source: Process['stdio']['stdin'],
  sink: Sink,
  { limit, copied }: { readonly limit: number; readonly copied: { bytes: number } },
): Promise<void> {
  while (copied.bytes < limit) {
    const chunk = await process.read(source);
    if (chunk === undefined) return;
    const taken = chunk.subarray(0, Math.min(chunk.length, limit - copied.bytes));
    if (taken.length < chunk.length) source.unread(chunk.subarray(taken.length));
    await sink.write(taken, process.signal);
    copied.bytes += taken.length;
  }
}

async function report(
  process: Process,
  status: string | undefined,
  { block, bytes, ms }: { readonly block: number; readonly bytes: number; readonly ms: number },
): Promise<void> {
  if (status === 'none') return;
  const records = `${Math.floor(bytes / block)}+${bytes % block === 0 ? 0 : 1}`;
  const write = (text: string) => process.stdio.stderr.write(Buffer.from(text), process.signal);
  await write(`${records} records in\n${records} records out\n`);
  if (status === 'noxfer') return;
  const seconds = Math.max(ms, 1) / 1000;
  const rate = bytes / seconds;
  const [unit, divisor] = rate >= 1e9 ? ['GB', 1e9] : rate >= 1e6 ? ['MB', 1e6] : ['kB', 1e3];
  await write(`${bytes} bytes copied, ${seconds} s, ${(rate / (divisor as number)).toFixed(1)} ${unit}/s\n`);
}

/** The program. */
export const DD: Program = define(
  { usage: '[if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [status=none]', raw: true },
  (process, { operands }) => dd(process, operands),
);
