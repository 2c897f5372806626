// Names and hashes as Kubernetes writes them, in an alphabet without vowels and look-alikes (apimachinery pkg/util/rand), and times read
// back.

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** ms since the epoch; NaN when there is no time. */
export function timeMs(text: string | undefined): number {
  return text === undefined ? Number.NaN : Date.parse(text);
}

/** `length` characters of Kubernetes' alphabet, as generateName appends them. `random` is 0 ≤ x < 1. */
export function randomSuffix(random: () => number, length = 5): string {
  return Array.from({ length }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join('');
}

/** `length` hexadecimal digits. `random` is 0 ≤ x < 1. */
export function randomHex(random: () => number, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** FNV-1a, 32 bits, of the text's UTF-8. */
export function hash32(text: string): number {
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
  return hash;
}

/** A hash of any JSON that does not change with the order of keys, nor by nulls and empty objects and lists; in Kubernetes' alphabet. */
export function templateHash(value: unknown, collisionCount = 0): string {
  const number = hash32(
    collisionCount === 0 ? canonicalText(value) : `${canonicalText(value)}#${collisionCount}`,
  );
  return [...String(number)].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('');
}

/**
 * One text for all JSON that Kubernetes takes for equal: kubectl's typed clients add `creationTimestamp: null` and `resources: {}` to a
 * template that they send back (`rollout undo`), and that is no new template.
 */
export function canonicalText(value: unknown): string {
  return JSON.stringify(withoutEmpty(value)) ?? '';
}

function withoutEmpty(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value ?? undefined;
  if (Array.isArray(value))
    return value.length === 0 ? undefined : value.map((one) => withoutEmpty(one) ?? {});
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
