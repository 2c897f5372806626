// What a gate is made of before anything listens: its configuration, log, metrics and observer, and how a configuration becomes a generation.

import type { DestinationStream } from 'pino';
import { createAuthenticator } from './authn/authenticator.ts';
import type { StsRoute } from './authn/aws/sts.ts';
import type { DocumentFetcher } from './authn/fetch.ts';
import { createKeyPool } from './authn/keypool.ts';
import type { GateConfig } from './config/config.ts';
import { type Current, holdCurrent } from './current.ts';
import type { SetTimer } from './delay.ts';
import { buildGeneration, type Generation } from './generation.ts';
import { createLog, type Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import {
  createObserver,
  type Observer,
  observeImpersonation,
  observeRefresh,
  observeRenewal,
} from './observe.ts';
import { ConfigurationRefused, problemsOf, readConfig } from './reload.ts';

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
  /** For tests: how long a cluster may take to answer a question of the gate's own. Default 5 s. ms */
  readonly reviewTimeoutMs?: number;
  /** For tests: what lets time go by between rounds (rounds.ts). */
  readonly setRoundTimer?: SetTimer;
  /** Set when the gate is one of several processes that share a listener: it has no ops listener then, its primary answers for all. */
  readonly worker?: WorkerRole;
}

export interface WorkerRole {
  /** From 1; in every log line. */
  readonly number: number;
  /** What session tickets are sealed with, 48 bytes, so that each worker takes those of the others. */
  readonly ticketKeys: Buffer;
}

/** What both the start and the life of a gate need. */
export interface Parts {
  readonly options: RunOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly observer: Observer;
  readonly current: Current;
  readonly build: (next: GateConfig, previous: Generation | undefined) => Generation;
}

/** Reads the configuration and makes the parts of it. @throws ConfigurationRefused; nothing is open then. */
export function makeParts(options: RunOptions): Parts {
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
      observeImpersonation: (cluster) => observeImpersonation(cluster, metrics),
      now,
      reviewTimeoutMs: options.reviewTimeoutMs,
    });
  const current = holdCurrent(attempt(() => build(config, undefined)));
  return { options, env, now, log, metrics, observer, current, build };
}

/** Does what reads the configuration or a file that it names. @throws ConfigurationRefused with what is wrong */
export function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new ConfigurationRefused(problemsOf(error));
  }
}
