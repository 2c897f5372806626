// Several replicas of one gate in front of the practice API server, which tell who is in; `postern sessions` as an operator runs it; and callers
// with an exec each.

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { CommandWorld } from '../../src/cli/io.ts';
import { runSessions } from '../../src/cli/sessions.ts';
import { startTestGate, type TestGate } from './gate.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { startTestPractice, type TestPractice } from './practice.ts';
import { binding, OBJECTS, untilPodRuns } from './practicegate.ts';

/** The namespace of the list. */
export const NAMESPACE = 'postern';

export interface Replicas {
  readonly practice: TestPractice;
  readonly issuer: Issuer;
  readonly gates: readonly TestGate[];
  /** Starts one more; `sessions` is merged over the configuration's. */
  add(sessions?: object): Promise<TestGate>;
  /** A kubeconfig for the practice API server itself. */
  kubeconfig(token: string): string;
  /** `postern sessions …` by that kubeconfig, unless the arguments say something else. */
  run(args: readonly string[], world?: Partial<CommandWorld>): Promise<Ran>;
  stop(): Promise<void>;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts `count` replicas; `sessions` is their configuration, by default a registry in Kubernetes. */
export async function startReplicas(
  count: number,
  sessions: object = { registry: { kubernetes: { namespace: NAMESPACE } } },
): Promise<Replicas> {
  const practice = await startTestPractice([
    ...OBJECTS,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...binding('roster', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }], {
      kind: 'User',
      name: 'gate',
    }),
  ]);
  await untilPodRuns(practice);
  const issuer = await startIssuer();
  const gates: TestGate[] = [];
  const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const add = async (more: object = {}) => {
    const gate = await startTestGate({
      upstreams: [{ name: 'practice', upstream: practice, user: { token: 'gate-token' } }],
      issuer,
      config: { sessions: { ...sessions, ...more } },
    });
    gates.push(gate);
    return gate;
  };
  for (let i = 0; i < count; i++) await add();
  const kubeconfig = (token: string) => {
    const file = join(dir, `${token}.kubeconfig`);
    const cluster = {
      server: practice.server.url,
      'certificate-authority-data': Buffer.from(practice.ca.certPem).toString('base64'),
    };
    const named = {
      name: 'x',
      cluster,
      user: { token: `${token}-token` },
      context: { cluster: 'x', user: 'x' },
    };
    const config = { 'current-context': 'x', clusters: [named], users: [named], contexts: [named] };
    writeFileSync(file, JSON.stringify(config));
    return file;
  };
  return {
    ...{ practice, issuer, gates, add, kubeconfig },
    run: (args, world = {}) =>
      runHere(args.includes('--redis') ? args : [...args, '--kubeconfig', kubeconfig('admin')], world),
    async stop() {
      await Promise.all(gates.map((gate) => gate.stop()));
      await issuer.close();
      await practice.stop();
      rmSync(dir, { recursive: true });
    },
  };
}

/** Runs the command in this process, with nothing in its environment. */
export async function runHere(args: readonly string[], world: Partial<CommandWorld> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const io = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: { HOME: '/nonexistent' },
    version: '0.0.0-test',
  };
  const pause = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs));
  const code = await runSessions(args, io, { now: Date.now, pause, ...world });
  return { code, out, err };
}

/** Somebody's exec. */
export interface OpenExec {
  /** What came on a channel. */
  heard(channel: number): string;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  say(text: string): void;
  until(channel: number, part: string): Promise<void>;
}

/** Opens an exec that waits, by WebSocket. */
export async function openExec(gate: TestGate, user: string): Promise<OpenExec> {
  const path = '/api/v1/namespaces/default/pods/one/exec?command=wait&container=main&stdout=true&stderr=true';
  const websocket = new WebSocket(`wss://127.0.0.1:${gate.port}${path}`, ['v5.channel.k8s.io'], {
    ca: gate.ca.certPem,
    headers: { Authorization: `Bearer ${await gate.token({ email: user })}` },
  });
  const heard: string[] = [];
  websocket.on('message', (data: Buffer) => {
    const channel = data[0] ?? 0;
    heard[channel] = (heard[channel] ?? '') + data.subarray(1).toString();
    websocket.emit('heard');
  });
  const closed = new Promise<number>((resolve) => websocket.once('close', resolve));
  await once(websocket, 'open');
  const one = {
    heard: (channel: number) => heard[channel] ?? '',
    closed,
    say: (text: string) => websocket.send(Buffer.concat([Buffer.from([0]), Buffer.from(text)])),
    async until(channel: number, part: string) {
      while (!one.heard(channel).includes(part)) await once(websocket, 'heard');
    },
  };
  await one.until(1, 'waiting\n');
  return one;
}
