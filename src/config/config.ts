// The gate's configuration once it has been read, checked and resolved: what the rest of the program sees. Everything here is frozen,
// durations are milliseconds, paths are absolute, names are normalised. The file format itself is described by schema.ts.

import type { AuthorizationConfig } from './authzconfig.ts';
import type { IdentityMap } from './aws/map.ts';
import type { StsHost } from './aws/partitions.ts';
import type { PresetName } from './presets.ts';

/** One address to listen on; port 0 lets the system choose (tests). */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An address range, as `net.BlockList.addSubnet` takes it. */
export interface Cidr {
  readonly address: string;
  readonly prefixLength: number;
  readonly family: 'ipv4' | 'ipv6';
}

export interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL names, in order; never empty. */
  readonly ciphers: readonly string[];
}

/** How a cluster learns who the caller is. */
export type IdentityMode = 'Impersonate' | 'Passthrough' | 'RequestHeader';

/** What becomes of a caller's own Impersonate-* headers. */
export type ImpersonationPolicy = 'Check' | 'Refuse';

export interface ClusterConfig {
  readonly name: string;
  /** Absolute path of the kubeconfig; '' when inCluster. */
  readonly kubeconfig: string;
  /** The kubeconfig's context; '' means its current-context. */
  readonly context: string;
  readonly inCluster: boolean;
  readonly identity: IdentityMode;
  readonly impersonation: ImpersonationPolicy;
  /** As whom the gate asks for itself with identity: RequestHeader; the other modes have their kubeconfig's user. */
  readonly gateUser: string;
  /** Absent match (both empty) takes everything. pathPrefix has no trailing slash; hosts are lower case without port. */
  readonly match: { readonly pathPrefix: string; readonly hosts: readonly string[] };
}

/** A claim with its prefix, or an expression; all '' means not mapped. */
export interface ClaimMapping {
  readonly claim: string;
  readonly prefix: string;
  /** CEL over `claims`. */
  readonly expression: string;
}

/** An expression that must be true; `message` is for the caller, '' for none. */
export interface ValidationRule {
  readonly expression: string;
  readonly message: string;
}

/** One entry of authentication.jwt or of configFile. */
export interface JwtConfig {
  readonly issuer: {
    readonly url: string;
    readonly discoveryURL: string;
    readonly audiences: readonly string[];
    /** PEM; '' means the system's roots. */
    readonly certificateAuthority: string;
    /** Another way in which tokens name it. */
    readonly alias?: string;
  };
  readonly claimMappings: {
    readonly username: ClaimMapping;
    readonly groups: ClaimMapping;
    readonly uid: Omit<ClaimMapping, 'prefix'>;
    readonly extra: readonly { readonly key: string; readonly valueExpression: string }[];
  };
  /** Required claim values (claimValidationRules with claim and requiredValue). */
  readonly requiredClaims: readonly { readonly claim: string; readonly requiredValue: string }[];
  /** Over `claims` (claimValidationRules with expression). */
  readonly claimValidationRules: readonly ValidationRule[];
  /** Over `user`. */
  readonly userValidationRules: readonly ValidationRule[];
  /** Lower-case header name; 'authorization' means bearer (and the websocket bearer subprotocol). */
  readonly sourceHeader: string;
  /** '' means OpenID discovery. */
  readonly jwksURL: string;
  readonly signingAlgorithms: readonly string[];
  readonly systemIdentities: 'Refuse' | 'Allow';
  readonly preset?: PresetName;
  /** From which peers the header counts; absent: listen.trustedProxies. Nothing for 'authorization', which counts from everybody. */
  readonly trustedProxies?: readonly Cidr[];
  /** How long a session may go on that outlives its token; absent: not at all. */
  readonly sessionLifetimeMs?: number;
}

/** authentication.awsIAM, with what its mapFile holds. */
export interface AwsIAMConfig {
  readonly clusterID: string;
  /** Absolute. */
  readonly mapFile: string;
  readonly map: IdentityMap;
  /** Every STS that may be asked. */
  readonly stsHosts: readonly StsHost[];
  readonly systemIdentities: 'Refuse' | 'Allow';
}

export interface ClientCertificatesConfig {
  /** Absolute; '' for none. */
  readonly crlFile: string;
  readonly systemIdentities: 'Refuse' | 'Allow';
}

export interface SessionsConfig {
  /** 0 means none. */
  readonly idleTimeoutMs: number;
  readonly maxDurationMs: number;
  readonly endOnExpiry: boolean;
  /** 0 means none. */
  readonly drainDelayMs: number;
  readonly drainTimeoutMs: number;
  /** undefined means nowhere. */
  readonly registry: RegistryConfig | undefined;
}

/** Where all replicas tell who is in. */
export type RegistryConfig =
  | { readonly kind: 'kubernetes'; readonly namespace: string; readonly cluster: string }
  | ({ readonly kind: 'redis' } & RedisConfig);

/** How to reach a Redis. Files are absolute, '' for none. */
export interface RedisConfig {
  readonly url: string;
  readonly passwordFile: string;
  readonly caFile: string;
}

/** Of one process. 0 means no limit everywhere. */
export interface LimitsConfig {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Unfinished at once. */
  readonly handshakes: number;
  /** Requests a second that are nobody's. */
  readonly unauthenticatedPerAddress: number;
  readonly requestsInFlightPerUser: number;
  readonly watchesPerUser: number;
  readonly sessionsPerUser: number;
  readonly eventLoopDelayMs: number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** The listener for the API server's TokenReviews. */
export interface TokenWebhookConfig {
  readonly address: HostPort;
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCAFile: string;
  /** Empty means every certificate of the authority. */
  readonly clientNames: readonly string[];
  readonly audiences: readonly string[];
}

/** The whole configuration, resolved. */
export interface GateConfig {
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly listen: {
    readonly address: HostPort;
    readonly tls: TlsConfig;
    /** '' means none. */
    readonly clientCAFile: string;
    /** Value of the header; '' means none. */
    readonly strictTransportSecurity: string;
    readonly trustedProxies: readonly Cidr[];
  };
  readonly ops: { readonly address: HostPort };
  readonly clusters: readonly ClusterConfig[];
  readonly authentication: {
    /** Those of configFile come after the configuration's own. */
    readonly jwt: readonly JwtConfig[];
    /** Absolute; '' for none. */
    readonly configFile: string;
    /** Paths on which a caller without a credential is system:anonymous. */
    readonly anonymousPaths: readonly string[];
    /** Undefined for none. */
    readonly awsIAM: AwsIAMConfig | undefined;
    /** undefined: certificates say nothing of who somebody is. */
    readonly clientCertificates: ClientCertificatesConfig | undefined;
    /** undefined: tokens of unknown issuers are refused without asking the cluster. Empty audiences: the API server's own. */
    readonly serviceAccounts: { readonly audiences: readonly string[] } | undefined;
  };
  /** undefined when there is none. */
  readonly tokenWebhook: TokenWebhookConfig | undefined;
  readonly authorization: AuthorizationConfig;
  readonly sessions: SessionsConfig;
  readonly limits: LimitsConfig;
  readonly log: { readonly level: LogLevel };
}
