// What is told of somebody who is in: from the exchange that they began with, and of a session what has passed since. Never the command, in which
// people put secrets, nor claims and groups, which nobody needs to find a session.

import type { Exchange } from '../exchange.ts';
import { requestKind, sessionKind } from '../kube/longrunning.ts';
import { queryValues } from '../kube/requestinfo.ts';
import type { Entry, Kind } from '../roster/page.ts';
import type { Session } from '../sessions.ts';

/** Names of objects are no longer; a request's words are as long as its caller likes, and one page is for everybody. characters */
const MAX_NAME_CHARS = 253;
/** A DNS label; callers need not name a container that is there. */
const MAX_CONTAINER_CHARS = 63;

/** The entry as it is now; `session` is undefined for watches and logs that are ordinary requests. */
export function entryOf(exchange: Exchange, session: Session | undefined): Entry {
  const { id, user, upstream, info, target, peerAddress, receivedAt, expiresAt } = exchange;
  return {
    id,
    user: user?.username ?? '',
    cluster: upstream?.name ?? '',
    kind: kindOf(exchange),
    protocol: session?.protocol ?? (exchange.httpVersion === '2.0' ? 'h2' : 'http/1.1'),
    namespace: short(info?.namespace),
    resource: short(info?.resource),
    name: short(info?.name),
    container: short(queryValues(target?.rawQuery ?? '', 'container')[0], MAX_CONTAINER_CHARS),
    address: peerAddress,
    since: session?.startedAt ?? receivedAt,
    expires: Number.isFinite(expiresAt) ? expiresAt : 0,
    bytesUp: session?.received.up ?? 0,
    bytesDown: session?.received.down ?? 0,
  };
}

/** What an order is compared with. */
export function identityOf(exchange: Exchange): Pick<Entry, 'id' | 'user' | 'cluster' | 'kind'> {
  return {
    id: exchange.id,
    user: exchange.user?.username ?? '',
    cluster: exchange.upstream?.name ?? '',
    kind: kindOf(exchange),
  };
}

function short(word = '', chars = MAX_NAME_CHARS): string {
  return word.length > chars ? `${word.slice(0, chars)}…` : word;
}

function kindOf({ info }: Exchange): Kind {
  if (info === undefined) return 'other';
  const kind = sessionKind(info) || requestKind(info);
  return kind === 'short' ? 'other' : kind;
}
