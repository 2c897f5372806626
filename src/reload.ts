// Takes up changes while the gate runs: the next generation is built whole before the swap, and when any of it can't be built, the running
// one stays, and the log says everything that is wrong.

import { readFileSync } from 'node:fs';
import type { GateConfig, TokenWebhookConfig } from './config/config.ts';
import { type ConfigError, formatError, loadConfig } from './config/load.ts';
import type { Current } from './current.ts';
import { observeExpiry } from './expiry.ts';
import { type Generation, GenerationError, retireGeneration } from './generation.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ClientAuthorities } from './peercertificate.ts';
import type { Rounds } from './rounds.ts';
import { secureContextOptions, type TlsMaterial } from './securecontext.ts';
import { beginSeries } from './series.ts';
import type { Stays } from './stays.ts';
import type { TicketKeys } from './tickets.ts';
import { watchFiles } from './watch.ts';
import type { TokenWebhook } from './webhook/webhook.ts';

/** A refused configuration is tried again after so long: a file that it names may have come meanwhile. ms. */
const RETRY_MS = 5_000;

/** No more often are files looked at because an API server refuses our credential. ms */
const LOOK_MS = 1_000;

/** Where a configuration comes from. */
export interface ConfigSource {
  readonly file: string;
  readonly overrides: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The configuration can't be used; each problem is a line for people. */
export class ConfigurationRefused extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export interface ReloadDeps {
  readonly source: ConfigSource;
  readonly current: Current;
  readonly build: (next: GateConfig, previous: Generation) => Generation;
  /** Who is in, to be looked at again. */
  readonly stays: Pick<Stays, 'review'>;
  readonly rounds: Pick<Rounds, 'go'>;
  readonly authorities: Pick<ClientAuthorities, 'change'>;
  readonly server: { setSecureContext(options: object): void; setTicketKeys(keys: Buffer): void };
  readonly tickets: Pick<TicketKeys, 'current'>;
  /** undefined when there was none at the start. */
  readonly webhook: Pick<TokenWebhook, 'update'> | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
}

export interface Reloader {
  /** Reads the configuration again now. @returns whether it was taken up. */
  reload(): boolean;
  /** Looks now whether a file has changed, instead of within the second, and takes it up; at most once in LOOK_MS. */
  look(): void;
  close(): void;
}

/** Reloads by itself when a file of the current generation changes, which must be fresh when this is called. */
export function createReloader(deps: ReloadDeps): Reloader {
  const { current, log, metrics, now } = deps;
  let refused = '';
  let retry: NodeJS.Timeout | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const succeeded = () => {
    refused = '';
    metrics.reloadSuccess.set(1);
    metrics.reloadTimestamp.set(now() / 1000);
    beginSeries(current.get(), metrics);
    observeExpiry(current.get(), metrics);
  };
  const failed = (problems: readonly string[]) => {
    metrics.reloadSuccess.set(0);
    retry = setTimeout(() => run(true), RETRY_MS);
    retry.unref();
    refused = problems.join('\n');
  };
  const run = (quietly: boolean) => {
    clearTimeout(retry);
    try {
      takeUp(deps);
      watch.setFiles(current.get().files);
      succeeded();
      return true;
    } catch (error) {
      const problems = problemsOf(error);
      if (!quietly || problems.join('\n') !== refused)
        log.error({ problems }, 'configuration refused, the running one stays');
      failed(problems);
      return false;
    }
  };
  const watch = watchFiles(current.get().files, () => run(false));
  succeeded();
  return {
    reload: () => run(false),
    look() {
      if (performance.now() - lookedAt < LOOK_MS) return;
      lookedAt = performance.now();
      watch.lookNow();
    },
    close() {
      clearTimeout(retry);
      watch.close();
    },
  };
}

function takeUp({ source, current, build, server, webhook, log, ...deps }: ReloadDeps): void {
  const { config, warnings } = readConfig(source);
  const before = current.get();
  const next = build(config, before);
  try {
    const material = readMaterial(config);
    const secured = secureContextOptions(config.listen.tls, material);
    if (webhook !== undefined && config.tokenWebhook !== undefined)
      webhook.update(readWebhookMaterial(config.tokenWebhook));
    server.setSecureContext(secured);
    // Another certificate takes nobody's session away; other client authorities do (securecontext.ts).
    server.setTicketKeys(deps.tickets.current());
    deps.authorities.change(material.clientCA);
  } catch (error) {
    void retireGeneration(next, [before]);
    throw error;
  }
  log.level = config.log.level;
  current.swap(next);
  const ended = deps.stays.review(next);
  void deps.rounds.go();
  if (ended > 0) log.info({ ended }, 'ended what the new configuration does not let in');
  for (const warning of warnings) log.warn({ warning }, 'configuration warning');
  const restart = needsRestart(before.config, config);
  if (restart.length > 0)
    log.warn({ keys: restart }, 'configuration taken up, but these keys count only after a restart');
  else log.info({ file: config.file }, 'configuration taken up');
}

function needsRestart(before: GateConfig, after: GateConfig): string[] {
  const keys: [string, (config: GateConfig) => unknown][] = [
    ['listen.address', ({ listen }) => listen.address],
    ['listen.clientCAFile', ({ listen }) => listen.clientCAFile !== ''],
    ['ops.address', ({ ops }) => ops.address],
    ['tokenWebhook.address', ({ tokenWebhook }) => tokenWebhook?.address ?? ''],
    ['sessions.registry', ({ sessions }) => sessions.registry ?? ''],
  ];
  return keys
    .filter(([, get]) => JSON.stringify(get(before)) !== JSON.stringify(get(after)))
    .map(([key]) => key);
}

/** @throws ConfigurationRefused with every problem as `FILE:LINE:COL path: what is wrong`. */
export function readConfig(source: ConfigSource): {
  readonly config: GateConfig;
  readonly warnings: readonly string[];
} {
  const loaded = loadConfig(source);
  if (!loaded.ok)
    throw new ConfigurationRefused(loaded.errors.map((error: ConfigError) => formatError(error)));
  return loaded;
}

/** Reads the serving certificate, its key and the client CA. @throws the file system's error. */
export function readMaterial({ listen }: GateConfig): TlsMaterial {
  const clientCA = listen.clientCAFile === '' ? '' : readFileSync(listen.clientCAFile, 'utf8');
  return {
    cert: readFileSync(listen.tls.certFile, 'utf8'),
    key: readFileSync(listen.tls.keyFile, 'utf8'),
    clientCA,
  };
}

/** Reads what the token webhook's listener is made of. @throws the file system's error. */
export function readWebhookMaterial(webhook: TokenWebhookConfig): TlsMaterial {
  return {
    cert: readFileSync(webhook.certFile, 'utf8'),
    key: readFileSync(webhook.keyFile, 'utf8'),
    clientCA: readFileSync(webhook.clientCAFile, 'utf8'),
  };
}

/** An error of reading or building a configuration, as lines for people. */
export function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigurationRefused || error instanceof GenerationError) return error.problems;
  return [error instanceof Error ? error.message : String(error)];
}
