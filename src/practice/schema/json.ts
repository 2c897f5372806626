// Small steps over JSON that may be malformed: what is not of the expected shape is left as it is, for validation to name.

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a JSON object, {} when it is none. */
export function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** Whether Go would see a zero value: absent, null or ''. */
export function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** Fills the fields that are unset; returns the same object when nothing was. */
export function fill(object: JsonObject, defaults: JsonObject): JsonObject {
  const missing = Object.entries(defaults).filter(
    ([name, value]) => value !== undefined && isUnset(object[name]),
  );
  return missing.length === 0 ? object : { ...object, ...Object.fromEntries(missing) };
}

/** Changes a field that is a JSON object; `orElse` stands in when it is unset. */
export function within(
  object: JsonObject,
  name: string,
  change: (inner: JsonObject) => JsonObject,
  orElse?: JsonObject,
): JsonObject {
  const inner = isUnset(object[name]) ? orElse : object[name];
  return isJsonObject(inner) ? { ...object, [name]: change(inner) } : object;
}

/** Changes every JSON object of a list. */
export function eachOf(
  object: JsonObject,
  name: string,
  change: (item: JsonObject) => JsonObject,
): JsonObject {
  const list = object[name];
  if (!Array.isArray(list)) return object;
  return { ...object, [name]: list.map((item: unknown) => (isJsonObject(item) ? change(item) : item)) };
}
