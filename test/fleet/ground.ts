// What a fleet stands on: the practice API server with a pod, an issuer, one certificate for all gates, a folder, and processes that end with it.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeProcesses, type Processes } from '../../bench/processes.ts';
import { makeCA } from '../../src/certificates.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { startTestPractice, type TestPractice } from '../fakes/practice.ts';
import { OBJECTS, untilPodRuns } from '../fakes/practicegate.ts';

export interface FleetGround {
  readonly practice: TestPractice;
  readonly issuer: Issuer;
  readonly processes: Processes;
  readonly folder: string;
  readonly caFile: string;
  readonly caPem: string;
  /** Every log line of every gate so far, in no order. */
  readonly gateLog: () => readonly Readonly<Record<string, unknown>>[];
  /** Writes a gate's configuration. @returns its file */
  writeConfig(name: string, ports: GatePorts, sessions: object): string;
  clear(): Promise<void>;
}

export interface GatePorts {
  readonly port: number;
  readonly opsPort: number;
}

/** What the files of gates' logs begin with. */
export const GATE = 'gate';

/** Lays it. */
export async function layFleetGround(): Promise<FleetGround> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-fleet-'));
  const practice = await startTestPractice(OBJECTS);
  await untilPodRuns(practice);
  const issuer = await startIssuer();
  const ca = await makeCA('fleet CA');
  const { certPem, keyPem } = await ca.issue({
    commonName: 'postern',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const processes = makeProcesses();
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const caFile = write('ca.crt', ca.certPem);
  const tls = { certFile: write('tls.crt', certPem), keyFile: write('tls.key', keyPem) };
  const cluster = {
    server: practice.server.url,
    'certificate-authority-data': Buffer.from(practice.ca.certPem).toString('base64'),
  };
  const one = { name: 'x', cluster, user: { token: 'gate-token' }, context: { cluster: 'x', user: 'x' } };
  const kubeconfig = write(
    'kubeconfig',
    JSON.stringify({ 'current-context': 'x', clusters: [one], users: [one], contexts: [one] }),
  );
  return {
    ...{ practice, issuer, processes, folder, caFile, caPem: ca.certPem },
    gateLog: () =>
      readdirSync(folder)
        .filter((name) => name.startsWith(`${GATE}-`) && name.endsWith('.log'))
        .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line)),
    writeConfig: (name, { port, opsPort }, sessions) =>
      write(
        `${name}.yaml`,
        JSON.stringify({
          apiVersion: 'postern.dev/v1',
          kind: 'GateConfiguration',
          listen: { address: `127.0.0.1:${port}`, tls },
          ops: { address: `127.0.0.1:${opsPort}` },
          clusters: [{ name: 'practice', kubeconfig }],
          authentication: { jwt: [jwtEntry(issuer)] },
          sessions,
        }),
      ),
    async clear() {
      await processes.endAll();
      await issuer.close();
      await practice.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
