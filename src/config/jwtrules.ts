// What must hold within one entry of a jwt list: the rules of k8s.io/apiserver pkg/apis/apiserver/validation validateJWTAuthenticator, and
// those that Postern's own keys bring. Paths are those that kube-apiserver prints, after the list's own.

import type { FileAuthenticator } from './authenticationschema.ts';
import { checkExpressions, type Environments } from './expressions.ts';
import { type Findings, itemPath } from './findings.ts';
import type { Partially } from './rules.ts';

/** An entry as far as it passed the schema: Kubernetes' own keys, and Postern's where the list may have them. */
export type PartialEntry = Partially<FileAuthenticator> & {
  readonly source?:
    | { readonly header?: string | undefined; readonly trustedProxies?: readonly unknown[] | undefined }
    | undefined;
  readonly preset?: string | undefined;
  readonly jwksURL?: string | undefined;
};

type Mapping = Partially<FileAuthenticator['claimMappings']['username']>;

/** Checks one entry at `path`. */
export function checkEntry(
  entry: PartialEntry,
  path: string,
  environments: Environments,
  findings: Findings,
): void {
  checkIssuer(entry, path, findings);
  checkClaimRules(entry.claimValidationRules ?? [], `${path}.claimValidationRules`, findings);
  checkMappings(entry.claimMappings ?? {}, `${path}.claimMappings`, findings);
  checkUserRules(entry.userValidationRules ?? [], `${path}.userValidationRules`, findings);
  checkExpressions(entry, path, environments, findings);
}

/** The header, lower case, from which the entry takes tokens; '' when it failed its own check. */
export function sourceHeaderOf(entry: PartialEntry): string {
  if (entry.source === undefined) return 'authorization';
  return (entry.source.header ?? '').toLowerCase();
}

function checkIssuer(entry: PartialEntry, path: string, findings: Findings): void {
  const { url = '', discoveryURL = '', audiences = [], audienceMatchPolicy = '' } = entry.issuer ?? {};
  const withoutSlash = (text: string): string => text.replace(/\/+$/, '');
  if (url !== '' && discoveryURL !== '' && withoutSlash(url) === withoutSlash(discoveryURL)) {
    findings.error(
      `${path}.issuer.discoveryURL`,
      'must differ from issuer.url; leave it out when the document is at the usual place',
    );
  }
  if (audiences.length > 1 && audienceMatchPolicy !== 'MatchAny') {
    findings.error(
      `${path}.issuer.audienceMatchPolicy`,
      `with ${audiences.length} audiences it is required: write audienceMatchPolicy: MatchAny`,
    );
  }
  if ((entry.issuer?.egressSelectorType ?? '') !== '') {
    findings.error(
      `${path}.issuer.egressSelectorType`,
      'Postern has no egress selectors and connects to issuers directly: leave it out, and let the network lead there',
    );
  }
  if (discoveryURL !== '' && (entry.jwksURL ?? '') !== '') {
    findings.warning(`${path}.issuer.discoveryURL`, 'is not used, since jwksURL names the keys');
  }
}

function checkClaimRules(
  rules: NonNullable<PartialEntry['claimValidationRules']>,
  path: string,
  findings: Findings,
): void {
  const seen = new Map<string, string>();
  for (const [index, rule] of rules.entries()) {
    if (!rule) continue;
    const at = itemPath(path, index);
    const { claim = '', expression = '', requiredValue = '', message = '' } = rule;
    if (claim !== '' && expression !== '') {
      findings.error(at, 'claim and expression exclude each other; keep one');
    } else if (claim === '' && expression === '') {
      findings.error(
        at,
        'claim or expression is required: write claim and requiredValue, or expression and message',
      );
    } else if (claim !== '') {
      if (message !== '')
        findings.error(`${at}.message`, 'goes with expression, not with claim: leave it out');
      refuseRepetition(seen, `${at}.claim`, claim, findings);
    } else {
      if (requiredValue !== '')
        findings.error(`${at}.requiredValue`, 'goes with claim, not with expression: leave it out');
      refuseRepetition(seen, `${at}.expression`, expression, findings);
    }
  }
}

function checkMappings(
  mappings: NonNullable<PartialEntry['claimMappings']>,
  path: string,
  findings: Findings,
): void {
  checkMapping(mappings.username ?? {}, `${path}.username`, findings);
  if ((mappings.username?.claim ?? '') === '' && (mappings.username?.expression ?? '') === '') {
    findings.error(
      `${path}.username`,
      'claim or expression is required, as in username: {claim: sub, prefix: ""}',
      'key',
    );
  }
  if (mappings.username?.prefix === '-') {
    findings.warning(
      `${path}.username.prefix`,
      'is put before the name as it is; only the flag --oidc-username-prefix takes "-" for none: write prefix: ""',
    );
  }
  if (mappings.groups) checkMapping(mappings.groups, `${path}.groups`, findings);
  if (mappings.uid) refuseBoth(mappings.uid, `${path}.uid`, findings);
  const keys = new Map<string, string>();
  for (const [index, extra] of (mappings.extra ?? []).entries()) {
    if (extra?.key !== undefined)
      refuseRepetition(keys, `${itemPath(`${path}.extra`, index)}.key`, extra.key, findings);
  }
}

function checkMapping(mapping: Mapping, path: string, findings: Findings): void {
  if (refuseBoth(mapping, path, findings)) return;
  if ((mapping.expression ?? '') !== '' && mapping.prefix !== undefined) {
    findings.error(
      `${path}.prefix`,
      'goes with claim: put it into the expression, as in "oidc:" + claims.sub',
    );
  }
  if ((mapping.claim ?? '') !== '' && mapping.prefix === undefined && !findings.failed(`${path}.prefix`)) {
    findings.error(
      `${path}.prefix`,
      'missing: it is required when claim is set: write prefix: "" for no prefix',
      'key',
    );
  }
}

function refuseBoth(
  mapping: { readonly claim?: string | undefined; readonly expression?: string | undefined },
  path: string,
  findings: Findings,
): boolean {
  if ((mapping.claim ?? '') === '' || (mapping.expression ?? '') === '') return false;
  findings.error(path, 'claim and expression exclude each other; keep one');
  return true;
}

function checkUserRules(
  rules: NonNullable<PartialEntry['userValidationRules']>,
  path: string,
  findings: Findings,
): void {
  const seen = new Map<string, string>();
  for (const [index, rule] of rules.entries()) {
    if (rule?.expression !== undefined)
      refuseRepetition(seen, `${itemPath(path, index)}.expression`, rule.expression, findings);
  }
}

function refuseRepetition(seen: Map<string, string>, path: string, value: string, findings: Findings): void {
  const kind = path.slice(path.lastIndexOf('.') + 1);
  const other = seen.get(`${kind} ${value}`);
  if (other === undefined) seen.set(`${kind} ${value}`, path);
  else findings.error(path, `is the same as ${other}; each ${kind} once`);
}
