// An entry of a jwt list as the program uses it: every key there, '' or empty for what the file left out.

import type { FileAuthenticator } from './authenticationschema.ts';
import type { ClaimMapping, JwtConfig } from './config.ts';

/** The part of an entry that is Kubernetes' own. */
export type AuthenticatorConfig = Pick<
  JwtConfig,
  'issuer' | 'claimMappings' | 'requiredClaims' | 'claimValidationRules' | 'userValidationRules'
>;

/** What kube-apiserver accepts with its file: AllValidSigningAlgorithms of plugin/pkg/authenticator/token/oidc. */
const KUBERNETES_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
];

/** Resolves what an entry has of Kubernetes' own. */
export function resolveAuthenticator(entry: FileAuthenticator): AuthenticatorConfig {
  const { issuer, claimMappings: mappings, claimValidationRules: rules } = entry;
  return {
    issuer: {
      url: issuer.url,
      discoveryURL: issuer.discoveryURL ?? '',
      audiences: issuer.audiences,
      certificateAuthority: issuer.certificateAuthority ?? '',
    },
    claimMappings: {
      username: resolveMapping(mappings.username),
      groups: resolveMapping(mappings.groups),
      uid: { claim: mappings.uid?.claim ?? '', expression: mappings.uid?.expression ?? '' },
      extra: (mappings.extra ?? []).map(({ key, valueExpression }) => ({ key, valueExpression })),
    },
    requiredClaims: rules
      .filter(({ claim = '' }) => claim !== '')
      .map(({ claim = '', requiredValue = '' }) => ({ claim, requiredValue })),
    claimValidationRules: rules
      .filter(({ expression = '' }) => expression !== '')
      .map(({ expression = '', message = '' }) => ({ expression, message })),
    userValidationRules: entry.userValidationRules.map(({ expression, message = '' }) => ({
      expression,
      message,
    })),
  };
}

/** An entry of configFile: a bearer token, discovery, and the algorithms of kube-apiserver. */
export function resolveFileEntry(
  entry: FileAuthenticator,
  systemIdentities: JwtConfig['systemIdentities'],
): JwtConfig {
  return {
    ...resolveAuthenticator(entry),
    sourceHeader: 'authorization',
    jwksURL: '',
    signingAlgorithms: KUBERNETES_ALGORITHMS,
    systemIdentities,
  };
}

function resolveMapping(mapping: FileAuthenticator['claimMappings']['groups']): ClaimMapping {
  return {
    claim: mapping?.claim ?? '',
    prefix: mapping?.prefix ?? '',
    expression: mapping?.expression ?? '',
  };
}
