// File descriptors of this process: how many there may be, how many are open, the last of them kept for what tells of it and mends it, and a word
// in the log when only those are left. With none at all the system closes new connections before anybody here sees them (libuv keeps one
// descriptor for that), those of the liveness probe too, and a gate whose sessions are all well would be restarted.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { afterDelay, type SetTimer } from './delay.ts';
import type { Log } from './log.ts';

const DESCRIPTORS = '/proc/self/fd';
/** How often it is looked whether any is left. ms */
export const LOOK_MS = 1_000;
/** No caller is let in with fewer left: three quarters are then for the requests of those who are in. */
const KEPT_FROM_CALLERS = 64;
/** No connection to an API server is begun with fewer left: probes, scrapes, issuers, look-ups and files take some ten at a time. */
const KEPT_FROM_UPSTREAMS = 16;
/** Of a small limit no more than these shares are kept. */
const CALLERS_SHARE = 1 / 8;
const UPSTREAMS_SHARE = 1 / 16;
/** For so much of what is left besides the kept ones a count stands: that many may come before the next. */
const COUNTED_SHARE = 1 / 4;
/** Below this share of what callers may use up it is over. */
export const ENOUGH = 0.9;

/** How many descriptors are kept back. */
export interface KeptDescriptors {
  readonly fromCallers: number;
  readonly fromUpstreams: number;
}

/** Which connections may still take a descriptor. A count costs one stat(2), some µs, however many are open, and stands for many questions. */
export interface DescriptorReserve {
  /** Whether a connection of a caller may stay that has just come and counts already. */
  mayStay(): boolean;
  /** Whether a connection to an API server may be begun. */
  mayConnect(): boolean;
  /** Counts one that was begun, until it has its descriptor: to be called then, or when it never will; a second time does nothing. */
  expect(): () => void;
}

export interface DescriptorReserveDeps {
  /** Default is this process' own; 0 is unknown. */
  readonly limit?: number;
  /** Default is this process' own; 0 is unknown. */
  readonly count?: () => number;
}

export interface DescriptorWatch {
  close(): void;
}

export interface DescriptorWatchDeps {
  readonly log: Pick<Log, 'error' | 'info'>;
  /** Default is this process' own; 0 is unknown. */
  readonly limit?: number;
  readonly count?: () => number;
  readonly setTimer?: SetTimer;
}

/** What is kept of a limit: 64 from callers and 16 from connections to API servers; 1/8 and 1/16 of limits below 512 and 256. */
export function keptOf(limit: number): KeptDescriptors {
  return {
    fromCallers: Math.min(KEPT_FROM_CALLERS, Math.floor(limit * CALLERS_SHARE)),
    fromUpstreams: Math.min(KEPT_FROM_UPSTREAMS, Math.floor(limit * UPSTREAMS_SHARE)),
  };
}

/** Keeps the last descriptors of this process back. Where the limit or the count is unknown (no /proc, Linux before 6.2) nothing is. */
export function keepDescriptors(deps: DescriptorReserveDeps = {}): DescriptorReserve {
  const { limit = readDescriptorLimit(), count = countWithoutList } = deps;
  const { fromCallers, fromUpstreams } = keptOf(limit);
  let coming = 0;
  let standsFor = 0;
  // Who may have a descriptor takes one. As long as fewer have asked than a share of what was left, and the rest is more than all others
  // together ever have open, the answer is known without counting.
  const areLeft = (least: number): boolean => {
    if (limit === 0) return true;
    if (standsFor > 0) {
      standsFor--;
      return true;
    }
    const open = count();
    if (open === 0) return true;
    const left = limit - open - coming;
    standsFor = Math.floor(Math.max(0, left - fromCallers) * COUNTED_SHARE);
    return left >= least;
  };
  return {
    mayStay: () => areLeft(fromCallers),
    // It will take one itself.
    mayConnect: () => areLeft(fromUpstreams + 1),
    expect() {
      let isComing = true;
      coming++;
      return () => {
        if (isComing) coming--;
        isComing = false;
      };
    },
  };
}

/** Says once when no more callers are let in, and once when that is over. */
export function watchDescriptors(deps: DescriptorWatchDeps): DescriptorWatch {
  const { log, limit = readDescriptorLimit(), count = countWithoutList, setTimer } = deps;
  if (limit === 0) return { close: () => {} };
  const most = limit - keptOf(limit).fromCallers;
  let few = false;
  let cancel = () => {};
  const look = () => {
    const open = count();
    if (!few && open >= most) {
      few = true;
      log.error(
        { open, limit },
        'hardly any file descriptor is left: raise the limit (LimitNOFILE, ulimit -n)',
      );
    } else if (few && open < most * ENOUGH) {
      few = false;
      log.info({ open, limit }, 'there are file descriptors again');
    }
    cancel = afterDelay(LOOK_MS, look, setTimer);
  };
  look();
  return { close: () => cancel() };
}

/** Open descriptors of this process; 0 where /proc does not tell. Linux 6.2 and later say it without listing them. */
export function countDescriptors(): number {
  try {
    return countWithoutList() || readdirSync(DESCRIPTORS).length - 1;
  } catch {
    return 0;
  }
}

/** Needs no descriptor, and costs the same however many there are; 0 before Linux 6.2. */
function countWithoutList(): number {
  try {
    return statSync(DESCRIPTORS).size;
  } catch {
    return 0;
  }
}

/** The soft limit of descriptors (proc(5), /proc/PID/limits); 0 where it is unknown or unlimited. */
export function readDescriptorLimit(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
