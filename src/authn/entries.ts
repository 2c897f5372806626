// The entries of authentication.jwt, each found by the header in which a token came and the issuer that it names.

import type { JwtConfig } from '../config/config.ts';
import { createJwtAuthenticator, type JwtAuthenticator, type JwtDeps } from './jwt.ts';
import { parseAssertion } from './presets/assertions.ts';
import { namesIssuer } from './rules.ts';
import type { ParsedToken } from './token.ts';

/** One entry, and who judges its tokens. */
export interface Entry {
  readonly config: JwtConfig;
  readonly authenticator: JwtAuthenticator;
}

/** By entryKey; an entry whose issuer has two names is there twice. */
export type Entries = ReadonlyMap<string, Entry>;

/** Opens every entry. @throws TypeError for two entries with the same issuer and source, or an entry that can't work. */
export function createEntries(configs: readonly JwtConfig[], deps: JwtDeps): Entries {
  const keysOf = ({ sourceHeader, issuer: { url, alias } }: JwtConfig): string[] =>
    [url, ...(alias === undefined ? [] : [alias])].map((issuer) => entryKey(sourceHeader, issuer));
  const keys = configs.flatMap(keysOf);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw new TypeError(`jwt: two entries for ${twice}`);
  return new Map(
    configs.flatMap((config) => {
      const entry = { config, authenticator: createJwtAuthenticator(config, deps) };
      return keysOf(config).map((key): [string, Entry] => [key, entry]);
    }),
  );
}

/** A header's name holds no space. */
export function entryKey(sourceHeader: string, issuer: string): string {
  return `${sourceHeader} ${issuer}`;
}

/** Whether any entry, of whatever header, is for this issuer. */
export function hasIssuer(entries: Entries, named: string): boolean {
  return [...entries.values()].some(({ config }) => namesIssuer(named, config.issuer));
}

/** As the proxy writes it whose header it is: all entries of one header have the same preset, or none. */
export function parseFrom(entries: Entries, header: string, raw: string): ParsedToken | undefined {
  const preset = [...entries.values()].find(({ config }) => config.sourceHeader === header)?.config.preset;
  return parseAssertion(preset, raw);
}
