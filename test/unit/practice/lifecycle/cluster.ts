// A practice cluster for tests: the real store and the real controllers, on time that stands still until a test moves it, with machines
// that do what the test tells them to.

import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type Lifecycle,
  type LifecycleOptions,
  startLifecycle,
} from '../../../../src/practice/lifecycle/lifecycle.ts';
import type {
  CommandOutcome,
  LogLine,
  Machine,
  MachineSpec,
} from '../../../../src/practice/machine/machine.ts';
import { createStore } from '../../../../src/practice/objects/memory.ts';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { apiVersionOf, RESOURCES } from '../../../../src/practice/objects/resources.ts';
import type { Store, StoreEvent, StoreKey } from '../../../../src/practice/objects/store.ts';

/** 2026-01-02T03:04:05Z. */
export const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A machine that a test ends. */
export interface FakeMachine extends Machine {
  readonly spec: MachineSpec;
  readonly end: (outcome: CommandOutcome) => void;
  readonly stops: number[];
  readonly ports: Set<number>;
  readonly log: LogLine[];
  exec: Machine['exec'];
  stop: Machine['stop'];
  /** false: it does not end when it is told to, but by being killed. */
  obedient: boolean;
}

export interface Cluster {
  readonly store: Store;
  readonly lifecycle: Lifecycle;
  /** In the order in which they were made. */
  readonly machines: FakeMachine[];
  readonly problems: string[];
  readonly now: () => number;
  /** Delays that wait. */
  readonly waiting: () => number;
  /** Lets everything happen that happens without time passing. */
  readonly settle: () => Promise<void>;
  /** Lets time pass, a due delay at a time. */
  readonly pass: (ms: number) => Promise<void>;
  readonly key: (resource: string) => StoreKey;
  /** Stores a new object of a resource, in the namespace `default` unless it says otherwise. */
  readonly create: (resource: string, object: object) => KubeObject;
  /** Reads an object; throws when it is not there. */
  readonly read: (resource: string, name: string, namespace?: string) => Deep;
  readonly change: (resource: string, name: string, change: (object: Deep) => object) => void;
  readonly names: (resource: string, namespace?: string) => string[];
  /** `reason: message` of all events, in their order. */
  readonly events: () => string[];
  /** What a watch of a resource was told from now on. */
  readonly follow: (resource: string) => StoreEvent[];
}

/** JSON that a test looks into. */
// biome-ignore lint/suspicious/noExplicitAny: what a test reads, it asserts.
export type Deep = any;

/** Starts a cluster with the namespace `default`; it ends with the test. */
export async function startCluster(
  t: { readonly teardown: (act: () => Promise<void>) => void },
  options: Partial<LifecycleOptions> & { readonly startMachine?: (machine: FakeMachine) => void } = {},
): Promise<Cluster> {
  let nowMs = START_MS;
  let uid = 0;
  let seed = 1;
  let timers: { readonly at: number; readonly resolve: () => void }[] = [];
  const now = () => nowMs;
  const machines: FakeMachine[] = [];
  const problems: string[] = [];
  const store = options.store ?? createStore({ now, newUid: () => `uid-${++uid}` });
  const key = (resource: string): StoreKey => {
    const found = RESOURCES.find((one) => one.resource === resource && one.group !== 'events.k8s.io');
    if (found === undefined) throw new TypeError(`no resource ${resource}`);
    return found;
  };
  const create = (resource: string, object: object): KubeObject => {
    const found = RESOURCES.find((one) => one.resource === resource);
    if (found === undefined) throw new TypeError(`no resource ${resource}`);
    const { metadata, ...rest } = object as Deep;
    const namespace = found.namespaced ? { namespace: 'default' } : {};
    return store.create(key(resource), {
      apiVersion: apiVersionOf(found),
      kind: found.kind,
      ...rest,
      metadata: { generation: 1, ...namespace, ...metadata },
    });
  };
  const lifecycle = startLifecycle({
    now,
    store,
    random: () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    },
    delay: (ms, signal) => {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = { at: nowMs + ms, resolve };
        timers.push(timer);
        signal.addEventListener('abort', () => {
          timers = timers.filter((other) => other !== timer);
          resolve();
        });
      });
    },
    rootCertificate: 'ROOT',
    onError: (error, what) =>
      void problems.push(`${what}: ${error instanceof Error ? error.message : error}`),
    createMachine: (spec) => {
      const machine = makeMachine(spec, now);
      machines.push(machine);
      options.startMachine?.(machine);
      return machine;
    },
    ...options,
  });
  t.teardown(() => lifecycle.stop());

  async function settle(): Promise<void> {
    // Until nothing has been written for some turns of the event loop.
    for (let quiet = 0, rounds = 0; quiet < 6; rounds++) {
      if (rounds > 2000) throw new Error('the cluster never comes to rest');
      const before = store.resourceVersion();
      await turn();
      quiet = store.resourceVersion() === before ? quiet + 1 : 0;
    }
  }

  async function pass(ms: number): Promise<void> {
    const end = nowMs + ms;
    await settle();
    for (;;) {
      const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      timers = timers.filter((other) => other !== next);
      nowMs = Math.max(nowMs, next.at);
      next.resolve();
      await settle();
    }
    nowMs = end;
  }

  const read = (resource: string, name: string, namespace = 'default'): Deep => {
    const home = resource === 'namespaces' ? '' : namespace;
    const object = store.get(key(resource), home, name);
    if (object === undefined) throw new Error(`${resource} ${namespace}/${name} is not there`);
    return object;
  };
  create('namespaces', { metadata: { name: 'default' } });
  await settle();
  return {
    ...{ store, lifecycle, machines, problems, now, settle, pass, key, create, read },
    waiting: () => timers.length,
    change: (resource, name, change) =>
      void store.update(key(resource), change(read(resource, name)) as KubeObject),
    names: (resource, namespace = 'default') =>
      store.list(key(resource), namespace).map(({ metadata }) => metadata.name),
    events: () =>
      [...(store.list(key('events'), '') as Deep[])]
        .sort(
          (a, b) =>
            a.metadata.uid.length - b.metadata.uid.length || (a.metadata.uid < b.metadata.uid ? -1 : 1),
        )
        .map(({ reason, message }) => `${reason}: ${message}`),
    follow: (resource) => {
      const told: StoreEvent[] = [];
      store.watch(key(resource), '', store.resourceVersion(), (event) => told.push(event));
      return told;
    },
  };
}

function makeMachine(spec: MachineSpec, now: () => number): FakeMachine {
  const { promise, resolve } = Promise.withResolvers<CommandOutcome>();
  const machine: FakeMachine = {
    spec,
    end: resolve,
    stops: [],
    ports: new Set(),
    log: [{ timeMs: now(), text: 'started' }],
    obedient: true,
    exec: async () => ({ exitCode: 0 }),
    attach: async () => ({ exitCode: 0 }),
    logLines: () => machine.log,
    onLogLine: () => () => {},
    connect: (port) =>
      machine.ports.has(port) ? new Duplex({ read() {}, write: (_c, _e, done) => done() }) : undefined,
    exited: promise,
    stop: async (graceMs) => {
      machine.stops.push(graceMs);
      if (machine.obedient || graceMs === 0) resolve({ exitCode: graceMs === 0 ? 137 : 143 });
      await promise;
    },
  };
  return machine;
}

/** A pod with one container. */
export function podOf(name: string, container: object = {}, spec: object = {}): Deep {
  return {
    metadata: { name },
    spec: { containers: [{ name: 'app', image: 'nginx', ...container }], ...spec },
  };
}

/** A deployment of `web`. */
export function deploymentOf(replicas: number, spec: object = {}, image = 'nginx:1'): Deep {
  const labels = { app: 'web' };
  return {
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } },
      ...spec,
    },
  };
}
