// Whose address a request came from. X-Forwarded-For counts only when the socket's own peer is a configured trusted proxy; then it is
// read from its end, and the first address that is not a trusted proxy is the caller's. Never by hop count (CVE-2026-16732).

import { isIP } from 'node:net';
import { type IsTrusted, plainAddress } from '../trusted.ts';

/** The caller's address: the peer's, or what trusted proxies say of it. Junk in the list ends the search at the last good hop. */
export function callerAddress(
  peerAddress: string,
  rawHeaders: readonly string[],
  isTrusted: IsTrusted,
): string {
  let address = plainAddress(peerAddress);
  if (!isTrusted(address)) return address;
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'x-forwarded-for') continue;
    for (const hop of (rawHeaders[i + 1] ?? '').split(',').reverse()) {
      const candidate = plainAddress(hop.trim());
      if (isIP(candidate) === 0) return address;
      address = candidate;
      if (!isTrusted(candidate)) return address;
    }
  }
  return address;
}
