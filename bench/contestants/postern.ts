// Postern as its users start it: `postern serve` from the sources (what bin/postern.js runs in a checkout; a built dist/ could be stale and
// differs in its types only), with everything on that a user has on: token verification, impersonation, metrics, the request log to a file.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort, untilReady } from '../processes.ts';
import { type Contestant, type Ground, type Started, startedAt, writeConfig } from './contestant.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../package.json', import.meta.url));

export const postern: Contestant = {
  name: 'postern',
  what: 'this checkout: tokens verified, impersonation, metrics, request log to a file',
  optional: false,
  isProxy: true,
  find: async () => {
    const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version: string };
    return {
      ok: true,
      version: `${version} on Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
    };
  },
  start: (ground, upstreamPort) => startPostern(ground, upstreamPort, []),
  startWorkers: (ground, upstreamPort, count) =>
    startPostern(ground, upstreamPort, ['--workers', String(count)]),
};

/** Ready is more than listening: with workers, the first that listens does so for all. */
async function startPostern(ground: Ground, upstreamPort: number, args: readonly string[]): Promise<Started> {
  const [port, opsPort] = [await freePort(), await freePort()];
  const kubeconfig = writeConfig(
    ground,
    `postern-${port}.kubeconfig`,
    JSON.stringify(makeKubeconfig(ground, upstreamPort)),
  );
  const config = writeConfig(
    ground,
    `postern-${port}.yaml`,
    JSON.stringify(makeGateConfig(ground, { port, opsPort }, kubeconfig)),
  );
  const program = await ground.processes.start({
    name: 'postern',
    command: process.execPath,
    args: [MAIN, 'serve', '--config', config, ...args],
    folder: ground.folder,
  });
  await untilReady(program, `http://127.0.0.1:${opsPort}/readyz`);
  return startedAt(port, program);
}

/** The gate's configuration; YAML may be JSON. */
export function makeGateConfig(
  ground: Pick<Ground, 'certFile' | 'keyFile' | 'caPem' | 'issuer'>,
  { port, opsPort }: { readonly port: number; readonly opsPort: number },
  kubeconfig: string,
): unknown {
  return {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    listen: {
      address: `127.0.0.1:${port}`,
      tls: { certFile: ground.certFile, keyFile: ground.keyFile },
    },
    ops: { address: `127.0.0.1:${opsPort}` },
    clusters: [{ name: 'bench', kubeconfig }],
    authentication: {
      jwt: [
        {
          issuer: {
            url: ground.issuer.url,
            audiences: [ground.issuer.audience],
            certificateAuthority: ground.caPem,
          },
          claimMappings: {
            username: { claim: 'email', prefix: '' },
            groups: { claim: 'groups', prefix: '' },
          },
        },
      ],
    },
    sessions: { drainTimeout: '0s' },
    // All callers are one user here.
    limits: { sessionsPerUser: 0, watchesPerUser: 0, requestsInFlightPerUser: 0 },
  };
}

/** The kubeconfig with which it connects to the upstream. */
export function makeKubeconfig(ground: Pick<Ground, 'caPem'>, upstreamPort: number): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'gate' } }],
    clusters: [
      {
        name: 'bench',
        cluster: {
          server: `https://127.0.0.1:${upstreamPort}`,
          'certificate-authority-data': Buffer.from(ground.caPem).toString('base64'),
        },
      },
    ],
    users: [{ name: 'gate', user: { token: 'the-gates-own-credential' } }],
  };
}
