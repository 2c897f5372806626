// A short day of three gates, under the eyes of a real Prometheus: traffic of every kind, and in its course what an operator lives through. An
// issuer is added that cannot be reached and then can; a rule locks somebody out; a configuration is broken and mended; a gate is shut down
// while sessions are open. What Prometheus has seen of it is what the queries are asked of.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { ask, EXEC, openSession } from '../fakes/sessions.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';
import { type AtEnd, type Site, startSite } from './site.ts';
import { startTraffic } from './traffic.ts';

const RULE_FILES = ['recording.yaml', 'alerts.yaml'].map(
  (name) => new URL(`../../deploy/prometheus/${name}`, import.meta.url).pathname,
);
const SHELL = `/clusters/echo${EXEC}`;
const LAST = 'gate-3';
const NAMES = ['gate-1', 'gate-2', LAST];
/** The shortest day in which everything that happens can be seen. Seconds. */
export const SHORTEST_SECONDS = 40;
/** How long scrapes go on after the last gate has ended. ms. */
const AFTERMATH_MS = 3_000;

export interface Campaign {
  readonly prometheus: Prometheus;
  /** Prometheus' own. */
  readonly version: string;
  /** Seconds since the epoch. */
  readonly start: number;
  /** When the traffic ended. */
  readonly evening: number;
  readonly end: number;
  /** While a gate drained. Seconds since the epoch. */
  readonly draining: number;
}

export interface Day {
  readonly seconds: number;
  /** How much is asked of the gates together at the top of a wave. */
  readonly perSecond: number;
}

/** Lives through it; resolves at the evening, with Prometheus still there to be asked until all is closed. */
export async function runCampaign({ seconds, perSecond }: Day, atEnd: AtEnd): Promise<Campaign> {
  const dir = mkdtempSync(join(tmpdir(), 'postern-dashboards-'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const site = await startSite(NAMES, atEnd);
  const prometheus = await startPrometheus(dir, {
    targets: site.gates.map(({ name, ops }) => ({
      address: ops,
      labels: { instance: name, namespace: 'postern', pod: name },
    })),
    ruleFiles: RULE_FILES,
  });
  atEnd(prometheus.stop);
  const start = Date.now() / 1000;
  const traffic = startTraffic(site, perSecond);
  atEnd(traffic.stop);
  const at = (share: number) => until(start + share * seconds);
  for (const [share, act] of EVENTS) {
    await at(share);
    await act(site);
  }
  await at(0.78);
  traffic.leaveOut.add(LAST);
  const draining = await shutDown(site);
  await at(1);
  const evening = Date.now() / 1000;
  await traffic.stop();
  await until(Date.now() / 1000 + AFTERMATH_MS / 1000);
  const { version } = (await prometheus.get('/api/v1/status/buildinfo')) as { version: string };
  return { prometheus, version, start, draining, evening, end: Date.now() / 1000 };
}

type Act = (site: Site) => void | Promise<void>;

const addPartner: Act = ({ configure, partner }) => {
  partner.setDown(true);
  configure((config) => ({
    ...config,
    authentication: {
      ...config.authentication,
      jwt: [...config.authentication.jwt, jwtEntry(partner)],
    },
  }));
};

const lockOut: Act = ({ configure, partner }) =>
  configure((config) => ({
    ...config,
    authentication: { ...config.authentication, jwt: [...config.authentication.jwt, jwtEntry(partner)] },
    authorization: {
      rules: [
        { name: 'locked-out', users: ['mallory@example.com'], decision: 'Deny', message: 'Ask security.' },
        ...config.authorization.rules,
      ],
    },
  }));

/** People of the partner come before its keys have. */
const comeTooEarly: Act = async ({ gates: [, second], partner }) => {
  if (second === undefined) return;
  for (let times = 0; times < 3; times++)
    await ask(second.place, '/version', [`Authorization: Bearer ${await partner.sign()}`]);
};

/** Somebody whom the next configuration locks out has a shell. */
const openShell: Act = async ({ gates: [, second], staff }) => {
  if (second === undefined) return;
  const token = await staff.sign({ email: 'mallory@example.com' });
  await openSession(second.place, { path: SHELL, token });
};

const breakFirst: Act = ({ gates: [first] }) => {
  if (first !== undefined) writeFileSync(first.file, 'kind: [');
};

/** What happens besides traffic, by share of the day that has passed. */
const EVENTS: readonly (readonly [share: number, act: Act])[] = [
  [0.15, addPartner],
  [0.28, comeTooEarly],
  [0.35, ({ partner }) => partner.setDown(false)],
  [0.45, ({ staff }) => staff.rotate({ keepOld: true })],
  [0.5, breakFirst],
  [0.6, openShell],
  [0.65, lockOut],
];

/** SIGTERM for the last gate with a session open that nobody ends. @returns a time at which it drains. Seconds since the epoch. */
async function shutDown({ gates }: Site): Promise<number> {
  const last = gates.find(({ name }) => name === LAST);
  if (last === undefined) throw new TypeError('no such gate');
  await openSession(last.place, { path: SHELL });
  void last.process.kill('SIGTERM');
  await last.process.seen(/"msg":"draining"/);
  return Date.now() / 1000 + 3;
}

function until(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time * 1000 - Date.now())));
}
