// postern.authentication: can credentials be judged, are they good, are the issuers' keys fresh.

import { ALL, type AlertCase, GATE } from './case.ts';

const judged = (outcome: string) =>
  `postern_authentication_total{${GATE},source="authorization",outcome="${outcome}"}`;
const ISSUER = 'https://login.example.com';
const fetched = (outcome: string) =>
  `postern_jwks_refresh_total{${GATE},issuer="${ISSUER}",outcome="${outcome}"}`;
const AGE = `postern_jwks_age_seconds{${GATE},issuer="${ISSUER}"}`;
const stale = (age: string) =>
  ({
    severity: 'warning',
    labels: { ...ALL, issuer: ISSUER },
    summary: `The keys of ${ISSUER} are not renewed.`,
    description: `They are ${age} old and are fetched every 10 minutes when all is well. At 24 hours its users are locked out.`,
  }) as const;

export const AUTHENTICATION: readonly AlertCase[] = [
  {
    alert: 'PosternAuthenticationUnavailable',
    when: 'callers get 503',
    series: { [judged('unavailable')]: '0+30x60', [judged('ok')]: '0+30x60' },
    at: '20m',
    fires: [
      {
        severity: 'critical',
        labels: { ...ALL, source: 'authorization' },
        summary: 'Postern cannot judge credentials (authorization).',
        description:
          '0.50 credentials a second from authorization cannot be verified; these callers get 503.',
      },
    ],
  },
  {
    alert: 'PosternAuthenticationUnavailable',
    when: 'it happened once',
    series: { [judged('unavailable')]: '0x10 1x60', [judged('ok')]: '0+30x60' },
    at: '14m',
    fires: [],
  },
  {
    alert: 'PosternAuthenticationRefusals',
    when: 'three of four are refused',
    series: { [judged('rejected')]: '0+60x60', [judged('ok')]: '0+20x60' },
    at: '30m',
    fires: [
      {
        severity: 'warning',
        labels: { ...ALL, source: 'authorization' },
        summary: 'Most credentials (authorization) are refused.',
        description: '75% of the credentials from authorization at postern are refused.',
      },
    ],
  },
  {
    alert: 'PosternAuthenticationRefusals',
    when: 'one of four is',
    series: { [judged('rejected')]: '0+20x60', [judged('ok')]: '0+60x60' },
    at: '30m',
    fires: [],
  },
  {
    alert: 'PosternAuthenticationRefusals',
    when: 'at night a single forgotten script is all there is',
    series: { [judged('rejected')]: '0+1x60' },
    at: '30m',
    fires: [],
  },
  {
    alert: 'PosternIssuerKeysStale',
    when: 'they have not been renewed for an hour',
    series: { [AGE]: '0+60x120' },
    at: '70m',
    fires: [stale('1h 10m 0s')],
  },
  {
    alert: 'PosternIssuerKeysStale',
    when: 'they are used up soon',
    series: { [AGE]: '73000x20' },
    at: '10m',
    fires: [
      {
        severity: 'critical',
        labels: { ...ALL, issuer: ISSUER },
        summary: `In less than 4 hours users of ${ISSUER} are locked out.`,
        description: `The keys of ${ISSUER} are 20h 16m 40s old. They are not used any more when they are 24 hours old.`,
      },
      stale('20h 16m 40s'),
    ],
  },
  {
    alert: 'PosternIssuerKeysStale',
    when: 'they are renewed every ten minutes',
    series: { [AGE]: '0+60x10 0+60x10 0+60x10' },
    at: '25m',
    fires: [],
  },
  {
    alert: 'PosternIssuerUnreachable',
    when: 'only failures for a quarter of an hour',
    series: { [fetched('failed')]: '0+1x60', [fetched('ok')]: '7x60' },
    at: '30m',
    fires: [
      {
        severity: 'warning',
        labels: { ...ALL, issuer: ISSUER },
        summary: `Postern cannot fetch the keys of ${ISSUER}.`,
        description:
          '15 attempts in the last 15 minutes failed, none succeeded. Known keys serve for 24 hours.',
      },
    ],
  },
  {
    alert: 'PosternIssuerUnreachable',
    when: 'some fetches fail, others succeed',
    series: { [fetched('failed')]: '0+1x60', [fetched('ok')]: '0x5 1x10 2x10 3x10 4x40' },
    at: '30m',
    fires: [],
  },
];
