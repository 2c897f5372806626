// Turns what the file says into what the program uses: durations in milliseconds, absolute paths, OpenSSL's names, inherited settings.
// It is given valid data only.

import { dirname, resolve as resolvePath } from 'node:path';
import type { AuthenticationFile } from './authenticationschema.ts';
import { resolveAuthorization } from './authzresolve.ts';
import type { IdentityMap } from './aws/map.ts';
import { stsHostsOf } from './aws/partitions.ts';
import { toOpenSSLCiphers } from './ciphers.ts';
import type {
  AwsIAMConfig,
  Cidr,
  ClusterConfig,
  GateConfig,
  HostPort,
  JwtConfig,
  LimitsConfig,
  SessionsConfig,
  TokenWebhookConfig,
} from './config.ts';
import { resolveAuthenticator, resolveFileEntry } from './jwtresolve.ts';
import { parseCidr, parseHostPort } from './network.ts';
import { issuerAlias, resolvePreset } from './presetfill.ts';
import type { FileConfig } from './schema.ts';
import { parseDuration } from './units.ts';

/** What is read of files that the configuration names; undefined where it names none. */
export interface NamedDocuments {
  readonly configFile: AuthenticationFile | undefined;
  readonly awsMap: IdentityMap | undefined;
}

/** The configuration for the program, deeply frozen. Relative paths are relative to `file`; `documents` are what files named there hold. */
export function resolveConfig(config: FileConfig, file: string, documents: NamedDocuments): GateConfig {
  const absolute = resolvePath(file);
  const path = (text: string): string => (text === '' ? '' : resolvePath(dirname(absolute), text));
  const { tls } = config.listen;
  const { authentication } = config;
  return deepFreeze<GateConfig>({
    file: absolute,
    listen: {
      address: need(parseHostPort(config.listen.address)),
      tls: {
        certFile: path(tls.certFile),
        keyFile: path(tls.keyFile),
        minVersion: tls.minVersion === 'VersionTLS13' ? 'TLSv1.3' : 'TLSv1.2',
        ciphers: toOpenSSLCiphers(tls.cipherSuites),
      },
      clientCAFile: path(config.listen.clientCAFile),
      strictTransportSecurity: config.listen.strictTransportSecurity,
      trustedProxies: config.listen.trustedProxies.map((text): Cidr => need(parseCidr(text))),
    },
    ops: { address: need<HostPort>(parseHostPort(config.ops.address)) },
    clusters: config.clusters.map((cluster): ClusterConfig => resolveCluster(cluster, path)),
    authentication: {
      jwt: [
        ...authentication.jwt.map((jwt) => resolveJwt(jwt, authentication.systemIdentities)),
        ...(documents.configFile?.jwt ?? []).map((entry) =>
          resolveFileEntry(entry, authentication.systemIdentities),
        ),
      ],
      configFile: path(authentication.configFile),
      clientCertificates: authentication.clientCertificates?.enabled
        ? {
            crlFile: path(authentication.clientCertificates.crlFile),
            systemIdentities: authentication.systemIdentities,
          }
        : undefined,
      serviceAccounts: authentication.serviceAccounts,
      anonymousPaths: authentication.anonymous?.conditions.map((condition) => condition.path) ?? [],
      awsIAM: resolveAwsIAM(authentication, path, documents.awsMap),
    },
    tokenWebhook: resolveTokenWebhook(config.tokenWebhook, path),
    authorization: resolveAuthorization(config.authorization),
    sessions: resolveSessions(config, path),
    limits: resolveLimits(config),
    log: { level: config.log.level },
  });
}

function resolveSessions({ sessions, clusters }: FileConfig, path: (text: string) => string): SessionsConfig {
  const { kubernetes, redis } = sessions.registry ?? {};
  const { url = '', passwordFile = '', caFile = '' } = redis ?? {};
  const inKubernetes = kubernetes && {
    kind: 'kubernetes' as const,
    namespace: kubernetes.namespace,
    cluster: kubernetes.cluster ?? clusters[0]?.name ?? '',
  };
  const inRedis = redis && {
    kind: 'redis' as const,
    url,
    passwordFile: path(passwordFile),
    caFile: path(caFile),
  };
  return {
    idleTimeoutMs: need(parseDuration(sessions.idleTimeout)),
    maxDurationMs: need(parseDuration(sessions.maxDuration)),
    endOnExpiry: sessions.endOnExpiry,
    drainDelayMs: need(parseDuration(sessions.drainDelay)),
    drainTimeoutMs: need(parseDuration(sessions.drainTimeout)),
    registry: inKubernetes ?? inRedis,
  };
}

function resolveLimits({ limits: { eventLoopDelay, ...counts } }: FileConfig): LimitsConfig {
  return { ...counts, eventLoopDelayMs: need(parseDuration(eventLoopDelay)) };
}

function resolveCluster(
  cluster: FileConfig['clusters'][number],
  path: (text: string) => string,
): ClusterConfig {
  const { name, context, inCluster, identity, impersonation, gateUser, match } = cluster;
  return {
    name,
    kubeconfig: path(cluster.kubeconfig),
    context,
    inCluster,
    identity,
    impersonation,
    gateUser,
    match: { pathPrefix: match.pathPrefix, hosts: match.hosts },
  };
}

function resolveAwsIAM(
  { awsIAM, systemIdentities }: FileConfig['authentication'],
  path: (text: string) => string,
  map: IdentityMap | undefined,
): AwsIAMConfig | undefined {
  if (awsIAM === undefined) return undefined;
  return {
    clusterID: awsIAM.clusterID,
    mapFile: path(awsIAM.mapFile),
    map: need(map),
    stsHosts: awsIAM.stsRegions.flatMap(stsHostsOf),
    systemIdentities: awsIAM.systemIdentities ?? systemIdentities,
  };
}

function resolveTokenWebhook(
  webhook: FileConfig['tokenWebhook'],
  path: (text: string) => string,
): TokenWebhookConfig | undefined {
  if (webhook === undefined) return undefined;
  const { address, tls, clientCAFile, clientNames, audiences } = webhook;
  return {
    address: need(parseHostPort(address)),
    certFile: path(tls.certFile),
    keyFile: path(tls.keyFile),
    clientCAFile: path(clientCAFile),
    clientNames,
    audiences,
  };
}

function resolveJwt(
  jwt: FileConfig['authentication']['jwt'][number],
  systemIdentities: JwtConfig['systemIdentities'],
): JwtConfig {
  const authenticator = resolveAuthenticator(jwt);
  const alias = issuerAlias(jwt);
  return {
    ...authenticator,
    issuer: alias === '' ? authenticator.issuer : { ...authenticator.issuer, alias },
    ...resolvePreset(jwt),
    sourceHeader: jwt.source.header.toLowerCase(),
    jwksURL: jwt.jwksURL,
    signingAlgorithms: jwt.signingAlgorithms,
    systemIdentities: jwt.systemIdentities ?? systemIdentities,
  };
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a value that passed the checks does not parse');
  return value;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
