// PEM files as Kubernetes reads them (client-go util/cert): certificates in order, text between them ignored. No message made here holds
// any of the text, since it may be a key.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;
const ENCRYPTED_KEY = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Reads every certificate of a PEM bundle, in its order.
 * @throws Error when there is none, or one does not parse.
 */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    throw new Error(
      PRIVATE_KEY.test(pem)
        ? 'holds a private key where a PEM certificate belongs'
        : 'holds no PEM certificate (-----BEGIN CERTIFICATE-----)',
    );
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new Error(`certificate ${index + 1} of ${blocks.length} does not parse`);
    }
  });
}

/**
 * Reads a private key.
 * @throws Error when it does not parse or needs a passphrase.
 */
export function parsePrivateKey(pem: string): KeyObject {
  if (ENCRYPTED_KEY.test(pem)) throw new Error('is encrypted; a key without a passphrase is needed');
  if (!PRIVATE_KEY.test(pem)) throw new Error('holds no PEM private key (-----BEGIN PRIVATE KEY-----)');
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error('holds a private key that does not parse');
  }
}
