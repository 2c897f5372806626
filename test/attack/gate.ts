// The ground of a test file in this directory: a gate as a process of its own at log level trace, before a raw upstream, once a file. What is said to
// have reached nobody is judged after a later request has certainly arrived.

import type { Test } from 'tap';
import { type GateProcess, type GateProcessOptions, startGateProcess } from '../fakes/gateprocess.ts';
import { requestUpgrade, upgradeRequest } from '../fakes/peers.ts';
import { type AttackUpstream, startAttackUpstream } from './upstream.ts';

export interface Ground {
  readonly gate: GateProcess;
  /** The first cluster's, which has no path prefix and takes every host, unless `upstreams` says otherwise. */
  readonly upstream: AttackUpstream;
  /** A good token: alice@example.com of engineers. */
  readonly token: string;
  /** Her `Authorization` line, without its end. */
  readonly auth: string;
  /** For test/fakes/caller.ts. */
  readonly place: { readonly port: number; readonly ca: GateProcess['files']['ca'] };
  /**
   * Passes something through the gate on a new upstream connection: whatever the gate did before has arrived by then.
   * Replaces the upstream's plan.
   */
  settle(): Promise<void>;
  /** Does something that must reach no upstream: no connection is opened for it, no byte more arrives on an old one, and `marker` is on none. */
  reachesNobody<T>(t: Test, marker: string, act: () => Promise<T>): Promise<T>;
}

/** Starts it; it ends with the test `t`. `upstreams` default to one that takes everything. */
export async function startGround(
  t: Pick<Test, 'teardown'>,
  options: Partial<GateProcessOptions> & { readonly upstream?: AttackUpstream } = {},
): Promise<Ground> {
  const upstream = options.upstream ?? (await startAttackUpstream());
  const gate = await startGateProcess({
    upstreams: [{ name: 'main', upstream }],
    ...options,
    // What is refused is to be judged by itself, not because so much came from this address before.
    config: { log: { level: 'trace' }, limits: { unauthenticatedPerAddress: 0 }, ...options.config },
  });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const token = await gate.token();
  const received = () => upstream.connections.reduce((sum, one) => sum + one.received, 0);
  let settled = 0;
  const settle = async () => {
    upstream.plan();
    const socket = await gate.connect();
    const path = `${SETTLING}&settling=${++settled}`;
    const { status } = await requestUpgrade(socket, upgradeRequest(token, { path }));
    if (status !== 101) throw new Error(`the gate does not work any more: ${status}`);
    socket.destroy();
    await upstream.connections.find(({ bytes }) => bytes.includes(`${path} `))?.closed;
  };
  return {
    gate,
    upstream,
    token,
    auth: `Authorization: Bearer ${token}`,
    place: { port: gate.port, ca: gate.files.ca },
    settle,
    async reachesNobody(t, marker, act) {
      const before = { accepted: upstream.accepted(), connections: upstream.connections.length };
      const bytes = received();
      const result = await act();
      await settle();
      const news = upstream.connections.slice(before.connections);
      t.equal(upstream.accepted() - before.accepted, 1, 'no connection to the upstream');
      t.equal(news.length, 1, 'but the one that was opened to see that');
      t.equal(received() - bytes, news[0]?.received, 'no byte more on an older connection');
      t.notOk(upstream.reached(marker), 'nothing of it has reached the upstream');
      return result;
    },
  };
}

/** A session that is opened only to see that the gate works. */
const SETTLING = '/api/v1/namespaces/settling/pods/p/exec?stdin=true';
