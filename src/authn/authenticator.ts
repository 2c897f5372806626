// Who is calling: the one entrance of authentication, for REST and upgrades alike. The credential's issuer and the place it was found in
// choose exactly one entry of the configuration, which alone judges it: there is no second opinion.

import type { JwtConfig } from '../config/config.ts';
import { assertionHeadersOf } from '../config/presetfill.ts';
import type { UserInfo } from '../kube/userinfo.ts';
import { createVerdictCache, type Verdict } from './cache.ts';
import { systemClock } from './clock.ts';
import { type CredentialInput, type Credentials, extractCredentials } from './credentials.ts';
import { createDoors, type Door, type Peer } from './doors.ts';
import { createJwtAuthenticator, type JwtAuthenticator, type JwtDeps } from './jwt.ts';
import type { Evidence, Outcome } from './outcome.ts';
import { parseAssertion } from './presets/assertions.ts';
import { canonicalIssuer } from './rules.ts';
import { describeValue, type ParsedToken } from './token.ts';

/** The outcome for one request; `websocketProtocols` as in Credentials, whatever the outcome is. */
export type Authentication = Outcome & { readonly websocketProtocols?: string };

/** What of a request is looked at. */
export interface AuthenticationRequest extends Omit<CredentialInput, 'sources'> {
  /** The socket's own peer; absent is in no entry's own list. */
  readonly peerAddress?: string;
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
  /**
   * Why a user who came in with this evidence would not come in again, or would be somebody else; '' when nothing is against it, and for
   * evidence without an issuer. Whether the credential has ended meanwhile is not looked at.
   */
  objectionTo(user: UserInfo, evidence: Evidence, peer: Peer): string;
  /** Configured assertion headers, lower case: credentials, which must not go on to the cluster. */
  readonly assertionHeaders: ReadonlySet<string>;
  issuers(): readonly IssuerState[];
  /** Resolves when every issuer was asked for its keys once, however that ended. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface AuthenticatorDeps extends JwtDeps {
  /** Most remembered tokens. Default 10,000. */
  readonly maxCachedTokens?: number;
}

const NO_CREDENTIAL: Authentication = Object.freeze({ kind: 'noOpinion' });

/**
 * Creates the authenticator of one configuration; it starts to fetch keys.
 * @throws TypeError for two entries with the same issuer and source, or an entry that can't work.
 */
export function createAuthenticator(
  config: { readonly jwt: readonly JwtConfig[] },
  deps: AuthenticatorDeps = {},
): Authenticator {
  const doorOf = createDoors(config.jwt);
  const entries = createEntries(config.jwt, deps);
  const cache = createVerdictCache({
    clock: deps.clock ?? systemClock,
    ...(deps.maxCachedTokens === undefined ? {} : { maxEntries: deps.maxCachedTokens }),
  });
  return {
    authenticate(request) {
      const { rawHeaders, isWebSocket, peerTrusted, peerAddress = '' } = request;
      const door = doorOf({ peerTrusted, peerAddress });
      const credentials = extractCredentials({
        rawHeaders,
        isWebSocket,
        peerTrusted: door.readsAssertions,
        sources: door.headers,
      });
      if (credentials.kind === 'none') return NO_CREDENTIAL;
      if (credentials.kind === 'rejected') return credentials;
      const { token, origins, websocketProtocols } = credentials;
      const places = origins.map(({ source, header }) => `${source}=${header}`).join();
      const key = cache.keyOf(`${door.key} ${places}`, token);
      const known = cache.get(key);
      if (known !== undefined) return withProtocols(known, websocketProtocols);
      const outcome = cache.verifyOnce(key, () => verifySafely(entries, credentials, door));
      return websocketProtocols === undefined
        ? outcome
        : outcome.then((it) => withProtocols(it, websocketProtocols));
    },
    objectionTo(user, { issuer, sourceHeader = '', claims }, peer) {
      if (issuer === '') return '';
      const entry = entries.get(entryKey(sourceHeader, issuer));
      if (entry === undefined) return 'its issuer is configured no more';
      if (!doorOf(peer).admits(entry.config)) return 'its proxy is trusted no more';
      return entry.authenticator.objectionTo(user, claims);
    },
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
      void (await Promise.all(
        [...new Set(entries.values())].map(({ authenticator }) => authenticator.close()),
      )),
  };
}

type Token = Extract<Credentials, { kind: 'token' }>;
interface Entry {
  readonly config: JwtConfig;
  readonly authenticator: JwtAuthenticator;
}
type Entries = ReadonlyMap<string, Entry>;

function createEntries(configs: readonly JwtConfig[], deps: JwtDeps): Entries {
  const keysOf = ({ sourceHeader, issuer: { url, alias } }: JwtConfig): string[] =>
    [url, ...(alias === undefined ? [] : [alias])].map((issuer) => entryKey(sourceHeader, issuer));
  const keys = configs.flatMap(keysOf);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw new TypeError(`jwt: two entries for ${twice}`);
  return new Map(
    configs.flatMap((config) => {
      const entry = { config, authenticator: createJwtAuthenticator(config, deps) };
      return keysOf(config).map((key): [string, Entry] => [key, entry]);
    }),
  );
}

/** A header's name holds no space. */
function entryKey(sourceHeader: string, issuer: string): string {
  return `${sourceHeader} ${issuer}`;
}

/** Fail closed: what goes wrong in here lets nobody in, and is no fault of the caller's either. */
async function verifySafely(entries: Entries, credentials: Token, door: Door): Promise<Verdict> {
  try {
    return await verify(entries, credentials, door);
  } catch (cause) {
    return { outcome: { kind: 'unavailable', cause, source: credentials.source }, isCurrent: undefined };
  }
}

async function verify(entries: Entries, credentials: Token, door: Door): Promise<Verdict> {
  let issuer: unknown;
  let isParsed = false;
  for (const { header, source } of credentials.origins) {
    const token = parseFrom(entries, header, credentials.token);
    if (token === undefined) continue;
    isParsed = true;
    issuer = token.claims['iss'];
    if (typeof issuer !== 'string') continue;
    const entry = entries.get(entryKey(header, canonicalIssuer(issuer)));
    if (entry !== undefined && door.admits(entry.config))
      return entry.authenticator.authenticate(token, source);
  }
  if (!isParsed) return refuse('TOKEN_MALFORMED', 'not a JWT', credentials);
  const headers = credentials.origins.map(({ header }) => header).join(', ');
  return refuse(
    'TOKEN_UNKNOWN_ISSUER',
    `no entry for issuer ${describeValue(issuer)} in ${headers} from this peer`,
    credentials,
  );
}

/** As the proxy writes it whose header it is: all entries of one header have the same preset, or none. */
function parseFrom(entries: Entries, header: string, raw: string): ParsedToken | undefined {
  const preset = [...entries.values()].find(({ config }) => config.sourceHeader === header)?.config.preset;
  return parseAssertion(preset, raw);
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
