// A whole gate for flow tests: real listeners on free ports, a real issuer, a configuration file in a directory of its own, and fake
// upstreams behind it. Everything ends with the test.

import { connect as tcpConnect } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { StsRoute } from '../../src/authn/aws/sts.ts';
import type { DocumentFetcher } from '../../src/authn/fetch.ts';
import type { CertificateAuthority } from '../../src/certificates.ts';
import type { SetTimer } from '../../src/delay.ts';
import { type RunningGate, runGateway } from '../../src/run.ts';
import type { Deadlines } from '../../src/serverlimits.ts';
import { type GateFilesOptions, layGateFiles } from './gatefiles.ts';
import type { Issuer } from './issuer.ts';

export interface TestGateOptions extends GateFilesOptions {
  readonly now?: () => number;
  /** The STS of authentication.awsIAM. */
  readonly stsRoute?: StsRoute;
  /** How long an upstream may take to answer a question of the gate's own. Default 5 s. ms */
  readonly reviewTimeoutMs?: number;
  /** What lets time go by between looks at open sessions of service accounts. */
  readonly setRoundTimer?: SetTimer;
  /** How long callers may be silent. */
  readonly deadlines?: Deadlines;
  /** What lets time go by between changes of the session tickets' keys. */
  readonly setTicketTimer?: SetTimer;
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
  const { dir, ca, issuer, config, file, writeConfig, remove } = await layGateFiles(options);
  const lines = collectLines();
  const running = runGateway({
    file,
    version: '0.0.0-test',
    env: {},
    logStream: lines.stream,
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(options.setRoundTimer === undefined ? {} : { setRoundTimer: options.setRoundTimer }),
    ...(options.deadlines === undefined ? {} : { deadlines: options.deadlines }),
    ...(options.setTicketTimer === undefined ? {} : { setTicketTimer: options.setTicketTimer }),
    ...(options.fetcher === undefined ? {} : { fetcher: options.fetcher }),
    ...(options.reviewTimeoutMs === undefined ? {} : { reviewTimeoutMs: options.reviewTimeoutMs }),
    ...(options.stsRoute === undefined ? {} : { stsRoute: options.stsRoute }),
  });
  const gate = await running.catch(async (error: unknown) => {
    await remove();
    throw error;
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
    connect: (more = {}) => openConnection(port, ca.certPem, more),
    metric: (line) => readMetric(gate.opsUrl, line),
    stop: async () => {
      await gate.stop();
      await remove();
    },
  };
}

/** A TLS connection to a gate, without ALPN unless asked for. */
export function openConnection(
  port: number,
  ca: string,
  { localAddress, ...more }: ConnectOptions,
): Promise<TLSSocket> {
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

/** The value of one line of a gate's metrics, as `name{label="value"}`; 0 when it is not there. */
export async function readMetric(opsUrl: string, line: string): Promise<number> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return found === undefined ? 0 : Number(found.slice(line.length + 1));
}

/** A stream of log lines that a test can wait for. */
export function collectLines() {
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
