// What people do with kubectl that is plain HTTP: one answer a request.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case, Seen, Side } from './compare.ts';

const TARGET = 'target';

/** The pod that all sides read, and the deployment. */
export const SHARED = { pod: TARGET, deployment: 'web' } as const;

/** The cases. */
export const REST_CASES: readonly Case[] = [
  simple('get: a table', ['get', 'pods', TARGET], /NAME +READY +STATUS.*\ntarget +3\/3 +Running/, true),
  simple('get -o yaml', ['get', 'pod', TARGET, '-o', 'yaml'], /kind: Pod/),
  simple('get -o json', ['get', 'pod', TARGET, '-o', 'json'], /"kind": "Pod"/),
  simple('logs', ['logs', TARGET, '-c', 'serve'], 'serving\n', true),
  simple('auth can-i', ['auth', 'can-i', 'create', 'pods/exec'], 'yes\n'),
  simple('explain', ['explain', 'pod.spec.containers.image'], /image/),
  simple('api-resources', ['api-resources', '--api-group=apps'], /deployments/),
  simple('wait', ['wait', '--for=condition=Ready', `pod/${TARGET}`, '--timeout=30s'], /condition met/),
  simple(
    'rollout status',
    ['rollout', 'status', `deployment/${SHARED.deployment}`],
    /successfully rolled out/,
  ),
  simple('cluster-info', ['cluster-info'], /is running at/),
  simple('get --raw /healthz', ['get', '--raw', '/healthz'], 'ok'),
  simple('get --raw of a pod through the API', ['get', '--raw', proxyPath(TARGET, 8081)], 'page a\n'),
  {
    ...simple('not found', ['get', 'pod', 'nobody'], ''),
    expected: { code: 1, stderr: /NotFound.*"nobody" not found/ },
  },
  { name: 'auth whoami', from: 28, act: whoami, expected: { code: 0, itself: true } },
  { name: 'apply: create, change, nothing to do', core: true, act: apply, expected: { codes: [0, 0, 0, 0] } },
  { name: 'apply on the server', from: 28, act: applyOnServer, expected: { codes: [0, 0, 0] } },
  { name: 'create, label, patch, delete', act: write, expected: { codes: [0, 0, 0, 0, 0] } },
  { name: 'delete waits for the end', act: deleteAndWait, expected: { codes: [0, 0, 1] } },
];

function simple(name: string, args: readonly string[], stdout: string | RegExp, core = false): Case {
  return {
    name,
    core,
    act: async (side) => ({ ...(await side.run(args)) }),
    expected: { code: 0, stdout },
  };
}

function proxyPath(pod: string, port: number): string {
  return `/api/v1/namespaces/e2e/pods/${pod}:${port}/proxy/`;
}

async function whoami(side: Side): Promise<Seen> {
  const { code, stdout } = await side.run(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}']);
  const isAlice = stdout === 'alice@example.com';
  return { code, itself: isAlice === (side.way === 'gate') || stdout };
}

/** Runs commands one after the other and keeps what each printed. */
async function inOrder(side: Side, commands: readonly (readonly string[])[]): Promise<Seen> {
  const codes: number[] = [];
  const printed: string[] = [];
  for (const args of commands) {
    const { code, stdout, stderr } = await side.run(args);
    codes.push(code);
    printed.push(stdout + stderr);
  }
  return { codes, printed };
}

function writeConfigMap(side: Side, name: string, value: string): string {
  const file = join(side.folder, `${name}-${value}.json`);
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } };
  writeFileSync(file, JSON.stringify(object));
  return file;
}

async function apply(side: Side): Promise<Seen> {
  const name = `apply-${side.id}`;
  const [one, two] = ['one', 'two'].map((value) => writeConfigMap(side, name, value)) as [string, string];
  return await inOrder(side, [
    ['apply', '-f', one],
    ['apply', '-f', two],
    ['apply', '-f', two],
    ['delete', 'configmap', name],
  ]);
}

async function applyOnServer(side: Side): Promise<Seen> {
  const name = `server-side-${side.id}`;
  const file = writeConfigMap(side, name, 'one');
  return await inOrder(side, [
    ['apply', '--server-side', '-f', file],
    [
      'get',
      'configmap',
      name,
      '--show-managed-fields',
      '-o',
      'jsonpath={.metadata.managedFields[*].manager}',
    ],
    ['delete', 'configmap', name],
  ]);
}

async function write(side: Side): Promise<Seen> {
  const name = `written-${side.id}`;
  return await inOrder(side, [
    ['create', 'configmap', name, '--from-literal=a=1'],
    ['label', 'configmap', name, 'color=blue'],
    ['patch', 'configmap', name, '-p', '{"data":{"b":"2"}}'],
    ['get', 'configmap', name, '-o', 'jsonpath={.data}{.metadata.labels}'],
    ['delete', 'configmap', name],
  ]);
}

async function deleteAndWait(side: Side): Promise<Seen> {
  const name = `short-lived-${side.id}`;
  return await inOrder(side, [
    [
      'run',
      name,
      `--image=${side.context.image}`,
      '--restart=Never',
      '--command',
      '--',
      'sh',
      '-c',
      'trap "exit 0" TERM; sleep 60 & wait',
    ],
    ['delete', 'pod', name, '--wait'],
    ['get', 'pod', name],
  ]);
}
