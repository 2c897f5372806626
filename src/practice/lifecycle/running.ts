// What the node remembers of the pods it runs: one record a container, with the machine that it is or last was. The API's status is made
// from it (podstatus.ts) and never read back.

import type { CommandOutcome, LogLine, Machine } from '../machine/machine.ts';
import { formatTime } from '../objects/memory.ts';
import type { Container } from './kinds.ts';

/** v1.ContainerStateTerminated. */
export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID: string;
}

/** v1.ContainerState. */
export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

/** What a container that does not run is to do when it is due. */
export type NextStep = 'start' | 'restart' | 'imageBackOff' | 'nothing';

/** A container of a pod. */
export interface ContainerRun {
  readonly role: 'init' | 'main' | 'ephemeral';
  container: Container;
  state: ContainerState;
  /** How the one before ended. */
  last: Terminated | undefined;
  restarts: number;
  ready: boolean;
  started: boolean;
  /** The latest, which may have ended. */
  machine: Machine | undefined;
  /** Its main command has not ended, as far as we know. */
  alive: boolean;
  id: string;
  startedMs: number;
  previousLines: readonly LogLine[] | undefined;
  step: NextStep;
  /** ms since the epoch. */
  dueMs: number;
  readonly crash: BackOff;
  readonly pull: BackOff;
  /** Ends the probes of the latest machine. */
  probes: AbortController;
}

/** A delay that doubles with each failure. ms; 0 when there was none. */
export interface BackOff {
  delayMs: number;
  updatedMs: number;
}

/** A pod on the node. */
export interface PodRun {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly startTime: string;
  readonly containers: ContainerRun[];
  /** When its containers may start; undefined until its volumes are there. ms since the epoch. */
  sandboxMs: number | undefined;
  /** The sandbox is there, so the pod has its address. */
  sandboxReady: boolean;
  /** What the last mount failure said, so that it is told once. */
  mountProblem: string | undefined;
  /** The grace it was last told to end within. ms. */
  graceMs: number | undefined;
}

const FIRST_BACKOFF_MS = 10_000;
const MAX_BACKOFF_MS = 300_000;
const START_FAILED_AT = '1970-01-01T00:00:00Z';
const START_FAILED_CODE = 128;

/** A container that has not been started. */
export function newContainerRun(
  role: ContainerRun['role'],
  container: Container,
  reason: string,
): ContainerRun {
  return {
    role,
    container,
    state: { waiting: { reason } },
    last: undefined,
    restarts: 0,
    ready: false,
    started: false,
    machine: undefined,
    alive: false,
    id: '',
    startedMs: 0,
    previousLines: undefined,
    step: 'start',
    dueMs: 0,
    crash: { delayMs: 0, updatedMs: 0 },
    pull: { delayMs: 0, updatedMs: 0 },
    probes: new AbortController(),
  };
}

/** The delay that is in force for what failed at `failedMs`; 0 for the first failure, and for one after a long time that went well. */
export function backOffMs({ delayMs, updatedMs }: BackOff, failedMs: number): number {
  return failedMs - updatedMs > 2 * MAX_BACKOFF_MS ? 0 : delayMs;
}

/** Doubles a delay, from 10 s to 5 min; it starts anew when all went well for twice the longest (client-go util/flowcontrol). */
export function nextBackOff(backOff: BackOff, nowMs: number): void {
  const delayMs = backOffMs(backOff, nowMs);
  backOff.delayMs = delayMs === 0 ? FIRST_BACKOFF_MS : Math.min(delayMs * 2, MAX_BACKOFF_MS);
  backOff.updatedMs = nowMs;
}

/** How a container ended, as its status tells it. */
export function terminatedState(run: ContainerRun, outcome: CommandOutcome, nowMs: number): Terminated {
  const finished = { finishedAt: formatTime(nowMs), containerID: run.id };
  if ('failure' in outcome) {
    return {
      exitCode: START_FAILED_CODE,
      reason: 'StartError',
      message: outcome.failure,
      startedAt: START_FAILED_AT,
      ...finished,
    };
  }
  const { exitCode } = outcome;
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  return { exitCode, reason, startedAt: formatTime(run.startedMs), ...finished };
}

/** An init container that goes on beside the others. */
export function isSidecar({ role, container }: ContainerRun): boolean {
  return role === 'init' && container.restartPolicy === 'Always';
}

/** Whether a container that ended like this is started again. */
export function isRestarted(run: ContainerRun, policy: string, exitCode: number): boolean {
  if (run.role === 'ephemeral') return false;
  if (isSidecar(run)) return true;
  if (run.role === 'init') return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** Whether an init container lets those after it go on. */
export function isPassed(run: ContainerRun): boolean {
  if (isSidecar(run)) return run.started;
  return 'terminated' in run.state && run.state.terminated.exitCode === 0;
}

/** The log of the container before the one that `kubectl logs` shows; undefined when there was none. */
export function previousLines(run: ContainerRun): readonly LogLine[] | undefined {
  return 'waiting' in run.state && run.last !== undefined ? run.machine?.logLines() : run.previousLines;
}
