// What processes cost, read from /proc (proc(5)): CPU time of all threads, resident memory and its peak, for a process and its children.

import { readFileSync, writeFileSync } from 'node:fs';

/** USER_HZ of Linux on every architecture that Node runs on. The kernel scales exact run times to user and system time before it rounds. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat, counted from the one after the name in parentheses. */
const UTIME = 11;
const STIME = 12;
const BYTES_PER_KIB = 1024;
/** Resets the peak of resident memory (VmHWM) to what it is now. */
const RESET_PEAK = '5';

/** Memory of a process and its children. Bytes. */
export interface Memory {
  readonly now: number;
  readonly peak: number;
}

/** User and system time of all threads, from the text of a stat file. Seconds. The name may hold spaces and parentheses. */
export function parseCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME] ?? 0) + Number(fields[STIME] ?? 0)) / TICKS_PER_SECOND;
}

/** VmRSS and VmHWM from the text of a status file. */
export function parseMemory(status: string): Memory {
  const read = (key: string) =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * BYTES_PER_KIB;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

/** `pid` and everything below it. */
export function processTree(pid: number): readonly number[] {
  const children = readText(`/proc/${pid}/task/${pid}/children`).trim();
  return [pid, ...children.split(' ').filter(Boolean).map(Number).flatMap(processTree)];
}

/** CPU seconds that a process and its living children have used so far. */
export function readCpuSeconds(pid: number): number {
  return sum([...readCpuOfEach(pid).values()]);
}

/** The same, each process for itself, by its id. */
export function readCpuOfEach(pid: number): ReadonlyMap<number, number> {
  return new Map(processTree(pid).map((one) => [one, parseCpuSeconds(readText(`/proc/${one}/stat`))]));
}

/** Resident memory of a process and its children; the peak is the sum of their peaks. */
export function readMemory(pid: number): Memory {
  const each = processTree(pid).map((one) => parseMemory(readText(`/proc/${one}/status`)));
  return { now: sum(each.map(({ now }) => now)), peak: sum(each.map(({ peak }) => peak)) };
}

/** From now on the peak counts anew; whether the kernel took it. */
export function resetPeak(pid: number): boolean {
  try {
    for (const one of processTree(pid)) writeFileSync(`/proc/${one}/clear_refs`, RESET_PEAK);
    return true;
  } catch {
    return false;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
