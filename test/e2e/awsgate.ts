// A gate that asks a local STS, and kubeconfigs as users of EKS have them: the credential plugin is aws-iam-authenticator's own program.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCA } from '../../src/certificates.ts';
import { type RunningGate, runGateway } from '../../src/run.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { awsEnv } from '../fakes/principals.ts';
import { type Principal, startSts } from '../fakes/sts.ts';
import type { Context } from './context.ts';
import { writeKubeconfig } from './people.ts';
import { buildProgram } from './programs.ts';

const PLUGIN = 'aws-iam-authenticator';

/** Whom its STS knows, and who they are in Kubernetes. */
export interface AwsGateOptions {
  readonly principals: readonly Principal[];
  /** The `aws-auth` ConfigMap. */
  readonly configMap: string;
  /** The region of callers and gate. */
  readonly region: string;
}

/** What differs from the gate's own cluster id, and from `--region` of its region. */
export interface PluginOptions {
  readonly clusterID?: string;
  readonly args?: readonly string[];
}

/** A gate of a test's own, in this process. */
export interface AwsGate {
  readonly gate: RunningGate;
  /** Writes the map anew. */
  readonly writeMap: (text: string) => void;
  /** Its log so far. */
  readonly log: () => string;
  /** The kubeconfig of somebody with these keys in the environment. @returns its file */
  readonly kubeconfigOf: (name: string, keys: Principal, options?: PluginOptions) => string;
  readonly stop: () => Promise<void>;
}

/** Starts it, with the cluster id `prod`. */
export async function startAwsGate(
  context: Context,
  { principals, configMap, region }: AwsGateOptions,
): Promise<AwsGate> {
  const command = await buildProgram('authenticator', sayOnStderr, {
    package: `sigs.k8s.io/aws-iam-authenticator/cmd/${PLUGIN}`,
    as: PLUGIN,
  });
  const sts = await startSts({ principals });
  const dir = mkdtempSync(join(context.dir, 'gate-aws-'));
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text, { mode: 0o600 });
  const ca = await makeCA('aws gate CA');
  const serving = await ca.issue({ commonName: 'gate', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
  write('tls.crt', serving.certPem);
  write('tls.key', serving.keyPem);
  write('aws-auth.yaml', configMap);
  const config = {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    listen: { address: '127.0.0.1:0', tls: { certFile: 'tls.crt', keyFile: 'tls.key' } },
    ops: { address: '127.0.0.1:0' },
    clusters: [{ name: 'lab', kubeconfig: context.gateKubeconfig }],
    authentication: { awsIAM: { clusterID: 'prod', mapFile: 'aws-auth.yaml', stsRegions: [region] } },
  };
  write('postern.yaml', JSON.stringify(config));
  const lines: string[] = [];
  const logStream = { write: (line: string) => void lines.push(line) };
  const file = join(dir, 'postern.yaml');
  const gate = await runGateway({ file, version: 'e2e', logStream, stsRoute: sts.route });
  const cluster = {
    server: gate.url,
    'certificate-authority-data': Buffer.from(ca.certPem).toString('base64'),
  };
  return {
    gate,
    writeMap: (text) => write('aws-auth.yaml', text),
    log: () => lines.join(''),
    kubeconfigOf: (name, keys, options) =>
      writeKubeconfig(context, name, { user: pluginUser(command, region, keys, options), cluster }),
    stop: async () => {
      await gate.stop();
      await sts.close();
    },
  };
}

/** A kubeconfig's user whose token the plugin makes. */
function pluginUser(
  command: string,
  region: string,
  keys: Principal,
  { clusterID = 'prod', args = ['--region', region] }: PluginOptions = {},
): object {
  const env = { ...awsEnv(keys), AWS_REGION: region };
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command,
      args: ['token', '--cluster-id', clusterID, ...args],
      env: Object.entries(env).map(([name, value]) => ({ name, value })),
      interactiveMode: 'Never',
    },
  };
}
