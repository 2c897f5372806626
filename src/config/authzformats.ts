// The checks of strings in `authorization`. Each answers what is wrong and what is allowed, or '' when nothing is.

import { quote } from './quote.ts';

/** Longest message of a rule, so that none is cut in an answer. characters */
export const MAX_MESSAGE_CHARS = 400;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const RESOURCE = '[a-z0-9]([-a-z0-9.]*[a-z0-9])?';
const RESOURCE_PATTERN = new RegExp(`^(\\*|${RESOURCE}(/(\\*|${RESOURCE}))?|\\*/${RESOURCE})$`);

/** `apps`, '' for the core group, `*`. */
export function checkApiGroup(text: string): string {
  if (text === '' || text === '*' || SUBDOMAIN.test(text)) return '';
  const group = /^([a-z0-9.-]+)\/v\d\w*$/.exec(text)?.[1];
  return `expected an API group as in "apps", "" for the core group or "*"; found ${quote(text)}${group === undefined ? '' : `: write ${quote(group)}, without the version`}`;
}

/** A resource, with its subresource after a slash; either of the two may be a star, or one star be all. */
export function checkResourcePattern(text: string): string {
  if (RESOURCE_PATTERN.test(text)) return '';
  const lower = text.toLowerCase();
  const hint = lower !== text && RESOURCE_PATTERN.test(lower) ? `: resources are lower case` : '';
  return `expected a resource as in "pods", "pods/log", "*/scale", "pods/*" or "*"; found ${quote(text)}${hint}`;
}

/** As in RBAC and audit policy: begins with `/`, or is `*`; `*` only at the end. */
export function checkNonResourceURL(text: string): string {
  if (text === '*') return '';
  if (!text.startsWith('/')) return `expected a path that begins with /, or "*"; found ${quote(text)}`;
  return text.slice(0, -1).includes('*') ? `a * may only be the last character; found ${quote(text)}` : '';
}

/** Any text with at most one star. */
export function checkStarPattern(text: string): string {
  return text.split('*').length > 2 ? `at most one * is allowed in each; found ${quote(text)}` : '';
}

/** One line that fits into an answer. */
export function checkMessage(text: string): string {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text.trimEnd())) return 'must be one line, without control characters';
  return text.length > MAX_MESSAGE_CHARS
    ? `is ${text.length} characters long; at most ${MAX_MESSAGE_CHARS} are allowed`
    : '';
}
