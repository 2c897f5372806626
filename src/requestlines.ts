// The last steps: which lines go to the API server, for REST and upgrades from the same sources, and a last look at the very lines that will.
// What may pass of the caller's is proxy/headers.ts's; how a user is stated is onward/onward.ts's.

import { bearerOf } from './authn/credentials.ts';
import { gateError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { USER_HEADER } from './onward/onward.ts';
import { callerAddress } from './proxy/address.ts';
import { upgradeRequestLines, upstreamRequestLines } from './proxy/headers.ts';

/** Lines that state an identity; nothing but ours may begin so, in the spellings that some servers take for one another. */
const IDENTITY = /^(?:impersonate|x[-_]remote)[-_]/i;

const NON_ASCII = /[^\x20-\x7e]/;

/** The source of a caller who came without a credential and may: anonymous. */
export const NO_CREDENTIAL = 'none';

/** In Passthrough, takes the caller's verified token out of the request. @throws GateError when the credential is not one that can go on */
export function takeBearer(exchange: Exchange): void {
  if (exchange.onward?.mode !== 'Passthrough') return;
  const { rawHeaders, upgrade, credentialSource } = exchange;
  if (credentialSource === NO_CREDENTIAL) {
    // Nobody here, nobody there: the API server sees a request without any credential.
    exchange.bearer = '';
    return;
  }
  // Twice told: by who verified it, and by the bytes. Neither alone may let a credential pass that was not judged.
  const bearer = BEARER_SOURCES.has(credentialSource)
    ? bearerOf({ rawHeaders, isWebSocket: upgrade === 'websocket' })
    : undefined;
  if (bearer === undefined)
    throw gateError('PASSTHROUGH_NEEDS_BEARER', {
      detail: `the credential came by ${credentialSource === '' ? 'no way that is known' : credentialSource}`,
    });
  exchange.bearer = bearer;
}

/** Where a verified credential was found when it is a bearer token. */
const BEARER_SOURCES: ReadonlySet<string> = new Set(['authorization', 'subprotocol']);

/** The lines of a REST request. */
export function writeRequestLines(exchange: Exchange): void {
  exchange.upstreamHeaders = upstreamRequestLines(lineSources(exchange));
}

/** The lines of an upgrade. */
export function writeUpgradeLines(exchange: Exchange): void {
  const protocol = exchange.upgrade === 'websocket' ? 'websocket' : 'SPDY/3.1';
  exchange.upstreamHeaders = upgradeRequestLines(
    lineSources(exchange),
    protocol,
    exchange.websocketProtocols,
  );
}

function lineSources(exchange: Exchange) {
  const { upstream, generation } = exchange;
  if (upstream === undefined) throw new TypeError('no upstream');
  return {
    rawHeaders: exchange.rawHeaders,
    assertionHeaders: generation.assertionHeaders,
    host: upstream.host,
    identity: identityLines(exchange),
    credential: credentialLines(exchange),
    auditID: exchange.id,
    isWebSocket: exchange.upgrade === 'websocket',
    peerAddress: callerAddress(exchange.peerAddress, exchange.rawHeaders, generation.isTrusted),
  };
}

/** Whom the API server shall see, and, where it judges itself, whom they ask to be taken for. */
function identityLines({ user, actsAs, onward }: Exchange): readonly string[] {
  if (user === undefined || onward === undefined) throw new TypeError('no user or cluster');
  if (actsAs === undefined) return onward.identityOf(user);
  const target = onward.targetLines(actsAs);
  return onward.mode === 'Impersonate' ? target : [...onward.identityOf(user), ...target];
}

/** The one Authorization line, or none. */
function credentialLines({ upstream, onward, bearer }: Exchange): readonly string[] {
  if (upstream === undefined || onward === undefined) throw new TypeError('no cluster');
  if (onward.mode === 'Impersonate') return upstream.credential;
  if (onward.mode === 'RequestHeader') return [];
  if (bearer === undefined) throw new TypeError('no token to pass on');
  if (bearer === '') return [];
  return ['Authorization', `Bearer ${bearer}`];
}

/**
 * The last look before anything is sent, at the very lines that will be. In every mode: a user is set; the lines that state an identity are
 * those of this user (of the target that was judged, where somebody acts as another), all of them and nothing beside; and the one
 * Authorization is what the mode allows: the gate's own, the caller's, none.
 */
export function assertForwardable(exchange: Exchange): void {
  const { user, upstream, target, onward, actsAs, wanted, upstreamHeaders: lines } = exchange;
  if (user === undefined || upstream === undefined || target === undefined || onward === undefined)
    throw new TypeError('incomplete exchange');
  if (lines === undefined) throw new TypeError('no lines');
  if (user.username.trim() === '') throw new TypeError('empty username');
  if ((wanted === undefined) !== (actsAs === undefined)) throw new TypeError('impersonation was not judged');
  const ours = identityLines(exchange);
  const stated = onward.mode === 'Impersonate' ? (actsAs ?? user) : user;
  const header = USER_HEADER[onward.mode];
  if (header !== '' && (ours[0] !== header || !states(ours[1] ?? '', stated.username)))
    throw new TypeError('the lines are not of the verified user');
  const credential = credentialLines(exchange);
  let found = 0;
  let authorizations = 0;
  let same = true;
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] ?? '';
    if (mayBeIdentity(name) && IDENTITY.test(name)) {
      same &&= name === ours[found] && lines[i + 1] === ours[found + 1];
      found += 2;
    } else if (name.length === 13 && name.toLowerCase() === 'authorization') {
      same &&= lines[i + 1] === credential[1];
      authorizations++;
    }
  }
  if (!same || found !== ours.length || authorizations !== credential.length / 2)
    throw new TypeError('request lines differ from the verified identity');
}

/** By the first letter, which sorts most lines out at once: i or x. */
function mayBeIdentity(name: string): boolean {
  const letter = name.charCodeAt(0) | 0x20;
  return letter === 0x69 || letter === 0x78;
}

/** Whether a line's value, which is UTF-8 as latin1, is this name. */
function states(value: string, username: string): boolean {
  // Only ASCII is the same in both.
  return NON_ASCII.test(value) ? Buffer.from(value, 'latin1').toString() === username : value === username;
}
