// The directives of a strategic merge patch, and values of a patch without them.

import { isList, isRecord, own } from './jsonvalue.ts';

/** replace or delete, in a map or in the item of a list. */
export const DIRECTIVE = '$patch';
/** The fields of the original that stay. */
export const RETAIN_KEYS = '$retainKeys';
/** `$setElementOrder/<field>`. */
export const SET_ORDER = '$setElementOrder';
/** `$deleteFromPrimitiveList/<field>`. */
export const DELETE_FROM = '$deleteFromPrimitiveList';

/**
 * A value of a patch that has nothing to be merged with: without nulls and directives. @returns undefined for a map that itself is a
 * directive, which then stands for nothing.
 */
export function cleaned(value: unknown): unknown {
  if (isList(value)) return value.map(cleaned).filter((item) => item !== undefined);
  if (!isRecord(value)) return value;
  if (own(value, DIRECTIVE) !== undefined) return undefined;
  const entries = Object.entries(value).flatMap(([key, one]) => {
    if (one === null || isDirective(key)) return [];
    const rest = cleaned(one);
    return rest === undefined ? [] : [[key, rest] as const];
  });
  return Object.fromEntries(entries);
}

function isDirective(key: string): boolean {
  return key === RETAIN_KEYS || key.startsWith(`${SET_ORDER}/`) || key.startsWith(`${DELETE_FROM}/`);
}
