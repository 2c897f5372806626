// Probes: a port that something listens on is healthy (httpGet, tcpSocket and grpc alike: what it would answer is not looked at), a
// command is healthy when it exits with 0. Startup holds the others back, readiness decides on Ready, liveness and startup end a container.

import { setMaxListeners } from 'node:events';
import { Writable } from 'node:stream';
import type { Machine } from '../machine/machine.ts';
import { DEFAULT_GRACE_SECONDS } from './context.ts';
import type { Container, Probe } from './kinds.ts';
import { type Nodeside, type Place, recordPodEvent } from './nodeside.ts';

type ProbeKind = 'Startup' | 'Readiness' | 'Liveness';

const DEFAULT_PERIOD_SECONDS = 10;
const DEFAULT_TIMEOUT_SECONDS = 1;
const DEFAULT_FAILURES = 3;
const MAX_OUTPUT = 1_024;

/** Begins the probes of a container that has just started; without one it is started and ready. They end with `run.probes`. */
export function startProbes(node: Nodeside, place: Place, machine: Machine): void {
  const { run } = place;
  const { startupProbe, readinessProbe, livenessProbe } = run.container;
  run.probes = new AbortController();
  setMaxListeners(0, run.probes.signal);
  run.started = startupProbe === undefined;
  run.ready = run.started && readinessProbe === undefined;
  if (run.role === 'ephemeral') run.ready = false;
  const kinds: [ProbeKind, Probe | undefined][] = [
    ['Startup', startupProbe],
    ['Readiness', readinessProbe],
    ['Liveness', livenessProbe],
  ];
  for (const [kind, probe] of kinds) {
    if (probe !== undefined) void repeat(node, { ...place, machine, kind, probe, signal: run.probes.signal });
  }
}

interface Probing extends Place {
  readonly machine: Machine;
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly signal: AbortSignal;
}

async function repeat(node: Nodeside, probing: Probing): Promise<void> {
  const { run, kind, probe, signal } = probing;
  const { delay } = node.context;
  const periodMs = Math.max(1, probe.periodSeconds ?? DEFAULT_PERIOD_SECONDS) * 1000;
  await delay((probe.initialDelaySeconds ?? 0) * 1000, signal);
  let good = 0;
  let bad = 0;
  while (!signal.aborted) {
    if (kind === 'Startup' || run.started) {
      const problem = await runProbe(node, probing);
      if (signal.aborted) return;
      good = problem === undefined ? good + 1 : 0;
      bad = problem === undefined ? 0 : bad + 1;
      if (problem !== undefined)
        recordPodEvent(node, probing, 'Unhealthy', `${kind} probe failed: ${problem}`);
      if (good >= (probe.successThreshold ?? 1)) pass(node, probing);
      if (bad >= (probe.failureThreshold ?? DEFAULT_FAILURES)) fail(node, probing);
      if (kind === 'Startup' && run.started) return;
    }
    await delay(periodMs, signal);
  }
}

function pass({ context }: Nodeside, { run, kind, podRun }: Probing): void {
  if (kind === 'Liveness') return;
  if (kind === 'Startup') run.started = true;
  if (kind === 'Readiness' || run.container.readinessProbe === undefined) run.ready = true;
  context.enqueue('pods', podRun.namespace, podRun.name);
}

function fail(node: Nodeside, probing: Probing): void {
  const { pod, podRun, run, kind, machine } = probing;
  if (kind === 'Readiness') {
    run.ready = false;
    node.context.enqueue('pods', podRun.namespace, podRun.name);
    return;
  }
  run.probes.abort();
  const words = `Container ${run.container.name} failed ${kind.toLowerCase()} probe, will be restarted`;
  recordPodEvent(node, probing, 'Killing', words);
  void machine.stop((pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000);
}

/** @returns what is wrong, undefined when nothing is. */
async function runProbe(node: Nodeside, probing: Probing): Promise<string | undefined> {
  const { probe, machine, run, podRun } = probing;
  if (probe.exec !== undefined) return runCommand(node, probing, probe.exec.command ?? []);
  const { httpGet, tcpSocket, grpc } = probe;
  const port = portNumber(run.container, httpGet?.port ?? tcpSocket?.port ?? grpc?.port);
  const connection = port === undefined ? undefined : machine.connect(port);
  if (connection === undefined) return `dial tcp ${podRun.ip}:${port ?? 0}: connect: connection refused`;
  connection.on('error', () => {});
  connection.destroy();
  return undefined;
}

async function runCommand(
  { context }: Nodeside,
  { probe, machine, signal }: Probing,
  command: readonly string[],
): Promise<string | undefined> {
  const seconds = Math.max(1, probe.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS);
  const over = new AbortController();
  const gone = AbortSignal.any([signal, over.signal]);
  let output = '';
  const collect = () =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        output = (output + chunk.toString('utf8')).slice(0, MAX_OUTPUT);
        done();
      },
    });
  const streams = { stdin: undefined, stdout: collect(), stderr: collect(), onSize: () => {}, gone };
  const outcome = await Promise.race([
    machine.exec(command, false, streams),
    context.delay(seconds * 1000, gone).then(() => undefined),
  ]);
  over.abort();
  if (outcome === undefined) return `command timed out after ${seconds}s`;
  if ('failure' in outcome) return outcome.failure;
  return outcome.exitCode === 0 ? undefined : output;
}

function portNumber({ ports = [] }: Container, port: number | string | undefined): number | undefined {
  if (typeof port === 'number' || port === undefined) return port;
  return (
    ports.find(({ name }) => name === port)?.containerPort ??
    (/^[0-9]+$/.test(port) ? Number(port) : undefined)
  );
}
