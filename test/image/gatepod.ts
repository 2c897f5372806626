// Postern in a cluster as docs/how-to/image.md writes it by hand: its configuration, its manifest, its commands, and the role of
// docs/how-to/gate-account.md. Changed is only what an operator changes, and what this cluster lacks: the issuer, the image's name, and the API
// server's address, for without kube-proxy its service's does not answer.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { makeCA } from '../../src/certificates.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { type Context, TAG } from './context.ts';
import { ROOT } from './inputs.ts';

/** The namespace of the manifest. */
export const NAMESPACE = 'postern';
/** The name in the gate's certificate. */
export const SERVER_NAME = 'postern.example.com';

/** Files for the page's commands, and what callers need. */
export interface Installation {
  /** The folder of postern.yaml, broken.yaml, tls.crt, tls.key, gate.yaml and role.yaml. */
  readonly dir: string;
  readonly issuer: Issuer;
  readonly caPem: string;
  /** Seconds that Kubernetes gives a pod to end. */
  readonly graceSeconds: number;
}

/** A Pod of the Deployment's template. */
export interface PodOptions {
  readonly name: string;
  readonly args?: readonly string[];
  /** Keep the object after the pod's end, so that how it ended can be read. */
  readonly finalizers?: readonly string[];
}

interface Manifest {
  readonly kind: string;
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Record<string, unknown>];
}

/** Starts an issuer that pods reach, and writes the files. */
export async function prepareInstallation(context: Context): Promise<Installation> {
  const dir = join(context.dir, 'by-hand');
  mkdirSync(dir);
  const write = (name: string, content: string): void => writeFileSync(join(dir, name), content);
  const issuer = await startIssuer({ host: context.hostAddress });
  const ca = await makeCA('gate CA');
  const serving = await ca.issue({ commonName: 'postern', dnsNames: [SERVER_NAME] });
  const config = readConfiguration(issuer);
  write('postern.yaml', JSON.stringify(config, null, 2));
  write('broken.yaml', JSON.stringify({ ...config, logs: {} }, null, 2));
  write('tls.crt', serving.certPem);
  write('tls.key', serving.keyPem);
  write('role.yaml', findBlock('gate-account.md', 'kind: ClusterRoleBinding'));
  const manifests = readManifests(context);
  write('gate.yaml', manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n'));
  const { terminationGracePeriodSeconds: graceSeconds } = readPodSpec(manifests);
  return { dir, issuer, caPem: ca.certPem, graceSeconds };
}

/** A Pod as the Deployment makes them, that ends for good when its program does. */
export function describePod(context: Context, { name, args = [], finalizers = [] }: PodOptions): object {
  const spec = readPodSpec(readManifests(context));
  const [container] = spec.containers;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, finalizers },
    spec: {
      ...spec,
      restartPolicy: 'Never',
      containers: [args.length === 0 ? container : { ...container, args }],
    },
  };
}

/** The page's health check for compose files, less its first word: a command to run in the container. */
export function readHealthCheck(): readonly string[] {
  const block = parse(findBlock('image.md', 'healthcheck:')) as {
    readonly healthcheck: { readonly test: readonly string[] };
  };
  return block.healthcheck.test.slice(1);
}

function readConfiguration(issuer: Issuer): object {
  const config = parse(findBlock('image.md', 'kind: GateConfiguration')) as {
    readonly authentication: { readonly jwt: readonly [{ readonly issuer: object }] };
  };
  const [entry] = config.authentication.jwt;
  const at = { url: issuer.url, audiences: ['postern'], certificateAuthority: issuer.caPem };
  return { ...config, authentication: { jwt: [{ ...entry, issuer: at }] } };
}

function readManifests({ server }: Context): readonly Manifest[] {
  const documents = parseAllDocuments(findBlock('image.md', 'kind: Deployment'));
  const manifests = documents.map((document) => document.toJS() as Manifest);
  const { hostname, port } = new URL(server);
  const env = [
    { name: 'KUBERNETES_SERVICE_HOST', value: hostname },
    { name: 'KUBERNETES_SERVICE_PORT', value: port },
  ];
  Object.assign(readPodSpec(manifests).containers[0], { image: TAG, env });
  return manifests;
}

function readPodSpec(manifests: readonly Manifest[]): PodSpec {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new TypeError('docs/how-to/image.md has no Deployment');
  return deployment.spec.template.spec;
}

/** The one block of YAML in a how-to that holds `words`. */
function findBlock(page: string, words: string): string {
  const text = readFileSync(join(ROOT, 'docs/how-to', page), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const [found, ...more] = blocks.filter((block) => block.includes(words));
  if (found === undefined || more.length > 0) throw new TypeError(`${page}: not one block with ${words}`);
  return found;
}
