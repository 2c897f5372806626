// Whose address a request came from. X-Forwarded-For counts only when the socket's own peer is a configured trusted proxy; then it is
// read from its end, and the first address that is not a trusted proxy is the caller's. Never by hop count (CVE-2026-16732).

import { BlockList, isIP } from 'node:net';
import type { Cidr } from '../config/config.ts';

/** Tells whether an address is one of the trusted proxies'. */
export type IsTrusted = (address: string) => boolean;

/** Compiles ranges; IPv4-mapped IPv6 addresses are judged as IPv4. With no range nobody is trusted. */
export function compileTrusted(ranges: readonly Cidr[]): IsTrusted {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const { address, prefixLength, family } of ranges) list.addSubnet(address, prefixLength, family);
  return (address) => {
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  };
}

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

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
