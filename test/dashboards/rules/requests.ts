// postern.requests: do requests succeed, are they fast, do they get through to the API server, are upgrades and rules whole.

import { ALL, type AlertCase, GATE, PROD } from './case.ts';

const requests = (code: string) => `postern_requests_total{${GATE},cluster="prod",verb="get",code="${code}"}`;
const bucket = (scope: string, le: string) =>
  `postern_request_duration_seconds_bucket{${GATE},cluster="prod",verb="get",scope="${scope}",le="${le}"}`;

const burning = (
  severity: 'critical' | 'warning',
  share: string,
  windowAndPace: readonly [string, string],
) => ({
  severity,
  labels: PROD,
  summary: 'Requests through Postern to prod fail.',
  description:
    `${share} of the requests to prod by postern were answered 5xx in the last ${windowAndPace[0]}, and it goes on. ` +
    `At this pace the errors that 99.9 % a month allows are used up in ${windowAndPace[1]}.`,
});

const admission = (limit: string) => `postern_admission_refused_total{${GATE},limit="${limit}"}`;

export const REQUESTS: readonly AlertCase[] = [
  {
    alert: 'PosternLimitsRefusing',
    when: 'five a second for a quarter of an hour by one limit',
    series: { [admission('requestsInFlightPerUser')]: '0+300x20', [admission('handshakes')]: '0x20' },
    at: '18m',
    fires: [
      {
        severity: 'warning',
        labels: { ...ALL, limit: 'requestsInFlightPerUser' },
        summary: 'The limit requestsInFlightPerUser of Postern refuses callers.',
        description:
          '5 requests or connections a second were refused by limits.requestsInFlightPerUser for 10 minutes: somebody floods, or the limit is too low.',
      },
    ],
  },
  {
    alert: 'PosternLimitsRefusing',
    when: 'an outburst of three minutes, which client-go has waited out',
    series: { [admission('requestsInFlightPerUser')]: '0+600x3 1800x30' },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternErrorBudgetBurn',
    when: '2 % fail for an hour and a half',
    series: { [requests('200')]: '0+980x120', [requests('502')]: '0+20x120' },
    at: '90m',
    fires: [burning('critical', '2%', ['1h', '2 days']), burning('warning', '2%', ['6h', '5 days'])],
  },
  {
    alert: 'PosternErrorBudgetBurn',
    when: '0.8 % fail for ten hours: not for tonight, but for tomorrow',
    series: { [requests('200')]: '0+992x600', [requests('500')]: '0+8x600' },
    at: '10h',
    fires: [burning('warning', '0.8%', ['6h', '5 days'])],
  },
  {
    alert: 'PosternErrorBudgetBurn',
    when: '0.05 % fail',
    series: { [requests('200')]: '0+9995x600', [requests('502')]: '0+5x600' },
    at: '10h',
    fires: [],
  },
  {
    alert: 'PosternErrorBudgetBurn',
    when: '5 % failed for 20 minutes, and that is over',
    series: { [requests('200')]: '0+950x20 19950+1000x60', [requests('502')]: '0+50x20 1000x60' },
    at: '70m',
    fires: [],
  },
  {
    alert: 'PosternErrorBudgetBurn',
    when: 'nothing but refusals, which are right',
    series: { [requests('403')]: '0+100x120', [requests('401')]: '0+100x120' },
    at: '90m',
    fires: [],
  },
  {
    alert: 'PosternLatencyHigh',
    when: 'one of ten takes longer than a second',
    series: {
      [requests('200')]: '0+100x60',
      [bucket('resource', '1')]: '0+90x60',
      [bucket('resource', '2.5')]: '0+100x60',
      [bucket('resource', '+Inf')]: '0+100x60',
    },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: { ...PROD, scope: 'resource' },
        summary: 'Requests for single objects of prod are slow.',
        description: 'One of 100 takes longer than 2.35s, the API server included; below 1 s is expected.',
      },
    ],
  },
  {
    alert: 'PosternLatencyHigh',
    when: 'lists of everything take long, single objects do not',
    series: {
      [requests('200')]: '0+100x60',
      [bucket('cluster', '1')]: '0+10x60',
      [bucket('cluster', '5')]: '0+100x60',
      [bucket('cluster', '+Inf')]: '0+100x60',
      [bucket('resource', '1')]: '0+100x60',
      [bucket('resource', '+Inf')]: '0+100x60',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternUpstreamErrors',
    when: 'a tenth of the requests does not get through',
    series: {
      [requests('200')]: '0+90x60',
      [requests('502')]: '0+10x60',
      [`postern_upstream_errors_total{${GATE},cluster="prod",reason="unreachable"}`]: '0+10x60',
      [`postern_upstream_errors_total{${GATE},cluster="prod",reason="tls"}`]: '0x60',
    },
    at: '20m',
    fires: [
      {
        severity: 'critical',
        labels: { ...PROD, reason: 'unreachable' },
        summary: 'Postern does not get through to prod: unreachable.',
        description:
          '10% of the requests of postern to prod fail between Postern and the API server, reason unreachable.',
      },
    ],
  },
  {
    alert: 'PosternUpstreamErrors',
    when: 'one of a hundred was reset',
    series: {
      [requests('200')]: '0+99x60',
      [requests('502')]: '0+1x60',
      [`postern_upstream_errors_total{${GATE},cluster="prod",reason="reset"}`]: '0+1x60',
    },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternUpgradesBroken',
    when: 'five exec came without their Upgrade',
    series: { [`postern_upgrade_required_total{${GATE},cluster="prod",kind="exec"}`]: '0x10 5x30' },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: { ...PROD, kind: 'exec' },
        summary: 'A hop in front of Postern drops Upgrade: kubectl exec fails.',
        description: '5 exec requests for prod arrived without their Upgrade headers in the last 15 minutes.',
      },
    ],
  },
  {
    alert: 'PosternUpgradesBroken',
    when: 'somebody tried it once with curl',
    series: { [`postern_upgrade_required_total{${GATE},cluster="prod",kind="exec"}`]: '0x10 1x30' },
    at: '20m',
    fires: [],
  },
  {
    alert: 'PosternRuleFailed',
    when: 'an expression fails for some',
    series: {
      [`postern_rule_decisions_total{${GATE},cluster="prod",rule="team",decision="failed"}`]: '0x10 2x30',
    },
    at: '20m',
    fires: [
      {
        severity: 'warning',
        labels: { ...PROD, rule: 'team' },
        summary: 'The rule team cannot be evaluated for some requests.',
        description:
          '2 requests for prod were denied in the last 15 minutes, because an expression of team failed.',
      },
    ],
  },
  {
    alert: 'PosternRuleFailed',
    when: 'the rule denies, which is what it is for',
    series: {
      [`postern_rule_decisions_total{${GATE},cluster="prod",rule="team",decision="denied"}`]: '0+5x30',
      [`postern_rule_decisions_total{${GATE},cluster="prod",rule="team",decision="failed"}`]: '2x30',
    },
    at: '20m',
    fires: [],
  },
];
