// Kubernetes' addresses and ranges (apiserver pkg/cel/library/ip.go, cidr.go), read as Go's net/netip reads them: no leading zeros, no zones,
// no IPv4 in IPv6.

import { isIP } from 'node:net';
import type { Budget } from '../budget.ts';
import { Fault, fn, type Library, method } from '../declare.ts';
import { Opaque } from '../value.ts';

const IP = 'net.IP';
const CIDR = 'net.CIDR';
const BITS_V4 = 32;
const BITS_V6 = 128;
/** More is no address, and not looked at. */
const MAX_TEXT = 64;
/** ::ffff:0:0/96 */
const MAPPED = 0xffffn;

/** An address as a number of 32 or 128 bits. */
export class IPValue extends Opaque {
  readonly type = IP;
  readonly number: bigint;
  readonly bits: number;

  constructor(number: bigint, bits: number) {
    super();
    this.number = number;
    this.bits = bits;
  }

  isEqual(other: Opaque): boolean {
    return other instanceof IPValue && other.number === this.number && other.bits === this.bits;
  }

  /** Whether it is in `prefix`, an address's first `length` bits. */
  isIn(prefix: IPValue, length: number): boolean {
    if (prefix.bits !== this.bits) return false;
    const rest = BigInt(this.bits - length);
    return this.number >> rest === prefix.number >> rest;
  }

  override toString(): string {
    return this.bits === BITS_V4 ? formatV4(this.number) : formatV6(this.number);
  }
}

/** An address with a prefix length; the address may have bits behind it. */
export class CIDRValue extends Opaque {
  readonly type = CIDR;
  readonly address: IPValue;
  readonly length: number;

  constructor(address: IPValue, length: number) {
    super();
    this.address = address;
    this.length = length;
  }

  isEqual(other: Opaque): boolean {
    return other instanceof CIDRValue && other.length === this.length && other.address.isEqual(this.address);
  }

  contains(address: IPValue): boolean {
    return address.isIn(this.address, this.length);
  }

  override toString(): string {
    return `${this.address}/${this.length}`;
  }
}

type Test = readonly [name: string, ranges: readonly string[]];

/** Ranges by what Go's netip says of them. */
const RANGES: readonly Test[] = [
  ['isUnspecified', ['0.0.0.0/32', '::/128']],
  ['isLoopback', ['127.0.0.0/8', '::1/128']],
  ['isLinkLocalMulticast', ['224.0.0.0/24', 'ff02::/16']],
  ['isLinkLocalUnicast', ['169.254.0.0/16', 'fe80::/10']],
];
const NOT_GLOBAL: readonly string[] = [
  ...RANGES.flatMap(([, ranges]) => ranges),
  '224.0.0.0/4',
  'ff00::/8',
  '255.255.255.255/32',
];

export const addresses: Library = [
  fn('ip', ['string'], IP, (_: Budget, text: string) => parseIP(text)),
  fn('isIP', ['string'], 'bool', (_: Budget, text: string) => holds(() => parseIP(text))),
  fn('ip.isCanonical', ['string'], 'bool', (_: Budget, text: string) => parseIP(text).toString() === text),
  fn('string', [IP], 'string', (_: Budget, address: IPValue) => address.toString()),
  method('family', [IP], 'int', (_: Budget, { bits }: IPValue) => (bits === BITS_V4 ? 4n : 6n)),
  ...RANGES.map(([name, ranges]) => {
    const parsed = ranges.map(parseCIDR);
    return method(name, [IP], 'bool', (_: Budget, address: IPValue) =>
      parsed.some((range) => range.contains(address)),
    );
  }),
  method('isGlobalUnicast', [IP], 'bool', notIn(NOT_GLOBAL)),

  fn('cidr', ['string'], CIDR, (_: Budget, text: string) => parseCIDR(text)),
  fn('isCIDR', ['string'], 'bool', (_: Budget, text: string) => holds(() => parseCIDR(text))),
  fn('string', [CIDR], 'string', (_: Budget, range: CIDRValue) => range.toString()),
  method('ip', [CIDR], IP, (_: Budget, { address }: CIDRValue) => address),
  method('prefixLength', [CIDR], 'int', (_: Budget, { length }: CIDRValue) => BigInt(length)),
  method('masked', [CIDR], CIDR, (_: Budget, { address, length }: CIDRValue) => {
    const rest = BigInt(address.bits - length);
    return new CIDRValue(new IPValue((address.number >> rest) << rest, address.bits), length);
  }),
  method('containsIP', [CIDR, IP], 'bool', (_: Budget, range: CIDRValue, address: IPValue) =>
    range.contains(address),
  ),
  method('containsIP', [CIDR, 'string'], 'bool', (_: Budget, range: CIDRValue, text: string) =>
    range.contains(parseIP(text)),
  ),
  method('containsCIDR', [CIDR, CIDR], 'bool', containsCIDR),
  method('containsCIDR', [CIDR, 'string'], 'bool', (budget: Budget, range: CIDRValue, text: string) =>
    containsCIDR(budget, range, parseCIDR(text)),
  ),
];

function notIn(ranges: readonly string[]): (_: Budget, address: IPValue) => boolean {
  const parsed = ranges.map(parseCIDR);
  return (_, address) => !parsed.some((range) => range.contains(address));
}

function containsCIDR(_: Budget, range: CIDRValue, other: CIDRValue): boolean {
  return range.length <= other.length && range.contains(other.address);
}

function holds(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

function parseIP(text: string): IPValue {
  const quoted = JSON.stringify(text.slice(0, MAX_TEXT));
  const family = text.length > MAX_TEXT ? 0 : isIP(text);
  if (family === 0) throw new Fault(`IP Address ${quoted} parse error during conversion from string`);
  if (text.includes('%')) throw new Fault(`IP address ${quoted} with zone value is not allowed`);
  if (family === 4) return new IPValue(numberOfV4(text), BITS_V4);
  const number = numberOfV6(text);
  if (number >> 32n === MAPPED) throw new Fault(`IPv4-mapped IPv6 address ${quoted} is not allowed`);
  return new IPValue(number, BITS_V6);
}

function parseCIDR(text: string): CIDRValue {
  const prefix = 'network address parse error during conversion from string';
  const [, host, length] = /^([^/%]{1,64})\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const family = host === undefined ? 0 : isIP(host);
  if (host === undefined || family === 0)
    throw new Fault(`${prefix}: ${JSON.stringify(text.slice(0, MAX_TEXT))}`);
  let address: IPValue;
  try {
    address = parseIP(host);
  } catch (error) {
    throw error instanceof Fault
      ? new Fault(`${prefix}: ${error.message.replace(JSON.stringify(host), JSON.stringify(text))}`)
      : error;
  }
  if (Number(length) > address.bits) throw new Fault(`${prefix}: prefix length out of range`);
  return new CIDRValue(address, Number(length));
}

function numberOfV4(text: string): bigint {
  return text.split('.').reduce((number, part) => (number << 8n) | BigInt(part), 0n);
}

/** `isIP` has said that it is one. */
function numberOfV6(text: string): bigint {
  const [, before = text, v4] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  const last =
    v4 === undefined
      ? []
      : [numberOfV4(v4) >> 16n, numberOfV4(v4) & 0xffffn].map((word) => word.toString(16));
  const whole = v4 === undefined ? text : `${before}${last.join(':')}`;
  const [head = '', tail] = whole.split('::');
  const words = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((number, word) => (number << 16n) | BigInt(`0x${word}`), 0n);
}

function formatV4(number: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn).join('.');
}

/** RFC 5952: the first of the longest runs of two zeros or more is `::`. */
function formatV6(number: bigint): string {
  const words = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) =>
    ((number >> shift) & 0xffffn).toString(16),
  );
  let best = { start: 0, length: 1 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length === 1) return words.join(':');
  return `${words.slice(0, best.start).join(':')}::${words.slice(best.start + best.length).join(':')}`;
}
