// Token buckets by where requests come from, in a table that cannot grow without end, and one over all of them: what one stranger does costs
// that stranger, what all of them together do has an end.

import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { type Bucket, createBucket } from './bucket.ts';
import type { Clock } from './clock.ts';

/** How much at once, and after how long one more. */
export interface Rate {
  readonly burst: number;
  /** ms */
  readonly refillMs: number;
}

export interface SourceBucketOptions {
  /** Of one source. */
  readonly each: Rate;
  /** Of all sources together. */
  readonly all: Rate;
  /** Sources that are known at once; the one that was quiet for longest is forgotten first, and begins anew. */
  readonly maxSources: number;
}

/** Which of the two was empty, or `taken`. */
export type Taking = 'taken' | 'source' | 'all';

/** Takes from the source's bucket and from that of all. */
export interface SourceBuckets {
  /** `address` is '' where it is not known (the token webhook): that is no source, and takes from all only. */
  take(address: string): Taking;
  /** Gives back what was taken for this address. */
  give(address: string): void;
  /** Sources that are known now. */
  readonly size: number;
}

/** Creates them, all full. */
export function createSourceBuckets(
  clock: Clock,
  { each, all, maxSources }: SourceBucketOptions,
): SourceBuckets {
  const sources = new LRUCache<string, Bucket>({ max: maxSources });
  const total = createBucket(clock, all.burst, all.refillMs);
  return {
    take(address) {
      if (address === '') return total.take() ? 'taken' : 'all';
      const source = sourceOf(address);
      const known = sources.get(source) ?? createBucket(clock, each.burst, each.refillMs);
      sources.set(source, known);
      if (!known.take()) return 'source';
      if (total.take()) return 'taken';
      known.give();
      return 'all';
    },
    give(address) {
      if (address !== '') sources.get(sourceOf(address))?.give();
      total.give();
    },
    get size() {
      return sources.size;
    },
  };
}

/** The address; of IPv6 the /64 that it is in, which is one subscriber's or one host's (RFC 6177, RFC 7421): there are 2^64 addresses in it. */
export function sourceOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [plain = ''] = address.split('%', 1);
  const [head = '', tail] = plain.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...new Array<string>(zeros).fill('0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** An IPv4 address at the end stands for two groups, neither of which is among the first four. */
function groupsOf(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
