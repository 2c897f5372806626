// Everything that is built from one configuration. A request takes the current generation at its beginning and keeps it to its end, so a
// reload never changes anything under a request or session; what two generations have in common (an upstream with the same address and
// credentials, the authenticator with its keys and cache) is handed on instead of built again.

import { readFileSync } from 'node:fs';
import type { Admission } from './admission/admission.ts';
import { type AnonymousUser, createAnonymous } from './authn/anonymous.ts';
import type { AddressOf, Authenticator } from './authn/authenticator.ts';
import type { CertificateRules } from './authn/certificates.ts';
import type { Outcome } from './authn/outcome.ts';
import { compileRules, judgesAnything, type Rules } from './authz/rules.ts';
import type { Cluster } from './clusters.ts';
import type { GateConfig } from './config/config.ts';
import { credentialProblem } from './config/onwardrules.ts';
import { assertionHeadersOf } from './config/presetfill.ts';
import { type ClusterAccess, loadInCluster, loadKubeconfig } from './kube/kubeconfig.ts';
import { type AskCluster, createImpersonationCheck, type ImpersonationObserver } from './onward/check.ts';
import { CREDENTIAL_PATH, createCredentialCheck, type TryCredential } from './onward/credential.ts';
import { createOnward, ownLines } from './onward/onward.ts';
import { callerAddress } from './proxy/address.ts';
import { askCluster } from './proxy/ask.ts';
import { createUpstream, type Dialing, type Upstream, type UpstreamTarget } from './proxy/upstream.ts';
import { compileTrusted, type IsTrusted } from './trusted.ts';

/** How long the cluster may take to say whether somebody may impersonate, or whose a token is. ms */
const REVIEW_TIMEOUT_MS = 5_000;
const TOKEN_REVIEWS_PATH = '/apis/authentication.k8s.io/v1/tokenreviews';

const NO_OBSERVER: ImpersonationObserver = { onCheck: () => {}, onReview: () => {} };

export interface Generation {
  readonly config: GateConfig;
  readonly clusters: readonly Cluster[];
  readonly authenticator: Authenticator;
  /** Who a caller without a credential is, by path. */
  readonly anonymous: AnonymousUser;
  /** The same for all generations of a process. */
  readonly admission: Admission;
  /** The rules at the gate; undefined when there are none, so that nothing is done for them. */
  readonly rules: Rules | undefined;
  readonly isTrusted: IsTrusted;
  /** The caller's address, of which trusted proxies may have told. */
  readonly addressOf: AddressOf;
  /** Lower-case names of configured assertion headers. */
  readonly assertionHeaders: ReadonlySet<string>;
  /** Every file that it was read from, absolute: a change of any makes the next one. */
  readonly files: readonly string[];
  readonly observeAuthentication: (outcome: Outcome) => void;
  /** What it shares with its neighbours, by a key that tells equal ones. */
  readonly shared: ReadonlyMap<string, Shared>;
}

interface Shared {
  readonly value: Upstream | Authenticator;
  readonly close: () => Promise<void> | void;
}

export interface GenerationDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly createAuthenticator: (
    config: GateConfig,
    certificates: CertificateRules | undefined,
  ) => Authenticator;
  readonly observeAuthentication: (outcome: Outcome) => void;
  readonly admission: Admission;
  /** How API servers are connected to; outlives generations. */
  readonly dialing?: Dialing;
  /** Of a cluster by its name; default is told nothing. */
  readonly observeImpersonation?: (cluster: string) => ImpersonationObserver;
  /** ms since the epoch; default the system's clock. */
  readonly now?: () => number;
  /** A question of the gate's own was answered with 401: its credential may have been replaced. Called before whoever asked hears of it. */
  readonly onCredentialRefused?: (() => void) | undefined;
  /** For tests: how long a cluster may take to answer a question of ours. Default REVIEW_TIMEOUT_MS. ms */
  readonly reviewTimeoutMs?: number | undefined;
}

/** A configuration that reads well but can't be put to work: each sentence names what. */
export class GenerationError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

/** Builds the generation of a configuration, reusing what `previous` has. @throws GenerationError with all problems at once. */
export function buildGeneration(
  config: GateConfig,
  previous: Generation | undefined,
  deps: GenerationDeps,
): Generation {
  const { shared, share } = sharing(previous?.shared);
  const files = new Set(namedFiles(config));
  const problems: string[] = [];
  const clusters: Cluster[] = [];
  for (const cluster of config.clusters) {
    const { name, match, kubeconfig, context, inCluster } = cluster;
    const read = inCluster ? loadInCluster(deps.env) : loadKubeconfig({ file: kubeconfig, context });
    if (!read.ok) {
      problems.push(...read.errors.map((error) => `cluster ${name}: ${error}`));
      continue;
    }
    for (const file of read.access.files) files.add(file);
    const problem = credentialProblem(cluster.identity, read.access);
    if (problem !== undefined) {
      problems.push(`cluster ${name}: ${kubeconfig} ${problem}`);
      continue;
    }
    const target = upstreamTarget(read.access);
    const upstream = share(
      JSON.stringify(['upstream', name, target]),
      () => createUpstream(name, target, deps.dialing),
      (value) => value.close(),
    );
    const { reviewTimeoutMs: timeoutMs, onCredentialRefused: onRefused } = deps;
    const asking = { upstream, lines: ownLines(cluster), timeoutMs, onRefused };
    const ask = askAbout(asking);
    const observer = deps.observeImpersonation?.(name) ?? NO_OBSERVER;
    const check = createImpersonationCheck(ask, deps.now ?? Date.now, observer);
    const reviewer = { name, review: (body: string) => ask(TOKEN_REVIEWS_PATH, body) };
    const isRefused = createCredentialCheck(tryCredential(asking));
    clusters.push({ name, match, upstream, reviewer, onward: createOnward(cluster, { check, isRefused }) });
  }
  if (problems.length > 0) throw new GenerationError(problems);
  const rules = compileRules(config.authorization);
  const isTrusted = compileTrusted(config.listen.trustedProxies);
  const certificates = readCertificateRules(config);
  const authentication = JSON.stringify(['authentication', config.authentication, certificates]);
  return {
    config,
    clusters,
    authenticator: share(
      authentication,
      () => deps.createAuthenticator(config, certificates),
      (value) => value.close(),
    ),
    anonymous: createAnonymous(config.authentication.anonymousPaths),
    admission: deps.admission,
    rules: judgesAnything(rules) ? rules : undefined,
    isTrusted,
    addressOf: (peerAddress, rawHeaders) => callerAddress(peerAddress, rawHeaders, isTrusted),
    assertionHeaders: assertionHeadersOf(config.authentication.jwt),
    files: [...files],
    observeAuthentication: deps.observeAuthentication,
    shared,
  };
}

/**
 * Takes what the one before has, or makes it. Apart from buildGeneration, whose closures live as long as the new generation: they would keep the
 * one before, which keeps the one before it, and so each that there ever was.
 */
function sharing(before: ReadonlyMap<string, Shared> | undefined) {
  const shared = new Map<string, Shared>();
  const share = <T extends Upstream | Authenticator>(
    key: string,
    create: () => T,
    close: (value: T) => Promise<void> | void,
  ): T => {
    const one = before?.get(key) ?? shareable(create(), close);
    shared.set(key, one);
    return one.value as T;
  };
  return { shared, share };
}

function shareable<T extends Upstream | Authenticator>(
  value: T,
  close: (value: T) => Promise<void> | void,
): Shared {
  return { value, close: () => close(value) };
}

/** @throws GenerationError when a file that was there a moment ago is gone. */
function readCertificateRules({ listen, authentication }: GateConfig): CertificateRules | undefined {
  if (authentication.clientCertificates === undefined) return undefined;
  const { crlFile, systemIdentities } = authentication.clientCertificates;
  try {
    return {
      systemIdentities,
      authoritiesPem: readFileSync(listen.clientCAFile, 'utf8'),
      revocationLists: crlFile === '' ? undefined : readFileSync(crlFile),
    };
  } catch (error) {
    throw new GenerationError([(error as Error).message]);
  }
}

function namedFiles({ file, listen, tokenWebhook, authentication }: GateConfig): readonly string[] {
  const { certFile, keyFile } = listen.tls;
  const crlFile = authentication.clientCertificates?.crlFile ?? '';
  const mapFile = authentication.awsIAM?.mapFile ?? '';
  const named = [file, crlFile, mapFile, authentication.configFile, certFile, keyFile, listen.clientCAFile];
  if (tokenWebhook !== undefined)
    named.push(tokenWebhook.certFile, tokenWebhook.keyFile, tokenWebhook.clientCAFile);
  return named.filter((one) => one !== '');
}

/** Closes what `old` has and none of the `living` has. Pooled connections that are busy end with their requests. */
export async function retireGeneration(old: Generation, living: Iterable<Generation>): Promise<void> {
  const kept = new Set([...living].flatMap(({ shared }) => [...shared.values()]));
  const closing: (Promise<void> | void)[] = [];
  for (const one of old.shared.values()) if (!kept.has(one)) closing.push(one.close());
  await Promise.allSettled(closing);
}

interface Asking {
  readonly upstream: Upstream;
  /** Who the gate is, beside its credential. */
  readonly lines: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly onRefused: (() => void) | undefined;
}

/** Asks as the gate itself whether somebody may do something. */
function askAbout({ upstream, lines, timeoutMs = REVIEW_TIMEOUT_MS, onRefused }: Asking): AskCluster {
  const common = { method: 'POST', lines, mayRepeat: true, timeoutMs };
  return async (path, body) => {
    const answer = await askCluster(upstream, { ...common, path, body });
    if (answer.status === 401) onRefused?.();
    return { status: answer.status, body: answer.body.toString() };
  };
}

function tryCredential({ upstream, onRefused, ...asking }: Asking): TryCredential {
  const { lines, timeoutMs = REVIEW_TIMEOUT_MS } = asking;
  const question = { method: 'GET', path: CREDENTIAL_PATH, lines, timeoutMs };
  return async () => {
    const { status } = await askCluster(upstream, question);
    if (status === 401) onRefused?.();
    return status;
  };
}

/** What a connection needs of what a kubeconfig says. */
export function upstreamTarget(access: ClusterAccess): UpstreamTarget {
  const { server, tlsServerName, caPem, clientCertPem, clientKeyPem, token } = access;
  return {
    host: server.host,
    port: server.port,
    basePath: server.basePath,
    tlsServerName,
    caPem,
    clientCertPem,
    clientKeyPem,
    token,
  };
}
