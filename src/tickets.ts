// The keys that session tickets are sealed with (RFC 8446 §4.6.1, RFC 5077 §5.5). They are in memory only and change once an hour: with TLS 1.2
// whoever got hold of a key later could read the recorded traffic of each session that was sealed with it, with TLS 1.3 nothing but the ticket.
// Node's servers hold one key at a time, so there is no overlap: after a change each caller's next new connection is a full handshake, once.

import { randomBytes } from 'node:crypto';
import { afterDelay, type SetTimer } from './delay.ts';

/** Node's form of a key: 16 bytes of name, 16 for the HMAC, 16 for AES. */
const TICKET_KEY_BYTES = 48;
/** How long one is in use. ms */
export const TICKET_KEY_LIFETIME_MS = 60 * 60_000;

/** The key in use. */
export interface TicketKeys {
  current(): Buffer;
  /** Calls `use` with each next one. */
  follow(use: (keys: Buffer) => void): void;
}

/** Makes a key, and another each TICKET_KEY_LIFETIME_MS until it is closed. `setTimer` is for tests. */
export function rotateTicketKeys(setTimer?: SetTimer): TicketKeys & { close(): void } {
  const held = holdTicketKeys(randomBytes(TICKET_KEY_BYTES));
  let cancel = () => {};
  const wait = () => {
    cancel = afterDelay(
      TICKET_KEY_LIFETIME_MS,
      () => {
        held.take(randomBytes(TICKET_KEY_BYTES));
        wait();
      },
      setTimer,
    );
  };
  wait();
  return { current: held.current, follow: held.follow, close: () => cancel() };
}

/** Holds keys that somebody else makes: a worker has its primary's. */
export function holdTicketKeys(first: Buffer): TicketKeys & { take(keys: Buffer): void } {
  let current = first;
  const followers: ((keys: Buffer) => void)[] = [];
  return {
    current: () => current,
    follow: (use) => void followers.push(use),
    take(keys) {
      current = keys;
      for (const use of followers) use(keys);
    },
  };
}
