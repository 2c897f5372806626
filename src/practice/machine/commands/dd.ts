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
  // A clock that has not moved says less than a millisecond.
  const seconds = (ms > 0 ? ms : 1) / 1000;
  const amounts = [
    ...(bytes >= 1000 ? [humanAmount(bytes, 1000)] : []),
    ...(bytes >= 1024 ? [humanAmount(bytes, 1024)] : []),
  ];
  const shown = amounts.length === 0 ? '' : ` (${amounts.join(', ')})`;
  const rate = humanAmount(bytes / seconds, 1000);
  await write(`${bytes} byte${bytes === 1 ? '' : 's'}${shown} copied, ${general(seconds)} s, ${rate}/s\n`);
}

/** `1.0 kB`, `64 KiB`: a decimal below ten, as the coreutils. */
function humanAmount(bytes: number, base: 1000 | 1024): string {
  const units = base === 1000 ? ['B', 'kB', 'MB', 'GB', 'TB'] : ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = bytes;
  let power = 0;
  while (power < units.length - 1 && Number(rounded(amount, power)) >= base) {
    amount /= base;
    power += 1;
  }
  return `${rounded(amount, power)} ${units[power]}`;
}

function rounded(amount: number, power: number): string {
  return power > 0 && amount < 9.95 ? amount.toFixed(1) : String(Math.round(amount));
}

/** C's `%g`: six digits that count. */
function general(value: number): string {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(value));
  if (exponent >= -4) return String(Number(value.toPrecision(6)));
  return value
    .toExponential(5)
    .replace(/\.?0*e/, 'e')
    .replace(/e([-+])(\d)$/, 'e$10$2');
}

/** The program. */
export const DD: Program = define(
  { usage: '[if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [status=none]', raw: true },
  (process, { operands }) => dd(process, operands),
);
