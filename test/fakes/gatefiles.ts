// The files that a gate in a test starts from: configuration, serving certificate, kubeconfigs of its upstreams, in a directory of their own, and the
// issuer that the configuration trusts.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import type { FakeUpstream } from './upstream.ts';

/** What the files of a gate say. */
export interface GateFilesOptions {
  readonly upstreams: readonly {
    readonly name: string;
    /** `host` is for one whose port must stay its own while it is away; default 127.0.0.1. `tlsServerName` is the name that its certificate has to have instead. */
    readonly upstream: Pick<FakeUpstream, 'port' | 'ca'> & {
      readonly host?: string;
      readonly tlsServerName?: string;
    };
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
  readonly issuer?: Issuer;
}

/** The files as they lie there. */
export interface GateFiles {
  readonly dir: string;
  /** The authority of the serving certificate. */
  readonly ca: CertificateAuthority;
  readonly issuer: Issuer;
  readonly config: Record<string, unknown>;
  readonly file: string;
  writeConfig(config: unknown): void;
  /** Removes them, and ends the issuer unless it was given. */
  remove(): Promise<void>;
}

/** Lays them into a new directory, and starts the issuer unless one is given. */
export async function layGateFiles(options: GateFilesOptions): Promise<GateFiles> {
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
    const server = `https://${upstream.host ?? '127.0.0.1'}:${upstream.port}${basePath}`;
    writeFileSync(join(dir, `${name}.kubeconfig`), kubeconfig(server, upstream, user));
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
  return {
    dir,
    ca,
    issuer,
    config,
    file,
    writeConfig,
    remove: async () => {
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

function kubeconfig(
  server: string,
  { ca, tlsServerName }: GateFilesOptions['upstreams'][number]['upstream'],
  user: object = { token: 'gate-own-token' },
): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server,
          'certificate-authority-data': Buffer.from(ca.certPem).toString('base64'),
          ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
        },
      },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}
