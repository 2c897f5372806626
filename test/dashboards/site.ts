// What is looked at: three gates as processes of their own (one of them with two workers) before a practice API server, an echo that upgrades,
// and an address where nobody listens; and the four ways in, with two issuers, an access proxy's and client certificates.

import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type CertificateAuthority, type CertificatePair, makeCA } from '../../src/certificates.ts';
import { type Background, startProgram } from '../e2e/background.ts';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { startTestPractice } from '../fakes/practice.ts';
import { binding, OBJECTS, untilPodRuns } from '../fakes/practicegate.ts';
import { REVIEWS_URL, reviewing } from '../fakes/reviews.ts';
import { type EchoUpstream, startEcho } from '../fakes/sessions.ts';
import type { Handler } from '../fakes/upstream.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
/** How long a gate may take to start, on a machine that does other work as well. ms */
const START_MS = 120_000;
/** How long the practice server's clock is moved on at a time. ms. */
const PRACTICE_STEP_MS = 500;
/** Assertions of the access proxy. */
export const ASSERTION = 'x-site-assertion';
/** Said in a session that the API server's side is to end. */
export const GOODBYE = 'goodbye';
export const SLOW_PATH = '/api/v1/namespaces/default/events';
export const BROKEN_PATH = '/api/v1/namespaces/default/endpoints';

/** One running gate. */
export interface SiteGate {
  readonly name: string;
  readonly process: Background;
  readonly file: string;
  /** host:port of its ops listener. */
  readonly ops: string;
  readonly port: number;
  /** As the helpers for tests take it. */
  readonly place: TestGate;
}

export interface Site {
  readonly gates: readonly SiteGate[];
  readonly staff: Issuer;
  readonly partner: Issuer;
  readonly proxy: Issuer;
  readonly echo: EchoUpstream;
  /** Certificates of callers: one that is good, one that has expired. */
  readonly good: CertificatePair;
  readonly expired: CertificatePair;
  /** Writes every gate's configuration, changed as said. Gates take it up by themselves. */
  configure(change: (config: SiteConfig) => SiteConfig): void;
}

export interface SiteConfig {
  readonly [key: string]: unknown;
  readonly authentication: { readonly jwt: readonly object[] } & Readonly<Record<string, unknown>>;
  readonly authorization: { readonly rules: readonly object[] };
}

const RULES = [
  {
    name: 'no-secrets-for-contractors',
    userGroups: ['contractors'],
    resources: [{ group: '', resources: ['secrets'] }],
    decision: 'Deny',
    message: 'Secrets are in the vault.',
  },
  {
    name: 'team-of-night-shift',
    userGroups: ['night-shift'],
    when: "claims.team == 'web'",
    decision: 'Allow',
  },
];

/** Takes what is to be done at the end, the last first: tap's `t.teardown`. */
export type AtEnd = (close: () => unknown) => void;

/** Where the replicas tell who is in. */
const ROSTER = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'postern' } },
  ...binding('roster', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }], {
    kind: 'User',
    name: 'gate',
  }),
];

/** Starts all of it; resolves when the gates serve. */
export async function startSite(names: readonly string[], atEnd: AtEnd): Promise<Site> {
  const [clients, echo, staff, partner, proxy] = await Promise.all([
    makeCA('clients'),
    startEcho({ handler: answerAsTheApiServer(), onTunnel: endAfterGoodbye }),
    startIssuer(),
    startIssuer(),
    startIssuer(),
  ]);
  for (const issuer of [staff, partner, proxy]) atEnd(issuer.close);
  atEnd(echo.close);
  const practice = await startTestPractice([...OBJECTS, ...ROSTER]);
  atEnd(practice.stop);
  await untilPodRuns(practice);
  const upstreams = [{ name: 'practice', upstream: practice, user: { token: 'gate-token' } }];
  const gate = await startTestGate({ upstreams, issuer: staff });
  atEnd(gate.stop);
  // It has laid out the folder; the gates that are looked at run on their own.
  await gate.gate.stop();
  const beat = setInterval(() => practice.time.advance(PRACTICE_STEP_MS), PRACTICE_STEP_MS);
  atEnd(() => clearInterval(beat));
  writeFileSync(join(gate.dir, 'clients.crt'), clients.certPem);
  const own = await echo.ca.issue({ commonName: 'gate', client: true });
  writeFileSync(
    join(gate.dir, 'echo.kubeconfig'),
    kubeconfig(`https://127.0.0.1:${echo.port}`, echo.ca, own),
  );
  writeFileSync(join(gate.dir, 'lost.kubeconfig'), kubeconfig('https://127.0.0.1:9', echo.ca));
  const config = siteConfig(gate, proxy);
  const files = names.map((name) => join(gate.dir, `${name}.yaml`));
  const configure: Site['configure'] = (change) => {
    for (const file of files) writeFileSync(file, JSON.stringify(change(config), null, 2));
  };
  configure((one) => one);
  const gates = await Promise.all(
    names.map((name, index) =>
      startGate({ name, file: files[index] ?? '', hasWorkers: index === 0 }, gate, atEnd),
    ),
  );
  return { ...{ gates, staff, partner, proxy, echo, configure }, ...(await callers(clients)) };
}

async function callers(clients: CertificateAuthority) {
  const [good, expired] = await Promise.all([
    clients.issue({ commonName: 'robot', organizations: ['engineers'], client: true }),
    clients.issue({
      commonName: 'old-robot',
      client: true,
      notBefore: new Date(Date.now() - 7_200_000),
      notAfter: new Date(Date.now() - 3_600_000),
    }),
  ]);
  return { good, expired };
}

function siteConfig({ config, issuer }: TestGate, proxy: Issuer): SiteConfig {
  const [practice] = config['clusters'] as object[];
  return {
    ...config,
    listen: {
      ...(config['listen'] as object),
      clientCAFile: 'clients.crt',
      trustedProxies: ['127.0.0.0/8'],
    },
    clusters: [
      practice,
      {
        name: 'echo',
        kubeconfig: 'echo.kubeconfig',
        match: { pathPrefix: '/clusters/echo' },
        impersonation: 'Check',
        gateUser: 'system:postern',
      },
      { name: 'lost', kubeconfig: 'lost.kubeconfig', match: { pathPrefix: '/clusters/lost' } },
    ],
    authentication: {
      jwt: [jwtEntry(issuer), jwtEntry(proxy, { source: { header: ASSERTION } })],
      clientCertificates: { enabled: true },
    },
    authorization: { rules: RULES },
    sessions: { drainTimeout: '6s', registry: { kubernetes: { namespace: 'postern', cluster: 'practice' } } },
  };
}

/** The API server's side ends a session whose caller says so. */
function endAfterGoodbye(tunnel: Socket): void {
  tunnel.on('data', (chunk: Buffer) => {
    if (chunk.includes(GOODBYE)) tunnel.end();
  });
}

/** By the number at the end. ms */
const slowness = (url: string) => 5 + 4 * Number(/\d+$/.exec(url)?.[0] ?? 0);

/** Nobody may act as root; some answers take their time, some are the API server's own faults. */
function answerAsTheApiServer(): Handler {
  const reviews = reviewing(({ resourceAttributes }) => resourceAttributes?.['name'] !== 'root');
  return (request, response) => {
    const { url = '' } = request;
    if (url === REVIEWS_URL) reviews.handler(request, response);
    else if (url.startsWith(BROKEN_PATH)) response.writeHead(500).end('{"kind":"Status"}');
    else if (url.startsWith(SLOW_PATH)) setTimeout(() => response.end('{}'), slowness(url));
    else response.end('{}');
  };
}

async function startGate(
  { name, file, hasWorkers }: { readonly name: string; readonly file: string; readonly hasWorkers: boolean },
  gate: TestGate,
  atEnd: AtEnd,
): Promise<SiteGate> {
  const workers = hasWorkers ? ['--workers', '2'] : [];
  const process_ = startProgram(process.execPath, [MAIN, 'serve', '--config', file, ...workers]);
  atEnd(() => process_.kill('SIGKILL'));
  const [line = ''] = await process_.seen(/^\{.*"msg":"serving".*$/m, START_MS);
  const { address, ops } = JSON.parse(line) as { address: string; ops: string };
  const port = Number(new URL(address).port);
  const place: TestGate = { ...gate, port, connect: (more = {}) => connect(port, gate.ca.certPem, more) };
  return { name, process: process_, file, ops: new URL(ops).host, port, place };
}

function connect(port: number, ca: string, more: object): ReturnType<TestGate['connect']> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca, ...more });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** Who the gate is there: a certificate where it has one. */
function kubeconfig(server: string, ca: CertificateAuthority, own?: CertificatePair): string {
  const data = base64(ca.certPem);
  const user =
    own === undefined
      ? { token: 'gate-own-token' }
      : { 'client-certificate-data': base64(own.certPem), 'client-key-data': base64(own.keyPem) };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': data } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
