// Whether a certificate leads to one of some authorities (RFC 5280 §6.1, the parts that follow from the bytes): names and key identifiers fit, each
// signature is the next one's, each issuer is an authority, in force. Purposes, lengths of paths and name constraints are TLS's to look at: this only
// says whether a client that TLS let in would still lead somewhere when the authorities are others.

import type { X509Certificate } from 'node:crypto';

/** Longest chain that is followed, as OpenSSL's and Go's clients make them in practice. */
const MAX_CHAIN = 8;

/** What a chain is made of. */
export interface Links {
  /** Who is trusted; a chain ends at one of them that signed itself, as OpenSSL wants it. */
  readonly authorities: readonly X509Certificate[];
  /** What the peer sent beside its own. */
  readonly sent: readonly X509Certificate[];
  /** ms since the epoch. */
  readonly now: number;
}

/** Tells whether `certificate` was issued, directly or by others, by one of the authorities. */
export function leadsToAuthority(certificate: X509Certificate, links: Links, depth = 0): boolean {
  if (depth === MAX_CHAIN) return false;
  const isIssuer = (one: X509Certificate): boolean =>
    one.ca && isInForce(one, links.now) && certificate.checkIssued(one) && certificate.verify(one.publicKey);
  return (
    links.authorities.some(
      (one) => isIssuer(one) && (one.checkIssued(one) || leadsToAuthority(one, links, depth + 1)),
    ) || links.sent.some((one) => isIssuer(one) && leadsToAuthority(one, links, depth + 1))
  );
}

function isInForce({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now < validToDate.getTime();
}
