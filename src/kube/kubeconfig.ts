// Resolves one context of a kubeconfig, or the service account of the pod we run in, to what a connection needs, as kubectl does
// (client-go tools/clientcmd, rest.InClusterConfig). The file is trusted to name the cluster; anything that would weaken the connection
// (no verification, plain http, a proxy, running programs) is refused. No message holds a credential.

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { hostPort } from '../hostport.ts';
import {
  checkCertificates,
  checkPair,
  errorCode,
  type Fields,
  isFields,
  NO_SERVER,
  parseServer,
  type Reading,
  readContents,
  readFile,
  type ServerAddress,
  text,
} from './kubeconfigparts.ts';
import { type RunPlugin, readPlugin } from './kubeconfigplugin.ts';

const IN_CLUSTER_ROOT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** How to reach one API server, and as whom. PEM and tokens are contents; '' means none. */
export interface ClusterAccess {
  readonly server: ServerAddress;
  /** The name to verify and to send as SNI instead of the host; '' means the host. */
  readonly tlsServerName: string;
  /** '' means the system's roots. */
  readonly caPem: string;
  readonly clientCertPem: string;
  readonly clientKeyPem: string;
  /** The bearer token, that of tokenFile where there is one. */
  readonly token: string;
  /** Absolute; re-read it when it changes. */
  readonly tokenFile: string;
  /** Every file this was read from, absolute, for watching. */
  readonly files: readonly string[];
}

/** What was read, or everything that is wrong with it, each a sentence that names the entry. */
export type KubeconfigResult =
  | { readonly ok: true; readonly access: ClusterAccess }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Resolves `context` (default: current-context) of the kubeconfig `file`. Reads the files that it names; `runPlugin` for a user with `exec`. */
export function loadKubeconfig(options: {
  readonly file: string;
  readonly context?: string;
  readonly runPlugin?: RunPlugin;
}): KubeconfigResult {
  const file = resolve(options.file);
  const reading: Reading = { directory: dirname(file), errors: [], files: [file] };
  const root = readRoot(file, reading);
  const context = root && pickContext(root, options.context ?? '', reading);
  if (!root || !context) return { ok: false, errors: reading.errors };
  const cluster = pick(root, 'clusters', 'cluster', text(context.fields, 'cluster'), context.name, reading);
  const user = pick(root, 'users', 'user', text(context.fields, 'user'), context.name, reading);
  const server = readCluster(cluster, reading);
  refuseKeys(user, options.runPlugin !== undefined, reading);
  const plugin = options.runPlugin && readPlugin(user, reading, options.runPlugin);
  const access = { ...server, ...(plugin ?? readUser(user, reading)), files: reading.files };
  return reading.errors.length > 0 ? { ok: false, errors: reading.errors } : { ok: true, access };
}

/** The API server of the pod we run in, by its service account. `env` names it, `root` holds ca.crt and token. */
export function loadInCluster(
  env: Readonly<Record<string, string | undefined>>,
  root: string = IN_CLUSTER_ROOT,
): KubeconfigResult {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '';
  const reading: Reading = { directory: root, errors: [], files: [] };
  if (host === '' || port === '') {
    reading.errors.push('not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
    return { ok: false, errors: reading.errors };
  }
  const server = parseServer(`https://${hostPort(host, port)}`, 'in-cluster address', reading);
  const caPem = readFile(join(root, 'ca.crt'), 'certificate authority', reading);
  checkCertificates(caPem, 'certificate authority', reading);
  const tokenFile = join(root, 'token');
  const token = readFile(tokenFile, 'service account token', reading).trim();
  if (reading.errors.length === 0 && token === '')
    reading.errors.push(`service account token ${tokenFile} is empty`);
  if (reading.errors.length > 0) return { ok: false, errors: reading.errors };
  const noCertificate = { tlsServerName: '', clientCertPem: '', clientKeyPem: '' };
  return { ok: true, access: { server, ...noCertificate, caPem, token, tokenFile, files: reading.files } };
}

function readRoot(file: string, reading: Reading): Fields | undefined {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    reading.errors.push(`kubeconfig ${file} cannot be read: ${errorCode(cause)}`);
    return undefined;
  }
  let root: unknown;
  try {
    const document = parseDocument(content, { prettyErrors: false, merge: true, logLevel: 'error' });
    if (document.errors.length > 0) throw new Error(document.errors[0]?.code);
    root = document.toJS();
  } catch {
    reading.errors.push(`kubeconfig ${file} is not valid YAML`);
    return undefined;
  }
  if (isFields(root)) return root;
  reading.errors.push(
    `kubeconfig ${file} is not a kubeconfig: expected a mapping with clusters, users and contexts`,
  );
  return undefined;
}

function pickContext(
  root: Fields,
  wanted: string,
  reading: Reading,
): { name: string; fields: Fields } | undefined {
  const name = wanted !== '' ? wanted : text(root, 'current-context');
  const known = names(root, 'contexts');
  if (name === '') {
    reading.errors.push(`no context: current-context is not set; name one of ${list(known)}`);
    return undefined;
  }
  const fields = find(root, 'contexts', 'context', name);
  if (fields) return { name, fields };
  reading.errors.push(`context ${JSON.stringify(name)} does not exist; there is ${list(known)}`);
  return undefined;
}

function pick(
  root: Fields,
  section: 'clusters' | 'users',
  key: 'cluster' | 'user',
  name: string,
  context: string,
  { errors }: Reading,
): { readonly label: string; readonly fields: Fields | undefined } {
  const label = `${key} ${JSON.stringify(name)}`;
  const fields = name === '' ? undefined : find(root, section, key, name);
  if (name === '') errors.push(`context ${JSON.stringify(context)} names no ${key}`);
  else if (!fields) errors.push(`${label} does not exist; there is ${list(names(root, section))}`);
  return { label, fields };
}

interface Entry {
  readonly label: string;
  readonly fields: Fields | undefined;
}

function readCluster({ label, fields }: Entry, reading: Reading) {
  if (!fields) return { server: NO_SERVER, tlsServerName: '', caPem: '' };
  if (fields['insecure-skip-tls-verify'] === true) {
    reading.errors.push(
      `${label} has insecure-skip-tls-verify: true; Postern never connects unverified: give certificate-authority(-data), ` +
        'or tls-server-name where only the name differs',
    );
  }
  if (text(fields, 'proxy-url') !== '')
    reading.errors.push(`${label} has a proxy-url, which is not supported`);
  const caPem = readContents(fields, 'certificate-authority', label, reading);
  checkCertificates(caPem, `${label} certificate-authority`, reading);
  return {
    server: parseServer(text(fields, 'server'), `${label} server`, reading),
    tlsServerName: text(fields, 'tls-server-name'),
    caPem,
  };
}

/** Keys of a user that Postern does not honour, and why. */
const REFUSED_USER_KEYS: readonly (readonly [string, string])[] = [
  [
    'exec',
    'is an exec credential plugin; Postern runs no programs: use a token, tokenFile or client certificate',
  ],
  ['auth-provider', 'is an auth-provider; use a token, tokenFile or client certificate'],
  [
    'username',
    'is basic authentication, which kube-apiserver no longer takes; use a token or client certificate',
  ],
  [
    'password',
    'is basic authentication, which kube-apiserver no longer takes; use a token or client certificate',
  ],
  ['as', 'would impersonate; Postern impersonates its callers, so its own credential must stand alone'],
  ['as-uid', 'would impersonate; Postern impersonates its callers, so its own credential must stand alone'],
  [
    'as-groups',
    'would impersonate; Postern impersonates its callers, so its own credential must stand alone',
  ],
  [
    'as-user-extra',
    'would impersonate; Postern impersonates its callers, so its own credential must stand alone',
  ],
];

/** What would not be honoured is refused, beside a plugin, too. */
function refuseKeys({ label, fields = {} }: Entry, runsPlugins: boolean, { errors }: Reading): void {
  for (const [key, why] of REFUSED_USER_KEYS) {
    const isRun = runsPlugins && key === 'exec' && isFields(fields[key]);
    if (!isRun && !isEmpty(fields[key])) errors.push(`${label}: ${key} ${why}`);
  }
}

function readUser({ label, fields }: Entry, reading: Reading) {
  if (!fields) return { clientCertPem: '', clientKeyPem: '', token: '', tokenFile: '' };
  const before = reading.errors.length;
  const clientCertPem = readContents(fields, 'client-certificate', label, reading);
  const clientKeyPem = readContents(fields, 'client-key', label, reading);
  if (reading.errors.length === before) checkPair(clientCertPem, clientKeyPem, label, reading);
  const tokenFile =
    text(fields, 'tokenFile') === '' ? '' : resolve(reading.directory, text(fields, 'tokenFile'));
  const fromFile = tokenFile === '' ? '' : readFile(tokenFile, `${label} tokenFile`, reading).trim();
  const token = tokenFile === '' ? text(fields, 'token').trim() : fromFile;
  if (/[^\x21-\x7e]/.test(token))
    reading.errors.push(`${label}: the token holds characters that no header can carry`);
  return { clientCertPem, clientKeyPem, token, tokenFile };
}

function entries(root: Fields, section: string): readonly Fields[] {
  const found = root[section];
  return Array.isArray(found) ? found.filter(isFields) : [];
}

function find(root: Fields, section: string, key: string, name: string): Fields | undefined {
  const entry = entries(root, section).find((candidate) => candidate['name'] === name);
  return entry && (isFields(entry[key]) ? entry[key] : {});
}

function names(root: Fields, section: string): readonly string[] {
  return entries(root, section).map((entry) => text(entry, 'name'));
}

function list(known: readonly string[]): string {
  return known.length === 0
    ? 'none'
    : known
        .slice(0, 20)
        .map((name) => JSON.stringify(name))
        .join(', ');
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}
