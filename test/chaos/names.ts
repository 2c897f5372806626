// The ground of names.test.ts: a gate whose API servers and issuers are found by name, and the one name server that it asks.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caller } from '../fakes/caller.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import type { GateProcess } from '../fakes/gateprocess.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { type NameServer, startNameServer, type Told } from '../fakes/nameserver.ts';
import { type EchoUpstream, startEcho } from '../fakes/sessions.ts';
import { type Ground, openExec, startGround } from './ground.ts';
import type { Namespaces } from './namespace.ts';
import { type Streams, startStreams } from './streams.ts';

export const SESSIONS = 20;
/** The API server of everything, and two with a path prefix: its name is asked for late; its name is never answered. */
export const API = 'api.chaos.test';
const LATER = 'later.chaos.test';
const COLD = 'cold.chaos.test';
const HANGING = ['hangs-1.chaos.test', 'hangs-2.chaos.test', 'hangs-3.chaos.test'];
export const issuerName = (at: number) => `issuer-${at}.chaos.test`;

export interface Scene {
  readonly names: NameServer;
  readonly upstream: EchoUpstream;
  readonly issuers: readonly Issuer[];
  /** Those whose names nobody answers. */
  readonly hanging: readonly Issuer[];
  readonly ground: Ground;
  readonly gate: GateProcess;
  readonly streams: Streams;
  readonly lookups: (outcome: string) => Promise<number>;
  /** Of a request that needs no connection of its own. */
  readonly statusWith: (token: string, path?: string) => Promise<number>;
  /** Ends the callers' side; the gate can be looked at then. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** A network where nobody but the test answers names. */
export function withoutNames(file: string): Namespaces {
  const resolvConf = join(tmpdir(), `postern-resolv-${process.pid}.conf`);
  const prepare = `echo 'nameserver 127.0.0.1' > ${resolvConf} && mount --bind ${resolvConf} /etc/resolv.conf && rm ${resolvConf}`;
  return { file, flags: ['--net', '--mount'], prepare };
}

/** Starts it, with so many issuers whose names are answered; sessions stream. */
export async function startScene(issuerCount: number): Promise<Scene> {
  const names = await startNameServer();
  const upstream = await startEcho();
  const issuerNames = Array.from({ length: issuerCount }, (_, at) => issuerName(at));
  for (const name of [API, LATER, ...issuerNames]) names.tell(name, '127.0.0.1');
  for (const name of [COLD, ...HANGING]) names.tell(name, 'silent');
  const issuers = await Promise.all(issuerNames.map((name) => startIssuer({ name })));
  const hanging = await Promise.all(HANGING.map((name) => startIssuer({ name })));
  const behind = (host: string) => ({ ...upstream, host, tlsServerName: 'localhost' });
  const ground = await startGround({
    issuer: issuers[0] as Issuer,
    upstreams: [
      { name: 'main', upstream: behind(API) },
      { name: 'later', upstream: behind(LATER), match: { pathPrefix: '/later' } },
      { name: 'cold', upstream: behind(COLD), match: { pathPrefix: '/cold' } },
    ],
    authentication: { jwt: [...issuers, ...hanging].map((one) => jwtEntry(one)) },
  });
  const { gate } = ground;
  const who = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  const statusWith = async (token: string, path = '/version') =>
    (await who.call({ path, headers: ['Authorization', `Bearer ${token}`] })).status;
  await (await startStreams(gate, SESSIONS)).close();
  if ((await statusWith(await gate.token())) !== 200) throw new Error('the gate does not serve');
  await ground.warm();
  const streams = await startStreams(gate, SESSIONS);
  const lookups = (outcome: string) => gate.metric(`postern_name_lookups_total{outcome="${outcome}"}`);
  return {
    ...{ names, upstream, issuers, hanging, ground, gate, streams, lookups, statusWith },
    quiet: async () => {
      await streams.close();
      who.close();
    },
    stop: async () => {
      await ground.stop();
      for (const one of [upstream, ...issuers, ...hanging]) await one.close();
    },
  };
}

/** Breaks it for one name; `mend` lets it answer again. */
export async function breakNames(names: NameServer, name: string, told: Told | 'away') {
  if (told === 'away') await names.leave();
  else names.tell(name, told);
  return async () => {
    if (told === 'away') await names.comeBack();
    names.tell(name, '127.0.0.1');
  };
}

/** A session of somebody's own, which is ended. */
export async function session({ gate, ground }: Pick<Scene, 'gate' | 'ground'>): Promise<number> {
  const { token } = await ground.someone();
  const { socket, status } = await openExec(gate, token);
  socket.destroy();
  return status;
}
