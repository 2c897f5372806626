// Certificate authorities and certificates for the demo and the tests, made at run time. ECDSA P-256 with the extensions that Node
// (OpenSSL) and Go's crypto/x509 ask for: RFC 5280 key usage, extended key usage, subject alternative names, key identifiers.

import { webcrypto } from 'node:crypto';
import './reflect.ts';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** The subject's attribute that kube-apiserver reads as the uid. */
const UID_OID = '1.3.6.1.4.1.57683.2';
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A certificate and its PKCS #8 key, both PEM. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What to issue. A server certificate unless `client`; valid from five minutes ago for 30 days. */
export interface CertificateRequest {
  readonly commonName: string;
  /** Kubernetes' groups, when it is a client's. */
  readonly organizations?: readonly string[];
  /** Kubernetes' uid, likewise; more than one is an error there. */
  readonly uids?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly client?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A certificate authority that can issue. */
export interface CertificateAuthority extends CertificatePair {
  readonly issue: (request: CertificateRequest) => Promise<CertificatePair>;
  /** Makes an authority below this one. */
  readonly intermediate: (name: string) => Promise<CertificateAuthority>;
}

/** Makes a self-signed authority named `name`. */
export function makeCA(name: string): Promise<CertificateAuthority> {
  return makeAuthority(name, undefined);
}

/** What signs. */
interface Signer {
  readonly cert: x509.X509Certificate;
  readonly keys: CryptoKeys;
}

async function makeAuthority(name: string, parent: Signer | undefined): Promise<CertificateAuthority> {
  const keys = await makeKeys();
  const cert = await x509.X509CertificateGenerator.create(
    {
      ...validity({}),
      serialNumber: makeSerial(),
      subject: [{ CN: [name] }],
      issuer: parent?.cert.subjectName ?? [{ CN: [name] }],
      publicKey: keys.publicKey,
      signingKey: (parent?.keys ?? keys).privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return {
    certPem: toPem(cert),
    keyPem: await exportKey(keys.privateKey),
    issue: (request) => issue({ cert, keys }, request),
    intermediate: (other) => makeAuthority(other, { cert, keys }),
  };
}

async function issue(ca: Signer, request: CertificateRequest): Promise<CertificatePair> {
  const keys = await makeKeys();
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const organizations = request.organizations ?? [];
  const cert = await x509.X509CertificateGenerator.create(
    {
      ...validity(request),
      serialNumber: makeSerial(),
      subject: [
        ...organizations.map((value) => ({ O: [value] })),
        ...(request.uids ?? []).map((value) => ({ [UID_OID]: [value] })),
        { CN: [request.commonName] },
      ],
      issuer: ca.cert.subjectName,
      publicKey: keys.publicKey,
      signingKey: ca.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([request.client === true ? CLIENT_AUTH : SERVER_AUTH]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(ca.keys.publicKey, false, webcrypto),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    },
    webcrypto,
  );
  return { certPem: toPem(cert), keyPem: await exportKey(keys.privateKey) };
}

interface CryptoKeys {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
}

function makeKeys(): Promise<CryptoKeys> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function toPem(cert: x509.X509Certificate): string {
  return `${cert.toString('pem')}\n`;
}

/** A positive serial number of 127 random bits (RFC 5280 §4.1.2.2). */
function makeSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function validity(request: { readonly notBefore?: Date; readonly notAfter?: Date }): {
  notBefore: Date;
  notAfter: Date;
} {
  const now = Date.now();
  return {
    notBefore: request.notBefore ?? new Date(now - 5 * MINUTE_MS),
    notAfter: request.notAfter ?? new Date(now + 30 * DAY_MS),
  };
}
