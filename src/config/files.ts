// Checks the files that a configuration names: that they are there, readable and hold what they should. Findings carry paths of the
// configuration and never the files' contents.

import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type KubeconfigResult, loadInCluster, loadKubeconfig } from '../kube/kubeconfig.ts';
import { parseCertificates, parsePrivateKey } from '../kube/pem.ts';
import { DerError } from '../x509/der.ts';
import { readRevocations } from '../x509/revocation.ts';
import type { IdentityMode } from './config.ts';
import { createFindings, type Finding, type Findings, itemPath } from './findings.ts';
import { credentialProblem, reviewProblem } from './onwardrules.ts';

/** The files that a configuration names, absolute; '' or absent for none. A GateConfig is one. */
export interface NamedFiles {
  readonly listen: {
    readonly tls: { readonly certFile: string; readonly keyFile: string };
    readonly clientCAFile: string;
  };
  readonly clusters: readonly {
    readonly kubeconfig: string;
    readonly context: string;
    readonly inCluster: boolean;
    readonly identity: IdentityMode;
  }[];
  readonly authentication: {
    readonly clientCertificates: { readonly crlFile: string } | undefined;
    /** Whether it is there says what the clusters' credentials are for. */
    readonly serviceAccounts: object | undefined;
  };
  readonly tokenWebhook:
    | { readonly certFile: string; readonly keyFile: string; readonly clientCAFile: string }
    | undefined;
  readonly redis?: { readonly passwordFile: string; readonly caFile: string } | undefined;
}

/** What the checks need of the world. */
export interface FileChecks {
  /** Tells the pod's own cluster. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Checks every file: errors for what cannot work, warnings for what will stop to. Reads them all, at once. */
export function checkFiles(config: NamedFiles, checks: FileChecks): readonly Finding[] {
  const findings = createFindings();
  checkServing(config.listen.tls, 'listen.tls', findings, checks);
  if (config.listen.clientCAFile !== '')
    checkAuthorities(config.listen.clientCAFile, 'listen.clientCAFile', findings, checks);
  const crlFile = config.authentication.clientCertificates?.crlFile ?? '';
  if (crlFile !== '') checkRevocations(crlFile, config.listen.clientCAFile, findings, checks);
  const { tokenWebhook } = config;
  if (tokenWebhook !== undefined) {
    checkServing(tokenWebhook, 'tokenWebhook.tls', findings, checks);
    checkAuthorities(tokenWebhook.clientCAFile, 'tokenWebhook.clientCAFile', findings, checks);
  }
  const { passwordFile = '', caFile = '' } = config.redis ?? {};
  if (caFile !== '') checkAuthorities(caFile, 'sessions.registry.redis.caFile', findings, checks);
  parse(passwordFile, 'sessions.registry.redis.passwordFile', refuseEmpty, findings);
  for (const [index, cluster] of config.clusters.entries()) {
    const isReviewer = config.authentication.serviceAccounts !== undefined;
    checkCluster({ ...cluster, isReviewer }, itemPath('clusters', index), findings, checks);
  }
  return findings.all();
}

function checkServing(
  tls: { readonly certFile: string; readonly keyFile: string },
  path: string,
  findings: Findings,
  checks: FileChecks,
): void {
  const at = { cert: `${path}.certFile`, key: `${path}.keyFile` };
  const certificates = parse(tls.certFile, at.cert, parseCertificates, findings);
  const key = parse(tls.keyFile, at.key, parsePrivateKey, findings);
  for (const certificate of certificates ?? []) checkValidity(certificate, at.cert, findings, checks);
  if (key && certificates?.[0]?.checkPrivateKey(key) === false) {
    findings.error(at.key, `${tls.keyFile} is not the key of the first certificate in ${tls.certFile}`);
  }
}

function checkAuthorities(file: string, path: string, findings: Findings, checks: FileChecks): void {
  for (const [index, certificate] of (parse(file, path, parseCertificates, findings) ?? []).entries()) {
    if (!certificate.ca)
      findings.warning(path, `certificate ${index + 1} of ${file} is not a certificate authority`);
    checkValidity(certificate, path, findings, checks);
  }
}

function refuseEmpty(text: string): void {
  if (text.trim() === '') throw new Error('is empty');
}

function checkRevocations(file: string, authorities: string, findings: Findings, { now }: FileChecks): void {
  const path = 'authentication.clientCertificates.crlFile';
  try {
    const { nextUpdate, renewAt } = readRevocations(
      readFileSync(file),
      parseCertificates(readFileSync(authorities, 'utf8')),
    );
    if (nextUpdate <= now)
      findings.warning(
        path,
        `${file} is past its next update: no certificate of its issuer is let in before it is renewed`,
      );
    else if (renewAt <= now)
      findings.warning(
        path,
        `${file} has to be renewed before ${new Date(nextUpdate).toISOString()}: no certificate of its issuer is let in after that`,
      );
  } catch (error) {
    findings.error(
      path,
      error instanceof DerError ? `${file} ${error.message}` : `${file} cannot be read: ${codeOf(error)}`,
    );
  }
}

function checkCluster(
  cluster: NamedFiles['clusters'][number] & { readonly isReviewer: boolean },
  path: string,
  findings: Findings,
  checks: FileChecks,
): void {
  if (cluster.kubeconfig !== '') {
    const { kubeconfig: file, context, identity } = cluster;
    const result = loadKubeconfig({ file, context });
    reportAccess(result, `${path}.kubeconfig`, findings, checks);
    if (!result.ok) return;
    const problem = credentialProblem(identity, result.access);
    if (problem !== undefined) findings.error(`${path}.kubeconfig`, `${file} ${problem}`);
    const lack = cluster.isReviewer ? reviewProblem(identity, result.access) : undefined;
    if (lack !== undefined) findings.warning(`${path}.kubeconfig`, `${file} ${lack}`);
    return;
  }
  if (!cluster.inCluster) return;
  const result = loadInCluster(checks.env);
  // Whether this process runs in the cluster says nothing about the configuration.
  if (!result.ok) findings.warning(`${path}.inCluster`, result.errors.join('; '));
}

function reportAccess(result: KubeconfigResult, path: string, findings: Findings, checks: FileChecks): void {
  if (!result.ok) {
    findings.error(path, result.errors.join('; '));
    return;
  }
  const { clientCertPem } = result.access;
  const [leaf] = clientCertPem === '' ? [] : parseCertificates(clientCertPem);
  if (leaf) checkValidity(leaf, path, findings, checks);
}

function checkValidity(
  certificate: X509Certificate,
  path: string,
  findings: Findings,
  { now }: FileChecks,
): void {
  const { validFromDate, validToDate } = certificate;
  const name = JSON.stringify(certificate.subject.replaceAll('\n', ', '));
  if (validToDate.getTime() < now)
    findings.warning(path, `certificate ${name} expired on ${validToDate.toISOString()}`);
  if (validFromDate.getTime() > now)
    findings.warning(path, `certificate ${name} is not valid before ${validFromDate.toISOString()}`);
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
}

/** What the file holds, or undefined after a finding (or when there is no file). */
function parse<T>(file: string, path: string, read: (text: string) => T, findings: Findings): T | undefined {
  if (file === '') return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    findings.error(path, `${file} cannot be read: ${codeOf(cause)}`);
    return undefined;
  }
  try {
    return read(text);
  } catch (cause) {
    findings.error(path, `${file} ${cause instanceof Error ? cause.message : 'does not parse'}`);
    return undefined;
  }
}
