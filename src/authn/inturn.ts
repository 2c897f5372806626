// A credential that is not known yet is judged when its turn comes, and not at all for an address that has sent too much that is nobody's: what the
// turns are is src/admission's.

import type { Outcome } from './outcome.ts';

/** Those who are not known yet, by their address. */
export interface Strangers {
  /** Whether the address has sent too much that is nobody's. */
  isSpent(address: string): boolean;
  /** Resolves when a credential from there may be judged; undefined when too many wait for that already. */
  turnOf(address: string): Promise<void> | undefined;
}

/** A credential that was not known when it came. */
export interface Newcomer {
  readonly address: string;
  /** Where the credential was found. */
  readonly source: string;
  /** What is known of it by now. */
  known(): Outcome | undefined;
  judge(): Promise<Outcome>;
}

/** Judges it, now or later; refuses it without a look where that has to be. */
export function judgeInTurn(
  strangers: Strangers | undefined,
  newcomer: Newcomer,
): Outcome | Promise<Outcome> {
  if (strangers === undefined) return newcomer.judge();
  const { address } = newcomer;
  const refusal = unjudged(newcomer.source);
  if (strangers.isSpent(address)) return refusal;
  // Others were before it when its turn comes: the same token may be known, and the address have used up what it may send.
  const inTurn = () => newcomer.known() ?? (strangers.isSpent(address) ? refusal : newcomer.judge());
  return strangers.turnOf(address)?.then(inTurn) ?? refusal;
}

/** Not judged: too much that was nobody's came from there. */
function unjudged(source: string): Outcome {
  return { kind: 'rejected', code: 'TOO_MANY_UNAUTHENTICATED', detail: 'not judged', source };
}
