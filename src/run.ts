// Puts a running gate together from a configuration file and keeps it current: everything that serve, the demo and the tests start.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { DestinationStream } from 'pino';
import { createAuthenticator } from './authn/authenticator.ts';
import type { GateConfig } from './config/config.ts';
import { type ConfigError, formatError, loadConfig } from './config/load.ts';
import { type Current, holdCurrent } from './current.ts';
import { buildGeneration, type Generation, GenerationError } from './generation.ts';
import { createLifecycle } from './lifecycle.ts';
import { secureContextOptions, type TlsMaterial } from './listener.ts';
import { createLog, type Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createObserver } from './observe.ts';
import { startOps } from './ops.ts';
import { createGateServer } from './server.ts';
import { createSessionRegistry, type SessionRegistry } from './sessions.ts';
import { type Watch, watchFiles } from './watch.ts';

export interface RunOptions {
  readonly file: string;
  readonly overrides?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly now?: () => number;
  readonly newID?: () => string;
  /** Where log lines go; default standard error. */
  readonly logStream?: DestinationStream;
}

export interface RunningGate {
  /** `https://host:port` of the public listener, and `http://host:port` of the ops listener. */
  readonly url: string;
  readonly opsUrl: string;
  readonly log: Log;
  readonly sessions: SessionRegistry;
  /** Reads the configuration again now. @returns whether it was taken up. */
  reload(): boolean;
  /** Drains and ends; resolves when all is closed. */
  stop(): Promise<void>;
}

/** The configuration can't be used; each problem is a line for people. */
export class ConfigurationRefused extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Starts a gate; resolves when it listens. @throws ConfigurationRefused, or the error of listening. */
export async function runGateway(options: RunOptions): Promise<RunningGate> {
  const { env = process.env, now = Date.now, newID = randomUUID } = options;
  const { config, warnings } = read(options, env);
  const log = createLog(config.log.level, options.logStream);
  for (const warning of warnings) log.warn({ warning }, 'configuration warning');
  const metrics = createMetrics({ version: options.version, node: process.version });
  const observer = createObserver(log, metrics, now);
  const sessions = createSessionRegistry(
    { onOpen: observer.onSessionOpen, onEnd: observer.onSessionEnd },
    now,
  );
  const build = (next: GateConfig, previous: Generation | undefined) =>
    buildGeneration(next, previous, {
      env,
      createAuthenticator: ({ authentication }) =>
        createAuthenticator(authentication, { onRefresh: (refresh) => metrics.jwksRefresh.inc(refresh) }),
      observeAuthentication: observer.onAuthentication,
      observeUpgradeMissing: observer.onUpgradeMissing,
    });
  const current = holdCurrent(attempt(() => build(config, undefined)));
  const lifecycle = createLifecycle({
    server: () => server,
    ops: () => ops,
    sessions,
    drainTimeoutMs: () => current.get().config.sessions.drainTimeoutMs,
    log,
  });
  const material = attempt(() => readMaterial(config));
  const server = await createGateServer({
    current,
    material,
    observer,
    sessions,
    now,
    newID,
    isDraining: lifecycle.isDraining,
  });
  const reloader = createReloader({ options, env, current, build, server, log, metrics, now });
  const ops = await startOps(config.ops.address, {
    registry: metrics.registry,
    collect: () => collectAges(current.get(), metrics, now),
    ready: [
      {
        name: 'started',
        problem: () => (lifecycle.isReady() || lifecycle.isDraining() ? '' : 'not listening yet'),
      },
      { name: 'not-draining', problem: () => (lifecycle.isDraining() ? 'shutting down' : '') },
      { name: 'issuer-keys', problem: () => keysProblem(current.get()) },
    ],
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.listen.address.port, config.listen.address.host, resolve);
  });
  lifecycle.markReady();
  const url = urlOf('https', server.address() as AddressInfo);
  const opsUrl = urlOf('http', ops.address() as AddressInfo);
  log.info(
    {
      address: url,
      ops: opsUrl,
      clusters: config.clusters.map(({ name }) => name),
      version: options.version,
      node: process.version,
    },
    'serving',
  );
  return {
    url,
    opsUrl,
    log,
    sessions,
    reload: reloader.reload,
    stop: async () => {
      reloader.close();
      await lifecycle.drain();
      await current.close();
      log.info({}, 'stopped');
    },
  };
}

interface ReloadContext {
  readonly options: RunOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly current: Current;
  readonly build: (next: GateConfig, previous: Generation | undefined) => Generation;
  readonly server: { setSecureContext(options: object): void };
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** Takes up changes: build the next generation first, swap only if all of it could be built; else the old one stays and the log says why. */
function createReloader(context: ReloadContext): { reload: () => boolean; close: () => void } {
  const { options, env, current, build, server, log, metrics, now } = context;
  const succeeded = () => {
    metrics.reloadSuccess.set(1);
    metrics.reloadTimestamp.set(now() / 1000);
  };
  succeeded();
  const reload = () => {
    try {
      const { config, warnings } = read(options, env);
      const before = current.get();
      const next = build(config, before);
      server.setSecureContext(secureContextOptions(config.listen.tls, readMaterial(config)));
      log.level = config.log.level;
      for (const warning of warnings) log.warn({ warning }, 'configuration warning');
      current.swap(next);
      watch.setFiles(next.files);
      const restart = needsRestart(before.config, config);
      if (restart.length > 0)
        log.warn({ keys: restart }, 'configuration taken up, but these keys count only after a restart');
      else log.info({ file: config.file }, 'configuration taken up');
      succeeded();
      return true;
    } catch (error) {
      metrics.reloadSuccess.set(0);
      log.error({ problems: problemsOf(error) }, 'configuration refused, the running one stays');
      return false;
    }
  };
  const watch: Watch = watchFiles(current.get().files, reload);
  return { reload, close: watch.close };
}

function needsRestart(before: GateConfig, after: GateConfig): string[] {
  const keys: [string, (config: GateConfig) => unknown][] = [
    ['listen.address', ({ listen }) => listen.address],
    ['listen.clientCAFile', ({ listen }) => listen.clientCAFile !== ''],
    ['ops.address', ({ ops }) => ops.address],
  ];
  return keys
    .filter(([, get]) => JSON.stringify(get(before)) !== JSON.stringify(get(after)))
    .map(([key]) => key);
}

function read({ file, overrides = [] }: RunOptions, env: Readonly<Record<string, string | undefined>>) {
  const loaded = loadConfig({ file, overrides, env });
  if (!loaded.ok)
    throw new ConfigurationRefused(loaded.errors.map((error: ConfigError) => formatError(error)));
  return loaded;
}

function readMaterial({ listen }: GateConfig): TlsMaterial {
  const clientCA = listen.clientCAFile === '' ? '' : readFileSync(listen.clientCAFile, 'utf8');
  return {
    cert: readFileSync(listen.tls.certFile, 'utf8'),
    key: readFileSync(listen.tls.keyFile, 'utf8'),
    clientCA,
  };
}

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new ConfigurationRefused(problemsOf(error));
  }
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigurationRefused || error instanceof GenerationError) return error.problems;
  return [error instanceof Error ? error.message : String(error)];
}

/** '' when every issuer's keys are known. Keys that are stale because an issuer is down still serve: that is a metric, no reason to leave. */
function keysProblem({ authenticator }: Generation): string {
  const missing = authenticator.issuers().filter(({ keysFetchedAt }) => keysFetchedAt === 0);
  return missing.length === 0 ? '' : `no keys yet from ${missing.map(({ issuer }) => issuer).join(', ')}`;
}

function collectAges(generation: Generation, metrics: Metrics, now: () => number): void {
  for (const { issuer, keysFetchedAt } of generation.authenticator.issuers()) {
    if (keysFetchedAt > 0) metrics.jwksAge.set({ issuer }, (now() - keysFetchedAt) / 1000);
  }
}

function urlOf(scheme: string, { address, port, family }: AddressInfo): string {
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
