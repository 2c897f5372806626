// Kubernetes' IP and CIDR libraries: isIP, ip, isCIDR, cidr and their methods. Addresses are compared as numbers; what Go's netip refuses (leading zeros, zones,
// IPv4-mapped IPv6) is refused here.

import { BlockList, isIP, SocketAddress } from 'node:net';
import type { Environment } from '@marcbachmann/cel-js';
import { parses } from './parses.ts';

/** An address. */
class IP {
  readonly text: string;
  readonly family: 4 | 6;
  constructor(text: string) {
    const family = isIP(text);
    if (family === 0 || text.includes('%')) throw new Error(`IP Address ${JSON.stringify(text)} parse error`);
    if (/^::ffff:\d+\./i.test(text))
      throw new Error(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
    this.family = family === 4 ? 4 : 6;
    this.text = family === 4 ? text : new SocketAddress({ address: text, family: 'ipv6' }).address;
  }
}

/** A range. */
class CIDR {
  readonly address: IP;
  readonly bits: number;
  constructor(text: string) {
    const [, address, bits] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
    if (address === undefined || bits === undefined)
      throw new Error(`network address parse error: ${JSON.stringify(text)}`);
    this.address = new IP(address);
    this.bits = Number(bits);
    if (this.bits > (this.address.family === 4 ? 32 : 128))
      throw new Error(`prefix length of ${JSON.stringify(text)} out of range`);
  }
}

/** Registers them. */
export function registerAddresses(cel: Environment): void {
  cel.registerType('net.IP', { ctor: IP, fields: {} });
  cel.registerType('net.CIDR', { ctor: CIDR, fields: {} });
  cel.registerFunction('isIP(string): bool', (text: string) => parses(() => new IP(text)));
  cel.registerFunction('ip(string): net.IP', (text: string) => new IP(text));
  cel.registerFunction('isCIDR(string): bool', (text: string) => parses(() => new CIDR(text)));
  cel.registerFunction('cidr(string): net.CIDR', (text: string) => new CIDR(text));
  cel.registerFunction('string(net.IP): string', (one: IP) => one.text);
  cel.registerFunction('string(net.CIDR): string', ({ address, bits }: CIDR) => `${address.text}/${bits}`);
  cel.registerFunction('net.IP.family(): int', (one: IP) => BigInt(one.family));
  cel.registerFunction(
    'net.IP.isLoopback(): bool',
    (one: IP) => within('127.0.0.0/8', one) || one.text === '::1',
  );
  cel.registerFunction(
    'net.IP.isUnspecified(): bool',
    (one: IP) => one.text === '0.0.0.0' || one.text === '::',
  );
  cel.registerFunction('net.CIDR.prefixLength(): int', ({ bits }: CIDR) => BigInt(bits));
  cel.registerFunction('net.CIDR.ip(): net.IP', ({ address }: CIDR) => address);
  cel.registerFunction('net.CIDR.containsIP(net.IP): bool', contains);
  cel.registerFunction('net.CIDR.containsIP(string): bool', (range: CIDR, text: string) =>
    contains(range, new IP(text)),
  );
  cel.registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', containsRange);
  cel.registerFunction('net.CIDR.containsCIDR(string): bool', (range: CIDR, text: string) =>
    containsRange(range, new CIDR(text)),
  );
}

function within(range: string, one: IP): boolean {
  return contains(new CIDR(range), one);
}

function contains({ address, bits }: CIDR, one: IP): boolean {
  if (address.family !== one.family) return false;
  const list = new BlockList();
  list.addSubnet(address.text, bits, address.family === 4 ? 'ipv4' : 'ipv6');
  return list.check(one.text, one.family === 4 ? 'ipv4' : 'ipv6');
}

function containsRange(range: CIDR, other: CIDR): boolean {
  return other.bits >= range.bits && contains(range, other.address);
}
