// Finds the board that the configuration names and starts this replica's part in it. What serves a Redis is loaded only where there is one.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { RegistryConfig } from '../config/config.ts';
import type { Current } from '../current.ts';
import { ownLines } from '../onward/onward.ts';
import type { ReplicaBoard } from '../roster/board.ts';
import { BoardRefusal } from '../roster/board.ts';
import { createKubeApi } from '../roster/kubeapi.ts';
import { createKubeReplicaBoard } from '../roster/kubeboard.ts';
import { type Presence, type PresenceDeps, startPresence } from './presence.ts';

const ID_BYTES = 8;

export interface JoinDeps extends Omit<PresenceDeps, 'board' | 'kind' | 'facts' | 'random'> {
  readonly current: Current;
  readonly version: string;
  /** From 1, of one of several processes. */
  readonly worker: number | undefined;
}

/** Joins the roster; undefined when none is configured. */
export async function joinRoster(deps: JoinDeps): Promise<Presence | undefined> {
  const { registry } = deps.current.get().config.sessions;
  if (registry === undefined) return undefined;
  const replica = randomBytes(ID_BYTES).toString('hex');
  const name = deps.worker === undefined ? hostname() : `${hostname()}/${deps.worker}`;
  const board = await openBoard(registry, replica, deps);
  const facts = { replica, name, version: deps.version, startedAt: deps.now() };
  return startPresence({ ...deps, board, kind: registry.kind, facts, random: Math.random });
}

async function openBoard(
  registry: RegistryConfig,
  replica: string,
  { current, now, elapsed }: JoinDeps,
): Promise<ReplicaBoard> {
  if (registry.kind === 'kubernetes') {
    const reach = () => {
      const { clusters, config } = current.get();
      const upstream = clusters.find(({ name }) => name === registry.cluster)?.upstream;
      const cluster = config.clusters.find(({ name }) => name === registry.cluster);
      if (upstream !== undefined && cluster !== undefined) return { upstream, lines: ownLines(cluster) };
      throw new BoardRefusal(`cluster ${registry.cluster} is configured no more: restart the gate`);
    };
    return createKubeReplicaBoard(createKubeApi(reach, registry.namespace), replica, elapsed);
  }
  const { createRedisLink } = await import('../roster/redislink.ts');
  const { createRedisReplicaBoard } = await import('../roster/redisboard.ts');
  return createRedisReplicaBoard(createRedisLink(registry), createRedisLink(registry), { replica, now });
}
