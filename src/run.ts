// Puts a running gate together from a configuration file and keeps it current: everything that serve, the demo and the tests start.

import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { DestinationStream } from 'pino';
import { createAuthenticator } from './authn/authenticator.ts';
import type { StsRoute } from './authn/aws/sts.ts';
import type { DocumentFetcher } from './authn/fetch.ts';
import { createKeyPool } from './authn/keypool.ts';
import type { GateConfig, HostPort } from './config/config.ts';
import { type Current, holdCurrent } from './current.ts';
import { buildGeneration, type Generation } from './generation.ts';
import { hostPort } from './hostport.ts';
import { createConnections, createLifecycle } from './lifecycle.ts';
import { secureContextOptions } from './listener.ts';
import { createLog, type Log, loggedError } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createObserver, type Observer, observeRefresh, observeRenewal } from './observe.ts';
import { startOps } from './ops.ts';
import { joinRoster } from './presence/start.ts';
import {
  ConfigurationRefused,
  createReloader,
  problemsOf,
  readConfig,
  readMaterial,
  readWebhookMaterial,
} from './reload.ts';
import { createGateServer } from './server.ts';
import { createSessionRegistry, type SessionRegistry } from './sessions.ts';
import { createStays } from './stays.ts';
import { createVitals, type Vitals } from './vitals.ts';
import { startTokenWebhook, type TokenWebhook } from './webhook/webhook.ts';

export interface RunOptions {
  readonly file: string;
  readonly overrides?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly now?: () => number;
  readonly newID?: () => string;
  /** For tests: the STS of awsIAM; default is AWS. */
  readonly stsRoute?: StsRoute;
  /** Where log lines go; default standard error. */
  readonly logStream?: DestinationStream;
  /** For tests: where issuers' documents come from. Default is over verified TLS; no configuration changes it. */
  readonly fetcher?: DocumentFetcher;
  /** Set when the gate is one of several processes that share a listener: it has no ops listener then, its primary answers for all. */
  readonly worker?: WorkerRole;
}

export interface WorkerRole {
  /** From 1; in every log line. */
  readonly number: number;
  /** What session tickets are sealed with, 48 bytes, so that each worker takes those of the others. */
  readonly ticketKeys: Buffer;
}

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

/** What both the start and the life of a gate need. */
interface Parts {
  readonly options: RunOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly observer: Observer;
  readonly current: Current;
  readonly build: (next: GateConfig, previous: Generation | undefined) => Generation;
}

/** Starts a gate; resolves when it listens. @throws ConfigurationRefused, or the error of listening; nothing stays open then. */
export async function runGateway(options: RunOptions): Promise<RunningGate> {
  const { env = process.env, now = Date.now } = options;
  const { config, warnings } = readConfig({ file: options.file, overrides: options.overrides ?? [], env });
  const { worker } = options;
  const ownLog = createLog(config.log.level, options.logStream);
  const log = worker === undefined ? ownLog : ownLog.child({ worker: worker.number });
  for (const warning of warnings) log.warn({ warning }, 'configuration warning');
  const metrics = createMetrics({ version: options.version, node: process.version });
  const observer = createObserver(log, metrics, now);
  const keyPool = createKeyPool();
  const build = (next: GateConfig, previous: Generation | undefined) =>
    buildGeneration(next, previous, {
      env,
      createAuthenticator: ({ authentication }, certificates) =>
        createAuthenticator(authentication, {
          keyPool,
          stsRoute: options.stsRoute,
          clock: { now },
          certificates,
          ...(options.fetcher === undefined ? {} : { fetcher: options.fetcher }),
          onRefresh: (event) => observeRefresh(event, metrics, log),
          onRenewal: (event) => observeRenewal(event, log),
        }),
      observeAuthentication: observer.onAuthentication,
    });
  const current = holdCurrent(attempt(() => build(config, undefined)));
  const open: (() => void)[] = [() => void current.close()];
  try {
    return await start({ options, env, now, log, metrics, observer, current, build }, open);
  } catch (error) {
    for (const close of open.reverse()) close();
    throw error;
  }
}

/** Starts both listeners; what is to be closed when a later part fails goes into `open`. */
async function start(parts: Parts, open: (() => void)[]): Promise<RunningGate> {
  const { options, env, now, log, metrics, observer, current, build } = parts;
  const { config } = current.get();
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
  const server = await createGateServer({
    current,
    material,
    observer,
    sessions,
    streams,
    stays,
    now,
    newID: options.newID ?? randomUUID,
    isLeaving: lifecycle.isLeaving,
    isDraining: lifecycle.isDraining,
  });
  connections.follow(server);
  const webhook = await startWebhook(parts);
  open.push(() => void webhook?.close());
  const source = { file: options.file, overrides: options.overrides ?? [], env };
  const reloader = createReloader({ source, current, build, stays, server, webhook, log, metrics, now });
  open.push(reloader.close);
  const onError = (error: Error) => log.error({ cause: loggedError(error) }, 'a listener failed');
  const vitals = createVitals(lifecycle, current, metrics, now);
  if (options.worker === undefined)
    ops = await startOps(config.ops.address, { ...vitals, ready: vitals.checks, onError });
  else shareTickets(server, secureContextOptions(config.listen.tls, material), options.worker);
  open.push(() => ops?.close());
  await listen(server, config.listen.address, onError);
  const { version, worker } = options;
  const joining = { stays, sessions, metrics, log, now, current, version, worker: worker?.number };
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
      presence?.leave();
      await Promise.all([lifecycle.drain(), webhook?.close()]);
      await presence?.stop();
      await current.close();
      log.info({}, 'stopped');
    },
  };
}

/** Given so, the server keeps the keys for the contexts of later certificates, too. */
function shareTickets(server: Http2SecureServer, secured: object, { ticketKeys }: WorkerRole): void {
  server.setSecureContext({ ...secured, ticketKeys });
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

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new ConfigurationRefused(problemsOf(error));
  }
}

/** The URL of a listener. */
export function urlOf(scheme: string, { address, port }: AddressInfo): string {
  return `${scheme}://${hostPort(address, port)}`;
}
