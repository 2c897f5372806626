// Authentication set up for tests: an entry for a fake issuer, an authenticator that watches its own refusals for tokens, and a key source
// whose issuer is a table of documents.

import type { Test } from 'tap';
import { type Authentication, createAuthenticator } from '../../src/authn/authenticator.ts';
import type { ClaimRules } from '../../src/authn/claims.ts';
import type { DocumentFetcher } from '../../src/authn/fetch.ts';
import { createKeySource, type KeySourceOptions, type RefreshEvent } from '../../src/authn/jwks.ts';
import type { JwtConfig } from '../../src/config/config.ts';
import type { Issuer } from './issuer.ts';
import { makeTime } from './time.ts';

/** What a test may want otherwise in an entry. */
export type EntryOverrides = Partial<JwtConfig> & {
  readonly audiences?: readonly string[];
  readonly certificateAuthority?: string;
};

/** The name of `email`, the groups of `groups`, the uid of `sub`, and nothing more. */
export const CLAIM_RULES: ClaimRules = {
  claimMappings: {
    username: { claim: 'email', prefix: '', expression: '' },
    groups: { claim: 'groups', prefix: '', expression: '' },
    uid: { claim: 'sub', expression: '' },
    extra: [],
  },
  requiredClaims: [],
  claimValidationRules: [],
  userValidationRules: [],
  systemIdentities: 'Refuse',
};

/** An entry that accepts the issuer's default tokens as bearers. */
export function jwtEntry(issuer: Issuer, over: EntryOverrides = {}): JwtConfig {
  const { audiences = ['postern'], certificateAuthority = issuer.caPem, ...rest } = over;
  return {
    issuer: { url: issuer.url, discoveryURL: '', audiences, certificateAuthority },
    ...CLAIM_RULES,
    sourceHeader: 'authorization',
    jwksURL: '',
    signingAlgorithms: ['RS256', 'ES256'],
    ...rest,
  };
}

/** Opens an authenticator with time that stands still; it ends with the test. */
export function openAuthenticator(t: Test, ...jwt: readonly JwtConfig[]) {
  const time = makeTime();
  const refreshes: RefreshEvent[] = [];
  const counts = { verifications: 0 };
  const authenticator = createAuthenticator(
    { jwt },
    {
      ...time,
      random: () => 0,
      onRefresh: (event) => refreshes.push(event),
      onVerify: () => {
        counts.verifications += 1;
      },
    },
  );
  t.teardown(() => authenticator.close());
  /** Authenticates flat header lines. */
  const ask = (
    rawHeaders: readonly string[],
    { isWebSocket = false, peerTrusted = false } = {},
  ): Authentication | Promise<Authentication> => {
    const outcome = authenticator.authenticate({ rawHeaders, isWebSocket, peerTrusted });
    if (!(outcome instanceof Promise)) return checked(t, rawHeaders, outcome);
    return outcome.then((it) => checked(t, rawHeaders, it));
  };
  const bearer = (token: string) => ask(['Host', 'gate', 'Authorization', `Bearer ${token}`]);
  return { authenticator, time, refreshes, counts, ask, bearer };
}

/** Fails when a refusal holds a segment of a token that was sent, in whatever form. */
function checked(t: Test, rawHeaders: readonly string[], outcome: Authentication): Authentication {
  if (outcome.kind !== 'rejected') return outcome;
  const segments = rawHeaders.join(' ').match(/[\w-]{30,}/g) ?? [];
  if (segments.some((segment) => outcome.detail.includes(segment)))
    t.fail(`a token in: ${outcome.detail.slice(0, 200)}`);
  return outcome;
}

export const FAKE_ISSUER = 'https://issuer.example';
export const FAKE_KEYS_URL = `${FAKE_ISSUER}/keys`;
export const FAKE_DISCOVERY_URL = `${FAKE_ISSUER}/.well-known/openid-configuration`;

/** A key source whose issuer answers from `documents`, where an Error is thrown. */
export function openKeySource(keys: readonly object[], options: Partial<KeySourceOptions> = {}) {
  const time = makeTime(1_800_000_000_000);
  const documents = new Map<string, unknown>([
    [FAKE_DISCOVERY_URL, { issuer: FAKE_ISSUER, jwks_uri: FAKE_KEYS_URL }],
    [FAKE_KEYS_URL, { keys }],
  ]);
  const asked: string[] = [];
  const events: RefreshEvent[] = [];
  let gate: Promise<void> | undefined;
  const fetcher: Pick<DocumentFetcher, 'get' | 'close'> = {
    async get(url) {
      asked.push(url);
      await gate;
      const document = documents.get(url);
      if (document === undefined || document instanceof Error) throw document ?? new Error('answered 404');
      return document;
    },
    close: async () => {},
  };
  const source = createKeySource(
    { issuer: FAKE_ISSUER, discoveryURL: '', jwksURL: '', algorithms: new Set(['EdDSA']), ...options },
    { ...time, fetcher, random: () => 0, onRefresh: (event) => events.push(event) },
  );
  return {
    source,
    time,
    documents,
    asked,
    events,
    fetches: () => asked.filter((url) => url === FAKE_KEYS_URL).length,
    /** Holds every fetch until the answer is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}
