// As whom the gate asks a cluster for itself, in each mode of clusters[].identity.
import t from 'tap';
import type { IdentityMode } from '../../../src/config/config.ts';
import { ownLines } from '../../../src/onward/onward.ts';

const expected: Readonly<Record<IdentityMode, readonly string[]>> = {
  Impersonate: [],
  Passthrough: [],
  // No group: the API server adds system:authenticated, and nothing else counts for the gate.
  RequestHeader: ['X-Remote-User', 'system:postern:prod'],
};
for (const [identity, lines] of Object.entries(expected))
  t.test(`${identity}: ${lines.join(' ') || 'the credential alone'}`, async (t) => {
    t.same(ownLines({ identity: identity as IdentityMode, gateUser: 'system:postern:prod' }), lines);
  });
