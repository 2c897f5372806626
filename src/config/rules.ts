// The rules that concern several keys at once, but for authentication's (authenticationrules.ts). They see what the schema let through: a
// value that failed there is missing here, and no rule complains about it a second time.

import { faultOfCipherSuite, isTls13CipherSuite } from './ciphers.ts';
import { type Findings, isWithin, itemPath } from './findings.ts';
import { overlaps, parseHostPort } from './network.ts';
import { checkOnward, onwardKeys } from './onwardrules.ts';
import { quote } from './quote.ts';
import type { FileConfig } from './schema.ts';
import { checkRegistry } from './sessionrules.ts';

/** The file's data as far as it passed the schema. */
export type Partially<T> = T extends readonly (infer Item)[]
  ? readonly (Partially<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Partially<T[Key]> | undefined }
    : T;

type PartialConfig = Partially<FileConfig>;
type PartialCluster = Partially<FileConfig['clusters'][number]>;

/** Checks every rule; problems go to `findings`. */
export function checkRules(config: PartialConfig, findings: Findings): void {
  checkListeners(config, findings);
  checkClusters(config.clusters ?? [], findings);
  checkOnward(onwardKeys(config), findings);
  checkRegistry(config, findings);
}

function checkListeners(config: PartialConfig, findings: Findings): void {
  const address = parseHostPort(config.listen?.address ?? '');
  const ops = parseHostPort(config.ops?.address ?? '');
  if (address && ops && overlaps(address, ops)) {
    findings.error(
      'ops.address',
      `is the same as listen.address (${quote(config.listen?.address ?? '')}); use another port`,
    );
  }
  const { cipherSuites = [], minVersion } = config.listen?.tls ?? {};
  for (const [index, name] of cipherSuites.entries()) {
    const path = itemPath('listen.tls.cipherSuites', index);
    if (name === undefined) continue;
    const fault = faultOfCipherSuite(name);
    if (fault !== '') findings.warning(path, `${name} ${fault}; leave it out unless old callers need it`);
    if (minVersion === 'VersionTLS13' && !isTls13CipherSuite(name)) {
      findings.warning(path, `${name} has no effect with minVersion: VersionTLS13`);
    }
  }
}

function checkClusters(clusters: readonly (PartialCluster | undefined)[], findings: Findings): void {
  const claims = {
    names: new Map<string, string>(),
    hosts: new Map<string, string>(),
    prefixes: new Map<string, string>(),
  };
  let lastResort = '';
  for (const [index, cluster] of clusters.entries()) {
    if (!cluster) continue;
    const path = itemPath('clusters', index);
    checkConnection(cluster, path, findings);
    claim(claims.names, cluster.name, `${path}.name`, (other) =>
      findings.error(
        `${path}.name`,
        `${quote(cluster.name ?? '')} is the name of ${other.slice(0, -'.name'.length)} already; names are unique`,
      ),
    );
    for (const [position, host] of (cluster.match?.hosts ?? []).entries()) {
      const at = itemPath(`${path}.match.hosts`, position);
      claim(claims.hosts, host, at, (other) =>
        findings.error(at, `${quote(host ?? '')} is claimed by ${other} already`),
      );
    }
    checkPrefix(cluster.match?.pathPrefix ?? '', `${path}.match.pathPrefix`, claims.prefixes, findings);
    if (!takesEverything(cluster) || findings.failed(`${path}.match`)) continue;
    if (lastResort !== '') {
      findings.error(
        `${path}.match`,
        `missing, as in ${lastResort}: only one cluster may take what no other takes; give it match.pathPrefix or match.hosts`,
      );
    }
    lastResort = path;
  }
}

function takesEverything(cluster: PartialCluster): boolean {
  return (cluster.match?.pathPrefix ?? '') === '' && (cluster.match?.hosts ?? []).length === 0;
}

function checkConnection(cluster: PartialCluster, path: string, findings: Findings): void {
  if (findings.failed(`${path}.kubeconfig`) || findings.failed(`${path}.inCluster`)) return;
  const hasKubeconfig = (cluster.kubeconfig ?? '') !== '';
  if (hasKubeconfig && cluster.inCluster === true) {
    findings.error(`${path}.inCluster`, 'kubeconfig and inCluster: true exclude each other; keep one');
  }
  if (!hasKubeconfig && cluster.inCluster !== true) {
    findings.error(`${path}.kubeconfig`, 'missing: write kubeconfig: FILE, or inCluster: true', 'key');
  }
  if (cluster.inCluster === true && !hasKubeconfig && (cluster.context ?? '') !== '') {
    findings.error(
      `${path}.context`,
      'names a context of a kubeconfig and has no meaning with inCluster: true; leave it out',
    );
  }
}

function checkPrefix(prefix: string, path: string, known: Map<string, string>, findings: Findings): void {
  if (prefix === '') return;
  for (const [other, where] of known) {
    const within = (inner: string, outer: string): boolean =>
      inner === outer || inner.startsWith(`${outer}/`);
    if (prefix === other) findings.error(path, `${quote(prefix)} is claimed by ${where} already`);
    else if (within(prefix, other))
      findings.error(path, `${quote(prefix)} is beneath ${quote(other)}, which ${where} claims`);
    else if (within(other, prefix))
      findings.error(path, `${quote(prefix)} is above ${quote(other)}, which ${where} claims`);
  }
  if (!known.has(prefix)) known.set(prefix, path);
}

/** Notes who has a value first, and tells the second. */
function claim(
  known: Map<string, string>,
  value: string | undefined,
  path: string,
  refuse: (other: string) => void,
): void {
  if (value === undefined) return;
  const other = known.get(value);
  if (other === undefined) known.set(value, path);
  else if (!isWithin(path, other)) refuse(other);
}
