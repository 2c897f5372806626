// The whole table.

import { audiences } from './audiences.ts';
import type { Topic } from './case.ts';
import { celLists, celMaps, celOptional } from './cellists.ts';
import { celResults, celStrings } from './celstrings.ts';
import { celValues } from './celvalues.ts';
import { characters } from './characters.ts';
import { distributed } from './distributed.ts';
import { email } from './email.ts';
import { extra } from './extra.ts';
import { groups } from './groups.ts';
import { issuerCases } from './issuercases.ts';
import { names } from './names.ts';
import { claimRules, userRules } from './rules.ts';
import { signatures } from './signatures.ts';
import { times } from './times.ts';
import { uid } from './uid.ts';
import { usernames } from './usernames.ts';

/** Every case, by topic. */
export const TABLE: readonly Topic[] = [
  usernames,
  characters,
  email,
  groups,
  distributed,
  uid,
  extra,
  claimRules,
  userRules,
  audiences,
  times,
  issuerCases,
  signatures,
  names,
  celValues,
  celStrings,
  celResults,
  celLists,
  celMaps,
  celOptional,
];
