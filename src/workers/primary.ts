// The process that `--workers` starts first: checks the configuration, forks the workers, hands each new connection to the next of them, and
// answers on the ops listener for all. It sees no byte of a connection. Why the cluster module's round robin: docs/adr/0009-workers.md.

import cluster from 'node:cluster';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Log, loggedError } from '../log.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import { openLog } from '../openlog.ts';
import { startOps } from '../ops.ts';
import type { RunOptions } from '../parts.ts';
import { watchProcess } from '../process.ts';
import { urlOf } from '../run.ts';
import { rotateTicketKeys, type TicketKeys } from '../tickets.ts';
import { type Crew, type CrewObserver, createCrew, type Fork } from './crew.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { type FromWorker, isOurs, type MetricData, type ToWorker, WORKER_VARIABLE } from './messages.ts';
import { liveness, readiness } from './probes.ts';
import { rehearse } from './rehearse.ts';

/** How long a worker may take to answer for /readyz and /metrics, and for /livez. ms. */
const ANSWER_MS = 2_000;
const ALIVE_MS = 5_000;
/** What the primary uses itself, beside what its workers use, and that all of them are there. It serves nobody, so the rest of its metrics says nothing. */
const OWN_METRICS: ReadonlySet<string> = new Set([
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_open_fds',
  'process_max_fds',
  'postern_ready',
  'postern_log_writable',
  'postern_log_lines_dropped_total',
]);
/** The primary's place in the ledger; serials of workers begin with 1. */
const PRIMARY = 0;

export interface RunningCrew {
  /** Has every worker read the configuration again. */
  reload(): void;
  /** Drains all; resolves when the last has ended. @throws CrewFailed when one ended badly. */
  stop(): Promise<void>;
  /** Ends all at once. */
  kill(): void;
  /** Rejects when nobody is left to serve. */
  readonly failed: Promise<never>;
}

/** Starts all workers; resolves when all serve. @throws as runGateway does, or CrewFailed; no process stays then. */
export async function runCrew(options: RunOptions, size: number): Promise<RunningCrew> {
  const { file, overrides = [], env = process.env, version } = options;
  // Not the wall clock: set back by an hour, it would put off the replacement of a worker as long.
  const { now = () => performance.now() } = options;
  const config = await rehearse({ file, overrides, env });
  const metrics = createMetrics({ version, node: process.version });
  const { log, collect: collectLog } = openLog({
    level: config.log.level,
    metrics,
    isShared: true,
    worker: 0,
    stream: options.logStream,
  });
  const ledger = createLedger();
  const tickets = rotateTicketKeys(options.setTicketTimer);
  const crew = createCrew({ size, fork: forker(tickets), observer: observe(log, ledger), now });
  tickets.follow(crew.setTicketKeys);
  const state: State = { started: false, draining: false };
  const watch = watchProcess(metrics);
  const ops = await startOps(config.ops.address, {
    registry: { metrics: () => gather(crew, ledger, metrics) },
    collect() {
      watch.collect();
      collectLog();
      metrics.ready.set(crew.serving() === size && !state.draining ? 1 : 0);
    },
    ready: async () => readiness(ownChecks(state), await crew.ask('checks', ANSWER_MS), size),
    live: async () => liveness(await crew.ask('checks', ALIVE_MS)),
    onError: (error) => log.error({ cause: loggedError(error) }, 'a listener failed'),
  });
  try {
    const address = await crew.start();
    const clusters = config.clusters.map(({ name }) => name);
    const where = { address, ops: urlOf('http', ops.address() as AddressInfo) };
    log.info({ ...where, clusters, version, node: process.version, workers: size }, 'serving');
  } catch (error) {
    tickets.close();
    await close(ops);
    throw error;
  }
  state.started = true;
  crew.failed.catch(() => close(ops));
  return {
    reload: crew.reload,
    kill: crew.kill,
    failed: crew.failed,
    async stop() {
      state.draining = true;
      try {
        await crew.stop();
      } finally {
        watch.close();
        tickets.close();
        await close(ops);
      }
      log.info({}, 'stopped');
    },
  };
}

interface State {
  started: boolean;
  draining: boolean;
}

function ownChecks({ started, draining }: State) {
  return [
    { name: 'started', problem: started ? '' : 'not listening yet' },
    { name: 'not-draining', problem: draining ? 'shutting down' : '' },
  ];
}

function forker(tickets: TicketKeys): Fork {
  // Not what NODE_CLUSTER_SCHED_POLICY says: without it, workers would race for connections.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  return (number, hear, end) => {
    const worker = cluster.fork({ [WORKER_VARIABLE]: String(number) });
    const send = (message: ToWorker) => {
      // One that is about to end hears nothing; its end is told by 'exit'.
      if (worker.isConnected()) worker.send(message, () => {});
    };
    worker.on('message', (message: unknown) => {
      if (isOurs(message)) hear(message as FromWorker);
    });
    worker.on('error', () => {});
    worker.once('exit', (code, signal) => end({ code, signal }));
    send({ postern: 'begin', number, ticketKeys: tickets.current().toString('base64') });
    return { pid: worker.process.pid ?? 0, send, kill: () => void worker.process.kill('SIGKILL') };
  };
}

function observe(log: Log, ledger: Ledger): CrewObserver {
  return {
    onServing: ({ number, hand }) => log.info({ worker: number, pid: hand.pid }, 'worker serves'),
    onLast: ({ serial }, metrics) => ledger.report(serial, metrics),
    onEnd({ number, serial, hand, lines }, { code, signal }, replacedInMs) {
      ledger.ended(serial);
      const facts = { worker: number, pid: hand.pid, code, signal };
      if (code === 0 && replacedInMs === undefined) return log.info(facts, 'worker ended');
      log.error(
        {
          ...facts,
          ...(lines.length === 0 ? {} : { problems: lines }),
          ...(replacedInMs === undefined ? {} : { replacedInMs }),
        },
        'worker ended unexpectedly',
      );
    },
  };
}

async function gather(crew: Crew, ledger: Ledger, { registry }: Metrics): Promise<string> {
  const all = (await registry.getMetricsAsJSON()) as unknown as readonly MetricData[];
  ledger.report(
    PRIMARY,
    all.filter(({ name }) => OWN_METRICS.has(name)),
  );
  // One that does not answer in time counts with what it said the last time.
  for (const { member, answer } of await crew.ask('metrics', ANSWER_MS))
    if (answer !== undefined) ledger.report(member.serial, answer);
  return ledger.text();
}

function close(ops: Server): Promise<void> {
  return new Promise((resolve) => {
    ops.close(() => resolve());
    ops.closeAllConnections();
  });
}
