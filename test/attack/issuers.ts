// Several issuers for one gate, each with a name that says what it is there for.

import type { Test } from 'tap';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';

/** Starts one for each name; they end with the test. */
export async function startIssuers<Name extends string>(
  t: Pick<Test, 'teardown'>,
  ...names: readonly Name[]
): Promise<Readonly<Record<Name, Issuer>>> {
  const issuers = await Promise.all(names.map(async (name) => [name, await startIssuer()] as const));
  t.teardown(() => Promise.all(issuers.map(([, issuer]) => issuer.close())));
  return Object.fromEntries(issuers) as Record<Name, Issuer>;
}
