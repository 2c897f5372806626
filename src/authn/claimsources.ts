// Claims that a token only points to: OpenID Connect Core §5.6.2, read as go-oidc and apiserver's claimResolver.expand do
// (plugin/pkg/authenticator/token/oidc/oidc.go). And Entra's groups overage, which looks like one and is none: its endpoint answers only to an
// application that has a token of its own for Microsoft Graph, and not with a JWT.

import { own } from './claimvalue.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Where a claim is. `none`: in the token itself, or nowhere; an aggregated one (`JWT`) counts as nowhere, as at the API server. */
export type ClaimSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'endpoint'; readonly url: string; readonly accessToken: string }
  | { readonly kind: 'malformed'; readonly detail: string };

const NONE: ClaimSource = Object.freeze({ kind: 'none' });
/** Microsoft Graph and its predecessor, in the public and the national clouds. */
const GRAPH_HOSTS: ReadonlySet<string> = new Set([
  'graph.microsoft.com',
  'graph.windows.net',
  'graph.microsoft.us',
  'dod-graph.microsoft.us',
  'graph.microsoftazure.us',
  'microsoftgraph.chinacloudapi.cn',
  'graph.chinacloudapi.cn',
]);

/**
 * Finds the source of `claim`; '' for none. Every name and source must be well-formed, whether it is asked for or not: go-oidc refuses such a
 * token altogether.
 */
export function findClaimSource(claims: Claims, claim: string): ClaimSource {
  const names = readNames(own(claims, '_claim_names'));
  if (names === undefined) return malformed('_claim_names is not a mapping of strings');
  const sources = readSources(own(claims, '_claim_sources'));
  if (sources === undefined) return malformed('_claim_sources is not a mapping of sources');
  for (const source of names.values()) {
    if (!sources.has(source))
      return malformed('_claim_names names a source that _claim_sources does not have');
  }
  if (claim === '' || Object.hasOwn(claims, claim)) return NONE;
  if (Object.hasOwn(claims, '_claim_names') && !Object.hasOwn(claims, '_claim_sources'))
    return malformed('_claim_names is there without _claim_sources');
  const source = sources.get(names.get(claim) ?? '');
  return source === undefined || source.url === '' ? NONE : source;
}

/**
 * Whether Entra left the groups out because there are too many: `_claim_names` points to Graph, `groups` holds the name of that source, or
 * `hasgroups` stands in their place. `claim` is the one that groups are taken from; the last two forms exist for `groups` alone.
 */
export function isGroupsOverage(claims: Claims, claim: string): boolean {
  const value = own(claims, claim);
  if (claim === 'groups' && value === undefined && own(claims, 'hasgroups') === true) return true;
  const names = own(claims, '_claim_names');
  const pointed = isRecord(names) ? own(names, claim) : undefined;
  const source = value === undefined ? pointed : claim === 'groups' ? value : undefined;
  const sources = own(claims, '_claim_sources');
  if (typeof source !== 'string' || !isRecord(sources)) return false;
  const found = own(sources, source);
  const endpoint = isRecord(found) ? own(found, 'endpoint') : undefined;
  return typeof endpoint === 'string' && GRAPH_HOSTS.has(URL.parse(endpoint)?.hostname ?? '');
}

type Endpoint = Extract<ClaimSource, { kind: 'endpoint' }>;

/** No names, and null, are an empty mapping, as Go reads them. An empty source's name is one that cannot be there. */
function readNames(names: unknown): ReadonlyMap<string, string> | undefined {
  if (names === undefined || names === null) return new Map();
  if (!isRecord(names)) return undefined;
  const read = new Map<string, string>();
  for (const [name, source] of Object.entries(names)) {
    if (typeof source !== 'string' || source === '') return undefined;
    read.set(name, source);
  }
  return read;
}

function readSources(sources: unknown): ReadonlyMap<string, Endpoint> | undefined {
  if (sources === undefined || sources === null) return new Map();
  if (!isRecord(sources)) return undefined;
  const read = new Map<string, Endpoint>();
  for (const [name, source] of Object.entries(sources)) {
    const members = source ?? {};
    if (!isRecord(members)) return undefined;
    const texts = ['endpoint', 'access_token', 'JWT'].map((member) => own(members, member) ?? '');
    const [url, accessToken] = texts;
    if (!texts.every((text) => typeof text === 'string')) return undefined;
    read.set(name, { kind: 'endpoint', url: String(url), accessToken: String(accessToken) });
  }
  return read;
}

function malformed(detail: string): ClaimSource {
  return { kind: 'malformed', detail };
}

function isRecord(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
