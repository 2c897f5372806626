// Upgraded connections: what is open, what comes and goes and why, how much they carry and how long they live.

import { dashboard } from './dashboard.ts';
import { series, stat } from './panels.ts';
import { CLUSTERS, GATES, quantile, rate, share } from './selectors.ts';

const DURATION = { metric: 'postern_session_duration_seconds', selector: CLUSTERS };
const ended = (by: readonly string[] = [], more = '') =>
  rate('postern_sessions_total', `${CLUSTERS}${more}`, by);
const OPENED = rate('postern_requests_total', `${CLUSTERS},code="101"`);
const bytes = (by: readonly string[] = []) => rate('postern_session_bytes_total', CLUSTERS, by);
const open = (by: string) => `sum by (${by}) (postern_sessions_open{${CLUSTERS}})`;

const now = {
  title: 'Now',
  height: 4,
  panels: [
    stat({
      title: 'Open',
      description: 'Sessions that are open. Each holds two connections and about 140 kB of memory.',
      unit: 'short',
      queries: [{ expr: `sum (postern_sessions_open{${CLUSTERS}}) or vector(0)`, legend: 'open' }],
    }),
    stat({
      title: 'Opened',
      description: 'Upgrades that the API server took, a second.',
      unit: 'ops',
      queries: [{ expr: `${OPENED} or vector(0)`, legend: 'opened' }],
    }),
    stat({
      title: 'Ended by a fault',
      description:
        'Share of ended sessions that neither side closed or broke off. Should be 0; the log line "session ended" has detail.',
      unit: 'percentunit',
      queries: [{ expr: share(ended([], ',end="error"'), ended([], ',end!="refused"')), legend: 'error' }],
      limits: { warn: 0.01, bad: 0.05 },
      alerts: ['PosternSessionsFailing'],
    }),
    stat({
      title: 'Refused',
      description:
        'Share of upgrades that got another answer than 101: no right, no such pod, or no credential.',
      unit: 'percentunit',
      queries: [
        {
          expr: share(ended([], ',end="refused"'), `(${ended([], ',end="refused"')} + ${OPENED})`),
          legend: 'refused',
        },
      ],
    }),
    stat({
      title: 'Until a drain ends',
      description:
        'Time that the sessions of a gate that shuts down still have. Empty when none does. At 0 they are closed with "drained".',
      unit: 's',
      queries: [
        { expr: `min ((postern_drain_deadline_timestamp_seconds{${GATES}} > 0) - time())`, legend: 'left' },
      ],
      alerts: ['PosternSessionsCutByDrain'],
    }),
  ],
};

const openNow = {
  title: 'Open',
  height: 8,
  panels: [
    series({
      title: 'Open by kind',
      description:
        'A line that only grows is a client that never closes: set sessions.idleTimeout or maxDuration.',
      unit: 'short',
      queries: [{ expr: open('kind'), legend: '{{kind}}' }],
      stacked: true,
    }),
    series({
      title: 'Open by protocol',
      description:
        'kubectl 1.31 and later use websocket. spdy that stays is old clients, or a hop that breaks WebSockets so that kubectl falls back.',
      unit: 'short',
      queries: [{ expr: open('protocol'), legend: '{{protocol}}' }],
      stacked: true,
    }),
    series({
      title: 'Open by cluster',
      description: 'Which API server they go to. Before that API server restarts, these are who will notice.',
      unit: 'short',
      queries: [{ expr: open('cluster'), legend: '{{cluster}}' }],
    }),
  ],
};

const comingAndGoing = {
  title: 'Opened and ended',
  height: 8,
  perLine: 2,
  panels: [
    series({
      title: 'Opened by kind',
      description:
        'Upgrades answered 101. None for long while people work: an upgrade does not get through, see refusals and the overview.',
      unit: 'ops',
      queries: [
        {
          expr: rate('postern_requests_total', `${CLUSTERS},code="101"`, ['subresource']),
          legend: '{{subresource}}',
        },
      ],
    }),
    series({
      title: 'Ended by reason',
      description:
        'client and upstream: closed by that side. expired: identity or a limit of sessions. killed: by an operator or a reload. drained: our shutdown, mostly lost, as the process ends with it. error: neither side, which should not be.',
      unit: 'ops',
      queries: [{ expr: ended(['end'], ',end!="refused"'), legend: '{{end}}' }],
      alerts: ['PosternSessionsFailing'],
    }),
    series({
      title: 'Refused by kind and protocol',
      description:
        'Answers other than 101. Only websocket refused and spdy opened: an API server or hop without WebSockets, kubectl falls back by itself.',
      unit: 'ops',
      queries: [{ expr: ended(['kind', 'protocol'], ',end="refused"'), legend: '{{kind}} {{protocol}}' }],
    }),
    series({
      title: 'Ended by a fault, expired or drained, by kind',
      description:
        'What people notice: the shell is gone. expired is your configuration, drained your rollout (raise drainTimeout), killed a rule or an operator.',
      unit: 'ops',
      queries: [
        { expr: ended(['kind', 'end'], ',end=~"error|expired|drained|killed"'), legend: '{{kind}} {{end}}' },
      ],
      alerts: ['PosternSessionsFailing', 'PosternSessionsCutByDrain'],
    }),
  ],
};

const load = {
  title: 'Bytes and duration',
  height: 8,
  perLine: 2,
  panels: [
    series({
      title: 'Bytes by direction',
      description:
        'up: to the API server, down: to the caller. Counted when a session ends, so a long copy shows as one peak at its end.',
      unit: 'Bps',
      queries: [{ expr: bytes(['direction']), legend: '{{direction}}' }],
    }),
    series({
      title: 'Bytes by kind',
      description:
        'Counted when a session ends. Much portforward: databases through the gate; size CPU for it (docs/benchmarks.md).',
      unit: 'Bps',
      queries: [{ expr: bytes(['kind']), legend: '{{kind}}' }],
    }),
    series({
      title: 'Median duration by kind',
      description:
        'Of sessions that ended. Short exec are scripts; a median near a round number (60 s, 350 s) is a hop with an idle timeout.',
      unit: 's',
      queries: [{ expr: quantile(0.5, DURATION, ['kind']), legend: '{{kind}}' }],
    }),
    series({
      title: 'Longest twentieth by kind',
      description:
        '95 of 100 were over within this time. It tells which drainTimeout lets a rollout pass unnoticed.',
      unit: 's',
      queries: [{ expr: quantile(0.95, DURATION, ['kind']), legend: '{{kind}}' }],
    }),
  ],
};

const replicas = {
  title: 'Replicas (where sessions.registry is set)',
  height: 8,
  panels: [
    series({
      title: 'Registry reached',
      description:
        '1: this replica tells the others who is in. 0: postern sessions list and end miss its sessions; the log says why. Nobody else notices.',
      unit: 'short',
      queries: [
        {
          expr: `min by (instance, kind) (postern_session_registry_up{${GATES}})`,
          legend: '{{instance}} {{kind}}',
        },
      ],
      max: 1,
      alerts: ['PosternSessionRegistryDown'],
    }),
    series({
      title: 'Writes to the registry',
      description:
        'failed beside ok: rights, conflicts or a busy API server. A rise with the sessions is right.',
      unit: 'ops',
      queries: [
        { expr: rate('postern_session_registry_writes_total', GATES, ['outcome']), legend: '{{outcome}}' },
      ],
      alerts: ['PosternSessionRegistryDown'],
    }),
    series({
      title: 'Orders to end sessions',
      description:
        'What became of postern sessions end. refused: the order was not well-formed or too old; the log of the replica has it.',
      unit: 'ops',
      queries: [{ expr: rate('postern_session_orders_total', GATES, ['outcome']), legend: '{{outcome}}' }],
    }),
  ],
};

/** deploy/grafana/sessions.json */
export const sessions = dashboard({
  uid: 'postern-sessions',
  title: 'Postern / Sessions',
  description:
    'exec, attach, port-forward and proxied WebSockets: what is open, what ends and why, bytes and durations.',
  rows: [now, openNow, comingAndGoing, load, replicas],
});
