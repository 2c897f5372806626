// Which peers are an operator's own proxies. The address is the socket's, never what a header says.

import { BlockList, isIP } from 'node:net';
import type { Cidr } from './config/config.ts';

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

/** An IPv4-mapped IPv6 address as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
