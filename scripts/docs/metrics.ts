// docs/reference/metrics.md from the registry that the gate itself uses. What a label may say stands here; a label without such a line fails.

import { createMetrics } from '../../src/metrics.ts';

/** What prom-client keeps of a metric. */
interface Registered {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly upperBounds?: readonly number[];
  readonly constructor: { readonly name: string };
}

/** The values of labels: of every metric, or of one. */
const LABELS: Readonly<Record<string, string>> = {
  cluster: '`clusters[].name`; empty when no cluster was chosen',
  verb: 'an API verb (`get`, `list`, `watch`, `create` …), for other paths the method in lower case; `other`',
  resource: 'a built-in resource; `other` for custom and unknown ones; empty for other paths',
  subresource: 'a built-in subresource; `other`; empty for none',
  code: 'the HTTP status; 101 for an upgrade, 499 when the caller went away first',
  scope: '`resource`, `namespace`, `cluster`, `nonresource`',
  kind: '`exec`, `attach`, `portforward`, `proxy`; over WebSocket also `watch`, `log`; `other`',
  'postern_requests_in_flight kind': '`short`, `watch`, `log`',
  'postern_upgrade_required_total kind': '`exec`, `attach`, `portforward`',
  protocol: '`spdy`, `websocket`',
  limit: 'the key under `limits` that refused; `descriptors`: hardly any file descriptor was left',
  end: '`client`, `upstream`: who closed first; `error`; `expired`: the identity, or a limit of `sessions`; `killed`; `drained`: our shutdown; `refused`: an answer other than 101',
  direction: '`up`: to the API server; `down`: to the caller',
  source:
    '`authorization`, `subprotocol` (WebSocket), `header` (assertion), `certificate` (client certificate); `none`',
  outcome: '`ok`, `rejected`, `none` (no credential), `unavailable` (503)',
  'postern_jwks_refresh_total outcome': '`ok`, `failed`',
  'postern_name_lookups_total outcome':
    '`ok`: an answer, that there is no such name is one; `stale`: none, and the last known addresses served; `failed`: none, and none known',
  'postern_token_reviews_total outcome':
    '`authenticated`, `unauthenticated`, `unavailable` (504), `refused`: no review, or from the wrong client; `failed`: a fault of ours',
  'postern_impersonation_checks_total outcome':
    "`allowed`, `denied`, `forbidden`: the gate's own account may not ask; `unavailable`: no answer, or too many of one user that are waited for",
  'postern_subject_access_review_duration_seconds outcome':
    "`allowed`, `denied`, `forbidden`: the gate's own account may not ask; `unavailable`: no answer",
  'postern_tls_handshake_errors_total reason':
    '`certificate`: the caller does not trust ours; `version`, `suite`, `alpn`: nothing in common; `plaintext`: no TLS at all; `timeout`, `closed`: silent for 15 s, hung up; `other`',
  issuer: '`authentication.jwt[].issuer.url`',
  reason:
    '`unreachable`, `tls`, `timeout`, `reset`, `protocol`, `credentials`, `upgrade_invalid_response`; the codes of [errors](errors.md) without `UPSTREAM_`',
  rule: '`authorization.rules[].name`; empty when no rule decided: `authorization.default`, or discovery',
  decision:
    '`allowed`, `denied`, `lacking` (a rule requires more), `failed` (an expression could not be evaluated)',
  purpose: '`serving`: `listen.tls`; `webhook`: `tokenWebhook`; `client`: what the gate shows an API server',
  'postern_certificate_expiry_timestamp_seconds cluster': '`clusters[].name` for `client`; else empty',
  version: "Postern's version",
  node: "Node's version",
};

const HEAD = [
  '<!-- Generated from src/metrics.ts by "npm run docs". Do not edit. -->',
  '',
  '# Metrics',
  '',
  '`GET /metrics` on the ops listener (`ops.address`): Prometheus text, OpenMetrics 1.0 when `Accept` asks for it. Times are seconds, sizes',
  'bytes. Labels hold words of the Kubernetes API, of Postern and of the configuration only: never a user, a token, a path or a pod.',
  '',
  '- A WebSocket attempt that was refused and the SPDY attempt that kubectl makes after it (same user, `Kubectl-Session` and URL, within 10 s)',
  '  count as one refusal in `postern_requests_total` and `postern_sessions_total`.',
  '- Session bytes are counted when a session ends.',
  '- With `--workers` all are sums, but for `postern_ready` and `postern_config_*` (the least of the workers), `postern_jwks_age_seconds`,',
  '  `postern_drain_deadline_timestamp_seconds`, `process_start_time_seconds` and `postern_memory_limit_bytes` (the greatest), and',
  '  `postern_certificate_expiry_timestamp_seconds` (the first to end). The first process counts in the other `process_*`, too.',
  '- Dashboards, alerts and what to do about them: [monitoring](../how-to/monitoring.md).',
  '',
];

/** The generated page: where it lies and what is in it. */
export const metricsReference: { readonly file: string; render(): string } = {
  file: 'docs/reference/metrics.md',
  render() {
    const { registry } = createMetrics({ version: '', node: '' });
    const metrics = registry.getMetricsAsArray() as unknown as readonly Registered[];
    return [...HEAD, ...metrics.flatMap(section)].join('\n');
  },
};

function section(metric: Registered): string[] {
  const { name, help, labelNames, upperBounds } = metric;
  const buckets = upperBounds === undefined ? [] : ['', `Buckets: ${upperBounds.join(', ')}.`];
  const rows = labelNames.map((label) => `| \`${label}\` | ${valuesOf(name, label)} |`);
  const labels = rows.length === 0 ? [] : ['', '| label | values |', '|---|---|', ...rows];
  return [`## ${name}`, '', `${metric.constructor.name.toLowerCase()}. ${help}`, ...buckets, ...labels, ''];
}

function valuesOf(name: string, label: string): string {
  const values = LABELS[`${name} ${label}`] ?? LABELS[label];
  if (values === undefined)
    throw new TypeError(`scripts/docs/metrics.ts says nothing of the label ${label} of ${name}`);
  return values;
}
