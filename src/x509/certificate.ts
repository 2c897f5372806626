// What of a client certificate names its bearer, read from its bytes and not from a text that was made of them: a name may hold whatever
// separates names in such texts. After k8s.io/apiserver pkg/authentication/request/x509: CN is the user, every O a group.

import {
  DerError,
  type Element,
  present,
  readChildren,
  readInteger,
  readOid,
  readOne,
  readText,
  readTime,
  TAG,
} from './der.ts';

/** The identifier of the subject's attribute that kube-apiserver reads as the user's uid (1.34 and later). */
export const UID_OID = '1.3.6.1.4.1.57683.2';
const COMMON_NAME_OID = '2.5.4.3';
const ORGANIZATION_OID = '2.5.4.10';
const VERSION_TAG = 0xa0;
const NAMES: ReadonlySet<string> = new Set([COMMON_NAME_OID, ORGANIZATION_OID, UID_OID]);

/** A certificate's own words; whether they can be believed is another's to say. */
export interface CertificateFacts {
  /** The last CN; '' without one. */
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** '' without one. */
  readonly uid: string;
  /** Of its issuer, as hexadecimal digits. */
  readonly serial: string;
  /** The names as DER. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Reads a certificate (RFC 5280 §4.1). @throws DerError for what is none, for more than one uid, and for an empty one */
export function readCertificate(der: Buffer): CertificateFacts {
  const fields = readChildren(present(readChildren(readOne(der))[0]));
  if (fields[0]?.tag === VERSION_TAG) fields.shift();
  const [serial, , issuer, validity, subject] = fields;
  const [notBefore, notAfter] = readChildren(present(validity)).map(readTime);
  const attributes = readChildren(present(subject)).flatMap(readRelativeName);
  const valuesOf = (oid: string) => attributes.filter(([one]) => one === oid).map(([, value]) => value);
  const [uid, ...others] = valuesOf(UID_OID);
  if (others.length > 0) throw new DerError('more than one uid');
  if (uid === '') throw new DerError('an empty uid');
  return {
    commonName: valuesOf(COMMON_NAME_OID).at(-1) ?? '',
    organizations: valuesOf(ORGANIZATION_OID),
    uid: uid ?? '',
    serial: readInteger(present(serial)),
    issuer: present(issuer).whole,
    subject: present(subject).whole,
    notBefore: present(notBefore),
    notAfter: present(notAfter),
  };
}

/** The attributes of one part of a name; those that are no text are not among the ones that count. */
function readRelativeName(part: Element): [oid: string, value: string][] {
  return readChildren(part, TAG.SET).map((attribute) => {
    const [type, value] = readChildren(attribute);
    const oid = readOid(present(type));
    return [oid, NAMES.has(oid) ? readText(present(value)) : ''];
  });
}
