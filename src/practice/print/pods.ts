// The row of a pod: how many containers are ready, and the one word that says best how it is. The order in which states win is that of
// kube-apiserver's printPod (pkg/printers/internalversion/printers.go).

import type { KubeObject } from '../objects/object.ts';
import { ageOf } from './age.ts';
import { type Fields, fieldsOf, itemsOf, numberOf, textOf } from './fields.ts';
import {
  AGE,
  type Cell,
  column,
  NAME,
  nameOf,
  objectAge,
  type Printer,
  type RowCondition,
  wide,
} from './printer.ts';

/** Pods: NAME READY STATUS RESTARTS AGE, and where they run. */
export const PODS: Printer = {
  columns: [
    NAME,
    column('Ready', 'How many of the containers are ready, of how many.'),
    column('Status', 'The state of the pod and its containers in one word.'),
    column('Restarts', 'How often containers were started again, and when that last was.'),
    AGE,
    wide('IP', 'The address of the pod in the cluster.'),
    wide('Node', 'The node that the pod runs on.'),
    wide('Nominated Node', 'The node on which room is being made for the pod.'),
    wide('Readiness Gates', 'How many of the further conditions of readiness are true, of how many.'),
  ],
  cells: podCells,
  conditions: podConditions,
};

interface Tally {
  readonly restarts: number;
  /** RFC 3339, '' when nothing was restarted. */
  readonly lastRestart: string;
}

interface Initialization {
  readonly all: Tally;
  /** Of the init containers that keep running beside the others. */
  readonly sidecars: Tally;
  readonly ready: number;
  /** Of the init container that the pod waits for; undefined when initialization is over. */
  readonly reason: string | undefined;
}

interface Running {
  readonly tally: Tally;
  readonly ready: number;
  readonly reason: string;
}

const NO_RESTARTS: Tally = { restarts: 0, lastRestart: '' };

function podCells(pod: KubeObject, nowMs: number): readonly Cell[] {
  const spec = fieldsOf(pod['spec']);
  const status = fieldsOf(pod['status']);
  const conditions = itemsOf(status['conditions']);
  const initContainers = itemsOf(spec['initContainers']);
  const containers = itemsOf(spec['containers']).length + initContainers.filter(isSidecar).length;

  const initialization = initialize(itemsOf(status['initContainerStatuses']), initContainers);
  let { all: tally, ready } = initialization;
  let reason = initialization.reason ?? phaseReason(status, conditions);
  if (initialization.reason === undefined || holds(conditions, 'Initialized')) {
    const running = run(itemsOf(status['containerStatuses']), initialization.sidecars, reason);
    tally = running.tally;
    ready += running.ready;
    reason = running.reason;
    if (reason === 'Completed') reason = completedReason(status, conditions);
  }
  if (pod.metadata.deletionTimestamp !== undefined) reason = deletedReason(status, reason);

  return [
    nameOf(pod),
    `${ready}/${containers}`,
    reason,
    restartsText(tally, nowMs),
    objectAge(pod, nowMs),
    textOf(itemsOf(status['podIPs'])[0]?.['ip']) || textOf(status['podIP']) || '<none>',
    textOf(spec['nodeName']) || '<none>',
    textOf(status['nominatedNodeName']) || '<none>',
    gatesText(itemsOf(spec['readinessGates']), conditions),
  ];
}

function podConditions(pod: KubeObject): readonly RowCondition[] {
  const phase = fieldsOf(pod['status'])['phase'];
  if (phase !== 'Succeeded' && phase !== 'Failed') return [];
  const message = phase === 'Succeeded' ? 'The pod ran to its end.' : 'The pod has failed.';
  return [{ type: 'Completed', status: 'True', reason: phase, message }];
}

function phaseReason(status: Fields, conditions: readonly Fields[]): string {
  const gated = conditions.some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  return gated ? 'SchedulingGated' : textOf(status['reason']) || textOf(status['phase']);
}

/** Goes through the init containers up to the first that is not done. */
function initialize(statuses: readonly Fields[], specs: readonly Fields[]): Initialization {
  const sidecars = new Set(specs.filter(isSidecar).map(({ name }) => name));
  let all = NO_RESTARTS;
  let ofSidecars = NO_RESTARTS;
  let ready = 0;
  for (const [index, status] of statuses.entries()) {
    const sidecar = sidecars.has(status['name']);
    all = counted(all, status);
    if (sidecar) ofSidecars = counted(ofSidecars, status);
    const { terminated, waiting } = statesOf(status);
    if (terminated !== undefined && numberOf(terminated['exitCode']) === 0) continue;
    if (sidecar && status['started'] === true) {
      if (status['ready'] === true) ready++;
      continue;
    }
    const waits = textOf(waiting?.['reason']);
    let reason = `${index}/${specs.length}`;
    if (terminated !== undefined) reason = endReason(terminated);
    else if (waits !== '' && waits !== 'PodInitializing') reason = waits;
    return { all, sidecars: ofSidecars, ready, reason: `Init:${reason}` };
  }
  return { all, sidecars: ofSidecars, ready, reason: undefined };
}

/** Goes through the containers from the last to the first: the first one's state wins. */
function run(statuses: readonly Fields[], before: Tally, otherwise: string): Running {
  let tally = before;
  let ready = 0;
  let reason = otherwise;
  for (const status of statuses.toReversed()) {
    tally = counted(tally, status);
    const { waiting, terminated, running } = statesOf(status);
    const waits = textOf(waiting?.['reason']);
    if (waits !== '') reason = waits;
    else if (terminated !== undefined) reason = endReason(terminated);
    else if (running !== undefined && status['ready'] === true) ready++;
  }
  return { tally, ready, reason };
}

/** One container is done: what the others do says more. */
function completedReason(status: Fields, conditions: readonly Fields[]): string {
  const states = itemsOf(status['containerStatuses']).map((one) => ({ one, ...statesOf(one) }));
  const runs = states.some(({ one, waiting, terminated, running }) => {
    const ended = textOf(waiting?.['reason']) !== '' || terminated !== undefined;
    return !ended && running !== undefined && one['ready'] === true;
  });
  if (runs && holds(conditions, 'Ready')) return 'Running';
  const failed = states.find(
    ({ waiting, terminated }) =>
      textOf(waiting?.['reason']) === '' && numberOf(terminated?.['exitCode']) !== 0,
  );
  if (failed?.terminated !== undefined) return endReason(failed.terminated);
  return runs ? 'NotReady' : 'Completed';
}

function deletedReason(status: Fields, reason: string): string {
  if (status['reason'] === 'NodeLost') return 'Unknown';
  return status['phase'] === 'Succeeded' || status['phase'] === 'Failed' ? reason : 'Terminating';
}

function endReason(terminated: Fields): string {
  const reason = textOf(terminated['reason']);
  if (reason !== '') return reason;
  const signal = numberOf(terminated['signal']);
  return signal === 0 ? `ExitCode:${numberOf(terminated['exitCode'])}` : `Signal:${signal}`;
}

function counted(tally: Tally, status: Fields): Tally {
  const finished = textOf(fieldsOf(fieldsOf(status['lastState'])['terminated'])['finishedAt']);
  const later = finished !== '' && !(Date.parse(finished) <= Date.parse(tally.lastRestart));
  return {
    restarts: tally.restarts + numberOf(status['restartCount']),
    lastRestart: later ? finished : tally.lastRestart,
  };
}

function restartsText({ restarts, lastRestart }: Tally, nowMs: number): string {
  return restarts === 0 || lastRestart === ''
    ? `${restarts}`
    : `${restarts} (${ageOf(lastRestart, nowMs)} ago)`;
}

function gatesText(gates: readonly Fields[], conditions: readonly Fields[]): string {
  if (gates.length === 0) return '<none>';
  const met = gates.filter(({ conditionType }) => holds(conditions, textOf(conditionType)));
  return `${met.length}/${gates.length}`;
}

interface States {
  readonly waiting: Fields | undefined;
  readonly running: Fields | undefined;
  readonly terminated: Fields | undefined;
}

function statesOf(status: Fields): States {
  const { waiting, running, terminated } = fieldsOf(status['state']);
  return { waiting: present(waiting), running: present(running), terminated: present(terminated) };
}

function present(value: unknown): Fields | undefined {
  return value === undefined || value === null ? undefined : fieldsOf(value);
}

function holds(conditions: readonly Fields[], type: string): boolean {
  return conditions.find((one) => one['type'] === type)?.['status'] === 'True';
}

function isSidecar({ restartPolicy }: Fields): boolean {
  return restartPolicy === 'Always';
}
