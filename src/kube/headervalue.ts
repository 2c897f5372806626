// What of an identity a header line can carry unchanged, and how: for the Impersonate-* lines as for the X-Remote-* ones. What a header
// silently changes (outer white space, a blank name that means "nobody", a broken character) would make the API server act for someone else.

import { isUtf8 } from 'node:buffer';

/** An identity that no header lines can carry as it is. The message names the part and what is wrong with it, never its value. */
export class Uncarriable extends TypeError {}

/** A value as the latin1 text of its UTF-8 bytes, which is what goes out when message bodies are Buffers only. @throws Uncarriable */
export function carry(what: string, value: string): string {
  const problem = uncarriable(value);
  if (problem !== undefined) throw new Uncarriable(`the ${what} ${problem}`);
  return Buffer.from(value).toString('latin1');
}

/**
 * Why a value is not carried in a header, as the end of a sentence about it; undefined when it is. The one rule for every part of an identity,
 * wherever it comes from. White space and control characters are Unicode's: those beyond ASCII would arrive, but as a name that looks like another.
 */
export function uncarriable(value: string): string | undefined {
  const { length } = value.trim();
  if (length === 0) return 'is blank';
  if (length !== value.length) return 'begins or ends with white space';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: header values hold no control characters
  if (/[\x00-\x1f\x7f-\x9f]/.test(value)) return 'holds a control character';
  return value.isWellFormed() ? undefined : 'is not well-formed Unicode';
}

/**
 * An extra key as the end of a header's name, as client-go escapes it: every byte that is no token character, and `%`, becomes %XX. The
 * server lower-cases the name before it decodes, so a key with capitals would arrive as another one. @throws Uncarriable
 */
export function escapeExtraKey(key: string): string {
  if (key === '') throw new Uncarriable('an extra key is empty');
  if (key !== key.toLowerCase()) throw new Uncarriable('an extra key is not lower-case');
  if (!key.isWellFormed()) throw new Uncarriable('an extra key is not well-formed Unicode');
  if (!NO_TOKEN.test(key)) return key;
  let escaped = '';
  for (const byte of Buffer.from(key)) {
    const char = String.fromCharCode(byte);
    escaped += NO_TOKEN.test(char) ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : char;
  }
  return escaped;
}

/** The key that the API server reads from the end of a header's name: lower-cased, then percent-decoded; one with a bad escape stays as it is. */
export function unescapeExtraKey(encoded: string): string | undefined {
  const lower = encoded.toLowerCase();
  if (/%(?![0-9a-f]{2})/.test(lower)) return textOf(lower);
  return textOf(
    lower.replace(/%([0-9a-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
}

/** The text of bytes that Node gave as latin1; undefined when they are not UTF-8. */
export function textOf(latin1: string): string | undefined {
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** RFC 9110 token characters but for `%`, which has to be escaped itself. */
const NO_TOKEN = /[^A-Za-z0-9!#$&'*+\-.^_`|~]/;
