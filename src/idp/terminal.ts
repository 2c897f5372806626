// Tokens for the terminal at once, without a browser: an extension grant (RFC 6749 §4.5) of this demo. It asks for no password, so it is fit for
// practice people on loopback and nothing else.

import type { AccessToken, TokenEndpointGrantContext } from 'oidc-provider';
import { PERSON_GRANT } from './clients.ts';
import type { Library, Provider } from './library.ts';
import {
  claimsOf,
  classOf,
  findPerson,
  hasSecondFactor,
  type Methods,
  PASSWORD_METHODS,
  PEOPLE,
  PEOPLE_IDS,
  type Person,
  SECOND_FACTOR_METHODS,
} from './people.ts';
import type { Phone } from './phone.ts';

/** What was asked for is none of what there is: an OAuth error (RFC 6749 §5.2) whose message says what there is. */
export class PersonRefused extends Error {
  override readonly name = 'PersonRefused';
  readonly code = 'invalid_request';
}

/** A request for a token, as parameters: all are text, and each may be missing. */
export type TokenParameters = Readonly<Record<string, unknown>>;

/** A request that was understood. */
export interface PersonRequest {
  readonly person: Person;
  readonly lifetimeS: number;
  readonly secondFactor: boolean;
}

/** What is needed to issue. */
export interface TerminalDeps {
  readonly provider: Provider;
  readonly phone: Phone;
  readonly audience: string;
  /** ms since the epoch. */
  readonly now: () => number;
  /** Gives a token a lifetime of its own, s. */
  readonly setLifetime: (token: object, lifetimeS: number) => void;
}

const SCOPES = 'openid profile email groups';
/** Seconds: long enough to be used, short enough for a demo. */
const MIN_LIFETIME_S = 5;
const MAX_LIFETIME_S = 3600;
const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };
const PARAMETERS = ['person', 'lifetime', 'second_factor'] as const;
const SECOND_FACTOR_PEOPLE = PEOPLE.filter(hasSecondFactor).map(({ id }) => id);

/** Reads `person`, `lifetime` (seconds, or with a unit: 20s, 10m, 1h) and `second_factor` (true, false). @throws PersonRefused. */
export function readPersonRequest(parameters: TokenParameters, defaultLifetimeS: number): PersonRequest {
  const unknown = Object.keys(parameters).find((name) => !(PARAMETERS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new PersonRefused(`there is no parameter ${shown(unknown)}, only ${PARAMETERS.join(', ')}`);
  const person = findPerson(String(parameters['person'] ?? ''));
  if (person === undefined)
    throw new PersonRefused(`there is no person ${shown(parameters['person'] ?? '')}, only ${PEOPLE_IDS}`);
  const secondFactor = readFlag(parameters['second_factor']);
  if (secondFactor && !hasSecondFactor(person))
    throw new PersonRefused(`${person.id} has no second factor, only ${SECOND_FACTOR_PEOPLE.join(', ')}`);
  return { person, secondFactor, lifetimeS: readLifetime(parameters['lifetime'], defaultLifetimeS) };
}

function readFlag(value: unknown): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new PersonRefused(`second_factor is ${shown(value)}, and has to be true or false`);
}

function readLifetime(value: unknown, defaultLifetimeS: number): number {
  if (value === undefined) return defaultLifetimeS;
  const [, digits = '', unit = ''] = /^(\d{1,9})([smh]?)$/.exec(String(value)) ?? [];
  const lifetimeS = Number(digits) * (UNITS[unit] ?? 0);
  if (digits === '' || lifetimeS < MIN_LIFETIME_S || lifetimeS > MAX_LIFETIME_S)
    throw new PersonRefused(
      `lifetime is ${shown(value)}, and has to be ${MIN_LIFETIME_S}s to 1h, e.g. 20s, 10m or 1h`,
    );
  return lifetimeS;
}

/** Something a caller chose, fit for a message in printable ASCII (RFC 6749 §5.2). */
function shown(value: unknown): string {
  const text = String(value).replaceAll(/[^\x20-\x7e]|["\\]/g, '?');
  return `'${text.length > 40 ? `${text.slice(0, 40)}...` : text}'`;
}

/**
 * Issues an ID token. With `secondFactor` the provider computes the code itself and checks it as the sign-in page would: that stands for the
 * person looking at his phone.
 */
export async function issueIdToken(
  deps: TerminalDeps,
  request: PersonRequest,
  methods: Methods = signIn(deps.phone, request),
): Promise<string> {
  const { provider, audience, now, setLifetime } = deps;
  const client = await provider.Client.find(audience);
  const available = {
    ...claimsOf(request.person, methods),
    amr: [...methods],
    acr: classOf(methods),
    auth_time: Math.floor(now() / 1000),
  };
  const token = Object.assign(new provider.IdToken(available, { client }), { scope: SCOPES });
  setLifetime(token, request.lifetimeS);
  return token.issue({ use: 'idtoken' });
}

function signIn(phone: Phone, { secondFactor }: PersonRequest): Methods {
  if (!secondFactor) return PASSWORD_METHODS;
  if (!phone.check(phone.code())) throw new Error('the phone and its check disagree');
  return SECOND_FACTOR_METHODS;
}

/** Registers the grant at the token endpoint, where its answer is that of any other grant: an access token and an ID token. */
export function registerPersonGrant(library: Library, deps: TerminalDeps, defaultLifetimeS: number): void {
  const { provider } = deps;
  const answer = async (ctx: TokenEndpointGrantContext): Promise<void> => {
    const request = understand(library, () => readPersonRequest(ownParameters(ctx), defaultLifetimeS));
    const methods = signIn(deps.phone, request);
    ctx.oidc.entity('Account', {
      accountId: request.person.id,
      claims: () => claimsOf(request.person, methods),
    });
    ctx.oidc.entity('PersonLogin', { amr: [...methods] });
    const accessToken = await makeAccessToken(deps, ctx, request);
    ctx.body = {
      access_token: await accessToken.save(),
      token_type: 'Bearer',
      expires_in: request.lifetimeS,
      id_token: await issueIdToken(deps, request, methods),
      scope: SCOPES,
    };
  };
  provider.registerGrantType(PERSON_GRANT, answer, PARAMETERS);
}

function ownParameters({ oidc: { params } }: TokenEndpointGrantContext): TokenParameters {
  return Object.fromEntries(
    PARAMETERS.map((name) => [name, params[name]]).filter(([, value]) => value !== undefined),
  );
}

function understand(library: Library, read: () => PersonRequest): PersonRequest {
  try {
    return read();
  } catch (error) {
    if (error instanceof PersonRefused) throw new library.errors.InvalidRequest(error.message);
    throw error;
  }
}

/** For the userinfo endpoint, which wants to see a grant. */
async function makeAccessToken(
  { provider, setLifetime }: TerminalDeps,
  { oidc }: TokenEndpointGrantContext,
  request: PersonRequest,
): Promise<AccessToken> {
  const { id: accountId } = request.person;
  const grant = new provider.Grant({ accountId, clientId: oidc.client.clientId });
  grant.addOIDCScope(SCOPES);
  const token = new provider.AccessToken({
    accountId,
    client: oidc.client,
    grantId: await grant.save(),
    gty: PERSON_GRANT,
    scope: SCOPES,
  });
  setLifetime(token, request.lifetimeS);
  return token;
}
