// Kubernetes' semantic versions (apiserver pkg/cel/library/semverlib.go at version 1): SemVer 2.0.0, or with `true` what tags look like: a v
// before, parts left out, zeros in front.

import type { Budget } from '../budget.ts';
import { Fault, fn, type Library, method } from '../declare.ts';
import { Opaque } from '../value.ts';

const TYPE = 'kubernetes.Semver';
const MAX_TEXT = 1_000;
const MAX_UINT64 = 2n ** 64n - 1n;
const FORM =
  /^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;
const NUMERIC = /^[0-9]+$/;

export class SemverValue extends Opaque {
  readonly type = TYPE;
  /** Major, minor, patch. */
  readonly numbers: readonly bigint[];
  readonly prerelease: readonly string[];

  constructor(numbers: readonly bigint[], prerelease: readonly string[]) {
    super();
    this.numbers = numbers;
    this.prerelease = prerelease;
  }

  isEqual(other: Opaque): boolean {
    return other instanceof SemverValue && this.compare(other) === 0;
  }

  /** Below zero when this comes before the other. What is behind + doesn't count. */
  compare(other: SemverValue): number {
    for (const [index, number] of this.numbers.entries()) {
      const against = other.numbers[index] ?? 0n;
      if (number !== against) return number < against ? -1 : 1;
    }
    return comparePrereleases(this.prerelease, other.prerelease);
  }
}

export const versions: Library = [
  fn('semver', ['string'], TYPE, (_: Budget, text: string) => parse(text) ?? fail(text)),
  fn(
    'semver',
    ['string', 'bool'],
    TYPE,
    (budget: Budget, text: string, tolerant: boolean) => parseAs(budget, text, tolerant) ?? fail(text),
  ),
  fn('isSemver', ['string'], 'bool', (_: Budget, text: string) => parse(text) !== undefined),
  fn(
    'isSemver',
    ['string', 'bool'],
    'bool',
    (budget: Budget, text: string, tolerant: boolean) => parseAs(budget, text, tolerant) !== undefined,
  ),
  ...['major', 'minor', 'patch'].map((name, index) =>
    method(name, [TYPE], 'int', (_: Budget, { numbers }: SemverValue) => numbers[index] ?? 0n),
  ),
  method('isLessThan', [TYPE, TYPE], 'bool', (_: Budget, a: SemverValue, b: SemverValue) => a.compare(b) < 0),
  method(
    'isGreaterThan',
    [TYPE, TYPE],
    'bool',
    (_: Budget, a: SemverValue, b: SemverValue) => a.compare(b) > 0,
  ),
  method('compareTo', [TYPE, TYPE], 'int', (_: Budget, a: SemverValue, b: SemverValue) =>
    BigInt(a.compare(b)),
  ),
];

function parseAs(budget: Budget, text: string, tolerant: boolean): SemverValue | undefined {
  budget.spendOn(text.length);
  return parse(tolerant ? normalize(text) : text);
}

function parse(text: string): SemverValue | undefined {
  const found = text.length > MAX_TEXT ? null : FORM.exec(text);
  if (found === null) return undefined;
  const [, major = '', minor = '', patch = '', prerelease] = found;
  const numbers = [major, minor, patch].map(BigInt);
  const parts = prerelease?.split('.') ?? [];
  if (numbers.some((number) => number > MAX_UINT64)) return undefined;
  if (parts.some((part) => NUMERIC.test(part) && part.length > 1 && part.startsWith('0'))) return undefined;
  return new SemverValue(numbers, parts);
}

/** A short version may have no prerelease or build. */
function normalize(text: string): string {
  const [major = '', minor, ...patch] = text.replace(/^v/, '').split('.');
  const parts = [major, minor, patch.length === 0 ? undefined : patch.join('.')];
  const given = parts.filter((part) => part !== undefined);
  if (given.length < 3 && /[+-]/.test(given.at(-1) ?? '')) return text;
  return parts.map((part) => (part === undefined ? '0' : part.replace(/^0+(?=[0-9])/, ''))).join('.');
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length);
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = comparePart(part, other);
    if (order !== 0) return order;
  }
  return a.length < b.length ? -1 : 0;
}

/** Numbers before words, numbers by size, words by their bytes. */
function comparePart(a: string, b: string): number {
  const numeric = NUMERIC.test(a);
  if (numeric !== NUMERIC.test(b)) return numeric ? -1 : 1;
  if (numeric && a.length !== b.length) return a.length < b.length ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function fail(text: string): never {
  throw new Fault(`Invalid semantic version ${JSON.stringify(text.slice(0, MAX_TEXT))}`);
}
