// The first look: does it serve, how much, how fast, what fails, and who gets in.

import { dashboard } from './dashboard.ts';
import { impersonation } from './impersonation.ts';
import { series, stat } from './panels.ts';
import { CLUSTERS, GATES, quantile, rate, share } from './selectors.ts';

const DURATION = { metric: 'postern_request_duration_seconds', selector: CLUSTERS };
const requests = (by: readonly string[] = []) => rate('postern_requests_total', CLUSTERS, by);
const failed = (by: readonly string[] = []) => rate('postern_requests_total', `${CLUSTERS},code=~"5.."`, by);
const logins = (by: readonly string[], more = '') =>
  rate('postern_authentication_total', `${GATES}${more}`, by);

const now = {
  title: 'Now',
  height: 4,
  panels: [
    stat({
      title: 'Ready',
      description: 'Gates whose /readyz says 200. At 0 nobody gets in: look at /readyz?verbose of a replica.',
      unit: 'short',
      queries: [{ expr: `sum (postern_ready{${GATES}})`, legend: 'ready' }],
      limits: { bad: 1, warn: 2, badSide: 'low' },
      alerts: ['PosternNoReadyReplica', 'PosternReplicaNotReady'],
    }),
    stat({
      title: 'Alerts',
      description: 'Alerts of Postern that fire. The link at the top explains each one.',
      unit: 'short',
      queries: [
        { expr: 'count (ALERTS{alertname=~"Postern.*",alertstate="firing"}) or vector(0)', legend: 'firing' },
      ],
      limits: { bad: 1 },
    }),
    stat({
      title: 'Requests',
      description: 'Requests answered a second, sessions and watches included when their answer begins.',
      unit: 'reqps',
      queries: [{ expr: requests(), legend: 'requests' }],
    }),
    stat({
      title: 'Answered 5xx',
      description:
        'Share of requests that were answered 5xx, by Postern or by the API server. Look at "Upstream errors" below to tell which.',
      unit: 'percentunit',
      queries: [{ expr: share(failed(), requests()), legend: '5xx' }],
      limits: { warn: 0.001, bad: 0.01 },
      alerts: ['PosternErrorBudgetBurn'],
    }),
    stat({
      title: 'Slowest hundredth',
      description:
        '99 of 100 short requests are answered within this time. When it grows, compare with the event loop on the health dashboard.',
      unit: 's',
      queries: [{ expr: quantile(0.99, DURATION), legend: 'p99' }],
      limits: { warn: 1, bad: 5 },
      alerts: ['PosternLatencyHigh'],
    }),
    stat({
      title: 'Open sessions',
      description:
        'exec, attach, port-forward and proxied WebSockets that are open. A restart has to wait for them: sessions.drainTimeout.',
      unit: 'short',
      queries: [{ expr: `sum (postern_sessions_open{${CLUSTERS}}) or vector(0)`, legend: 'open' }],
    }),
  ],
};

const traffic = {
  title: 'Traffic',
  height: 8,
  perLine: 2,
  panels: [
    series({
      title: 'Requests by verb',
      description:
        'What the clients do. A jump of list or watch is often one controller that reconnects again and again: find it by user in the log.',
      unit: 'reqps',
      queries: [{ expr: requests(['verb']), legend: '{{verb}}' }],
      stacked: true,
    }),
    series({
      title: 'Requests by status',
      description:
        '401: log in again; 403: RBAC or a rule said no; 499: the caller went away; 5xx: see below. 101 are sessions.',
      unit: 'reqps',
      queries: [{ expr: requests(['code']), legend: '{{code}}' }],
      stacked: true,
    }),
    series({
      title: 'Requests by cluster',
      description:
        'Traffic of each API server. A cluster that falls to 0 while others go on: its kubeconfigs, or its network.',
      unit: 'reqps',
      queries: [{ expr: requests(['cluster']), legend: '{{cluster}}' }],
    }),
    series({
      title: 'In flight',
      description:
        'Requests that are being answered. Watches and logs are long by nature; short ones that pile up wait for the API server.',
      unit: 'short',
      queries: [{ expr: `sum by (kind) (postern_requests_in_flight{${CLUSTERS}})`, legend: '{{kind}}' }],
    }),
    series({
      title: 'Refused by limits',
      description:
        'Requests, sessions and connections that a key under limits refused, of any cluster. Somebody floods, or a limit is too low.',
      unit: 'reqps',
      queries: [{ expr: rate('postern_admission_refused_total', GATES, ['limit']), legend: '{{limit}}' }],
      alerts: ['PosternLimitsRefusing'],
    }),
    series({
      title: 'Waiting for admission',
      description:
        'Requests that wait for a place or for their turn, refusals that are held back for a second, and gates that take no short requests because their event loop is late.',
      unit: 'short',
      queries: [
        { expr: `sum (postern_admission_waiting{${GATES}})`, legend: 'waiting' },
        { expr: `sum (postern_admission_shedding{${GATES}})`, legend: 'gates that shed' },
      ],
    }),
  ],
};

const latency = {
  title: 'Latency of short requests',
  height: 8,
  perLine: 2,
  panels: [
    series({
      title: 'Slowest hundredth by verb',
      description:
        'Time to the last byte for 99 of 100, the API server included. The log has upstreamMs: what of it was the API server.',
      unit: 's',
      queries: [{ expr: quantile(0.99, DURATION, ['verb']), legend: '{{verb}}' }],
      limits: { bad: 1 },
      alerts: ['PosternLatencyHigh'],
    }),
    series({
      title: 'Median by verb',
      description:
        'What most callers see. When only the hundredth above grows, few large answers are slow; when this grows, all are.',
      unit: 's',
      queries: [{ expr: quantile(0.5, DURATION, ['verb']), legend: '{{verb}}' }],
    }),
    series({
      title: 'Slowest hundredth by scope',
      description:
        'resource: one object, should be below 1 s. namespace and cluster: lists, which grow with what they list.',
      unit: 's',
      queries: [{ expr: quantile(0.99, DURATION, ['scope']), legend: '{{scope}}' }],
      limits: { bad: 1 },
    }),
    series({
      title: 'Slowest hundredth by cluster',
      description:
        'One slow line is that API server or the way to it; all lines together are Postern itself: see its health.',
      unit: 's',
      queries: [{ expr: quantile(0.99, DURATION, ['cluster']), legend: '{{cluster}}' }],
    }),
  ],
};

const errors = {
  title: 'Errors',
  height: 8,
  perLine: 2,
  panels: [
    series({
      title: 'Share of 5xx by cluster',
      description:
        'At 0.1 % the monthly error budget is used up exactly. The alert looks at several windows, so short peaks do not page.',
      unit: 'percentunit',
      queries: [{ expr: share(failed(['cluster']), requests(['cluster'])), legend: '{{cluster}}' }],
      limits: { bad: 0.001 },
      alerts: ['PosternErrorBudgetBurn'],
    }),
    series({
      title: 'Upstream errors',
      description:
        'Requests that failed between Postern and the API server. unreachable: network; tls: its CA or name; credentials: renew what the gate comes with.',
      unit: 'ops',
      queries: [
        {
          expr: rate('postern_upstream_errors_total', CLUSTERS, ['cluster', 'reason']),
          legend: '{{cluster}} {{reason}}',
        },
      ],
      alerts: ['PosternUpstreamErrors'],
    }),
    series({
      title: 'Upgrades that lost their headers',
      description:
        'exec, attach and port-forward that arrived as plain requests. Anything above 0: a hop in front drops Upgrade, kubectl exec fails for all who come that way.',
      unit: 'ops',
      queries: [
        {
          expr: rate('postern_upgrade_required_total', CLUSTERS, ['cluster', 'kind']),
          legend: '{{cluster}} {{kind}}',
        },
      ],
      alerts: ['PosternUpgradesBroken'],
    }),
    series({
      title: 'Rules at the gate',
      description:
        'What the rules decided. failed: an expression could not be evaluated, the request was denied, and the log says why.',
      unit: 'ops',
      queries: [
        {
          expr: rate('postern_rule_decisions_total', CLUSTERS, ['rule', 'decision']),
          legend: '{{rule}} {{decision}}',
        },
      ],
      alerts: ['PosternRuleFailed'],
    }),
  ],
};

const people = {
  title: 'Logins',
  height: 8,
  perLine: 3,
  panels: [
    series({
      title: 'Good, by source',
      description:
        'Credentials that made a user: authorization (bearer token), subprotocol (browser WebSocket), header (access proxy), certificate.',
      unit: 'ops',
      queries: [{ expr: logins(['source'], ',outcome="ok"'), legend: '{{source}}' }],
    }),
    series({
      title: 'Refused, by source',
      description:
        'Credentials that were not taken. A jump after a change at the identity provider: audience, claims or keys. The log has the error code.',
      unit: 'ops',
      queries: [{ expr: logins(['source'], ',outcome="rejected"'), legend: '{{source}}' }],
      alerts: ['PosternAuthenticationRefusals'],
    }),
    series({
      title: 'By outcome',
      description:
        'none: no credential at all. unavailable: could not be judged, the callers got 503; look at the issuer keys.',
      unit: 'ops',
      queries: [{ expr: logins(['outcome']), legend: '{{outcome}}' }],
      alerts: ['PosternAuthenticationUnavailable'],
    }),
  ],
};

/** deploy/grafana/overview.json */
export const overview = dashboard({
  uid: 'postern-overview',
  title: 'Postern / Overview',
  description: 'Does the gate serve, how much, how fast, what fails, and who gets in.',
  rows: [now, traffic, latency, errors, people, impersonation],
});
