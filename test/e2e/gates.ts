// A second gate in front of the same cluster, with the first one's issuer and a certificate of its own: for tests that reload it, change
// its certificate and end it. Its log is its standard error.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCA } from '../../src/certificates.ts';
import { type Background, startProgram } from './background.ts';
import type { Context } from './context.ts';
import { writeKubeconfig } from './people.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A gate of a test's own. */
export interface OwnGate {
  readonly process: Background;
  readonly url: string;
  readonly opsUrl: string;
  /** '' when it has no token webhook. */
  readonly webhookUrl: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Writes its configuration file. */
  readonly writeConfig: (text: string) => void;
  /** Gives it a new serving certificate, of the same CA unless `newCA`. @returns PEM of the CA and a kubeconfig that trusts it. */
  readonly renewCertificate: (options?: { readonly newCA?: boolean }) => Promise<Trust>;
  readonly trust: Trust;
}

/** What callers need to trust the gate. */
export interface Trust {
  readonly caPem: string;
  readonly certPem: string;
  /** alice's kubeconfig for this gate. */
  readonly kubeconfig: string;
}

/** Starts a gate; `more` replaces keys of the first one's configuration, `args` are added to the command line. */
export async function startOwnGate(
  context: Context,
  name: string,
  more: Readonly<Record<string, unknown>> = {},
  args: readonly string[] = [],
): Promise<OwnGate> {
  const dir = mkdtempSync(join(context.dir, `gate-${name}-`));
  const config = { ...(JSON.parse(readFileSync(context.gate.configFile, 'utf8')) as object), ...more };
  const configFile = join(dir, 'postern.yaml');
  const writeConfig = (text: string) => writeFileSync(configFile, text);
  writeConfig(JSON.stringify(config, null, 2));

  let ca = await makeCA(`${name} CA`);
  const issue = async () => {
    const { certPem, keyPem } = await ca.issue({
      commonName: name,
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
    });
    writeFileSync(join(dir, 'tls.key'), keyPem, { mode: 0o600 });
    writeFileSync(join(dir, 'tls.crt'), certPem);
    return certPem;
  };
  let url = '';
  let count = 0;
  const trustIn = (certPem: string): Trust => {
    const authority = Buffer.from(ca.certPem).toString('base64');
    const cluster = { server: url, 'certificate-authority-data': authority };
    return {
      caPem: ca.certPem,
      certPem,
      kubeconfig: writeKubeconfig(context, `${name}-${++count}`, { cluster }),
    };
  };
  const first = await issue();
  const program = startProgram(process.execPath, [MAIN, 'serve', '--config', configFile, ...args]);
  const [line] = await program.seen(/^.*"msg":"serving".*$/m);
  const serving = JSON.parse(line) as {
    readonly address: string;
    readonly ops: string;
    readonly tokenWebhook?: string;
  };
  url = serving.address;
  return {
    process: program,
    url,
    opsUrl: serving.ops,
    webhookUrl: serving.tokenWebhook ?? '',
    config,
    writeConfig,
    renewCertificate: async ({ newCA = false } = {}) => {
      if (newCA) ca = await makeCA(`${name} new CA`);
      return trustIn(await issue());
    },
    trust: trustIn(first),
  };
}
