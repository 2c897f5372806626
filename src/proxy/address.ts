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
  const hops: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === 'x-forwarded-for')
      hops.push(...(rawHeaders[i + 1] ?? '').split(','));
  }
  for (const hop of hops.reverse()) {
    const candidate = plainAddress(hop.trim());
    if (isIP(candidate) === 0) break;
    address = candidate;
    if (!isTrusted(candidate)) break;
  }
  return address;
}
