// Who is calling: the one entrance of authentication, for REST and upgrades alike. The credential's issuer and the place it was found in
// choose exactly one entry of the configuration, which alone judges it: there is no second opinion.

import type { GateConfig } from '../config/config.ts';
import { assertionHeadersOf } from '../config/presetfill.ts';
import { type AwsDoor, createAwsDoor } from './aws/door.ts';
import type { StsRoute } from './aws/sts.ts';
import { createVerdictCache, type Verdict } from './cache.ts';
import {
  type CertificateRules,
  createCertificateAuthenticator,
  type PeerCertificate,
  type RenewalEvent,
} from './certificates.ts';
import { systemClock } from './clock.ts';
import { type CredentialInput, type Credentials, extractCredentials } from './credentials.ts';
import type { ReviewingCluster, TokenDoor } from './door.ts';
import { createEntries, type Entries, entryKey, hasIssuer, parseFrom } from './entries.ts';
import { judgeInTurn, type Strangers } from './inturn.ts';
import type { JwtDeps } from './jwt.ts';
import { type Entrant, objectionTo } from './objection.ts';
import type { Objection, Outcome } from './outcome.ts';
import { createPeerViews, type Peer, type PeerView } from './peers.ts';
import { canonicalIssuer } from './rules.ts';
import { createServiceAccountDoor } from './serviceaccounts.ts';
import { describeValue } from './token.ts';

/** The outcome for one request; `websocketProtocols` as in Credentials, whatever the outcome is. */
export type Authentication = Outcome & { readonly websocketProtocols?: string };

/** The caller's address, from the socket's peer and the request's lines. */
export type AddressOf = (peerAddress: string, rawHeaders: readonly string[]) => string;

/** What of a request is looked at. */
export interface AuthenticationRequest extends Omit<CredentialInput, 'sources'> {
  /** The socket's own peer; absent is in no entry's own list. */
  readonly peerAddress?: string;
  /** The connection's client certificate. */
  readonly certificate?: PeerCertificate | undefined;
  /** Finds the caller's address, which trusted proxies may have told; absent is the peer's. Asked only when a token has to be judged. */
  readonly addressOf?: AddressOf | undefined;
  /** Who may have a credential judged that is not known yet, and when. Absent: all, at once. */
  readonly strangers?: Strangers;
  /** The cluster that the request is for. */
  readonly cluster?: ReviewingCluster | undefined;
}

/** The state of one entry's keys. */
export interface IssuerState {
  readonly issuer: string;
  readonly sourceHeader: string;
  /** ms since the epoch; 0 when no keys were ever fetched. */
  readonly keysFetchedAt: number;
  readonly lastError: unknown;
}

/** Authenticates requests. */
export interface Authenticator {
  /** Answers at once when the token is known, else by a promise that never rejects. noOpinion means that there is no credential. */
  authenticate(request: AuthenticationRequest): Authentication | Promise<Authentication>;
  /** Judges the same request once more for somebody whom it let in: by what is known elsewhere now, and not held back by what strangers ask. */
  again(request: AuthenticationRequest): Promise<Authentication>;
  /** Why somebody who is in would not come in again, or would be somebody else (objection.ts); undefined when nothing is against it. */
  objectionTo(entrant: Entrant, peer: Peer): Objection | undefined;
  /** Configured assertion headers, lower case: credentials, which must not go on to the cluster. */
  readonly assertionHeaders: ReadonlySet<string>;
  issuers(): readonly IssuerState[];
  /** Resolves when every issuer was asked for its keys once, however that ended. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface AuthenticatorDeps extends JwtDeps {
  /** For tests; default is AWS. */
  readonly stsRoute?: StsRoute | undefined;
  /** Most remembered tokens. Default 10,000. */
  readonly maxCachedTokens?: number;
  /** Client certificates as users; undefined when they are none. */
  readonly certificates?: CertificateRules | undefined;
  /** Told once when revocation lists should be renewed, and once when it is too late. */
  readonly onRenewal?: (event: RenewalEvent) => void;
}

/** What the authenticator is made from. */
export type AuthenticationRules = Pick<GateConfig['authentication'], 'jwt'> &
  Partial<Pick<GateConfig['authentication'], 'awsIAM' | 'serviceAccounts'>>;

const NO_CREDENTIAL: Authentication = Object.freeze({ kind: 'noOpinion' });
/** Both would be somebody: neither is chosen. A certificate that is nobody here, of another hop's TLS for instance, is no credential. */
const TWO_CREDENTIALS: Authentication = Object.freeze({
  kind: 'rejected',
  code: 'CREDENTIALS_CONFLICT',
  detail: 'a client certificate and a token',
  source: 'certificate',
});

/**
 * Creates the authenticator of one configuration; it starts to fetch keys.
 * @throws TypeError for two entries with the same issuer and source, or an entry that can't work.
 */
export function createAuthenticator(
  config: AuthenticationRules,
  deps: AuthenticatorDeps = {},
): Authenticator {
  const clock = deps.clock ?? systemClock;
  const { awsIAM, serviceAccounts } = config;
  const aws = awsIAM && createAwsDoor(awsIAM, deps);
  const otherwise = serviceAccounts && createServiceAccountDoor(serviceAccounts, clock);
  const judges: Judges = { entries: createEntries(config.jwt, deps), aws, otherwise };
  const { entries } = judges;
  const hasDoors = aws !== undefined || otherwise !== undefined;
  const viewOf = createPeerViews(config.jwt, hasDoors ? ['authorization'] : []);
  const certificates =
    deps.certificates === undefined
      ? undefined
      : createCertificateAuthenticator(deps.certificates, clock, deps.onRenewal);
  const judgeCertificate = (certificate: PeerCertificate | undefined): Outcome =>
    certificate === undefined || certificates === undefined ? NO_CREDENTIAL : certificates.judge(certificate);
  const cache = createVerdictCache({
    clock,
    ...(deps.maxCachedTokens === undefined ? {} : { maxEntries: deps.maxCachedTokens }),
  });
  const doors = { entries, viewOf, certificates, aws, serviceAccounts: otherwise };
  const judge = (request: AuthenticationRequest, isIn: boolean): Authentication | Promise<Authentication> => {
    const { rawHeaders, isWebSocket, peerTrusted, peerAddress = '', cluster } = request;
    const view = viewOf({ peerTrusted, peerAddress });
    const credentials = extractCredentials({
      rawHeaders,
      isWebSocket,
      peerTrusted: view.readsAssertions,
      sources: view.headers,
    });
    if (credentials.kind === 'none')
      return withProtocols(judgeCertificate(request.certificate), credentials.websocketProtocols);
    if (credentials.kind === 'rejected') return credentials;
    if (request.certificate !== undefined && judgeCertificate(request.certificate).kind === 'user')
      return TWO_CREDENTIALS;
    const { token, origins, websocketProtocols } = credentials;
    const places = origins.map(({ source, header }) => `${source}=${header}`).join();
    // Only what a cluster itself says of a token is another thing at another cluster.
    const at = judges.otherwise === undefined ? '' : (cluster?.name ?? '');
    const key = cache.keyOf(`${view.key} ${places} ${at}`, token);
    const known = cache.get(key);
    if (known !== undefined) return withProtocols(known, websocketProtocols);
    const address = request.addressOf?.(peerAddress, rawHeaders) ?? peerAddress;
    const wasGood = isIn || cache.wasGood(key);
    const where = { view, cluster, address, wasGood };
    const outcome = judgeInTurn(wasGood ? undefined : request.strangers, {
      address,
      source: credentials.source,
      known: () => cache.get(key),
      judge: () => cache.verifyOnce(key, () => verifySafely(judges, credentials, where)),
    });
    if (websocketProtocols === undefined) return outcome;
    return Promise.resolve(outcome).then((it) => withProtocols(it, websocketProtocols));
  };
  return {
    authenticate: (request) => judge(request, false),
    again: (request) => Promise.resolve(judge(request, true)),
    objectionTo: (entrant, peer) => objectionTo(entrant, peer, doors),
    assertionHeaders: assertionHeadersOf(config.jwt),
    issuers: () =>
      [...new Set(entries.values())].map(({ authenticator: { issuer, sourceHeader, keys } }) => ({
        issuer,
        sourceHeader,
        keysFetchedAt: keys.fetchedAt(),
        lastError: keys.lastError(),
      })),
    ready: async () =>
      void (await Promise.all([...entries.values()].map(({ authenticator }) => authenticator.keys.ready()))),
    close: async () =>
      void (await Promise.all([
        ...[...new Set(entries.values())].map(({ authenticator }) => authenticator.close()),
        aws?.close(),
      ])),
  };
}

type Token = Extract<Credentials, { kind: 'token' }>;
/** What of a request a verdict depends on, beside the token. */
interface Where {
  readonly view: PeerView;
  readonly cluster: ReviewingCluster | undefined;
  readonly address: string;
  readonly wasGood: boolean;
}

/** Who judges tokens. */
interface Judges {
  readonly entries: Entries;
  /** Judges the bearer tokens that are AWS's, by their look. */
  readonly aws: AwsDoor | undefined;
  /** Judges the bearer tokens whose issuer has no entry, of whatever header. */
  readonly otherwise: TokenDoor | undefined;
}

/** Fail closed: what goes wrong in here lets nobody in, and is no fault of the caller's either. */
async function verifySafely(judges: Judges, credentials: Token, where: Where): Promise<Verdict> {
  try {
    return await verify(judges, credentials, where);
  } catch (cause) {
    return { outcome: { kind: 'unavailable', cause, source: credentials.source }, isCurrent: undefined };
  }
}

async function verify(
  { entries, aws, otherwise }: Judges,
  credentials: Token,
  { view, cluster, address, wasGood }: Where,
): Promise<Verdict> {
  const bearer = credentials.origins.find(({ header }) => header === 'authorization');
  if (bearer !== undefined && aws?.takes(credentials.token) === true)
    return aws.judge(credentials.token, { address });
  let issuer: unknown;
  let isParsed = false;
  for (const { header, source } of credentials.origins) {
    const token = parseFrom(entries, header, credentials.token);
    if (token === undefined) continue;
    isParsed = true;
    issuer = token.claims['iss'];
    if (typeof issuer !== 'string') continue;
    const entry = entries.get(entryKey(header, canonicalIssuer(issuer)));
    if (entry !== undefined && view.admits(entry.config))
      return entry.authenticator.authenticate(token, source);
  }
  if (!isParsed) return refuse('TOKEN_MALFORMED', 'not a JWT', credentials);
  // A token of an issuer that has an entry elsewhere, an access proxy's assertion, is not shown to the cluster.
  const isOurs = typeof issuer === 'string' && hasIssuer(entries, issuer);
  if (bearer !== undefined && !isOurs && otherwise?.takes(credentials.token))
    return otherwise.judge(credentials.token, { source: bearer.source, cluster, address, wasGood });
  const headers = credentials.origins.map(({ header }) => header).join(', ');
  const detail = `no entry for issuer ${describeValue(issuer)} in ${headers} from this peer`;
  return refuse('TOKEN_UNKNOWN_ISSUER', detail, credentials);
}

function refuse(
  code: 'TOKEN_MALFORMED' | 'TOKEN_UNKNOWN_ISSUER',
  detail: string,
  { source }: Token,
): Verdict {
  return { outcome: { kind: 'rejected', code, detail, source }, isCurrent: undefined };
}

function withProtocols(outcome: Outcome, websocketProtocols: string | undefined): Authentication {
  return websocketProtocols === undefined ? outcome : { ...outcome, websocketProtocols };
}
