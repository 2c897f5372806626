// postern.availability: is there a gate, is it scraped, is it ready, does it stay.

import { ALL, type AlertCase, GATE, ONE, OTHER_GATE, STRANGER } from './case.ts';

export const AVAILABILITY: readonly AlertCase[] = [
  {
    alert: 'PosternAbsent',
    when: 'others are scraped, and no Postern is',
    series: { [`up{${STRANGER}}`]: '1x20' },
    at: '6m',
    fires: [
      {
        severity: 'critical',
        labels: {},
        summary: 'Prometheus sees no Postern at all.',
        description:
          'No target has exposed postern_build_info for 5 minutes: every gate is down, or none is scraped any more.',
      },
    ],
  },
  {
    alert: 'PosternAbsent',
    when: 'one gate of two is left',
    series: { [`postern_build_info{${GATE}}`]: '1x20', [`postern_build_info{${OTHER_GATE}}`]: '1x2 _x20' },
    at: '15m',
    fires: [],
  },
  {
    alert: 'PosternTargetDown',
    when: 'a gate does not answer any more',
    series: { [`up{${GATE}}`]: '1x5 0x20', [`postern_build_info{${GATE}}`]: '1x5 _x20' },
    at: '15m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a cannot be scraped.',
        description:
          'The gate a of postern served metrics within the last hour and has not answered for 5 minutes.',
      },
    ],
  },
  {
    alert: 'PosternTargetDown',
    when: 'it was away for 3 minutes only, and what stays away is no Postern',
    series: {
      [`up{${GATE}}`]: '1x5 0x3 1x20',
      [`postern_build_info{${GATE}}`]: '1x5 _x3 1x20',
      [`up{${STRANGER}}`]: '0x30',
    },
    at: '15m',
    fires: [],
  },
  {
    alert: 'PosternNoReadyReplica',
    when: 'one gate is gone and the other is not ready',
    series: { [`postern_ready{${GATE}}`]: '1x5 0x20', [`postern_ready{${OTHER_GATE}}`]: '1x5 _x20' },
    at: '15m',
    fires: [
      {
        severity: 'critical',
        labels: ALL,
        summary: 'No gate of postern/postern is ready: nobody gets in.',
        description: 'Of 2 gates seen in the last 15 minutes none says 200 on /readyz.',
      },
    ],
  },
  {
    alert: 'PosternNoReadyReplica',
    when: 'one is ready',
    series: { [`postern_ready{${GATE}}`]: '0x20', [`postern_ready{${OTHER_GATE}}`]: '1x20' },
    at: '15m',
    fires: [],
  },
  {
    alert: 'PosternReplicaNotReady',
    when: 'a gate stays unready',
    series: {
      [`postern_ready{${GATE}}`]: '0x20',
      [`postern_drain_deadline_timestamp_seconds{${GATE}}`]: '0x20',
      [`postern_ready{${OTHER_GATE}}`]: '1x20',
      [`postern_drain_deadline_timestamp_seconds{${OTHER_GATE}}`]: '0x20',
    },
    at: '12m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a has not been ready for 10 minutes.',
        description:
          '/readyz of a says 503 and it does not drain; /readyz?verbose names the check that fails.',
      },
    ],
  },
  {
    alert: 'PosternReplicaNotReady',
    when: 'it drains for long, as it was told to',
    series: {
      [`postern_ready{${GATE}}`]: '1x2 0x30',
      [`postern_drain_deadline_timestamp_seconds{${GATE}}`]: '0x2 3600x30',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternRestarting',
    when: 'it has begun three times more within the hour',
    series: {
      [`process_start_time_seconds{${GATE}}`]: '10x9 610x9 1210x9 1810x20',
      [`postern_build_info{${GATE}}`]: '1x60',
    },
    at: '45m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a starts again and again.',
        description:
          'a, or a worker of it, has started 3 times in the last hour. Each time its sessions were cut.',
      },
    ],
  },
  {
    alert: 'PosternRestarting',
    when: 'it was updated twice, and what crashes is no Postern',
    series: {
      [`process_start_time_seconds{${GATE}}`]: '10x9 610x9 1210x30',
      [`postern_build_info{${GATE}}`]: '1x60',
      [`process_start_time_seconds{${STRANGER}}`]: '0+60x60',
    },
    at: '45m',
    fires: [],
  },
];
