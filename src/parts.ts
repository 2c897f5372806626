// What a gate is made of before anything listens: its configuration, log, metrics and observer, and how a configuration becomes a generation.

import type { DestinationStream } from 'pino';
import { type Admission, createAdmission, LIMITS } from './admission/admission.ts';
import { createAuthenticator } from './authn/authenticator.ts';
import type { StsRoute } from './authn/aws/sts.ts';
import type { DocumentFetcher } from './authn/fetch.ts';
import { createKeyPool } from './authn/keypool.ts';
import type { GateConfig } from './config/config.ts';
import { type Current, holdCurrent } from './current.ts';
import type { SetTimer } from './delay.ts';
import { type DescriptorReserve, keepDescriptors } from './descriptors.ts';
import { buildGeneration, type Generation } from './generation.ts';
import type { Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createNames } from './names.ts';
import {
  createObserver,
  type Observer,
  observeImpersonation,
  observeRefresh,
  observeRenewal,
} from './observe.ts';
import { observeLookups } from './observenames.ts';
import { openLog } from './openlog.ts';
import { ConfigurationRefused, problemsOf, readConfig } from './reload.ts';
import type { Deadlines } from './serverlimits.ts';
import type { TicketKeys } from './tickets.ts';

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
  /** For tests: how long callers may be silent; default is DEADLINES. ms */
  readonly deadlines?: Deadlines;
  /** For tests: what lets time go by between changes of the session tickets' keys (tickets.ts). */
  readonly setTicketTimer?: SetTimer;
  /** Set when the gate is one of several processes that share a listener: it has no ops listener then, its primary answers for all. */
  readonly worker?: WorkerRole;
}

export interface WorkerRole {
  /** From 1; in every log line. */
  readonly number: number;
  /** What session tickets are sealed with, so that each worker takes those of the others. */
  readonly ticketKeys: TicketKeys;
}

/** Where to tell of it. */
export interface Refusals {
  onCredential: () => void;
}

/** What both the start and the life of a gate need. */
export interface Parts {
  readonly options: RunOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly log: Log;
  /** Brings the log's gauge up to date. */
  readonly collectLog: () => void;
  readonly metrics: Metrics;
  readonly observer: Observer;
  readonly current: Current;
  readonly admission: Admission;
  readonly reserve: DescriptorReserve;
  /** Hears that an API server refused the gate's own credential; who wants to, sets it. */
  readonly refusals: Refusals;
  readonly build: (next: GateConfig, previous: Generation | undefined) => Generation;
}

/** Reads the configuration and makes the parts of it. @throws ConfigurationRefused; nothing is open then. */
export function makeParts(options: RunOptions): Parts {
  const { env = process.env, now = Date.now } = options;
  const { config, warnings } = readConfig({ file: options.file, overrides: options.overrides ?? [], env });
  const { worker } = options;
  const metrics = createMetrics({ version: options.version, node: process.version });
  const { log, collect: collectLog } = openLog({
    level: config.log.level,
    metrics,
    isShared: worker !== undefined,
    worker: worker?.number ?? 0,
    stream: options.logStream,
  });
  for (const warning of warnings) log.warn({ warning }, 'configuration warning');
  const observer = createObserver(log, metrics, now);
  for (const limit of LIMITS) metrics.admissionRefused.inc({ limit }, 0);
  const admission = createAdmission({
    limits: () => current.get().config.limits,
    onRefused: (limit) => metrics.admissionRefused.inc({ limit }),
  });
  const keyPool = createKeyPool();
  const refusals: Refusals = { onCredential: () => {} };
  const reserve = keepDescriptors();
  const names = createNames(observeLookups(metrics, log));
  const build = (next: GateConfig, previous: Generation | undefined) =>
    buildGeneration(next, previous, {
      env,
      createAuthenticator: ({ authentication }, certificates) =>
        createAuthenticator(authentication, {
          keyPool,
          lookup: names.yieldingLookup,
          stsRoute: options.stsRoute,
          clock: { now },
          certificates,
          ...(options.fetcher === undefined ? {} : { fetcher: options.fetcher }),
          onRefresh: (event) => observeRefresh(event, metrics, log),
          onRenewal: (event) => observeRenewal(event, log),
        }),
      observeAuthentication: observer.onAuthentication,
      admission,
      dialing: { lookup: names.lookup, descriptors: reserve },
      observeImpersonation: (cluster) => observeImpersonation(cluster, metrics),
      now,
      reviewTimeoutMs: options.reviewTimeoutMs,
      onCredentialRefused: () => refusals.onCredential(),
    });
  const current = holdCurrent(attempt(() => build(config, undefined)));
  const watched = { log, collectLog, metrics, observer };
  return { options, env, now, ...watched, current, build, admission, reserve, refusals };
}

/** Does what reads the configuration or a file that it names. @throws ConfigurationRefused with what is wrong */
export function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new ConfigurationRefused(problemsOf(error));
  }
}
