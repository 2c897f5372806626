// Claims as Go reads JSON into a string or a list of strings: null is the empty value, everything else must have the type.

type Claims = Readonly<Record<string, unknown>>;

/** A value, or the end of a sentence that says what is wrong with the claim. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** A claim of the token itself, never a member that objects inherit. */
export function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

/** A claim that must be there, and a string; null is ''. */
export function readString(claims: Claims, name: string): Read<string> {
  const raw = own(claims, name);
  if (raw === undefined) return { ok: false, problem: 'is missing' };
  if (raw === null) return { ok: true, value: '' };
  return typeof raw === 'string' ? { ok: true, value: raw } : { ok: false, problem: 'is not a string' };
}

/** A string is one element, a list is as many as it has, in their order; null is '' inside a list and none outside, as absence is. */
export function readStrings(claims: Claims, name: string): Read<readonly string[]> {
  const raw = own(claims, name) ?? [];
  if (typeof raw === 'string') return { ok: true, value: [raw] };
  if (!Array.isArray(raw)) return { ok: false, problem: 'is not a string or an array of strings' };
  const value: string[] = [];
  for (const element of raw as readonly unknown[]) {
    if (element !== null && typeof element !== 'string')
      return { ok: false, problem: 'has an element that is not a string' };
    value.push(element ?? '');
  }
  return { ok: true, value };
}
