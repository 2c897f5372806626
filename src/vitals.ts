// What a running gate says of itself on the ops listener: its own, or that of the primary process when it is one of several workers.

import type { Admission } from './admission/admission.ts';
import type { Current } from './current.ts';
import type { Generation } from './generation.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Metrics } from './metrics.ts';
import { type Check, type CheckResult, runChecks } from './ops.ts';
import type { ProcessWatch } from './process.ts';

export interface Vitals {
  /** Looks at everything that /readyz depends on. */
  checks(): readonly CheckResult[];
  readonly registry: Metrics['registry'];
  /** Brings the gauges up to date that are derived; call it before the registry is read. */
  collect(): void;
}

export interface VitalsDeps {
  readonly lifecycle: Lifecycle;
  readonly current: Current;
  readonly metrics: Metrics;
  readonly admission: Pick<Admission, 'waiting' | 'isShedding'>;
  readonly watch: ProcessWatch;
  readonly collectLog: () => void;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** The vitals of the gate that these parts make. */
export function createVitals(deps: VitalsDeps): Vitals {
  const { lifecycle, current, metrics, admission, watch, collectLog, now } = deps;
  const checks: readonly Check[] = [
    {
      name: 'started',
      problem: () => (lifecycle.isReady() || lifecycle.isLeaving() ? '' : 'not listening yet'),
    },
    { name: 'not-draining', problem: () => (lifecycle.isLeaving() ? 'shutting down' : '') },
    { name: 'issuer-keys', problem: () => keysProblem(current.get()) },
  ];
  return {
    checks: () => runChecks(checks),
    registry: metrics.registry,
    collect() {
      collectAges(current.get(), metrics, now);
      metrics.ready.set(runChecks(checks).every(({ problem }) => problem === '') ? 1 : 0);
      metrics.admissionWaiting.set(admission.waiting);
      metrics.shedding.set(admission.isShedding ? 1 : 0);
      watch.collect();
      collectLog();
    },
  };
}

/** '' when every issuer's keys are known. Keys that are stale because an issuer is down still serve: that is a metric, no reason to leave. */
function keysProblem({ authenticator }: Generation): string {
  const missing = authenticator.issuers().filter(({ keysFetchedAt }) => keysFetchedAt === 0);
  return missing.length === 0 ? '' : `no keys yet from ${missing.map(({ issuer }) => issuer).join(', ')}`;
}

function collectAges(generation: Generation, metrics: Metrics, now: () => number): void {
  // An issuer that is configured no more has no age.
  metrics.jwksAge.reset();
  for (const { issuer, keysFetchedAt } of generation.authenticator.issuers()) {
    if (keysFetchedAt > 0) metrics.jwksAge.set({ issuer }, (now() - keysFetchedAt) / 1000);
  }
}
