// Starts the demo's parts in order, each with a line that says where it is, and stops them in the opposite order.

import { join, resolve } from 'node:path';
import { makeCA } from '../certificates.ts';
import type { CommandIO } from '../cli/io.ts';
import { PEOPLE } from '../idp/people.ts';
import { type IdentityProvider, startIdentityProvider } from '../idp/provider.ts';
import { runGateway } from '../run.ts';
import type { Folder } from './folder.ts';
import { renderGateFile } from './gatefile.ts';
import { renderGateKubeconfig, renderPeopleKubeconfig } from './kubeconfigs.ts';
import { findKubectl } from './kubectl.ts';
import type { DemoOptions } from './options.ts';
import { startPracticeCluster } from './practice.ts';
import { ClusterRefused, neededRbac, readRights } from './rights.ts';
import type { Screen, ShownPerson } from './screen.ts';
import { FILE_TOKEN_LIFETIME_S, keepTokenFiles } from './tokens.ts';

const AUDIENCE = 'postern';

/** What the parts need of the demo. */
export interface StartDeps {
  readonly options: DemoOptions;
  readonly io: CommandIO;
  readonly folder: Folder;
  readonly screen: Screen;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly startedAt: number;
  /** Told each line of the gate's log. */
  readonly onLog: (line: string) => void;
}

/** Everything that runs. */
export interface Parts {
  /** Ends the sessions and stops all parts. */
  readonly stop: () => Promise<void>;
}

/** The certificates of a demo, PEM. One for all three listeners: they share the loopback address. */
interface Certificates {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** Where the gate's cluster is. */
interface ClusterPart {
  readonly url: string;
  /** For the gate's configuration. */
  readonly kubeconfig: string;
  /** Resolves when there is something to exec into. */
  readonly settled: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts everything. When a part fails, those before it are stopped. @throws what the part failed with. */
export async function startParts(deps: StartDeps): Promise<Parts> {
  const { options, io, folder, screen, now, startedAt } = deps;
  const started: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  try {
    const kubectl = findKubectl(io.env['PATH']);
    const certificates = await makeCertificates(options.host);
    const ca = folder.write('ca.crt', certificates.caPem);
    folder.write('tls.crt', certificates.certPem);
    folder.write('tls.key', certificates.keyPem);
    screen.part('certificates', `an authority of its own, ${ca}`);
    const cluster = await startCluster(deps, certificates);
    started.push(cluster.stop);
    const provider = await startIdentityProvider({
      tls: { cert: certificates.certPem, key: certificates.keyPem },
      host: options.host,
      port: 0,
      now,
      audience: AUDIENCE,
    });
    started.push(provider.stop);
    screen.part('identity provider', `${provider.issuer}   sign in there as one of three people`);
    const gate = await startGate(deps, { certificates, cluster, issuer: provider.issuer });
    started.push(gate.stop);
    const contexts = await writePeople(deps, provider, { server: gate.url, caPem: certificates.caPem });
    started.push(contexts.stop);
    await cluster.settled;
    screen.ready({
      version: io.version,
      directory: folder.path,
      config: gate.config,
      kubeconfig: contexts.kubeconfig,
      ca,
      gate: gate.url,
      ops: gate.opsUrl,
      issuer: provider.issuer,
      cluster: cluster.url,
      practice: options.kubeconfig === undefined,
      people: contexts.people,
      kubectl: await kubectl,
      startedInMs: now() - startedAt,
    });
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeCertificates(host: string): Promise<Certificates> {
  const ca = await makeCA('Postern demo');
  const { certPem, keyPem } = await ca.issue({
    commonName: 'postern demo',
    dnsNames: ['localhost'],
    ipAddresses: [...new Set([host, '127.0.0.1', '::1'])],
  });
  return { caPem: ca.certPem, certPem, keyPem };
}

async function startCluster(deps: StartDeps, certificates: Certificates): Promise<ClusterPart> {
  const { options, folder, screen, now, onLog } = deps;
  if (options.kubeconfig !== undefined) return useOwnCluster(options.kubeconfig, options.context, screen);
  const { certPem, keyPem, caPem } = certificates;
  const practice = await startPracticeCluster({
    host: options.host,
    tls: { cert: certPem, key: keyPem },
    caPem,
    now,
    onError: (error, what) => onLog(remark(`the practice cluster: ${what}: ${String(error)}`)),
  });
  const kubeconfig = folder.write(
    'cluster.kubeconfig',
    renderGateKubeconfig(practice.url, caPem, practice.token),
  );
  screen.part('practice cluster', `${practice.url}   in memory; it runs nothing on your machine`);
  return { url: practice.url, kubeconfig, settled: practice.settled, stop: practice.stop };
}

async function useOwnCluster(file: string, context: string, screen: Screen): Promise<ClusterPart> {
  const rights = await readRights(file, context);
  screen.rights(rights);
  const missing = rights.rights.filter(({ allowed }) => !allowed).map(({ what }) => what);
  if (missing.length > 0)
    throw new ClusterRefused([
      `the kubeconfig's account may not ${missing.join(', ')}: the gate speaks for people by impersonation.`,
      `Have somebody who may apply this, then start again:\n\n${neededRbac(rights.account)}`,
    ]);
  return { url: rights.server, kubeconfig: file, settled: Promise.resolve(), stop: async () => undefined };
}

async function startGate(
  { options, io, folder, screen, now, onLog }: StartDeps,
  parts: { readonly certificates: Certificates; readonly cluster: ClusterPart; readonly issuer: string },
) {
  const text = renderGateFile({
    host: options.host,
    port: options.port,
    issuer: parts.issuer,
    audience: AUDIENCE,
    caPem: parts.certificates.caPem,
    kubeconfig: resolve(parts.cluster.kubeconfig),
    context: options.context,
  });
  const config = folder.write('postern.yaml', text);
  const { version } = io;
  const gate = await runGateway({ file: config, env: {}, version, now, logStream: { write: onLog } });
  screen.part('gate', `${gate.url}   its configuration: ${config}`);
  screen.part('metrics', `${gate.opsUrl}/metrics`);
  return { ...gate, config };
}

async function writePeople(
  { folder, onLog }: StartDeps,
  provider: IdentityProvider,
  gate: { readonly server: string; readonly caPem: string },
) {
  const contexts = PEOPLE.flatMap((person) => {
    const { id, role, may, email, secondFactorGroups } = person;
    const own = { context: id, id, email, does: `${role.charAt(0).toUpperCase()}${role.slice(1)}. ${may}` };
    if (secondFactorGroups.length === 0) return [{ ...own, secondFactor: false }];
    const without = {
      context: `${id}-without-code`,
      id,
      email,
      does: 'The same login without the second factor: an engineer like Erin.',
    };
    return [
      { ...own, secondFactor: true },
      { ...without, secondFactor: false },
    ];
  });
  const sources = new Map(
    contexts.map(({ context, id, secondFactor }) => [
      context,
      () => provider.tokenFor(id, { lifetimeS: FILE_TOKEN_LIFETIME_S, secondFactor }),
    ]),
  );
  const stop = await keepTokenFiles({
    folder,
    sources,
    onError: (name, error) => onLog(remark(`the token of ${name} could not be renewed: ${String(error)}`)),
  });
  const rows = contexts.map(({ context }) => ({
    name: context,
    tokenFile: join(folder.path, 'tokens', context),
  }));
  const kubeconfig = folder.write('kubeconfig', renderPeopleKubeconfig(gate.server, gate.caPem, rows));
  const people: ShownPerson[] = contexts.map(({ context, email, does }) => ({ context, email, does }));
  return { stop, kubeconfig, people };
}

/** A line as in the gate's log, for what goes wrong beside it. */
function remark(msg: string): string {
  return JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg });
}
