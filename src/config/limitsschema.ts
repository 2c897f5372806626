// The keys of `limits`: what one caller may have at the gate before work is done for others only. Each process (`--workers`) has all of them for
// itself. The defaults are above what people and programs do that mean well.

import { Type } from 'typebox';
import { record, textOf } from './keywords.ts';
import { DURATION_PATTERN } from './units.ts';

const MAX_COUNT = 1_000_000;

function count(defaultValue: number, description: string) {
  return Type.Integer({ default: defaultValue, minimum: 0, maximum: MAX_COUNT, description });
}

/** `limits`. */
export const limitsSchema = record(
  {
    connections: count(10_000, 'Connections that are open at the listener. One more is closed at once.'),
    connectionsPerAddress: count(
      0,
      'Connections from one address (of IPv6: one /64). Those of `listen.trustedProxies` do not count. Not for gates behind a load balancer that is not named there, or for people behind one NAT.',
    ),
    handshakes: count(
      1000,
      'TLS handshakes that are not finished. When one more comes, the address that has most of them loses its oldest.',
    ),
    unauthenticatedPerAddress: count(
      50,
      'Requests a second from one address (of IPv6: one /64) that nobody can be recognised for; ten times as many at once. A credential that was found good lately passes all the same.',
    ),
    requestsInFlightPerUser: count(
      400,
      'Short requests of one user that are being answered. One more waits, for a second at most. Watches, followed logs and sessions are none of them.',
    ),
    watchesPerUser: count(
      2000,
      'Watches, logs and answers of a `proxy` subresource of one user that are open.',
    ),
    sessionsPerUser: count(
      1000,
      'exec, attach, port-forward and proxied WebSockets of one user that are open.',
    ),
    eventLoopDelay: textOf('duration', {
      default: '500ms',
      pattern: DURATION_PATTERN,
      description:
        'While the event loop is late by more than so much, on average, short requests are refused. Watches and sessions are not. 0s: never.',
    }),
  },
  { default: {}, description: 'Limits, each for one process. 0 is no limit.' },
);
