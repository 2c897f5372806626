// Every metric, in one place: name, labels, buckets (the contract of docs/reference/metrics.md). Labels come from bounded vocabularies
// only: the API's own words, our own reasons, configured names. Never a user, a token, a path or a pod.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const REQUEST_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const DELAY_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const SESSION_BUCKETS_SECONDS = [1, 5, 15, 60, 300, 900, 3600, 14400, 43200];

/** How a TokenReview ends; `refused` is what is no review, or comes from the wrong client, `failed` a fault of ours. */
export const TOKEN_REVIEW_OUTCOMES = [
  'authenticated',
  'unauthenticated',
  'unavailable',
  'refused',
  'failed',
] as const;

/** Why a TLS handshake of a caller failed. */
export const HANDSHAKE_FAILURES = [
  'certificate',
  'version',
  'suite',
  'alpn',
  'plaintext',
  'timeout',
  'closed',
  'other',
] as const;

export type Metrics = ReturnType<typeof createMetrics>;

/** Makes all metrics in a registry of their own. */
export function createMetrics(build: { readonly version: string; readonly node: string }) {
  const registry = new Registry();
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <T extends string>(
    name: string,
    help: string,
    labelNames: readonly T[],
    buckets: number[],
  ) => new Histogram({ name, help, labelNames, buckets, registers });

  gauge('postern_build_info', 'Always 1; what runs is in the labels.', ['version', 'node']).set(build, 1);
  const tokenReviews = counter(
    'postern_token_reviews_total',
    "The API server's TokenReviews, by how they ended.",
    ['outcome'],
  );
  // There from the start, so that the first one is seen as a rise.
  for (const outcome of TOKEN_REVIEW_OUTCOMES) tokenReviews.inc({ outcome }, 0);
  const handshakeFailures = counter(
    'postern_tls_handshake_errors_total',
    'TLS handshakes with callers that failed: the caller does not trust our certificate, or is too old, speaks no TLS, took too long, hung up.',
    ['reason'],
  );
  for (const reason of HANDSHAKE_FAILURES) handshakeFailures.inc({ reason }, 0);
  return {
    registry,
    handshakeFailures,
    requests: counter(
      'postern_requests_total',
      'Requests answered, by the API words they use and the status code.',
      ['cluster', 'verb', 'resource', 'subresource', 'code'],
    ),
    requestDuration: histogram(
      'postern_request_duration_seconds',
      'Time from the last header byte of a request to the end of its answer; long-running requests are not included.',
      ['cluster', 'verb', 'scope'],
      REQUEST_BUCKETS_SECONDS,
    ),
    inFlight: gauge('postern_requests_in_flight', 'Requests that are being answered now.', [
      'cluster',
      'kind',
    ]),
    sessionsOpen: gauge('postern_sessions_open', 'Upgraded connections that are open now.', [
      'cluster',
      'kind',
      'protocol',
    ]),
    sessions: counter('postern_sessions_total', 'Upgraded connections that ended, by who ended them.', [
      'cluster',
      'kind',
      'protocol',
      'end',
    ]),
    sessionDuration: histogram(
      'postern_session_duration_seconds',
      'How long upgraded connections lived.',
      ['cluster', 'kind'],
      SESSION_BUCKETS_SECONDS,
    ),
    sessionBytes: counter(
      'postern_session_bytes_total',
      'Bytes relayed in upgraded connections, up to the API server and down to the caller.',
      ['cluster', 'kind', 'direction'],
    ),
    registryUp: gauge(
      'postern_session_registry_up',
      '1 when the place where replicas tell who is in was reached at the last attempt, 0 when not; none without sessions.registry.',
      ['kind'],
    ),
    registryWrites: counter('postern_session_registry_writes_total', 'Attempts to tell there who is in.', [
      'outcome',
    ]),
    sessionOrders: counter(
      'postern_session_orders_total',
      'Orders to end sessions, by what became of them here.',
      ['outcome'],
    ),
    admissionRefused: counter(
      'postern_admission_refused_total',
      'Requests, sessions and connections that a limit of the gate refused, by the key under limits; descriptors is the limit of the system.',
      ['limit'],
    ),
    admissionWaiting: gauge(
      'postern_admission_waiting',
      'Requests that wait for a place under a limit or for their turn, and refusals that are held back.',
      [],
    ),
    shedding: gauge(
      'postern_admission_shedding',
      '1 while short requests are refused because the event loop is late (limits.eventLoopDelay), otherwise 0.',
      [],
    ),
    authentication: counter('postern_authentication_total', 'Credentials judged, by where they were found.', [
      'source',
      'outcome',
    ]),
    tokenReviews,
    ruleDecisions: counter(
      'postern_rule_decisions_total',
      'Requests that the rules at the gate judged, by the rule that decided; none where there are no rules.',
      ['cluster', 'rule', 'decision'],
    ),
    impersonationChecks: counter(
      'postern_impersonation_checks_total',
      'Requests with `kubectl --as` that the cluster was to judge, by its answer.',
      ['cluster', 'outcome'],
    ),
    accessReviewDuration: histogram(
      'postern_subject_access_review_duration_seconds',
      'Time that the API server took for one question of such a check: `_count` is how many were asked, what was remembered is not asked.',
      ['cluster', 'outcome'],
      REQUEST_BUCKETS_SECONDS,
    ),
    jwksRefresh: counter('postern_jwks_refresh_total', "Fetches of an issuer's keys.", ['issuer', 'outcome']),
    jwksAge: gauge('postern_jwks_age_seconds', 'Age of the keys in use of an issuer.', ['issuer']),
    nameLookups: counter(
      'postern_name_lookups_total',
      'Names of API servers and issuers that connections needed: answered (ok), not answered and taken from the last answer (stale), or neither (failed).',
      ['outcome'],
    ),
    upstreamErrors: counter(
      'postern_upstream_errors_total',
      'Requests that failed between Postern and the API server.',
      ['cluster', 'reason'],
    ),
    upgradeMissing: counter(
      'postern_upgrade_required_total',
      'exec, attach and port-forward requests that arrived without their Upgrade headers: a hop in front drops them.',
      ['cluster', 'kind'],
    ),
    reloadSuccess: gauge(
      'postern_config_last_reload_success',
      '1 when the last configuration read was taken up, 0 when it was refused.',
      [],
    ),
    reloadTimestamp: gauge(
      'postern_config_last_reload_timestamp_seconds',
      'When a configuration was last taken up, seconds since the epoch.',
      [],
    ),
    ready: gauge('postern_ready', '1 while /readyz says 200, 0 while it says 503.', []),
    drainDeadline: gauge(
      'postern_drain_deadline_timestamp_seconds',
      'When the sessions that are still open will be closed, seconds since the epoch; 0 while the gate does not drain.',
      [],
    ),
    certificateExpiry: gauge(
      'postern_certificate_expiry_timestamp_seconds',
      'When the first certificate of a file in use ends (a leaf or its intermediates, no authorities), seconds since the epoch.',
      ['purpose', 'cluster'],
    ),
    logWritable: gauge(
      'postern_log_writable',
      '1 when the log is written; 0 after a fault, and while its reader takes nothing or too little.',
      [],
    ),
    logLinesDropped: counter(
      'postern_log_lines_dropped_total',
      'Log lines that were dropped because the log could not be written.',
      [],
    ),
    processes: gauge('postern_processes', 'Processes that serve: 1, or the workers that live.', []),
    eventLoopBusy: counter(
      'postern_event_loop_busy_seconds_total',
      'Time that the event loops were at work, not waiting; a rate of 1 for each process is full.',
      [],
    ),
    eventLoopDelay: histogram(
      'postern_event_loop_delay_seconds',
      'How much later than due the event loop came to a timer, sampled ten times a second: what every request waits on top.',
      [],
      DELAY_BUCKETS_SECONDS,
    ),
    heapUsed: gauge('postern_heap_used_bytes', "JavaScript objects on V8's heap.", []),
    heapLimit: gauge('postern_heap_limit_bytes', "What V8's heap may grow to before the process ends.", []),
    memoryLimit: gauge(
      'postern_memory_limit_bytes',
      'Memory that the control group (container) may use; 0 without a limit.',
      [],
    ),
    cpu: counter('process_cpu_seconds_total', 'CPU time used, user and system.', []),
    residentMemory: gauge('process_resident_memory_bytes', 'Memory that is in RAM.', []),
    openDescriptors: gauge('process_open_fds', 'Open file descriptors: connections, most of them.', []),
    maxDescriptors: gauge('process_max_fds', 'How many file descriptors may be open.', []),
    processStart: gauge(
      'process_start_time_seconds',
      'When the process began, seconds since the epoch; of several workers the latest.',
      [],
    ),
  };
}
