// CEL's sets library: lists as sets.

import type { Environment } from '@marcbachmann/cel-js';

class SetsNamespace {}

type List = readonly unknown[];

/** Registers sets.contains, sets.equivalent and sets.intersects. */
export function registerSets(cel: Environment): void {
  cel.registerType('SetsNamespace', SetsNamespace);
  cel.registerConstant('sets', 'SetsNamespace', new SetsNamespace());
  const contains = (all: List, some: List) => {
    const known = new Set(all);
    return some.every((one) => known.has(one));
  };
  cel.registerFunction(
    'SetsNamespace.contains(list<A>, list<A>): bool',
    (_: unknown, all: List, some: List) => contains(all, some),
  );
  cel.registerFunction(
    'SetsNamespace.equivalent(list<A>, list<A>): bool',
    (_: unknown, one: List, other: List) => contains(one, other) && contains(other, one),
  );
  cel.registerFunction(
    'SetsNamespace.intersects(list<A>, list<A>): bool',
    (_: unknown, one: List, other: List) => {
      const known = new Set(one);
      return other.some((value) => known.has(value));
    },
  );
}
