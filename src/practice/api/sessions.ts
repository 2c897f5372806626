// exec, attach and port-forward: what has to be true before a connection is upgraded, and the machine that is then joined to it. The wire
// protocols are stream's business.

import { queryValue } from '../../kube/requestinfo.ts';
import { ApiFailure, badRequest, type FailureCause, invalid, methodNotAllowed } from '../objects/failure.ts';
import type { KubeObject } from '../objects/object.ts';
import { findResource, type Resource } from '../objects/resources.ts';
import { demand } from './authorize.ts';
import { type Call, flag, query } from './call.ts';
import { chooseContainer, demandHost, isRunning, notRunning } from './containers.ts';
import type { Parts, Upgrade, WantedStreams } from './parts.ts';
import { findNamed } from './scope.ts';

const SUBRESOURCES: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);

/** 400: what the API server says to an exec without an upgrade. */
export function upgradeRequired(): ApiFailure {
  return badRequest('Upgrade request required');
}

/** Joins an upgraded connection to its pod. @throws ApiFailure for everything that is in the way; then nothing was written. */
export function serveSession(parts: Parts, call: Call, upgrade: Upgrade): void {
  const { info } = call;
  const resource = findResource(info.apiGroup, info.apiVersion, info.resource);
  if (resource?.kind !== 'Pod' || !SUBRESOURCES.has(info.subresource)) {
    throw badRequest('this request cannot be upgraded');
  }
  if (info.verb !== 'get' && info.verb !== 'create') throw methodNotAllowed();
  // Since 1.35 a WebSocket, which is a GET, needs the right to create too.
  if (info.verb === 'get') demand(parts.authorizer, call.user, { ...info, verb: 'create' });
  const pod = checkSession(parts, call, resource);
  const uid = pod.metadata.uid ?? '';
  if (info.subresource === 'portforward') {
    const running = containerNames(pod).filter((name) => isRunning(pod, name));
    const connect = (port: number) => {
      for (const name of running) {
        const connection = parts.machineOf(uid, name)?.connect(port);
        if (connection !== undefined) return connection;
      }
      return undefined;
    };
    if (running.length === 0) {
      const why = `unable to forward port because pod is not running. Current status=${phaseOf(pod)}`;
      throw new ApiFailure(500, 'InternalError', why);
    }
    parts.servePortForward(upgrade, connect);
    return;
  }
  const container = chooseContainer(pod, query(call, 'container'));
  const machine = parts.machineOf(uid, container);
  if (machine === undefined || !isRunning(pod, container)) throw notRunning(pod, container);
  const wanted = wantedStreams(call);
  const command = queryValues(call.target.rawQuery, 'command');
  parts.serveRemoteCommand(upgrade, wanted, (streams) =>
    info.subresource === 'exec' ? machine.exec(command, wanted.tty, streams) : machine.attach(streams),
  );
}

/** The pod, when its options are right and it is where it can be reached. @throws ApiFailure 400, 404, 422. */
export function checkSession(parts: Parts, call: Call, resource: Resource): KubeObject {
  const pod = findNamed(parts.store, call, resource);
  const { subresource } = call.info;
  if (subresource !== 'portforward') {
    checkStreams(call);
    chooseContainer(pod, query(call, 'container'));
  }
  demandHost(pod);
  const phase = phaseOf(pod);
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw new ApiFailure(
      500,
      'InternalError',
      `Internal error occurred: cannot ${subresource} in a completed pod; current phase is ${phase}`,
    );
  }
  return pod;
}

function checkStreams(call: Call): void {
  const kind = call.info.subresource === 'exec' ? 'PodExecOptions' : 'PodAttachOptions';
  const { stdin, stdout, stderr, tty } = wantedStreams(call);
  const causes: FailureCause[] = [];
  if (!stdin && !stdout && !stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  if (tty && flag(call, 'stderr')) throw badRequest('tty and stderr cannot both be true');
  if (kind === 'PodExecOptions' && queryValues(call.target.rawQuery, 'command').length === 0) {
    causes.push({ reason: 'FieldValueRequired', message: 'Required value', field: 'command' });
  }
  if (causes.length > 0) throw invalid(kind, '', call.info.name, causes);
}

function wantedStreams(call: Call): WantedStreams {
  return {
    stdin: flag(call, 'stdin'),
    stdout: flag(call, 'stdout'),
    stderr: flag(call, 'stderr'),
    tty: flag(call, 'tty'),
  };
}

/** Every value of a query parameter, in order. */
function queryValues(rawQuery: string, name: string): string[] {
  return rawQuery.split('&').flatMap((pair) => {
    const value = queryValue(pair, name);
    return value === undefined ? [] : [value];
  });
}

function phaseOf(pod: KubeObject): string {
  return (pod['status'] as { phase?: string } | undefined)?.phase ?? '';
}

function containerNames(pod: KubeObject): string[] {
  const spec = pod['spec'] as { containers?: readonly { name: string }[] } | undefined;
  return (spec?.containers ?? []).map(({ name }) => name);
}
