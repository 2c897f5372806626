// S29: secrets that are unlike anything else, and the search for them in everything that a gate says, in every form that a program might give them.

import { randomBytes } from 'node:crypto';
import type { Test } from 'tap';

/** A secret, and where it may be seen. */
export interface Canary {
  readonly name: string;
  readonly value: string;
}

/** Makes canaries and finds them. */
export interface Aviary {
  /** A new one: letters, digits, `.`, `_`, `~` and `-` only, so that it can stand anywhere; `name` says where it does. */
  lay(name: string): string;
  /** Takes something as a canary that was made elsewhere. */
  take(name: string, value: string): string;
  readonly all: readonly Canary[];
  /** Fails for each canary in the text, in any form. `where` names the text. */
  search(t: Test, where: string, text: string): void;
}

/** An empty one. */
export function openAviary(): Aviary {
  const all: Canary[] = [];
  const take = (name: string, value: string): string => {
    if (value.length < 16) throw new TypeError(`${name} is too short to be told from chance`);
    all.push({ name, value });
    return value;
  };
  return {
    all,
    take,
    lay: (name) => take(name, `cnry.${name.replaceAll(/\W/g, '')}~${randomBytes(12).toString('hex')}_-`),
    search(t, where, text) {
      const found = all.filter(({ value }) => formsOf(value).some((form) => text.includes(form)));
      t.same(
        found.map(({ name }) => name),
        [],
        `no canary in ${where} (${text.length} characters, ${all.length} canaries)`,
      );
    },
  };
}

/** The forms: as it is, reversed in no way; URL-encoded; JSON-escaped; hexadecimal; base64 in both alphabets at each of the three places within a longer text. */
export function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const inside = [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    // Letters that the neighbours have a part in are left out at both ends.
    const from = shift === 0 ? 0 : shift + 1;
    const to = Math.floor((shifted.length * 8) / 6);
    return [shifted.toString('base64'), shifted.toString('base64url')].map((text) => text.slice(from, to));
  });
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return [
    ...new Set([
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      value.replace(/[^\w]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
      percent,
      percent.toUpperCase(),
      bytes.toString('hex'),
      ...inside,
    ]),
  ];
}
