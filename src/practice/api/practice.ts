// TABLE OF CONTENTS of the practice API server: a memory with what every cluster has from the start, the life in it (controllers and the node),
// the API, and a port. Everything that the parts need of one another is joined here and nowhere else.

import { setMaxListeners } from 'node:events';
import { afterDelay, type SetTimer } from '../../delay.ts';
import { hostPort } from '../../hostport.ts';
import type { UserInfo } from '../../kube/userinfo.ts';
import { createAuthorizer } from '../access/authorizer.ts';
import { bootstrapObjects } from '../access/bootstrap.ts';
import { confirmNoEscalation } from '../access/escalation.ts';
import { answerReview } from '../access/reviews.ts';
import { startLifecycle } from '../lifecycle/lifecycle.ts';
import { createMachine } from '../machine/create.ts';
import type { Machine, MachineSpec } from '../machine/machine.ts';
import { createStore, formatTime } from '../objects/memory.ts';
import type { KubeObject } from '../objects/object.ts';
import { apiVersionOf, RESOURCES, type Resource } from '../objects/resources.ts';
import type { Store } from '../objects/store.ts';
import { serverSideApply } from '../patch/apply.ts';
import { applyPatch } from '../patch/patch.ts';
import { trackUpdate } from '../patch/trackupdate.ts';
import { renderTable } from '../print/table.ts';
import { withDefaults } from '../schema/defaults.ts';
import { createOpenApi } from '../schema/openapi.ts';
import { SCHEMA } from '../schema/schema.ts';
import { checkFields } from '../schema/validate.ts';
import { decodeProtobufObject } from '../schema/wiredecode.ts';
import { servePortForward } from '../stream/portforward.ts';
import { serveRemoteCommand } from '../stream/remotecommand.ts';
import { listen, type Tls } from './listener.ts';
import type { Parts } from './parts.ts';
import { SERVER_VERSION } from './plain.ts';
import { type RequestFacts, serveRequest, serveUpgrade } from './serve.ts';

/** What the practice server is started with. */
export interface PracticeOptions {
  /** Certificate and key of the server, PEM. */
  readonly tls: Tls;
  /** PEM: the authority that pods find in their root certificates. */
  readonly rootCertificate: string;
  /** Who each bearer token stands for. */
  readonly tokens: ReadonlyMap<string, UserInfo>;
  /** Where to listen. Default 127.0.0.1 and any port that is free. */
  readonly address?: { readonly host: string; readonly port: number };
  /** What is there from the start beside namespaces and the roles that every cluster has. */
  readonly objects?: readonly KubeObject[];
  /** What containers are made of; by default the machines of src/practice/machine. */
  readonly createMachine?: (spec: MachineSpec) => Machine;
  /** ms since the epoch. */
  readonly now: () => number;
  /** A UUID v4 each. */
  readonly newUid: () => string;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly setTimer?: SetTimer;
  /** Told of each request when it is over. */
  readonly onRequest?: (facts: RequestFacts) => void;
  /** Told of what went wrong inside. */
  readonly onError?: (error: unknown, what: string) => void;
}

/** A practice server that listens. */
export interface PracticeServer {
  /** https://HOST:PORT */
  readonly url: string;
  readonly store: Store;
  /** TCP connections that are open now. */
  readonly connections: () => number;
  /** Ends every watch, session, machine and connection. */
  readonly stop: () => Promise<void>;
}

const NAMESPACES = ['default', 'kube-public', 'kube-system'] as const;

/** Starts a practice server. @throws when the address cannot be had. */
export async function startPracticeServer(options: PracticeOptions): Promise<PracticeServer> {
  const { now, newUid, random, onError = () => {} } = options;
  const store = createStore({ now, newUid });
  const started = [...NAMESPACES.map(namespace), ...bootstrapObjects(), ...(options.objects ?? [])];
  for (const object of started) store.create(resourceOf(object), complete(object));
  const delay = (ms: number, signal: AbortSignal) => wait(ms, signal, options.setTimer);
  const lifecycle = startLifecycle({
    store,
    now,
    random,
    createMachine: options.createMachine ?? ((spec) => createMachine(spec, { now, delay })),
    delay,
    rootCertificate: options.rootCertificate,
    admitPod: withDefaults,
    onError,
  });
  const parts = joinParts(options, store, lifecycle);
  const stopping = new AbortController();
  const serving = { parts, onRequest: options.onRequest ?? (() => {}), stopping: stopping.signal };
  // Each open watch listens to it.
  setMaxListeners(0, stopping.signal);
  const listener = await listen(options.tls, options.address ?? { host: '127.0.0.1', port: 0 }, {
    onRequest: (request, response) => {
      serveRequest(serving, request, response).catch((error) => onError(error, 'a request'));
    },
    onUpgrade: (request, socket, head) => serveUpgrade(serving, request, socket, head),
  });
  const { address, port } = listener.address;
  return {
    url: `https://${hostPort(address, port)}`,
    store,
    connections: listener.connections,
    stop: async () => {
      stopping.abort();
      await lifecycle.stop();
      await listener.stop();
    },
  };
}

function joinParts(
  options: PracticeOptions,
  store: Store,
  { machineOf, previousLogLines }: Pick<Parts, 'machineOf' | 'previousLogLines'>,
): Parts {
  const { now, newUid, tokens } = options;
  const authorizer = createAuthorizer(store);
  return {
    ...{ store, now, newUid, tokens, authorizer, machineOf, previousLogLines },
    setTimer: options.setTimer,
    reviewSelf: (resource, body, user) =>
      answerReview({ resource, body, user, authorizer, nowIso: formatTime(now()) }),
    confirmWrite: (write) => confirmNoEscalation({ store, authorizer, ...write }),
    schema: SCHEMA,
    decodeProtobuf: decodeProtobufObject,
    openApi: createOpenApi(SERVER_VERSION),
    ...{ checkFields, withDefaults, applyPatch, serverSideApply, trackUpdate, renderTable },
    serveRemoteCommand: (upgrade, wanted, run) => serveRemoteCommand(upgrade, wanted, run, options.setTimer),
    servePortForward: (upgrade, connect) => servePortForward(upgrade, connect, options.setTimer),
  };
}

function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** What a create by way of the API would have added. */
function complete(object: KubeObject): KubeObject {
  const filled = withDefaults(object);
  if (filled.kind !== 'Namespace') return filled;
  const { metadata } = filled;
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
  const spec = { finalizers: ['kubernetes'] };
  return { ...filled, metadata: { ...metadata, labels }, spec, status: { phase: 'Active' } };
}

function resourceOf({ apiVersion, kind }: KubeObject): Resource {
  const found = RESOURCES.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
  if (found === undefined) throw new TypeError(`the practice server has no ${apiVersion} ${kind}`);
  return found;
}

function wait(ms: number, signal: AbortSignal, setTimer: SetTimer | undefined): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = afterDelay(ms, done, setTimer);
    signal.addEventListener('abort', done);
  });
}
