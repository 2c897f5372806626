// Revocation lists, made at run time and signed by the tests' authorities.

import { webcrypto, X509Certificate } from 'node:crypto';
import '../../src/reflect.ts';
import * as x509 from '@peculiar/x509';
import type { CertificateAuthority } from '../../src/certificates.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** What a list says. */
export interface CrlContent {
  /** PEM of the certificates that are revoked. */
  readonly revoked?: readonly string[];
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
}

/** A list in PEM; `signer` signs it in the authority's name. */
export async function makeCRL(
  authority: CertificateAuthority,
  { revoked = [], thisUpdate = new Date(Date.now() - 60_000), nextUpdate }: CrlContent,
  signer: CertificateAuthority = authority,
): Promise<string> {
  const [block] = x509.PemConverter.decode(signer.keyPem);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', block as ArrayBuffer, ALGORITHM, false, [
    'sign',
  ]);
  const list = await x509.X509CrlGenerator.create(
    {
      issuer: new x509.X509Certificate(authority.certPem).subjectName,
      thisUpdate,
      ...(nextUpdate === undefined ? {} : { nextUpdate }),
      entries: revoked.map((pem) => ({
        serialNumber: new X509Certificate(pem).serialNumber.toLowerCase(),
        revocationDate: thisUpdate,
        reason: x509.X509CrlReason.keyCompromise,
      })),
      signingAlgorithm: ALGORITHM,
      signingKey,
    },
    webcrypto,
  );
  // RFC 7468 §6 names it so; the library's own label is another.
  const lines =
    Buffer.from(list.rawData)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n');
}
