// Checks nothing, until src/cel is there; authn/expressions.ts refuses.

import type { FileAuthenticator } from './authenticationschema.ts';
import type { Findings } from './findings.ts';
import type { Partially } from './rules.ts';
export function checkExpressions(
  _entry: Partially<FileAuthenticator>,
  _path: string,
  _findings: Findings,
): void {}
