// What a soak stands on: the pairing API server, a board for `postern sessions` in a practice API server, and the gate as a process in front of
// both, whose memory tells what it holds.

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { type GateProcess, type GateProcessOptions, startGateProcess } from '../fakes/gateprocess.ts';
import { startTestPractice } from '../fakes/practice.ts';
import { binding, OBJECTS } from '../fakes/practicegate.ts';
import { eventually } from '../fakes/sessions.ts';
import { type Held, NODE_OPTIONS, takeStock } from './growth.ts';
import { NO_LIMITS } from './limits.ts';
import { type PairingUpstream, type Place, placeOf, startPairing } from './pairs.ts';

/** Who must not be let in any more at a reload, and who is shown out by `postern sessions end`. */
export const LEAVERS = { revoked: 'rita@example.com', killed: 'karl@example.com' } as const;
const BOARD_NAMESPACE = 'postern';
/** For connections that come and go by themselves: metrics, keys, the board. */
const SPARE_DESCRIPTORS = 6;
/** A refusal keeps a caller who does not close for so long. ms */
const QUIET_MS = 30_000;
const HOUR_S = 3600;

/** A gate under a soak. */
export interface Ground {
  readonly gate: GateProcess;
  readonly upstream: PairingUpstream;
  readonly place: Place;
  /** A kubeconfig of the board's administrator. */
  readonly boardKubeconfig: string;
  /** A token that outlives the soak. */
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Has these sessions settings and this entry of an issuer taken up. */
  reconfigure(sessions: object, jwt?: object): Promise<void>;
  /** Sets the board's clock, which stands still otherwise: orders are over after two minutes. */
  setBoardClock(): void;
  /** Waits until nothing is open; then tells what is held. */
  quiet(): Promise<Held>;
  stop(): Promise<void>;
}

/** Lays it; the gate's Node options are beside those of the census. */
export async function layGround(
  options: Pick<GateProcessOptions, 'nodeOptions' | 'env'> = {},
): Promise<Ground> {
  const upstream = await startPairing();
  const practice = await startTestPractice([
    ...OBJECTS,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: BOARD_NAMESPACE } },
    ...binding('roster', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }], {
      kind: 'User',
      name: 'gate',
    }),
  ]);
  const registry = { kubernetes: { namespace: BOARD_NAMESPACE, cluster: 'board' } };
  const own = { registry, drainTimeout: '0s' };
  const gate = await startGateProcess({
    upstreams: [
      { name: 'prod', upstream },
      { name: 'board', upstream: practice, user: { token: 'gate-token' }, match: { pathPrefix: '/board' } },
    ],
    config: { sessions: own, limits: NO_LIMITS },
    ...options,
    nodeOptions: [...NODE_OPTIONS, ...(options.nodeOptions ?? [])],
  });
  const { files } = gate;
  const boardKubeconfig = join(files.dir, 'board-admin.kubeconfig');
  writeFileSync(boardKubeconfig, kubeconfig(practice.server.url, practice.ca.certPem));
  await gate.logged(({ msg }) => msg === 'serving');
  const descriptors = () => readdirSync(`/proc/${gate.pid}/fd`).length;
  const base = descriptors();
  return {
    ...{ gate, upstream, boardKubeconfig },
    place: placeOf(gate, upstream),
    token: (claims = {}) => gate.token({ exp: Math.floor(Date.now() / 1000) + 10 * HOUR_S, ...claims }),
    async reconfigure(sessions, jwt = {}) {
      const before = takenUp(gate);
      files.writeConfig({
        ...files.config,
        sessions: { ...own, ...sessions },
        authentication: { jwt: [jwtEntry(files.issuer, jwt as Readonly<Record<string, unknown>>)] },
      });
      gate.child.kill('SIGHUP');
      await eventually(() => takenUp(gate) > before, QUIET_MS);
    },
    setBoardClock: () => practice.time.advance(Math.max(0, Date.now() - practice.time.clock.now())),
    async quiet() {
      await eventually(() => upstream.open() === 0 && descriptors() <= base + SPARE_DESCRIPTORS, QUIET_MS);
      await eventually(async () => (await gate.metric(OPEN)) === 0, QUIET_MS);
      return takeStock(gate);
    },
    async stop() {
      await gate.stop();
      await practice.stop();
      await upstream.close();
    },
  };
}

const OPEN = 'postern_sessions_open{cluster="prod",kind="exec",protocol="spdy"}';

function takenUp({ log }: GateProcess): number {
  return log.filter((line) => line.includes('"configuration taken up"')).length;
}

function kubeconfig(server: string, caPem: string): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') };
  const one = { name: 'x', cluster, user: { token: 'admin-token' }, context: { cluster: 'x', user: 'x' } };
  return JSON.stringify({ 'current-context': 'x', clusters: [one], users: [one], contexts: [one] });
}
