// Certificate revocation lists (RFC 5280 §5): read from a file that may hold several, each signed by one of the authorities that issue client
// certificates. Fail closed: a certificate whose issuer has no list that is in force counts as one that cannot be judged.

import { verify, type X509Certificate } from 'node:crypto';
import { readCertificate } from './certificate.ts';
import {
  DerError,
  type Element,
  present,
  readChildren,
  readInteger,
  readOid,
  readOne,
  readTime,
  TAG,
} from './der.ts';

/** Signature algorithms of lists, with their hash; undefined for those that have it within. */
const ALGORITHMS: ReadonlyMap<string, string | undefined> = new Map([
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.3.101.112', undefined],
]);
const EXTENSIONS_TAG = 0xa0;
/** Longest chain of authorities that is followed. */
const MAX_CHAIN = 8;
/** What remains of a list's time when it should have been renewed, as a part of it. */
const RENEWAL_PART = 0.25;
const CRITICAL = Buffer.from([0x01, 0x01, 0xff]);
/** id-ce-deltaCRLIndicator, id-ce-issuingDistributionPoint: a list that does not tell all. */
const PARTIAL_OIDS: ReadonlySet<string> = new Set(['2.5.29.27', '2.5.29.28']);

/** A certificate, by what lists call it. */
export interface Named {
  readonly issuer: Buffer;
  readonly serial: string;
}

/** What lists say of a certificate now; one of an authority that is revoked itself is revoked, too. `stale`: the list is past its nextUpdate; `unknown`: there is no list of that issuer. */
export type RevocationState = 'good' | 'revoked' | 'stale' | 'unknown';

/** All lists. */
export interface Revocations {
  /** `now` is ms since the epoch. */
  state(certificate: Named, now: number): RevocationState;
  /** When the first issuer is without a list in force, ms since the epoch. */
  readonly nextUpdate: number;
  /** When a quarter remains of the time of a list that has no later one beside it, ms since the epoch. */
  readonly renewAt: number;
}

interface List {
  readonly issuer: Buffer;
  /** The authority that signed it. */
  readonly signer: Named;
  readonly revoked: ReadonlySet<string>;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/**
 * Reads PEM with one or more lists, or a single one in DER, and checks each one's signature.
 * @throws DerError, with a message for people, for what cannot be used: malformed, of nobody among the authorities, badly signed, partial, endless
 */
export function readRevocations(file: Buffer, authorities: readonly X509Certificate[]): Revocations {
  const lists = splitLists(file).map((der) => readList(der, authorities));
  if (lists.length === 0) throw new DerError('holds no revocation list');
  const inForce = (issuer: Buffer, now: number) =>
    lists.filter((list) => list.issuer.equals(issuer) && list.thisUpdate <= now);
  const isRevoked = ({ issuer, serial }: Named, now: number, depth = 0): boolean =>
    inForce(issuer, now).some(
      ({ revoked, signer }) =>
        revoked.has(serial) ||
        (depth < MAX_CHAIN && !signer.issuer.equals(issuer) && isRevoked(signer, now, depth + 1)),
    );
  const latest = lists.filter(
    (list) => !lists.some((it) => it.issuer.equals(list.issuer) && it.nextUpdate > list.nextUpdate),
  );
  return {
    nextUpdate: Math.min(...latest.map(({ nextUpdate }) => nextUpdate)),
    renewAt: Math.min(...latest.map(renewalOf)),
    state(certificate, now) {
      if (isRevoked(certificate, now)) return 'revoked';
      const own = inForce(certificate.issuer, now);
      if (own.some(({ nextUpdate }) => now < nextUpdate)) return 'good';
      return own.length > 0 ? 'stale' : 'unknown';
    },
  };
}

function renewalOf({ thisUpdate, nextUpdate }: List): number {
  return nextUpdate - (nextUpdate - thisUpdate) * RENEWAL_PART;
}

function splitLists(file: Buffer): Buffer[] {
  if (file[0] === TAG.SEQUENCE) return [file];
  const text = file.toString('latin1');
  const blocks = [...text.matchAll(/-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g)];
  // One that is cut off or has another label would be missing, with those whom it revokes.
  if (blocks.length !== [...text.matchAll(/-----BEGIN [A-Z0-9 ]*CRL-----/g)].length)
    throw new DerError('holds a list that cannot be read: expected base64 between X509 CRL lines');
  return blocks.map(([, encoded = '']) => Buffer.from(encoded, 'base64'));
}

function readList(der: Buffer, authorities: readonly X509Certificate[]): List {
  const [body, algorithm, signature] = readChildren(readOne(der));
  const fields = readChildren(present(body));
  if (fields[0]?.tag === TAG.INTEGER) fields.shift();
  const [inner, issuer, thisUpdate, ...others] = fields;
  if (!present(inner).whole.equals(present(algorithm).whole)) throw new DerError('two signature algorithms');
  const signer = signerOf(
    { body: present(body), algorithm: present(algorithm), signature: present(signature) },
    present(issuer).whole,
    authorities,
  );
  const nextUpdate = isTime(others[0]) ? others.shift() : undefined;
  if (nextUpdate === undefined) throw new DerError('has no next update: it would be in force for ever');
  const entries = others[0]?.tag === TAG.SEQUENCE ? others.shift() : undefined;
  if (others[0]?.tag === EXTENSIONS_TAG) refusePartial(others[0]);
  return {
    issuer: present(issuer).whole,
    signer: readCertificate(signer.raw),
    revoked: new Set(entries === undefined ? [] : readChildren(entries).map(readSerial)),
    thisUpdate: readTime(present(thisUpdate)),
    nextUpdate: readTime(nextUpdate),
  };
}

/** Each entry also has a date and may have reasons: whoever is listed is revoked, whatever they say. */
function readSerial(entry: Element): string {
  return readInteger(present(readChildren(entry)[0]));
}

/** @throws DerError for a list that none of the authorities signed */
function signerOf(
  list: { readonly body: Element; readonly algorithm: Element; readonly signature: Element },
  issuer: Buffer,
  authorities: readonly X509Certificate[],
): X509Certificate {
  const oid = readOid(present(readChildren(list.algorithm)[0]));
  if (!ALGORITHMS.has(oid)) throw new DerError(`is signed with an algorithm that is not accepted (${oid})`);
  const { tag, content } = list.signature;
  if (tag !== TAG.BIT_STRING || content[0] !== 0) throw new DerError('no signature');
  const candidates = authorities.filter(({ raw }) => readCertificate(raw).subject.equals(issuer));
  if (candidates.length === 0) throw new DerError('is from none of the authorities in listen.clientCAFile');
  const signer = candidates.find(({ publicKey }) =>
    verify(ALGORITHMS.get(oid), list.body.whole, publicKey, content.subarray(1)),
  );
  if (signer === undefined) throw new DerError("has a signature that is not its issuer's");
  return signer;
}

function refusePartial(extensions: Element): void {
  for (const extension of readChildren(present(readChildren(extensions, EXTENSIONS_TAG)[0]))) {
    const [id, critical] = readChildren(extension);
    const oid = readOid(present(id));
    if (PARTIAL_OIDS.has(oid)) throw new DerError('is a partial list; a whole one is needed');
    if (critical?.whole.equals(CRITICAL))
      throw new DerError(`has a critical extension that is not known (${oid})`);
  }
}

function isTime(element: Element | undefined): boolean {
  return element?.tag === TAG.UTC_TIME || element?.tag === TAG.GENERALIZED_TIME;
}
