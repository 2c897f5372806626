// The functions of the API server's environment, all at the versions that it enables (apiserver pkg/cel/environment/base.go at 1.36).

import type { Library } from '../declare.ts';
import { addresses } from './addresses.ts';
import { calendar } from './calendar.ts';
import { conversions } from './conversions.ts';
import { format } from './format.ts';
import { formats } from './formats.ts';
import { lists } from './lists.ts';
import { operators } from './operators.ts';
import { optionals } from './optionals.ts';
import { createPatterns } from './patterns.ts';
import { quantities } from './quantities.ts';
import { strings } from './strings.ts';
import { urls } from './urls.ts';
import { versions } from './versions.ts';

/** All of them, for one environment. */
export function createLibraries(): Library {
  return [
    ...operators,
    ...conversions,
    ...calendar,
    ...optionals,
    ...strings,
    ...format,
    ...createPatterns(),
    ...lists,
    ...urls,
    ...addresses,
    ...quantities,
    ...versions,
    ...formats,
  ];
}

/** Types that libraries bring, whose names can be written in an expression. */
export const OPAQUE_TYPES: readonly string[] = ['net.IP', 'net.CIDR'];
