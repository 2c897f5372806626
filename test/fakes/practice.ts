// The practice API server for flow tests: the real one, on a port of its own, in time that a test moves, with containers that do what the test
// tells them.

import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';
import { freezeUserInfo } from '../../src/kube/userinfo.ts';
import { type PracticeServer, startPracticeServer } from '../../src/practice/api/practice.ts';
import type { RequestFacts } from '../../src/practice/api/serve.ts';
import type {
  CommandOutcome,
  CommandStreams,
  LogLine,
  Machine,
  MachineSpec,
} from '../../src/practice/machine/machine.ts';
import type { KubeObject } from '../../src/practice/objects/object.ts';
import { type Caller, caller, type Reply, type Speech } from './caller.ts';
import { type FakeTime, makeTime } from './time.ts';

/** A container that a test speaks for. */
export interface FakeMachine extends Machine {
  readonly spec: MachineSpec;
  /** Commands that were run in it. */
  readonly ran: (readonly string[])[];
  readonly log: (text: string) => void;
  /** How many follow its log now. */
  readonly followers: () => number;
  readonly exit: (exitCode: number) => void;
}

export interface TestPractice {
  readonly port: number;
  readonly ca: CertificateAuthority;
  readonly server: PracticeServer;
  readonly time: FakeTime;
  readonly machines: readonly FakeMachine[];
  readonly requests: readonly RequestFacts[];
  /** What the server has told of as gone wrong inside. */
  readonly errors: readonly unknown[];
  /** Requests as the holder of a token: `admin` may all, `gate` may impersonate, `dev` nothing of its own. */
  readonly as: (token: string, speech?: Speech) => Person;
  /** Moves time on and lets everything happen that is due, until `done`. */
  readonly until: (done: () => boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Somebody with a token. */
export interface Person {
  readonly caller: Caller;
  readonly headers: readonly string[];
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: readonly string[],
  ) => Promise<Answered>;
  readonly get: (path: string, headers?: readonly string[]) => Promise<Answered>;
  /** Opens a watch; its documents come one by one. */
  readonly watch: (path: string, headers?: readonly string[]) => Promise<Watching>;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into JSON of every kind
export type Json = any;

export interface Answered extends Reply {
  readonly json: Json;
}

export interface Watching {
  readonly status: number;
  /** The next document; undefined when the watch has ended. */
  readonly next: () => Promise<Json | undefined>;
  readonly abort: () => void;
}

const TOKENS = new Map([
  ['admin-token', freezeUserInfo({ username: 'admin', groups: ['system:masters'] })],
  ['gate-token', freezeUserInfo({ username: 'gate', groups: ['gates'] })],
  ['dev-token', freezeUserInfo({ username: 'dev', groups: ['devs'] })],
]);

/** Starts it. Everything that is open at the end is closed by `stop`. */
export async function startTestPractice(objects: readonly KubeObject[] = []): Promise<TestPractice> {
  const ca = await makeCA('practice CA');
  const { certPem, keyPem } = await ca.issue({
    commonName: 'practice',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const time = makeTime(Math.floor(Date.now() / 1000) * 1000);
  const machines: FakeMachine[] = [];
  const requests: RequestFacts[] = [];
  const callers: Caller[] = [];
  const errors: unknown[] = [];
  let uids = 0;
  let seed = 1;
  const server = await startPracticeServer({
    tls: { cert: certPem, key: keyPem },
    rootCertificate: ca.certPem,
    tokens: TOKENS,
    objects,
    createMachine: (spec) => {
      const machine = makeMachine(spec, time);
      machines.push(machine);
      return machine;
    },
    now: time.clock.now,
    newUid: () => `00000000-0000-4000-8000-${String(++uids).padStart(12, '0')}`,
    // Another number each time, and the same ones in each run.
    random: () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
    setTimer: time.setTimer,
    onRequest: (facts) => requests.push(facts),
    onError: (error) => errors.push(error),
  });
  const port = Number(new URL(server.url).port);
  return {
    ...{ port, ca, server, time, machines, requests, errors },
    as: (token, speech = 'h2') => {
      const one = caller({ port, ca }, speech);
      callers.push(one);
      return makePerson(one, ['Authorization', `Bearer ${token}-token`]);
    },
    until: async (done) => {
      for (let turn = 0; !done(); turn++) {
        if (turn > 2000) throw new Error('it does not happen');
        time.advance(500);
        await new Promise(setImmediate);
      }
    },
    stop: async () => {
      for (const one of callers) one.close();
      await server.stop();
    },
  };
}

function makePerson(one: Caller, own: readonly string[]): Person {
  const send: Person['send'] = async (method, path, body, headers = []) => {
    const typed = headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type');
    const lines = [
      ...own,
      ...headers,
      ...(body === undefined || typed ? [] : ['Content-Type', 'application/json']),
    ];
    const bytes =
      typeof body === 'string' || Buffer.isBuffer(body)
        ? Buffer.from(body)
        : Buffer.from(JSON.stringify(body ?? null));
    const reply = await one.call({
      method,
      path,
      headers: lines,
      ...(body === undefined ? {} : { body: bytes }),
    });
    return { ...reply, json: parse(reply.body) };
  };
  return {
    caller: one,
    headers: own,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    watch: async (path, headers = []) => {
      const opened = one.open({ path, headers: [...own, ...headers], end: true });
      opened.request.on('error', () => {});
      const { status, stream } = await opened.head;
      return { status, next: readDocuments(stream), abort: opened.abort };
    },
  };
}

function parse(body: Buffer): Json {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function readDocuments(stream: Readable): () => Promise<Json | undefined> {
  async function* lines() {
    let rest = '';
    try {
      for await (const chunk of stream) {
        const parts = (rest + String(chunk)).split('\n');
        rest = parts.pop() ?? '';
        yield* parts;
      }
    } catch {
      // Broken off: there is no next one.
    }
  }
  const iterator = lines();
  return async () => {
    const { value } = await iterator.next();
    return value === undefined ? undefined : JSON.parse(value);
  };
}

function makeMachine(spec: MachineSpec, time: FakeTime): FakeMachine {
  const exited = Promise.withResolvers<CommandOutcome>();
  const lines: LogLine[] = [];
  const listeners = new Set<(line: LogLine) => void>();
  const ran: (readonly string[])[] = [];
  return {
    ...{ spec, ran, exited: exited.promise },
    log: (text) => {
      const line = { timeMs: time.clock.now(), text };
      lines.push(line);
      for (const listener of listeners) listener(line);
    },
    followers: () => listeners.size,
    exit: (exitCode) => exited.resolve({ exitCode }),
    exec: async (command, _tty, streams: CommandStreams) => {
      ran.push(command);
      if (command[0] === 'wait') return await waitForTheCaller(streams);
      if (command[0] === 'cat') return await repeatTheCaller(streams);
      streams.stdout?.end('done\n');
      streams.stderr?.end();
      return { exitCode: 3 };
    },
    attach: async () => ({ exitCode: 0 }),
    logLines: () => lines,
    onLogLine: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    connect: () => undefined,
    // Without haste it goes on until the test ends it.
    stop: async (graceMs) => {
      if (graceMs === 0) exited.resolve({ exitCode: 137 });
      await exited.promise;
    },
  };
}

/** A command that says that it runs, and goes on until its caller is gone. */
async function waitForTheCaller({ stdout, gone }: CommandStreams): Promise<CommandOutcome> {
  stdout?.write('waiting\n');
  if (!gone.aborted) await once(gone, 'abort');
  return { exitCode: 0 };
}

/** A command that says what it hears, until there is no more to hear. */
async function repeatTheCaller({ stdin, stdout, stderr }: CommandStreams): Promise<CommandOutcome> {
  for await (const chunk of stdin ?? []) stdout?.write(chunk);
  stdout?.end();
  stderr?.end();
  return { exitCode: 0 };
}

/** A pod with one container, `main`. */
export function podObject(name: string, containers: readonly string[] = ['main']): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: { containers: containers.map((one) => ({ name: one, image: 'postern.dev/practice/web:1' })) },
  };
}

/** A ConfigMap in the namespace default. */
export function configMapObject(name: string, data: Record<string, string> = {}, labels = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data };
}
