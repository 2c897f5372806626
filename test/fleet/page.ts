// docs/fleet.md: what one run of the simulated fleet measured, written by the run itself.

import type { MachineFacts } from '../../bench/machine.ts';
import type { ApiServerCosts } from './apiserver.ts';
import type { FleetPlan, FleetRow } from './measure.ts';

/** Where it lies, relative to docs/. */
export const FLEET_PAGE = 'fleet.md';

/** How near to the API server's bound a fleet counts as limited by it. */
export const AT_BOUND = 0.9;

/** The page. `date` is the run's day. */
export function renderFleetPage(
  rows: readonly FleetRow[],
  plan: FleetPlan,
  {
    machine,
    date,
    costs,
  }: { readonly machine: MachineFacts; readonly date: string; readonly costs: ApiServerCosts },
): string {
  const [first] = rows;
  if (first === undefined) throw new TypeError('nothing was measured');
  return `${[
    '<!-- Written by `npm run test:fleet -- --write`; edits are lost. -->',
    '',
    '# What limits a fleet',
    '',
    `Measured on ${date} by \`npm run test:fleet -- --write\`: 1 to ${rows.at(-1)?.gates} gates as processes of their own behind HAProxy in TCP mode, in front of the bench's stand-in`,
    `for an API server, which answers ${plan.bound} requests a second and lets the others wait, as kube-apiserver does when its priority levels are full. So that one`,
    `machine holds the fleet, each gate has ${percent(plan.part)} of a core (a cgroup); callers GET a 4 kB object as fast as they are answered, over HTTP/1.1, with a token that is verified; each gate has served ${plan.warmUp} requests before.`,
    '',
    "| gates | requests a second | of the bound | limited by | p50 | p99 | CPU a request, all gates | used of all gates' CPU | busiest gate, of its own | memory a gate |",
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => line(row, plan)),
    '',
    conclusion(rows, plan),
    '',
    '## What a request costs a real API server',
    '',
    ...real(costs),
    '',
    'What none of this shows: a real network, and people who pause. How to reckon with your own: [sizing](explanation/sizing.md).',
    '',
    `Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memory}; ${machine.kernel}, ${machine.distribution}; Node ${process.versions.node}, Go ${machine.go}; commit ${machine.commit};`,
    `load averages before: ${machine.loadBefore.map((one) => one.toFixed(1)).join(', ')}. HAProxy, load generator and stand-in ran on the same cores (up to ${Math.max(...rows.map(({ others }) => others)).toFixed(2)} of them).`,
  ].join('\n')}\n`;
}

function real({ perSecond, gate, apiServer, etcd }: ApiServerCosts): readonly string[] {
  const micros = (seconds: number) => `${(seconds * 1e6).toFixed(0)} µs`;
  return [
    "The test cluster's kube-apiserver and etcd on the same machine, one gate in front, clients over HTTP/2 that GET a Service and POST a SelfSubjectReview in turn",
    `(${perSecond.toFixed(0)} requests a second in all):`,
    '',
    '| | CPU a request | ÷ Postern |',
    '|---|---|---|',
    `| Postern | ${micros(gate)} | 1 |`,
    `| kube-apiserver | ${micros(apiServer)} | ${(apiServer / gate).toFixed(1)} |`,
    `| etcd | ${micros(etcd)} | ${(etcd / gate).toFixed(1)} |`,
  ];
}

function line(row: FleetRow, { bound }: FleetPlan): string {
  const cells = [
    String(row.gates),
    row.served.toFixed(0),
    percent(row.served / bound),
    row.served >= AT_BOUND * bound ? 'the API server' : 'Postern',
    `${(row.p50 * 1000).toFixed(0)} ms`,
    `${(row.p99 * 1000).toFixed(0)} ms`,
    `${(row.cpuPerRequest * 1e6).toFixed(0)} µs`,
    percent(row.used),
    percent(row.busiest),
    `${(row.memory / 1e6).toFixed(0)} MB`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function conclusion(rows: readonly FleetRow[], { bound, part }: FleetPlan): string {
  const enough = rows.find(({ served }) => served >= AT_BOUND * bound);
  const last = rows.at(-1);
  if (enough === undefined || last === undefined) return 'In this run Postern was the limit at every size.';
  return (
    `From ${enough.gates} gates on (${(enough.gates * part).toFixed(2)} cores together) the API server is the limit: more gates serve no more, and their CPU falls idle, ` +
    `${percent(1 - last.used)} of it with ${last.gates}. Requests then wait at the API server, which shows in their latency and in no metric of Postern but \`postern_request_duration_seconds\`.`
  );
}

function percent(part: number): string {
  return `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
}
