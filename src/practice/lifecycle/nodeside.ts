// What the node's parts share: how machines are made, which pods run, and how the node says what it does.

import type { Machine, MachineSpec } from '../machine/machine.ts';
import type { Context } from './context.ts';
import { NODE } from './downward.ts';
import type { Pod } from './kinds.ts';
import type { ContainerRun, PodRun } from './running.ts';

/** The node. */
export interface Nodeside {
  readonly context: Context;
  readonly createMachine: (spec: MachineSpec) => Machine;
  /** By `namespace/name`. */
  readonly runs: Map<string, PodRun>;
  /** The last byte of the address given last; 0 when none was. */
  lastHost: number;
}

/** A container with the pod that it is of. */
export interface Place {
  readonly pod: Pod;
  readonly podRun: PodRun;
  readonly run: ContainerRun;
}

const GOOD_NEWS: ReadonlySet<string> = new Set(['Pulling', 'Pulled', 'Created', 'Started', 'Killing']);
const FIELDS = { init: 'initContainers', main: 'containers', ephemeral: 'ephemeralContainers' } as const;

/** Records what the kubelet did to a pod, or to one of its containers. */
export function recordPodEvent(
  { context }: Nodeside,
  { pod, run }: { readonly pod: Pod; readonly run?: ContainerRun },
  reason: string,
  message: string,
): void {
  const type =
    GOOD_NEWS.has(reason) || (reason === 'BackOff' && message.includes('pulling')) ? 'Normal' : 'Warning';
  context.record({
    object: pod,
    ...(run === undefined ? {} : { fieldPath: `spec.${FIELDS[run.role]}{${run.container.name}}` }),
    type,
    reason,
    message,
    component: 'kubelet',
    host: NODE.name,
  });
}
