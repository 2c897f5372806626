// oidc-provider's configuration. Whatever it would otherwise complain about on the console (storage, keys, pages, lifetimes) is given.

import type { Configuration, JWK } from 'oidc-provider';
import { describeClients, ROBOT, SESSION_COOKIE, SIGNING_ALGORITHM } from './clients.ts';
import type { Library } from './library.ts';
import {
  claimsOf,
  findPerson,
  type Methods,
  PASSWORD_CLASS,
  PASSWORD_METHODS,
  SECOND_FACTOR_CLASS,
} from './people.ts';
import { createStore } from './store.ts';
import {
  renderConfirm,
  renderDone,
  renderError,
  renderSignedOut,
  renderSignOut,
  renderUserCode,
} from './views.ts';

/** What differs between providers. */
export interface SettingsFacts {
  readonly library: Library;
  readonly audience: string;
  readonly tokenLifetimeS: number;
  /** The private signing key. */
  readonly signingKey: JWK;
  /** Signs cookies. */
  readonly cookieKey: string;
  /** Lifetime of a token that is to have one of its own, s. */
  readonly lifetimeOf: (token: object) => number | undefined;
}

/** The robot's tokens are for this API (RFC 8707). */
const ROBOT_RESOURCE = 'urn:postern:demo:cluster';
const MINUTE_S = 60;
const DAY_S = 24 * 60 * MINUTE_S;
/** Everything about a person: in the tokens of the scope openid alone, too, for the logins of kubectl often ask for nothing more. */
const CLAIMS = {
  openid: [
    'sub',
    'acr',
    'amr',
    'auth_time',
    'email',
    'email_verified',
    'groups',
    'name',
    'preferred_username',
  ],
  profile: ['name', 'preferred_username'],
  email: ['email', 'email_verified'],
  groups: ['groups'],
};

/** Makes the configuration. */
export function makeSettings(facts: SettingsFacts): Configuration {
  return {
    adapter: createStore(),
    clients: describeClients(facts.audience),
    clientDefaults: { id_token_signed_response_alg: SIGNING_ALGORITHM },
    // No page from elsewhere may read a token.
    clientBasedCORS: () => false,
    jwks: { keys: [facts.signingKey] },
    enabledJWA: { idTokenSigningAlgValues: [SIGNING_ALGORITHM] },
    responseTypes: ['code'],
    acrValues: [PASSWORD_CLASS, SECOND_FACTOR_CLASS],
    scopes: ['openid', 'offline_access', ...Object.keys(CLAIMS)],
    claims: CLAIMS,
    // Kubernetes reads ID tokens only: what is known about a person has to be in there, not only at the userinfo endpoint.
    conformIdTokenClaims: false,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    pkce: { required: () => true },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    cookies: makeCookies(facts.cookieKey),
    ttl: makeLifetimes(facts),
    features: makeFeatures(facts),
    findAccount: (_ctx, id, token) => findAccount(id, methodsOf(token)),
    // An opaque access token has no place for the methods of its login but this one; the userinfo endpoint needs them.
    extraTokenClaims: (ctx, token) =>
      token.kind === 'ClientCredentials'
        ? { email: ROBOT.email, email_verified: true, groups: [...ROBOT.groups] }
        : { amr: [...methodsOf(sourceOf(ctx.oidc.entities))] },
    renderError,
  };
}

function makeCookies(key: string): NonNullable<Configuration['cookies']> {
  const options = { httpOnly: true, sameSite: 'lax', signed: true } as const;
  return {
    // Cookies know no ports: 127.0.0.1 is shared with whatever else runs there.
    names: { session: SESSION_COOKIE, interaction: 'postern_idp_step', resume: 'postern_idp_resume' },
    long: options,
    short: options,
    keys: [key],
  };
}

function makeLifetimes({ tokenLifetimeS, lifetimeOf }: SettingsFacts): NonNullable<Configuration['ttl']> {
  return {
    AccessToken: (_ctx, token) => lifetimeOf(token) ?? tokenLifetimeS,
    AuthorizationCode: MINUTE_S,
    ClientCredentials: tokenLifetimeS,
    DeviceCode: 10 * MINUTE_S,
    Grant: DAY_S,
    IdToken: (_ctx, token) => lifetimeOf(token) ?? tokenLifetimeS,
    Interaction: 10 * MINUTE_S,
    RefreshToken: DAY_S,
    Session: DAY_S,
  };
}

function makeFeatures({
  library,
  audience,
  tokenLifetimeS,
}: SettingsFacts): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: {
      enabled: true,
      deviceInfo: (ctx) => ({ agent: ctx.get('user-agent').slice(0, 100) }),
      userCodeInputSource: renderUserCode,
      userCodeConfirmSource: renderConfirm,
      successSource: renderDone,
    },
    revocation: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: renderSignOut,
      postLogoutSuccessSource: renderSignedOut,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, client) => (client.clientId === ROBOT.id ? ROBOT_RESOURCE : undefined),
      getResourceServerInfo: (_ctx, resource, client) => {
        if (client.clientId !== ROBOT.id || resource !== ROBOT_RESOURCE)
          throw new library.errors.InvalidTarget('there is no such resource');
        const jwt = { sign: { alg: SIGNING_ALGORITHM } } as const;
        return { scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: tokenLifetimeS, jwt };
      },
    },
  };
}

function findAccount(id: string, methods: Methods) {
  const person = findPerson(id);
  if (person === undefined) return undefined;
  return { accountId: id, claims: () => claimsOf(person, methods) };
}

/** What a token is made from, which knows how its person signed in. */
function sourceOf(entities: Readonly<Record<string, unknown>>): unknown {
  const { RefreshToken, AuthorizationCode, DeviceCode, PersonLogin } = entities;
  return RefreshToken ?? AuthorizationCode ?? DeviceCode ?? PersonLogin;
}

/** Methods of the login behind a code, a refresh token, a grant for a person, or an access token made from one of them. */
function methodsOf(source: unknown): Methods {
  const { amr, extra } = (source ?? {}) as { amr?: unknown; extra?: { amr?: unknown } };
  const methods = amr ?? extra?.amr;
  return Array.isArray(methods) ? methods : PASSWORD_METHODS;
}
