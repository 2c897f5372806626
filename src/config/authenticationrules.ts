// What must hold across authentication: one entry for each issuer and source, in the configuration and in kube-apiserver's file together,
// and who may come without a credential. What concerns one entry alone is in jwtrules.ts.

import type { AuthenticationFile } from './authenticationschema.ts';
import { createEnvironments } from './expressions.ts';
import { type Findings, isWithin, itemPath } from './findings.ts';
import { checkEntry, type PartialEntry, sourceHeaderOf } from './jwtrules.ts';
import type { Partially } from './rules.ts';
import type { FileConfig } from './schema.ts';

/** authentication.configFile as far as it passed its schema. */
export interface AuthenticationDocument {
  /** As errors show it. */
  readonly file: string;
  /** Undefined when nothing of it could be used. */
  readonly content: Partially<AuthenticationFile> | undefined;
  readonly findings: Findings;
}

interface EntryList {
  readonly entries: readonly (PartialEntry | undefined)[];
  readonly root: string;
  /** Where an entry of the other list is said to be; '' for this one. */
  readonly file: string;
  readonly findings: Findings;
}

/** Checks authentication, with the document that it names, if any; `file` is the configuration's own name. */
export function checkAuthentication(
  config: Partially<FileConfig>,
  file: string,
  document: AuthenticationDocument | undefined,
  findings: Findings,
): void {
  const own: EntryList = {
    entries: config.authentication?.jwt ?? [],
    root: 'authentication.jwt',
    file,
    findings,
  };
  const lists = [own];
  if (document !== undefined) {
    const { file: name, content, findings: found } = document;
    lists.push({ entries: content?.jwt ?? [], root: 'jwt', file: name, findings: found });
  }
  checkUniqueness(lists);
  const environments = createEnvironments();
  for (const { entries, root, findings: found } of lists) {
    for (const [index, entry] of entries.entries()) {
      if (entry) checkEntry(entry, itemPath(root, index), environments, found);
    }
  }
  checkSources(own, config.listen?.trustedProxies, findings);
  checkAnonymous(config, document, findings);
  checkCertificates(config, findings);
  const { awsIAM, clientCertificates, serviceAccounts } = config.authentication ?? {};
  const isEmpty =
    lists.every(({ entries }) => entries.length === 0) &&
    clientCertificates?.enabled !== true &&
    serviceAccounts === undefined &&
    awsIAM === undefined;
  if (isEmpty && !findings.failed('authentication') && document?.findings.failed('') !== true) {
    findings.warning('authentication.jwt', 'no issuer is configured: every caller will be refused');
  }
}

/** A certificate counts only where the listener asks for it and knows who may issue it. */
function checkCertificates({ authentication, listen }: Partially<FileConfig>, findings: Findings): void {
  const path = 'authentication.clientCertificates';
  const { enabled, crlFile = '' } = authentication?.clientCertificates ?? {};
  if (enabled === true && (listen?.clientCAFile ?? '') === '') {
    findings.error(`${path}.enabled`, 'needs listen.clientCAFile: the authorities that issue them');
  }
  if (enabled !== true && crlFile !== '') {
    findings.warning(`${path}.crlFile`, 'is not read, since enabled is not true');
  }
}

interface Known {
  readonly path: string;
  readonly file: string;
}

/** A token's issuer and the header that it came in choose one entry: two that fit would be two opinions. */
function checkUniqueness(lists: readonly EntryList[]): void {
  const issuers = new Map<string, Known>();
  const documents = new Map<string, Known>();
  for (const { entries, root, file, findings } of lists) {
    for (const [index, entry] of entries.entries()) {
      const { url = '', discoveryURL = '' } = entry?.issuer ?? {};
      const header = entry === undefined ? '' : sourceHeaderOf(entry);
      const path = `${itemPath(root, index)}.issuer`;
      const claim = (known: Map<string, Known>, key: 'url' | 'discoveryURL', value: string): void => {
        if (value === '' || header === '') return;
        const at = { path: `${path}.${key}`, file };
        const other = known.get(`${header} ${value}`);
        known.set(`${header} ${value}`, other ?? at);
        if (other === undefined || isWithin(at.path, other.path)) return;
        const where = other.file === file ? other.path : `${other.path} in ${other.file}`;
        findings.error(
          at.path,
          key === 'url'
            ? `is the same as ${where}; one entry per issuer and source header`
            : `is the same as ${where}; each issuer has a discovery document of its own`,
        );
      };
      claim(issuers, 'url', url);
      claim(documents, 'discoveryURL', discoveryURL);
    }
  }
}

function checkSources(
  { entries, root }: EntryList,
  trustedProxies: readonly unknown[] | undefined,
  findings: Findings,
): void {
  const presets = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const header = entry?.source?.header ?? '';
    const preset = entry?.preset ?? '';
    // One header is read in one way.
    if ((presets.get(header.toLowerCase()) ?? preset) !== preset) {
      findings.error(
        `${itemPath(root, index)}.source.header`,
        `${header} is read with another preset, or none, by an earlier entry; entries of one header have the same preset`,
      );
    }
    presets.set(header.toLowerCase(), presets.get(header.toLowerCase()) ?? preset);
    const own = entry?.source?.trustedProxies;
    if (header.toLowerCase() === 'authorization' && own !== undefined) {
      findings.error(
        `${itemPath(root, index)}.source.trustedProxies`,
        'a bearer token counts from everybody: leave it out, or name the header of a proxy',
      );
    }
    if (header === '' || header.toLowerCase() === 'authorization') continue;
    if (trustedProxies?.length !== 0 || own !== undefined) continue;
    findings.warning(
      `${itemPath(root, index)}.source.header`,
      `${header} counts only from listen.trustedProxies, which is empty, or source.trustedProxies: nobody can use this entry`,
    );
  }
}

/**
 * In kube-apiserver's file `anonymous` is about kube-apiserver's own door. Here only authentication.anonymous counts, and it has to name
 * the paths: with none, everything would go on to the API server without a name.
 */
function checkAnonymous(
  config: Partially<FileConfig>,
  document: AuthenticationDocument | undefined,
  findings: Findings,
): void {
  const own = config.authentication?.anonymous;
  const at = 'authentication.anonymous.conditions';
  checkConditions(own, at, findings);
  if (own?.enabled === true && (own.conditions ?? []).length === 0) {
    findings.error(
      at,
      'name the paths, as in conditions: [{path: /livez}]: without any, every path would be open',
    );
  }
  for (const [index, condition] of (own?.conditions ?? []).entries()) {
    const path = condition?.path ?? '/';
    if (!path.startsWith('/'))
      findings.error(`${itemPath(at, index)}.path`, 'must begin with /, as in /livez');
  }
  const theirs = document?.content?.anonymous;
  if (document === undefined || theirs === undefined) return;
  checkConditions(theirs, 'anonymous.conditions', document.findings);
  if (theirs.enabled === true && own === undefined) {
    document.findings.warning(
      'anonymous',
      "is about kube-apiserver's own door: Postern refuses callers without a credential, but on paths that authentication.anonymous names",
    );
  }
}

function checkConditions(
  anonymous: Partially<AuthenticationFile['anonymous']>,
  path: string,
  findings: Findings,
): void {
  if (anonymous?.enabled === false && (anonymous.conditions ?? []).length > 0)
    findings.error(path, 'conditions go with enabled: true; set it, or leave them out');
}
