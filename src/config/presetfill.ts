// Fills the entries of authentication.jwt that name a preset, before the schema is applied, so that everything after sees whole entries. A
// preset can only be made narrower: a key that would read other headers, algorithms or keys than the vendor's is an error, not an override.

import type { Cidr, JwtConfig } from './config.ts';
import { type Findings, itemPath } from './findings.ts';
import { parseCidr } from './network.ts';
import { isPresetName, PRESETS, type Preset, type PresetName } from './presets.ts';
import { quote } from './quote.ts';
import type { FileConfig } from './schema.ts';
import type { Mapping } from './source.ts';
import { parseDuration } from './units.ts';
import { isMapping } from './validate.ts';

interface Place {
  readonly name: PresetName;
  readonly preset: Preset;
  readonly path: string;
  readonly findings: Findings;
}

/** The tree with its presets filled in; what does not fit a preset goes to `findings`. Anything of the wrong type is left to the schema. */
export function fillPresets(tree: unknown, findings: Findings): unknown {
  if (!isMapping(tree) || !isMapping(tree['authentication'])) return tree;
  const { authentication } = tree;
  const entries: unknown = authentication['jwt'];
  if (!Array.isArray(entries)) return tree;
  const jwt = entries.map((entry: unknown, index) => {
    if (!isMapping(entry) || !isPresetName(entry['preset'])) return entry;
    const name = entry['preset'];
    const path = itemPath('authentication.jwt', index);
    return fillEntry(entry, index, { name, preset: PRESETS[name], path, findings });
  });
  return { ...tree, authentication: { ...authentication, jwt } };
}

function fillEntry(entry: Mapping, index: number, place: Place): Mapping {
  const { preset } = place;
  const issuer = entry['issuer'] ?? {};
  const source = entry['source'] ?? {};
  const mappings = entry['claimMappings'] ?? {};
  if (!isMapping(issuer) || !isMapping(source) || !isMapping(mappings)) return entry;
  refuseOthers(entry, issuer, source, place);
  remindOfSessions(entry, place);
  const named = fillIssuer(issuer, index, place);
  if (typeof named !== 'string' || !URL.canParse(named)) return entry;
  const url = new URL(named);
  const keysURL = preset.keysURL(url);
  return {
    ...entry,
    issuer: {
      ...issuer,
      // Pomerium's issuer is the route's host, or this: one issuer, so it has one name here.
      url: place.name === 'pomerium' ? `https://${url.hostname}/` : named,
      audiences: fillAudiences(issuer, url, place),
    },
    source: { ...source, header: preset.header },
    signingAlgorithms: [preset.algorithm],
    jwksURL: preset.isOwn ? (entry['jwksURL'] ?? keysURL) : keysURL,
    claimMappings: { ...preset.claimMappings, ...withoutNulls(mappings) },
  };
}

/** Keys that would take the place of what the preset stands for. */
function refuseOthers(entry: Mapping, issuer: Mapping, source: Mapping, place: Place): void {
  const { name, preset, path, findings } = place;
  const refuse = (key: string, why: string): void =>
    findings.error(`${path}.${key}`, `${why} with preset: ${name}; leave it out`, 'key');
  const header = source['header'];
  if (typeof header === 'string' && header.toLowerCase() !== preset.header.toLowerCase())
    refuse('source.header', `is always ${preset.header}`);
  const algorithms = entry['signingAlgorithms'];
  if (algorithms !== undefined && JSON.stringify(algorithms) !== JSON.stringify([preset.algorithm]))
    refuse('signingAlgorithms', `is always [${preset.algorithm}]`);
  if (isText(issuer['discoveryURL'])) refuse('issuer.discoveryURL', 'has no meaning');
  if (preset.isOwn) return;
  if (isText(entry['jwksURL'])) refuse('jwksURL', "is the vendor's");
  if (isText(issuer['certificateAuthority']))
    refuse(
      'issuer.certificateAuthority',
      "is the public one of the vendor's keys (a root that only this machine knows belongs into its own store)",
    );
}

/** Whoever never thought of it finds their shells ended after minutes. Any value says that it was thought of. */
function remindOfSessions(entry: Mapping, { name, preset, path, findings }: Place): void {
  if (!preset.isPerRequest || isText(entry['sessionLifetime'])) return;
  findings.warning(
    `${path}.sessionLifetime`,
    `is not set: with ${name} an exec or a watch ends some minutes after it began, with the assertion that opened it. Write 0s if that is meant, or how long it may go on, as in 1h (docs/how-to/access-proxies.md)`,
  );
}

/** Reports what is missing itself, because it knows what to write there; what stands in for it is used by nobody. */
function fillIssuer(issuer: Mapping, index: number, { name, preset, path, findings }: Place): unknown {
  const at = `${path}.issuer.url`;
  const { pattern, form } = preset.issuerPart;
  const given = issuer['url'] ?? preset.issuer;
  if (given === '') {
    findings.error(at, `missing: write ${form}`, 'key');
    return `https://missing-${index}.invalid`;
  }
  if (typeof given === 'string' && !pattern.test(given))
    findings.error(at, `with preset: ${name} it must be ${form}; found ${quote(given)}`);
  return given;
}

function fillAudiences(issuer: Mapping, url: URL, { name, preset, path, findings }: Place): unknown {
  const at = `${path}.issuer.audiences`;
  const { pattern, form } = preset.audiencePart;
  const given = issuer['audiences'];
  if (given === undefined || given === null) {
    if (name === 'pomerium') return [url.hostname];
    findings.error(at, `missing: write ${form}`, 'key');
    return ['missing'];
  }
  if (!Array.isArray(given)) return given;
  for (const [index, audience] of (given as readonly unknown[]).entries()) {
    if (typeof audience !== 'string' || pattern.test(audience)) continue;
    findings.error(itemPath(at, index), `with preset: ${name} it must be ${form}; found ${quote(audience)}`);
  }
  return given;
}

/** The preset of an entry and what comes with it, for the program. */
export function resolvePreset(
  jwt: FileConfig['authentication']['jwt'][number],
): Pick<JwtConfig, 'preset' | 'trustedProxies' | 'sessionLifetimeMs'> {
  const { preset, source } = jwt;
  const ranges = source.trustedProxies?.map(parseCidr).filter((range): range is Cidr => range !== undefined);
  const sessionLifetimeMs = parseDuration(jwt.sessionLifetime) ?? 0;
  return {
    ...(sessionLifetimeMs === 0 ? {} : { sessionLifetimeMs }),
    ...(ranges === undefined ? {} : { trustedProxies: ranges }),
    ...(preset === undefined ? {} : { preset }),
  };
}

/** Another name that the tokens' `iss` may have for the issuer, or ''. */
export function issuerAlias({ preset, issuer }: FileConfig['authentication']['jwt'][number]): string {
  return preset === 'pomerium' ? new URL(issuer.url).hostname : '';
}

/** The headers, lower case, in which the entries' proxies speak of callers: none of them goes on to the cluster. */
export function assertionHeadersOf(jwt: readonly JwtConfig[]): ReadonlySet<string> {
  return new Set(
    jwt
      .flatMap(({ sourceHeader, preset }) => [
        sourceHeader,
        ...(preset === undefined ? [] : PRESETS[preset].companions),
      ])
      .filter((header) => header !== 'authorization'),
  );
}

function isText(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function withoutNulls(mapping: Mapping): Mapping {
  return Object.fromEntries(Object.entries(mapping).filter(([, value]) => value !== null));
}
