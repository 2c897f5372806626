// A whole gate for flow tests: real listeners on free ports, a real issuer, a configuration file in a directory of its own, and fake
// upstreams behind it. Everything ends with the test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { StsRoute } from '../../src/authn/aws/sts.ts';
import type { DocumentFetcher } from '../../src/authn/fetch.ts';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';
import type { SetTimer } from '../../src/delay.ts';
import { type RunningGate, runGateway } from '../../src/run.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import type { FakeUpstream } from './upstream.ts';

export interface TestGateOptions {
  readonly upstreams: readonly {
    readonly name: string;
    readonly upstream: Pick<FakeUpstream, 'port' | 'ca'>;
    readonly match?: object;
    readonly user?: object;
    /** Merged over the cluster's entry: identity, impersonation. */
    readonly cluster?: Readonly<Record<string, unknown>>;
    /** Path that the kubeconfig's server URL ends in. Default ''. */
    readonly basePath?: string;
  }[];
  /** Merged over the configuration's top level. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly listen?: Readonly<Record<string, unknown>>;
  readonly jwt?: Readonly<Record<string, unknown>>;
  /** Beside `jwt`. */
  readonly authentication?: Readonly<Record<string, unknown>>;
  /** Lays further files into the directory before the gate starts. */
  readonly before?: (dir: string) => Promise<void> | void;
  readonly now?: () => number;
  /** The STS of authentication.awsIAM. */
  readonly stsRoute?: StsRoute;
  /** How long an upstream may take to answer a question of the gate's own. Default 5 s. ms */
  readonly reviewTimeoutMs?: number;
  readonly issuer?: Issuer;
  /** What lets time go by between looks at open sessions of service accounts. */
  readonly setRoundTimer?: SetTimer;
  /** Where issuers' documents come from; default is over TLS. */
  readonly fetcher?: DocumentFetcher;
}

/** How a test's connection differs from kubectl's for upgrades. */
export interface ConnectOptions {
  readonly ALPNProtocols?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly session?: Buffer;
  /** Where it comes from; default 127.0.0.1. */
  readonly localAddress?: string;
}

export interface TestGate {
  readonly gate: RunningGate;
  readonly port: number;
  readonly ca: CertificateAuthority;
  readonly issuer: Issuer;
  readonly dir: string;
  readonly file: string;
  /** Every log line so far, raw. */
  readonly log: string[];
  /** Resolves with the first log line, old or new, that fits. */
  readonly logged: (fits: (line: Record<string, unknown>) => boolean) => Promise<Record<string, unknown>>;
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** A TLS connection to the gate without ALPN, as kubectl's upgrades open it. */
  connect(options?: ConnectOptions): Promise<TLSSocket>;
  metric(line: string): Promise<number>;
  readonly config: Record<string, unknown>;
  writeConfig(config: unknown): void;
  stop(): Promise<void>;
}

/** Starts a gate; call `stop` at the end of the test. */
export async function startTestGate(options: TestGateOptions): Promise<TestGate> {
  const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const ca = await makeCA('gate CA');
  const serving = await ca.issue({
    commonName: 'postern',
    dnsNames: ['localhost', 'other.example'],
    ipAddresses: ['127.0.0.1'],
  });
  writeFileSync(join(dir, 'tls.crt'), serving.certPem);
  writeFileSync(join(dir, 'tls.key'), serving.keyPem);
  const issuer = options.issuer ?? (await startIssuer());
  for (const { name, upstream, user, basePath = '' } of options.upstreams) {
    const server = `https://127.0.0.1:${upstream.port}${basePath}`;
    writeFileSync(join(dir, `${name}.kubeconfig`), kubeconfig(server, upstream.ca.certPem, user));
  }
  await options.before?.(dir);
  const config: Record<string, unknown> = {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    listen: { address: '127.0.0.1:0', tls: { certFile: 'tls.crt', keyFile: 'tls.key' }, ...options.listen },
    ops: { address: '127.0.0.1:0' },
    clusters: options.upstreams.map(({ name, match, cluster }) => ({
      name,
      kubeconfig: `${name}.kubeconfig`,
      ...(match === undefined ? {} : { match }),
      ...cluster,
    })),
    authentication: { jwt: [jwtEntry(issuer, options.jwt)], ...options.authentication },
    ...options.config,
  };
  const file = join(dir, 'postern.yaml');
  const writeConfig = (next: unknown) => writeFileSync(file, JSON.stringify(next, null, 2));
  writeConfig(config);
  const lines = collectLines();
  const gate = await runGateway({
    file,
    version: '0.0.0-test',
    env: {},
    logStream: lines.stream,
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(options.setRoundTimer === undefined ? {} : { setRoundTimer: options.setRoundTimer }),
    ...(options.fetcher === undefined ? {} : { fetcher: options.fetcher }),
    ...(options.reviewTimeoutMs === undefined ? {} : { reviewTimeoutMs: options.reviewTimeoutMs }),
    ...(options.stsRoute === undefined ? {} : { stsRoute: options.stsRoute }),
  });
  const port = Number(new URL(gate.url).port);
  return {
    gate,
    port,
    ca,
    issuer,
    dir,
    file,
    config,
    writeConfig,
    log: lines.all,
    logged: lines.find,
    token: (claims = {}) =>
      issuer.sign({ sub: 'alice-id', email: 'alice@example.com', groups: ['engineers'], ...claims }),
    connect: (more = {}) => open(port, ca.certPem, more),
    metric: (line) => readMetric(gate.opsUrl, line),
    stop: async () => {
      await gate.stop();
      if (options.issuer === undefined) await issuer.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The entry that trusts `issuer`, with the mappings that most tests use. */
export function jwtEntry(issuer: Issuer, more: Readonly<Record<string, unknown>> = {}): object {
  return {
    issuer: { url: issuer.url, audiences: ['postern'], certificateAuthority: issuer.caPem },
    claimMappings: {
      username: { claim: 'email', prefix: '' },
      groups: { claim: 'groups', prefix: '' },
      uid: { claim: 'sub' },
    },
    ...more,
  };
}

function kubeconfig(server: string, caPem: string, user: object = { token: 'gate-own-token' }): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server,
          'certificate-authority-data': Buffer.from(caPem).toString('base64'),
        },
      },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

function open(port: number, ca: string, { localAddress, ...more }: ConnectOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Put over a TCP socket of its own, so that tests can reset it.
    const socket = tlsConnect({
      socket: tcpConnect({
        ...{ port, host: '127.0.0.1' },
        ...(localAddress === undefined ? {} : { localAddress }),
      }),
      host: '127.0.0.1',
      ca,
      ...more,
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      socket.allowHalfOpen = true;
      resolve(socket);
    });
  });
}

async function readMetric(opsUrl: string, line: string): Promise<number> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return found === undefined ? 0 : Number(found.slice(line.length + 1));
}

function collectLines() {
  const all: string[] = [];
  let waiting: {
    fits: (line: Record<string, unknown>) => boolean;
    resolve: (line: Record<string, unknown>) => void;
  }[] = [];
  return {
    all,
    stream: {
      write(text: string) {
        all.push(text);
        const line = JSON.parse(text) as Record<string, unknown>;
        for (const one of waiting) if (one.fits(line)) one.resolve(line);
        waiting = waiting.filter(({ fits }) => !fits(line));
      },
    },
    find(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
      for (const text of all) {
        const line = JSON.parse(text) as Record<string, unknown>;
        if (fits(line)) return Promise.resolve(line);
      }
      return new Promise((resolve) => waiting.push({ fits, resolve }));
    },
  };
}
