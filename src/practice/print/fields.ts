// Reading JSON of which only the outline is known: what is missing or of another type reads as empty, as Go's zero values do, so that a
// printer has something to print for every object.

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = Object.freeze({});

/** The object, or an empty one. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : NONE;
}

/** The objects of an array, or none. */
export function itemsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The strings of an array, or none. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** The string, or ''. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The number, or `otherwise`, which is 0 if not told. */
export function numberOf(value: unknown, otherwise = 0): number {
  return typeof value === 'number' ? value : otherwise;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
