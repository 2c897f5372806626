// Self-signed serving certificates of either kind of key, as somebody's first gate has one; made at run time by the machine's openssl.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CertificatePair } from '../../src/certificates.ts';

export type KeyKind = 'ECDSA' | 'RSA';

const KEYS: Readonly<Record<KeyKind, readonly string[]>> = {
  ECDSA: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  RSA: ['rsa:2048'],
};
const EXTENSIONS = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth',
  'subjectAltName=DNS:localhost,IP:127.0.0.1',
];

/** Makes one for localhost, in force for 90 days. */
export async function makeSelfSigned(kind: KeyKind): Promise<CertificatePair> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-test-'));
  try {
    const [cert, key] = [join(dir, 'tls.crt'), join(dir, 'tls.key')];
    const request = ['req', '-x509', '-nodes', '-days', '90', '-subj', '/CN=localhost'];
    const extensions = EXTENSIONS.flatMap((one) => ['-addext', one]);
    const files = ['-keyout', key, '-out', cert];
    await promisify(execFile)('openssl', [
      ...request,
      '-newkey',
      ...(KEYS[kind] ?? []),
      ...extensions,
      ...files,
    ]);
    return { certPem: await readFile(cert, 'utf8'), keyPem: await readFile(key, 'utf8') };
  } finally {
    await rm(dir, { recursive: true });
  }
}
