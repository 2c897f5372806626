// The gate itself and what it depends on: process, API servers, issuers' keys, configuration, certificates, log.

import { dashboard, labelVariable } from './dashboard.ts';
import { series, stat } from './panels.ts';
import { eventLoop, memory } from './process.ts';
import { CLUSTERS, GATES, INSTANCES, rate } from './selectors.ts';

const DAY = 86_400;
const CERTIFICATES = `postern_certificate_expiry_timestamp_seconds{${GATES}}`;

const now = {
  title: 'Now',
  height: 4,
  panels: [
    stat({
      title: 'Not ready',
      description:
        'Gates whose /readyz says 503, those that drain included. Look at /readyz?verbose: it names the check.',
      unit: 'short',
      queries: [{ expr: `sum (1 - postern_ready{${GATES}})`, legend: 'not ready' }],
      limits: { bad: 1 },
      alerts: ['PosternReplicaNotReady', 'PosternNoReadyReplica'],
    }),
    stat({
      title: 'Not scraped',
      description: 'Gates that Prometheus knows and cannot scrape: crashed, hung, or cut off from it.',
      unit: 'short',
      queries: [
        {
          expr: `count (up{${GATES}} == 0 and on (job, instance) last_over_time(postern_build_info[1h])) or vector(0)`,
          legend: 'down',
        },
      ],
      limits: { bad: 1 },
      alerts: ['PosternTargetDown'],
    }),
    stat({
      title: 'Oldest keys',
      description:
        'Age of the oldest keys of an issuer that are in use. They are fetched every 10 minutes and serve for 24 hours at most.',
      unit: 'dtdurations',
      queries: [{ expr: `max (postern_jwks_age_seconds{${GATES}})`, legend: 'age' }],
      limits: { warn: 3600, bad: 72_000 },
      alerts: ['PosternIssuerKeysStale'],
    }),
    stat({
      title: 'First certificate to end',
      description:
        'Time until the first certificate in use ends. Replace the files; Postern takes them up by itself.',
      unit: 'dtdurations',
      queries: [{ expr: `min (${CERTIFICATES}) - time()`, legend: 'left' }],
      limits: { warn: 14 * DAY, bad: 2 * DAY, badSide: 'low' },
      alerts: ['PosternCertificateExpiring'],
    }),
    stat({
      title: 'Configurations refused',
      description:
        'Gates that run another configuration than the one on disk, because that one is broken. A restart would fail.',
      unit: 'short',
      queries: [{ expr: `sum (1 - postern_config_last_reload_success{${GATES}})`, legend: 'refused' }],
      limits: { bad: 1 },
      alerts: ['PosternReloadFailed'],
    }),
    stat({
      title: 'Youngest process',
      description:
        'Time since the latest start of a gate or worker. Small again and again: it crashes, see its log.',
      unit: 'dtdurations',
      queries: [
        {
          expr: `time() - max (process_start_time_seconds{${GATES}})`,
          legend: 'age',
        },
      ],
      alerts: ['PosternRestarting'],
    }),
  ],
};

const upstream = {
  title: 'API servers',
  height: 8,
  panels: [
    series({
      title: 'Upstream errors by cluster',
      description:
        'Requests that failed between Postern and that API server. Compare with its own health before you look here.',
      unit: 'ops',
      queries: [
        { expr: rate('postern_upstream_errors_total', CLUSTERS, ['cluster']), legend: '{{cluster}}' },
      ],
      alerts: ['PosternUpstreamErrors'],
    }),
    series({
      title: 'Upstream errors by reason',
      description:
        'unreachable, timeout, reset: network or a restart. tls: CA or name in the kubeconfig. credentials: the gate itself is not let in.',
      unit: 'ops',
      queries: [{ expr: rate('postern_upstream_errors_total', CLUSTERS, ['reason']), legend: '{{reason}}' }],
      alerts: ['PosternUpstreamErrors'],
    }),
    series({
      title: 'Names looked up',
      description:
        'For connections to API servers and issuers. stale: the resolver did not answer, the last known addresses served. failed: nothing was known.',
      unit: 'ops',
      queries: [{ expr: rate('postern_name_lookups_total', GATES, ['outcome']), legend: '{{outcome}}' }],
    }),
    series({
      title: 'Token reviews for the API server',
      description:
        'Tokens that the API server asked about (tokenWebhook). refused: a client that is not the API server. failed: a fault of ours.',
      unit: 'ops',
      queries: [{ expr: rate('postern_token_reviews_total', GATES, ['outcome']), legend: '{{outcome}}' }],
    }),
  ],
};

const keys = {
  title: "Issuers' keys",
  height: 8,
  panels: [
    series({
      title: 'Age of keys',
      description:
        'A saw of 10 minutes is right. A line that climbs: the issuer does not answer. At 24 hours its users are out.',
      unit: 'dtdurations',
      queries: [{ expr: `max by (issuer) (postern_jwks_age_seconds{${GATES}})`, legend: '{{issuer}}' }],
      limits: { warn: 3600, bad: 72_000 },
      alerts: ['PosternIssuerKeysStale'],
    }),
    series({
      title: 'Fetches of keys',
      description:
        'failed with no ok beside it: DNS, proxy, firewall or CA on the way to the issuer; the log has the cause.',
      unit: 'ops',
      queries: [
        {
          expr: rate('postern_jwks_refresh_total', GATES, ['issuer', 'outcome']),
          legend: '{{issuer}} {{outcome}}',
        },
      ],
      alerts: ['PosternIssuerUnreachable'],
    }),
  ],
};

const configuration = {
  title: 'Configuration and certificates',
  height: 8,
  perLine: 3,
  panels: [
    series({
      title: 'Configuration taken up',
      description:
        '1: what is on disk runs. 0: it was refused, and the log has every problem with file, line and column.',
      unit: 'short',
      queries: [
        {
          expr: `min by (instance) (postern_config_last_reload_success{${INSTANCES}})`,
          legend: '{{instance}}',
        },
      ],
      max: 1,
      alerts: ['PosternReloadFailed'],
    }),
    series({
      title: 'Age of the configuration',
      description:
        'All lines fall to 0 together when files change. One that does not has other files: a mount that is not updated (subPath).',
      unit: 'dtdurations',
      queries: [
        {
          expr: `time() - min by (instance) (postern_config_last_reload_timestamp_seconds{${INSTANCES}})`,
          legend: '{{instance}}',
        },
      ],
    }),
    series({
      title: 'Certificates: time left',
      description:
        'serving: what callers see. client: what the gate shows an API server. webhook: what the API server sees.',
      unit: 'dtdurations',
      queries: [
        {
          expr: `min by (purpose, cluster) (${CERTIFICATES}) - time()`,
          legend: '{{purpose}} {{cluster}}',
        },
      ],
      alerts: ['PosternCertificateExpiring'],
    }),
    series({
      title: 'TLS handshakes that failed',
      description:
        'certificate: callers do not trust ours, look after a change of it. version, suite: callers that are too old. closed: probes that only connect.',
      unit: 'ops',
      queries: [
        { expr: rate('postern_tls_handshake_errors_total', GATES, ['reason']), legend: '{{reason}}' },
      ],
    }),
    series({
      title: 'Versions',
      description: 'What runs. Two versions for long: a rollout that does not go on.',
      unit: 'short',
      queries: [
        {
          expr: `count by (version, node) (postern_build_info{${GATES}})`,
          legend: '{{version}} on Node {{node}}',
        },
      ],
      stacked: true,
    }),
  ],
};

const log = {
  title: 'Log',
  height: 8,
  panels: [
    series({
      title: 'Log written',
      description:
        '1: it is. 0: the disk is full or read-only, or whoever reads the log has stopped. Lines wait in memory until there is no room.',
      unit: 'short',
      queries: [{ expr: `min by (instance) (postern_log_writable{${INSTANCES}})`, legend: '{{instance}}' }],
      max: 1,
      alerts: ['PosternLogNotWritten'],
    }),
    series({
      title: 'Log lines lost',
      description:
        'Dropped because the log could not be written, or not fast enough. The log says how many where they are missing.',
      unit: 'short',
      queries: [
        { expr: rate('postern_log_lines_dropped_total', INSTANCES, ['instance']), legend: '{{instance}}' },
      ],
      alerts: ['PosternLogNotWritten'],
    }),
  ],
};

/** deploy/grafana/health.json */
export const health = dashboard({
  uid: 'postern-health',
  title: 'Postern / Health',
  description:
    "The gate's processes and what they depend on: API servers, issuers' keys, configuration, certificates.",
  rows: [now, eventLoop, memory, upstream, keys, configuration, log],
  variables: [
    labelVariable(
      'instance',
      'Instance',
      'label_values(postern_build_info{job=~"$job",namespace=~"$namespace"}, instance)',
    ),
  ],
});
