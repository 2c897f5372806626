// postern.sessions: are they let in, do they end as they should, are they cut.

import { ALL, type AlertCase, GATE, PROD } from './case.ts';

export const SESSIONS: readonly AlertCase[] = [
  {
    alert: 'PosternSessionsRefused',
    when: 'for half an hour hardly an exec is let through',
    series: {
      [`postern_sessions_total{${GATE},cluster="prod",kind="exec",protocol="websocket",end="refused"}`]:
        '0+3x60',
      [`postern_sessions_total{${GATE},cluster="prod",kind="exec",protocol="websocket",end="client"}`]:
        '0x60',
    },
    at: '40m',
    fires: [
      {
        severity: 'warning',
        labels: { ...PROD, kind: 'exec' },
        summary: 'Nearly every exec to prod is refused.',
        description: '100% of the exec attempts of the last 15 minutes got another answer than 101.',
      },
    ],
  },
  {
    alert: 'PosternSessionsRefused',
    when: 'half of them are, by people without the right',
    series: {
      [`postern_sessions_total{${GATE},cluster="prod",kind="exec",protocol="websocket",end="refused"}`]:
        '0+3x60',
      [`postern_sessions_total{${GATE},cluster="prod",kind="exec",protocol="websocket",end="client"}`]:
        '0+3x60',
    },
    at: '40m',
    fires: [],
  },
  {
    alert: 'PosternSessionsFailing',
    when: 'three ended, and neither side had closed them',
    series: {
      [`postern_sessions_total{${GATE},cluster="prod",kind="exec",protocol="spdy",end="error"}`]: '0x10 3x30',
    },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: { ...PROD, kind: 'exec' },
        summary: 'Sessions end by a fault that belongs to neither side.',
        description: '3 exec sessions with prod ended with "error" in the last 15 minutes.',
      },
    ],
  },
  {
    alert: 'PosternSessionsFailing',
    when: 'they end as sessions end',
    series: {
      [`postern_sessions_total{${GATE},cluster="prod",kind="exec",protocol="spdy",end="error"}`]: '0x40',
      [`postern_sessions_total{${GATE},cluster="prod",kind="exec",protocol="spdy",end="client"}`]: '0+9x40',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternSessionsCutByDrain',
    when: 'a minute is left and four are open',
    series: {
      [`postern_sessions_open{${GATE},cluster="prod",kind="exec",protocol="spdy"}`]: '4x30',
      [`postern_drain_deadline_timestamp_seconds{${GATE}}`]: '0x4 600x30',
    },
    at: '9m',
    fires: [
      {
        severity: 'warning',
        labels: { ...ALL, instance: 'a' },
        summary: 'Postern a is about to cut 4 sessions.',
        description: 'a shuts down, and within two minutes it closes the 4 sessions that are still open.',
      },
    ],
  },
  {
    alert: 'PosternSessionsCutByDrain',
    when: 'there are minutes left',
    series: {
      [`postern_sessions_open{${GATE},cluster="prod",kind="exec",protocol="spdy"}`]: '4x30',
      [`postern_drain_deadline_timestamp_seconds{${GATE}}`]: '0x4 600x30',
    },
    at: '6m',
    fires: [],
  },
  {
    alert: 'PosternSessionRegistryDown',
    when: 'its Redis is gone',
    series: { [`postern_session_registry_up{${GATE},kind="redis"}`]: '1x5 0x30' },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: { ...ALL, instance: 'a', kind: 'redis' },
        summary: 'Postern a cannot tell who is in.',
        description:
          'a has not reached the session registry (redis) for 10 minutes: postern sessions list and end miss its sessions.',
      },
    ],
  },
  {
    alert: 'PosternSessionRegistryDown',
    when: 'it was restarted',
    series: { [`postern_session_registry_up{${GATE},kind="redis"}`]: '1x5 0x4 1x30' },
    at: '20m',
    fires: [],
  },
];
