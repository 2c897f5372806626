// Plain JSON values as patches see them: equality, and results that share with their input whatever did not change. Keys are only ever read
// as own properties and written through entries, so that a field called `__proto__` is a field like any other.

/** A JSON object. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Whether `value` is a JSON object: not null, not a list. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether `value` is a JSON list. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The field of a record; undefined when it is not there, whatever Object.prototype has under that name. */
export function own(record: JsonRecord, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Whether two JSON values say the same; the order of fields says nothing. */
export function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isList(left)) {
    return isList(right) && left.length === right.length && left.every((item, at) => equal(item, right[at]));
  }
  if (!isRecord(left) || !isRecord(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]));
}

/** `after`, with every part of it that equals its place in `before` taken from there; `before` itself when all of it is equal. */
export function reuse(before: unknown, after: unknown): unknown {
  if (equal(before, after)) return before;
  if (isList(before) && isList(after)) return after.map((item, at) => reuse(before[at], item));
  if (!isRecord(before) || !isRecord(after)) return after;
  return Object.fromEntries(
    Object.entries(after).map(([key, value]) => [key, reuse(own(before, key), value)]),
  );
}

/** Without the fields that are null, at any depth: the Go types have no null, and decoding drops it. Shares what has none. */
export function withoutNulls(value: unknown): unknown {
  if (isList(value)) {
    const items = value.map(withoutNulls);
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  if (!isRecord(value)) return value;
  const entries = Object.entries(value);
  const kept = entries
    .filter(([, one]) => one !== null && one !== undefined)
    .map(([key, one]) => [key, withoutNulls(one)] as const);
  const same = kept.length === entries.length && kept.every(([key, one]) => one === value[key]);
  return same ? value : Object.fromEntries(kept);
}

/** How Go's fmt prints JSON with %v: `map[a:1 b:[x y]]`; messages of the API server have values so. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (isList(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isRecord(value)) return String(value);
  const fields = Object.keys(value).sort();
  return `map[${fields.map((key) => `${key}:${goText(value[key])}`).join(' ')}]`;
}

/** What Go calls the type of a decoded JSON value. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (isList(value)) return '[]interface {}';
  if (isRecord(value)) return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
