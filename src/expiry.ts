// When the certificates that the gate shows to others end: read with each configuration that is taken up, so that an alert can come before
// handshakes fail. Authorities are left out: a bundle holds old ones on purpose.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Generation } from './generation.ts';
import type { Metrics } from './metrics.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** What a certificate is for. */
export type CertificatePurpose = 'serving' | 'webhook' | 'client';

/** Sets the gauges for what `generation` uses; those of certificates that are used no more go. */
export function observeExpiry({ config, clusters }: Generation, metrics: Metrics): void {
  metrics.certificateExpiry.reset();
  const set = (purpose: CertificatePurpose, cluster: string, pem: string) => {
    const end = earliestEnd(pem);
    if (end !== undefined) metrics.certificateExpiry.set({ purpose, cluster }, end / 1000);
  };
  set('serving', '', read(config.listen.tls.certFile));
  if (config.tokenWebhook !== undefined) set('webhook', '', read(config.tokenWebhook.certFile));
  for (const { name, upstream } of clusters) set('client', name, upstream.clientCertPem);
}

/** When the first of the certificates in `pem` ends, a leaf and its intermediates; undefined when there is none. ms since the epoch. */
export function earliestEnd(pem: string): number | undefined {
  const ends = (pem.match(CERTIFICATE) ?? []).map((one) => Date.parse(new X509Certificate(one).validTo));
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** '' for a file that has gone since it was taken up: the reload that follows says so. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
