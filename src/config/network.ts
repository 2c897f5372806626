// Addresses and address ranges as configuration writes them: `host:port` as Go's net.Listen takes it, ranges in CIDR notation (RFC 4632)
// or single addresses.

import { isIPv4, isIPv6 } from 'node:net';
import type { Cidr, HostPort } from './config.ts';

const HOST_PORT = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:[\]]*)):(\d{1,5})$/;
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOST_NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`);
const MAPPED_PREFIX_LENGTH = 96;
/** ::ffff:0:0, where IPv6 keeps the IPv4 addresses (RFC 4291 §2.5.5.2). */
const MAPPED = 0xffff_0000_0000n;

/** `host:port`, `[::1]:0`, `:8443` (host '' is every interface), or undefined. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = HOST_PORT.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  const host = match[1] ?? match[2] ?? '';
  const isAddress = match[1] !== undefined ? isIPv6(host) : isIPv4(host) || isHostName(host.toLowerCase());
  return host === '' || isAddress ? { host, port } : undefined;
}

/** Whether two listeners can't both have what they ask for; port 0 is another one each time. */
export function overlaps(one: HostPort, other: HostPort): boolean {
  if (one.port === 0 || one.port !== other.port) return false;
  const isAny = (host: string): boolean => host === '' || host === '0.0.0.0' || host === '::';
  return one.host === other.host || isAny(one.host) || isAny(other.host);
}

/** Whether it is a lower-case DNS name or an IPv4 address, without port (RFC 1123). */
export function isHostName(text: string): boolean {
  const looksLikeAddress = /^[\d.]+$/.test(text);
  return looksLikeAddress ? isIPv4(text) : HOST_NAME.test(text);
}

/**
 * `10.0.0.0/8`, `fd00::/8`, `192.0.2.7` with the host's bits cleared, or undefined. IPv4 ranges that IPv6 notation maps become IPv4.
 */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const address = match?.[1] ?? '';
  const width = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : 0;
  const prefixLength = match?.[2] === undefined ? width : Number(match[2]);
  if (width === 0 || prefixLength > width) return undefined;
  const shift = BigInt(width - prefixLength);
  const bits = (toBits(address) >> shift) << shift;
  if (width === 32) return { address: toIPv4(bits), prefixLength, family: 'ipv4' };
  if (prefixLength >= MAPPED_PREFIX_LENGTH && bits >> 32n === MAPPED >> 32n) {
    return {
      address: toIPv4(bits & 0xffff_ffffn),
      prefixLength: prefixLength - MAPPED_PREFIX_LENGTH,
      family: 'ipv4',
    };
  }
  return { address: toIPv6(bits), prefixLength, family: 'ipv6' };
}

/** Whether the range holds every IPv4 or every IPv6 address. */
export function holdsEveryAddress(range: Cidr): boolean {
  if (range.prefixLength === 0) return true;
  if (range.family === 'ipv4' || range.prefixLength > MAPPED_PREFIX_LENGTH) return false;
  const shift = BigInt(128 - range.prefixLength);
  return toBits(range.address) >> shift === MAPPED >> shift;
}

function toBits(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  const groups = (half: string): bigint[] =>
    half === ''
      ? []
      : half
          .split(':')
          .flatMap((group) => (group.includes('.') ? split(toBits(group)) : [BigInt(`0x${group}`)]));
  const [head = '', tail] = address.split('::');
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0n);
  return [...first, ...zeros, ...last].reduce((bits, group) => (bits << 16n) | group, 0n);
}

function split(ipv4: bigint): bigint[] {
  return [ipv4 >> 16n, ipv4 & 0xffffn];
}

function toIPv4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.');
}

/** In the short form of RFC 5952, which the URL parser writes. */
function toIPv6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
