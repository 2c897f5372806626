// A gate in front of two clusters, a and b, each an API server of its own: what tests of attacks on the identity share.

import t, { type Test } from 'tap';
import { valuesOf } from '../fakes/caller.ts';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { type FakeUpstream, startUpstream } from '../fakes/upstream.ts';
import { openSpeeches, type Speeches } from './speeches.ts';

export interface TwoClusters extends Speeches {
  readonly gate: TestGate;
  readonly issuer: Issuer;
  /** The API servers of a and b. */
  readonly upstream: FakeUpstream;
  readonly other: FakeUpstream;
  /** Of alice, as a value and as a line. */
  readonly token: string;
  readonly auth: readonly string[];
  /** The lines that reached the API server of a last. */
  readonly last: () => readonly string[];
  /** What the API server of a must have been told, and nothing beside it. */
  sawAlice(t: Test, message: string): void;
}

/** Starts all of it; it ends with the file's tests. */
export async function startTwoClusters(): Promise<TwoClusters> {
  const upstream = await startUpstream();
  const other = await startUpstream();
  const issuer = await startIssuer();
  const gate = await startTestGate({
    issuer,
    upstreams: [
      {
        name: 'a',
        upstream,
        match: { pathPrefix: '/clusters/a', hosts: ['a.example', '127.0.0.1'] },
        cluster: { impersonation: 'Refuse' },
      },
      { name: 'b', upstream: other, match: { pathPrefix: '/clusters/b', hosts: ['b.example'] } },
    ],
  });
  t.teardown(async () => {
    await gate.stop();
    await issuer.close();
    await upstream.close();
    await other.close();
  });
  const token = await gate.token();
  const last = () => upstream.received.at(-1)?.rawHeaders ?? [];
  return {
    ...openSpeeches(gate),
    ...{ gate, issuer, upstream, other, token, last },
    auth: ['Authorization', `Bearer ${token}`],
    sawAlice(t, message) {
      t.same(
        [
          ...valuesOf(last(), 'impersonate-user'),
          ...valuesOf(last(), 'impersonate-group'),
          ...valuesOf(last(), 'impersonate-uid'),
        ],
        ['alice@example.com', 'engineers', 'alice-id'],
        message,
      );
      t.same(valuesOf(last(), 'authorization'), ['Bearer gate-own-token'], message);
    },
  };
}
