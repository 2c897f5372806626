// What holds for any bytes in place of a certificate or a revocation list: they are read as OpenSSL reads them, in the one form that DER has for
// them, or refused with the one error.

import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { makeCA } from '../../../src/certificates.ts';
import { readCertificate } from '../../../src/x509/certificate.ts';
import {
  DerError,
  type Element,
  readChildren,
  readInteger,
  readOid,
  readOne,
  readText,
  readTime,
  TAG,
} from '../../../src/x509/der.ts';
import { readRevocations } from '../../../src/x509/revocation.ts';
import { makeCRL } from '../../fakes/crl.ts';
import { holds } from '../../properties.ts';

const ca = await makeCA('ca');
const issued = await ca.issue({
  commonName: 'jané',
  organizations: ['dev', 'ops'],
  uids: ['7'],
  client: true,
});
const CERTIFICATE = new X509Certificate(issued.certPem).raw;
const AUTHORITIES = [new X509Certificate(ca.certPem)];
const nextUpdate = new Date(Date.now() + 3_600_000);
const LIST = Buffer.from(
  (await makeCRL(ca, { revoked: [issued.certPem], nextUpdate })).replace(/-----.*-----/g, ''),
  'base64',
);

/** The result, or undefined after a DerError; anything else that is thrown fails the test. */
function read<T>(reader: () => T): T | undefined {
  try {
    return reader();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** DER's one form of an element (X.690 §10.1). */
function encode(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  const head = length < 0x80 ? [length] : [0x80 | bytes.length, ...bytes];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((one) => Buffer.from(one));
const element = (tag: number, content: Buffer): Element => ({ tag, content, whole: encode(tag, content) });
/** Bytes with one of them replaced, or with a few taken out and others put in at some places. */
const changed = (original: Buffer) => {
  const at = fc.nat(original.length - 1);
  const edit = fc.tuple(at, fc.constantFrom(0, 1, 1, 2, 9), bytes(2));
  const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
  const replaced = fc.tuple(
    at,
    fc.constant(1),
    fc.nat(255).map((one) => Buffer.from([one])),
  );
  return fc
    .oneof(
      edits,
      replaced.map((one) => [one]),
    )
    .map((all) => all.reduce((before, [from, removed, put]) => splice(before, from, removed, put), original));
};
const splice = (all: Buffer, from: number, removed: number, put: Buffer) =>
  Buffer.concat([all.subarray(0, from), put, all.subarray(from + removed)]);

t.test('elements are read as they were written, and only in their one form', async () => {
  const content = fc.oneof(
    bytes(300),
    fc.integer({ min: 65_530, max: 65_540 }).map((size) => Buffer.alloc(size)),
  );
  const tag = fc.integer({ min: 0, max: 255 }).filter((one) => (one & 0x1f) !== 0x1f);
  holds(
    fc.property(fc.array(fc.tuple(tag, content), { maxLength: 5 }), (parts) => {
      const whole = encode(TAG.SEQUENCE, Buffer.concat(parts.map(([one, its]) => encode(one, its))));
      const children = readChildren(readOne(whole));
      return children.every((child, i) => child.tag === parts[i]?.[0] && child.content.equals(parts[i][1]));
    }),
  );
  const padded = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.nat(300), fc.nat(2));
  holds(
    fc.property(padded, ([count, length, surplus]) => {
      const size = count === 0 ? [length & 0xff] : [0x80 | count, ...bigEndian(length, count)];
      const given = Buffer.concat([Buffer.from([TAG.SEQUENCE, ...size]), Buffer.alloc(length + surplus)]);
      const one = read(() => readOne(given));
      return one === undefined || encode(one.tag, one.content).equals(given);
    }),
    { numRuns: 2000 },
  );
});

t.test('identifiers, integers, times and texts have one form each', async () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 12, maxLength: 14 });
  const near = fc.tuple(
    fc.nat(99),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 28, max: 32 }),
    fc.nat(24),
  );
  const dates = near.map((parts) => `${parts.map((one) => String(one).padStart(2, '0')).join('')}0000`);
  const arc = fc.constantFrom(0, 1, 3, 0x55, 0x7f, 0x80, 0x81, 0xff);
  holds(
    fc.property(fc.array(arc, { maxLength: 6 }), (given) => {
      const oid = read(() => readOid(element(TAG.OID, Buffer.from(given))));
      return oid === undefined || encodeOid(oid).equals(Buffer.from(given));
    }),
    { numRuns: 3000 },
  );
  holds(
    fc.property(fc.array(arc, { maxLength: 6 }), (given) => {
      const text = read(() => readInteger(element(TAG.INTEGER, Buffer.from(given))));
      if (text === undefined) return true;
      const value = signed(text);
      return BigInt.asIntN(given.length * 8 - 8, value) !== value || given.length === 1;
    }),
    { numRuns: 3000 },
  );
  holds(
    fc.property(fc.oneof(digits, dates), (text) => {
      const tag = text.length === 12 ? TAG.UTC_TIME : TAG.GENERALIZED_TIME;
      const time = read(() => readTime(element(tag, Buffer.from(`${text}Z`))));
      if (time === undefined) return true;
      return new Date(time)
        .toISOString()
        .replace(/[-:T]|\.000Z/g, '')
        .endsWith(text);
    }),
    { numRuns: 3000 },
  );
  const piece = fc.constantFrom('00', '41', 'c3', 'a9', 'c3a9', 'd8', 'd83d', 'de00', 'efbbbf', 'feff', 'ff');
  const text = fc.tuple(
    fc.constantFrom(TAG.UTF8, TAG.BMP),
    fc.array(piece, { maxLength: 5 }).map((some) => Buffer.from(some.join(''), 'hex')),
  );
  holds(
    fc.property(text, ([tag, given]) => {
      const its = read(() => readText(element(tag, given)));
      if (its === undefined) return true;
      const again = tag === TAG.UTF8 ? Buffer.from(its) : Buffer.from(its, 'utf16le').swap16();
      return its.isWellFormed() && again.equals(given);
    }),
    { numRuns: 3000 },
  );
});

t.test('a certificate that is damaged or forged says what OpenSSL reads in it, or is refused', async (t) => {
  let both = 0;
  holds(
    fc.property(changed(CERTIFICATE), (der) => {
      const facts = read(() => readCertificate(der));
      const its = parse(der);
      if (facts === undefined || its === undefined) return true;
      both++;
      const names = its.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
      const { CN = '', O = [] } = names;
      return (
        facts.commonName === [CN].flat().at(-1) &&
        facts.organizations.join('\n') === [O].flat().join('\n') &&
        signed(facts.serial) === printed(its.serialNumber) &&
        facts.notBefore === its.validFromDate.getTime() &&
        facts.notAfter === its.validToDate.getTime()
      );
    }),
    { numRuns: 3000 },
  );
  t.ok(both > 300, `${both} were read by both`);
});

t.test('a list that differs in one byte from what was signed is refused', async (t) => {
  const named = readCertificate(CERTIFICATE);
  t.equal(readRevocations(LIST, AUTHORITIES).state(named, Date.now()), 'revoked');
  holds(
    fc.property(changed(LIST), (der) => {
      return der.equals(LIST) || read(() => readRevocations(der, AUTHORITIES)) === undefined;
    }),
    { numRuns: 1000 },
  );
});

function parse(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** The last `count` bytes of a number of 8. */
function bigEndian(value: number, count: number): Buffer {
  const all = Buffer.alloc(8);
  all.writeUInt32BE(value, 4);
  return all.subarray(8 - count);
}

function signed(digits: string): bigint {
  return BigInt.asIntN(digits.length * 4, BigInt(`0x${digits}`));
}

/** OpenSSL's: sign and digits. */
function printed(serial: string): bigint {
  return serial.startsWith('-') ? -BigInt(`0x${serial.slice(1)}`) : BigInt(`0x${serial}`);
}

/** X.690 §8.19 from dots. */
function encodeOid(oid: string): Buffer {
  const [root = 0n, second = 0n, ...others] = oid.split('.').map(BigInt);
  return Buffer.concat(
    [root * 40n + second, ...others].map((arc) => {
      const groups = [Number(arc & 0x7fn)];
      for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
      return Buffer.from(groups);
    }),
  );
}
