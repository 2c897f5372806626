// Puts a running gate together from a configuration file and keeps it current: everything that serve, the demo and the tests start.

import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { guardConnections } from './admission/connections.ts';
import type { HostPort } from './config/config.ts';
import { watchDescriptors } from './descriptors.ts';
import { hostPort } from './hostport.ts';
import { createConnections, createLifecycle, within } from './lifecycle.ts';
import { type Log, loggedError } from './log.ts';
import { startOps } from './ops.ts';
import { attempt, makeParts, type Parts, type RunOptions } from './parts.ts';
import { holdClientAuthorities } from './peercertificate.ts';
import { joinRoster } from './presence/start.ts';
import { watchProcess } from './process.ts';
import { createReloader, readMaterial, readWebhookMaterial } from './reload.ts';
import { createRounds } from './rounds.ts';
import { createGateServer } from './server.ts';
import { DEADLINES } from './serverlimits.ts';
import { createSessionRegistry, type SessionRegistry } from './sessions.ts';
import { watchSilence } from './silence.ts';
import { createStays } from './stays.ts';
import { rotateTicketKeys, type TicketKeys } from './tickets.ts';
import { createVitals, type Vitals } from './vitals.ts';
import { startTokenWebhook, type TokenWebhook } from './webhook/webhook.ts';

/** What is under way to an API server, and nobody waits for any more, may hold up the end for so long: a connection may take 30 s to fail. ms */
const CLOSE_MS = 1_000;

export interface RunningGate {
  /** `https://host:port` of the public listener, and `http://host:port` of the ops listener ('' when it has none). */
  readonly url: string;
  readonly opsUrl: string;
  /** `https://host:port` of the token webhook; '' when it has none. */
  readonly webhookUrl: string;
  readonly vitals: Vitals;
  readonly log: Log;
  readonly sessions: SessionRegistry;
  /** Reads the configuration again now. @returns whether it was taken up. */
  reload(): boolean;
  /** Drains and ends; resolves when all is closed. */
  stop(): Promise<void>;
}

/** Starts a gate; resolves when it listens. @throws ConfigurationRefused, or the error of listening; nothing stays open then. */
export async function runGateway(options: RunOptions): Promise<RunningGate> {
  const parts = makeParts(options);
  const open: (() => void)[] = [() => void parts.current.close()];
  try {
    return await start(parts, open);
  } catch (error) {
    for (const close of open.reverse()) close();
    throw error;
  }
}

/** Starts both listeners; what is to be closed when a later part fails goes into `open`. */
async function start(parts: Parts, open: (() => void)[]): Promise<RunningGate> {
  const { options, env, now, log, collectLog, metrics, observer, current, build, admission, reserve } = parts;
  const { deadlines = DEADLINES } = options;
  const { config } = current.get();
  // What only lasts a while does not go by a clock that may be set.
  const elapsed = options.now ?? (() => performance.now());
  const told = { onOpen: observer.onSessionOpen, onEnd: observer.onSessionEnd };
  const sessions = createSessionRegistry(told, now);
  const connections = createConnections();
  const streams = new Set<() => void>();
  const stays = createStays();
  let ops: Server | undefined;
  const lifecycle = createLifecycle({
    connections,
    endStreams: () => {
      for (const end of streams) end();
    },
    ops: () => ops,
    sessions,
    drainDelayMs: () => current.get().config.sessions.drainDelayMs,
    drainTimeoutMs: () => current.get().config.sessions.drainTimeoutMs,
    log,
  });
  const material = attempt(() => readMaterial(config));
  const authorities = holdClientAuthorities(material.clientCA, deadlines.handshakeMs, elapsed);
  const server = await createGateServer({
    current,
    material,
    authorities,
    observer,
    sessions,
    streams,
    stays,
    deadlines,
    now,
    newID: options.newID ?? randomUUID,
    isLeaving: lifecycle.isLeaving,
    isDraining: lifecycle.isDraining,
  });
  const isTrusted = (address: string) => current.get().isTrusted(address);
  guardConnections(server, { admission, isTrusted, mayStay: reserve.mayStay });
  connections.follow(server);
  const silence = watchSilence(server, deadlines);
  open.push(silence.close);
  const webhook = await startWebhook(parts);
  open.push(() => void webhook?.close());
  const source = { file: options.file, overrides: options.overrides ?? [], env };
  const rounds = createRounds({ stays, current: current.get, now, log, setTimer: options.setRoundTimer });
  open.push(rounds.close);
  const tickets = ticketKeysOf(parts, open);
  const looked = { stays, rounds, authorities, tickets };
  const reloader = createReloader({ ...looked, source, current, build, server, webhook, log, metrics, now });
  open.push(reloader.close);
  parts.refusals.onCredential = reloader.look;
  const onError = (error: Error) => log.error({ cause: loggedError(error) }, 'a listener failed');
  const watch = watchProcess(metrics, { onSample: admission.tick });
  open.push(watch.close);
  const descriptors = watchDescriptors({ log });
  open.push(descriptors.close);
  const vitals = createVitals({ lifecycle, current, metrics, watch, collectLog, now, admission });
  if (options.worker === undefined)
    ops = await startOps(config.ops.address, { ...vitals, ready: vitals.checks, onError });
  open.push(() => ops?.close());
  await listen(server, config.listen.address, onError);
  // Not before: the cluster module gives each worker the keys that the first one began to listen with, and keeps them for ever.
  server.setTicketKeys(tickets.current());
  tickets.follow((keys) => server.setTicketKeys(keys));
  const { version, worker } = options;
  const joining = { stays, sessions, metrics, log, now, elapsed, current, version, worker: worker?.number };
  const presence = await joinRoster(joining);
  lifecycle.markReady();
  return {
    ...announce(server, ops, webhook, parts),
    vitals,
    log,
    sessions,
    reload: reloader.reload,
    stop: async () => {
      reloader.close();
      rounds.close();
      tickets.close();
      presence?.leave();
      const { drainDelayMs, drainTimeoutMs } = current.get().config.sessions;
      metrics.drainDeadline.set((now() + drainDelayMs + drainTimeoutMs) / 1000);
      await Promise.all([lifecycle.drain(), webhook?.close()]);
      silence.close();
      await presence?.stop();
      watch.close();
      descriptors.close();
      await within(CLOSE_MS, current.close());
      log.info({}, 'stopped');
    },
  };
}

/** A worker's are its primary's. */
function ticketKeysOf({ options }: Parts, open: (() => void)[]): TicketKeys & { close(): void } {
  if (options.worker !== undefined) return { ...options.worker.ticketKeys, close: () => {} };
  const keys = rotateTicketKeys(options.setTicketTimer);
  open.push(keys.close);
  return keys;
}

async function startWebhook({ current, metrics, log, now }: Parts): Promise<TokenWebhook | undefined> {
  const { tokenWebhook } = current.get().config;
  if (tokenWebhook === undefined) return undefined;
  const material = attempt(() => readWebhookMaterial(tokenWebhook));
  return startTokenWebhook(tokenWebhook, material, { current, metrics, log, now });
}

/** Logs where it listens; of workers, the primary does, once for all. */
function announce(
  server: Http2SecureServer,
  ops: Server | undefined,
  webhook: TokenWebhook | undefined,
  { current, log, options }: Parts,
) {
  const url = urlOf('https', server.address() as AddressInfo);
  const webhookUrl = webhook?.url ?? '';
  if (ops === undefined) return { url, opsUrl: '', webhookUrl };
  const opsUrl = urlOf('http', ops.address() as AddressInfo);
  const clusters = current.get().config.clusters.map(({ name }) => name);
  const where = { address: url, ops: opsUrl, ...(webhookUrl === '' ? {} : { tokenWebhook: webhookUrl }) };
  log.info({ ...where, clusters, version: options.version, node: process.version }, 'serving');
  return { url, opsUrl, webhookUrl };
}

function listen(
  server: Http2SecureServer,
  address: HostPort,
  onError: (error: Error) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      server.off('error', reject);
      server.on('error', onError);
      resolve();
    });
  });
}

/** The URL of a listener. */
export function urlOf(scheme: string, { address, port }: AddressInfo): string {
  return `${scheme}://${hostPort(address, port)}`;
}
