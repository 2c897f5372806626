// postern.process and postern.configuration: has the process room, and are its files good.

import { ALL, type AlertCase, GATE, ONE, STRANGER } from './case.ts';

const delay = (le: string) => `postern_event_loop_delay_seconds_bucket{${GATE},le="${le}"}`;
const SERVING = `postern_certificate_expiry_timestamp_seconds{${GATE},purpose="serving",cluster=""}`;
const certificate = (severity: 'critical' | 'warning', within: string, left: string) => ({
  severity,
  labels: { ...ALL, purpose: 'serving' },
  summary: `A certificate of Postern (serving) ends in less than ${within}.`,
  description:
    `The certificate for serving  of postern ends in ${left}` +
    (severity === 'critical' ? '; then every handshake with it fails.' : ' and has not been replaced.'),
});

export const PROCESS: readonly AlertCase[] = [
  {
    alert: 'PosternEventLoopDelay',
    when: 'one turn of ten is late by more than a quarter of a second',
    series: { [delay('0.25')]: '0+540x60', [delay('0.5')]: '0+600x60', [delay('+Inf')]: '0+600x60' },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a answers late.',
        description:
          'In one of 100 cases the event loop is 475ms behind; every request and session of it waits as long.',
      },
    ],
  },
  {
    alert: 'PosternEventLoopDelay',
    when: 'one of a thousand is',
    series: { [delay('0.25')]: '0+999x60', [delay('0.5')]: '0+1000x60', [delay('+Inf')]: '0+1000x60' },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternEventLoopBusy',
    when: 'one process works 54 of 60 seconds',
    series: {
      [`postern_event_loop_busy_seconds_total{${GATE}}`]: '0+54x60',
      [`postern_processes{${GATE}}`]: '1x60',
    },
    at: '30m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a has no CPU left.',
        description: 'Its event loop is busy 90% of the time.',
      },
    ],
  },
  {
    alert: 'PosternEventLoopBusy',
    when: 'two workers share the same work',
    series: {
      [`postern_event_loop_busy_seconds_total{${GATE}}`]: '0+54x60',
      [`postern_processes{${GATE}}`]: '2x60',
    },
    at: '30m',
    fires: [],
  },
  {
    alert: 'PosternMemoryNearLimit',
    when: '95 % of the container is used',
    series: {
      [`process_resident_memory_bytes{${GATE}}`]: '950000000x30',
      [`postern_memory_limit_bytes{${GATE}}`]: '1000000000x30',
    },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a is close to its memory limit.',
        description:
          'It uses 95% of what its container may use. At the limit the kernel ends it with all sessions.',
      },
    ],
  },
  {
    alert: 'PosternMemoryNearLimit',
    when: 'there is no limit',
    series: {
      [`process_resident_memory_bytes{${GATE}}`]: '950000000x30',
      [`postern_memory_limit_bytes{${GATE}}`]: '0x30',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternHeapNearLimit',
    when: '90 % of the heap is used',
    series: {
      [`postern_heap_used_bytes{${GATE}}`]: '90x30',
      [`postern_heap_limit_bytes{${GATE}}`]: '100x30',
    },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a is close to the limit of its JavaScript heap.',
        description: 'It uses 90% of it. At the limit the process ends with all sessions.',
      },
    ],
  },
  {
    alert: 'PosternHeapNearLimit',
    when: 'it was so for a moment, before the garbage was collected',
    series: {
      [`postern_heap_used_bytes{${GATE}}`]: '90x5 40x5 90x5 40x5 90x5',
      [`postern_heap_limit_bytes{${GATE}}`]: '100x30',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternDescriptorsNearLimit',
    when: '900 of 1000 are open',
    series: {
      [`process_open_fds{${GATE}}`]: '900x30',
      [`process_max_fds{${GATE}}`]: '1000x30',
      [`postern_build_info{${GATE}}`]: '1x30',
    },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a runs out of file descriptors.',
        description:
          '90% of the descriptors that it may have are open. With hardly any left it lets no more callers in.',
      },
    ],
  },
  {
    alert: 'PosternDescriptorsNearLimit',
    when: 'it is not Postern that runs out of them',
    series: {
      [`process_open_fds{${STRANGER}}`]: '990x30',
      [`process_max_fds{${STRANGER}}`]: '1000x30',
      [`process_open_fds{${GATE}}`]: '300x30',
      [`process_max_fds{${GATE}}`]: '1000x30',
      [`postern_build_info{${GATE}}`]: '1x30',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternLogNotWritten',
    when: 'the disk is full, and lines wait',
    series: {
      [`postern_log_writable{${GATE}}`]: '1x3 0x30',
      [`postern_log_lines_dropped_total{${GATE}}`]: '0x40',
    },
    at: '15m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a cannot write its log.',
        description:
          'For 5 minutes a write has failed or waited. Lines are kept in memory until 4 MiB of them wait, then they are lost.',
      },
    ],
  },
  {
    alert: 'PosternLogNotWritten',
    when: 'its reader is too slow: it is written, and lines are lost',
    series: {
      [`postern_log_writable{${GATE}}`]: '1x40',
      [`postern_log_lines_dropped_total{${GATE}}`]: '0x5 0+20x30',
    },
    at: '20m',
    fires: [
      {
        severity: 'critical',
        labels: ONE,
        summary: 'Postern a loses log lines.',
        description:
          'About 280 lines of the last 15 minutes, each a request or session, are in no log: it could not be written.',
      },
    ],
  },
  {
    alert: 'PosternLogNotWritten',
    when: 'it could not be written for two minutes, and nothing was lost',
    series: {
      [`postern_log_writable{${GATE}}`]: '1x5 0x2 1x30',
      [`postern_log_lines_dropped_total{${GATE}}`]: '0x40',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternNamesStale',
    when: 'the resolver is away, and connections go to the last known addresses',
    series: {
      [`postern_name_lookups_total{outcome="ok",${GATE}}`]: '0+6x5 30x30',
      [`postern_name_lookups_total{outcome="stale",${GATE}}`]: '0x5 0+6x30',
    },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a gets no answer from its resolver.',
        description:
          'For 10 minutes connections of a have gone to the last known addresses of a name. These serve for 24 hours after they were told, and not at all after a restart.',
      },
    ],
  },
  {
    alert: 'PosternNamesStale',
    when: 'the resolver was restarted, and some names there are none of',
    series: {
      [`postern_name_lookups_total{outcome="ok",${GATE}}`]: '0+6x40',
      [`postern_name_lookups_total{outcome="stale",${GATE}}`]: '0x5 0+3x3 9x30',
      [`postern_name_lookups_total{outcome="failed",${GATE}}`]: '0+1x40',
    },
    at: '12m',
    fires: [],
  },
  {
    alert: 'PosternReloadFailed',
    when: 'the file on disk stays broken',
    series: { [`postern_config_last_reload_success{${GATE}}`]: '1x3 0x30' },
    at: '15m',
    fires: [
      {
        severity: 'warning',
        labels: ONE,
        summary: 'Postern a refuses the configuration on disk.',
        description:
          'a goes on with the configuration that it had. A restart would fail; the log has each problem with its line.',
      },
    ],
  },
  {
    alert: 'PosternReloadFailed',
    when: 'certificate and key were replaced one after the other',
    series: { [`postern_config_last_reload_success{${GATE}}`]: '1x3 0x2 1x30' },
    at: '15m',
    fires: [],
  },
  {
    alert: 'PosternCertificateExpiring',
    when: 'ten days are left',
    series: { [SERVING]: '864000x180' },
    at: '2h',
    fires: [certificate('warning', '2 weeks', '9d 22h 0m 0s')],
  },
  {
    alert: 'PosternCertificateExpiring',
    when: 'one day is left',
    series: { [SERVING]: '93600x180' },
    at: '2h',
    fires: [
      certificate('critical', '2 days', '1d 0h 0m 0s'),
      certificate('warning', '2 weeks', '1d 0h 0m 0s'),
    ],
  },
  {
    alert: 'PosternCertificateExpiring',
    when: 'a month is left',
    series: { [SERVING]: '2592000x180' },
    at: '2h',
    fires: [],
  },
];
