// Client certificates as users (k8s.io/apiserver pkg/authentication/request/x509): CN is the name, every O a group. That a certificate was issued by an authority of
// listen.clientCAFile, for clients, was told by the TLS handshake, and is looked at again where the authorities are others now; whether it is in force and
// not revoked is looked at with every request.

import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { UserInfo } from '../kube/userinfo.ts';
import { type CertificateFacts, readCertificate } from '../x509/certificate.ts';
import { leadsToAuthority } from '../x509/chain.ts';
import { type Revocations, readRevocations } from '../x509/revocation.ts';
import type { Clock } from './clock.ts';
import { admitIdentity } from './identity.ts';
import { DOOR_EVIDENCE, type Objection, type Outcome, objection, type RejectedCode } from './outcome.ts';

/** What a caller's TLS connection came with; one object for each connection. */
export interface PeerCertificate {
  readonly der: Buffer;
  /** Why TLS does not take it for one of our authorities'; '' when it does. */
  readonly problem: string;
  /** The authorities by which TLS judged it, PEM; '' or absent when that is not certain. */
  readonly authorities?: string;
  /** The authorities' certificates that came with it, in DER. */
  readonly sent?: readonly Buffer[];
}

/** What the configuration says of client certificates, with what its files hold. */
export interface CertificateRules {
  readonly systemIdentities: 'Refuse' | 'Allow';
  /** PEM: who may issue them. */
  readonly authoritiesPem: string;
  /** undefined: none are revoked. */
  readonly revocationLists: Buffer | undefined;
}

/** Revocation lists that are to be renewed. */
export interface RenewalEvent {
  /** When the first issuer is without a list in force, ms since the epoch. */
  readonly nextUpdate: number;
  /** Whether that time is over: its certificates are not let in. */
  readonly isOver: boolean;
}

/** Judges client certificates. */
export interface CertificateAuthenticator {
  /** noOpinion for one without a CN. */
  judge(certificate: PeerCertificate): Outcome;
  /**
   * Why its bearer, who is in as this user, may not stay; undefined when nothing is against it. That it has ended is nothing here, and neither is a list
   * that is missing or past its next update: that says nothing of this one.
   */
  objectionTo(user: UserInfo, certificate: PeerCertificate): Objection | undefined;
}

const SOURCE = 'certificate';
const REVOKED = 'its client certificate has been revoked';
/** What the person is told of certificates that are none any more. */
const CAUSES: Partial<Record<RejectedCode, string>> = {
  CERTIFICATE_UNTRUSTED: 'the authority of its client certificate is not accepted any more',
};
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Creates it. `onRenewal` is told once when lists should be renewed and once when it is too late, as certificates come.
 * @throws DerError for revocation lists that cannot be used
 */
export function createCertificateAuthenticator(
  rules: CertificateRules,
  clock: Clock,
  onRenewal: (event: RenewalEvent) => void = () => {},
): CertificateAuthenticator {
  const authorities = parseAuthorities(rules.authoritiesPem);
  const revocations =
    rules.revocationLists === undefined ? undefined : readRevocations(rules.revocationLists, authorities);
  const known = new WeakMap<PeerCertificate, Read>();
  const remind = createReminder(revocations, onRenewal);
  const readOf = (certificate: PeerCertificate): Read => {
    let read = known.get(certificate);
    if (read === undefined) {
      read = readOnce(certificate, rules);
      const isJudged = read.facts === undefined || certificate.authorities === rules.authoritiesPem;
      if (!isJudged && !leadsTo(certificate, authorities, clock.now())) read = ASTRAY;
      known.set(certificate, read);
    }
    return read;
  };
  return {
    judge(certificate) {
      const read = readOf(certificate);
      if (read.facts === undefined || read.outcome.kind !== 'user') return read.outcome;
      const now = clock.now();
      remind(now);
      return judgeNow(read.facts, revocations, now) ?? read.outcome;
    },
    objectionTo(user, certificate) {
      const { facts, outcome } = readOf(certificate);
      if (outcome.kind === 'rejected') return objection(outcome.detail, CAUSES[outcome.code] ?? '');
      if (facts !== undefined && revocations?.state(facts, clock.now()) === 'revoked')
        return objection(`its client certificate has been revoked (serial ${facts.serial})`, REVOKED);
      return outcome.kind === 'user' && isDeepStrictEqual(outcome.user, user)
        ? undefined
        : objection('its client certificate gives another user', '');
    },
  };
}

/** Of a certificate that TLS let in, under other authorities. */
const ASTRAY: Read = {
  facts: undefined,
  outcome: reject('CERTIFICATE_UNTRUSTED', 'issued by none of the authorities in listen.clientCAFile now'),
};

function createReminder(
  revocations: Revocations | undefined,
  onRenewal: (event: RenewalEvent) => void,
): (now: number) => void {
  if (revocations === undefined) return () => {};
  const { renewAt, nextUpdate } = revocations;
  let due = renewAt;
  return (now) => {
    if (now < due) return;
    const isOver = now >= nextUpdate;
    due = isOver ? Number.POSITIVE_INFINITY : nextUpdate;
    onRenewal({ nextUpdate, isOver });
  };
}

/** The certificates in PEM. */
export function parseAuthorities(pem: string): X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((one) => new X509Certificate(one));
}

interface Read {
  /** Absent when it could not be read, or need not be. */
  readonly facts: CertificateFacts | undefined;
  /** What holds whatever the time. */
  readonly outcome: Outcome;
}

function readOnce({ der, problem }: PeerCertificate, rules: CertificateRules): Read {
  if (problem !== '') return { facts: undefined, outcome: reject('CERTIFICATE_UNTRUSTED', problem) };
  let facts: CertificateFacts;
  try {
    facts = readCertificate(der);
  } catch (error) {
    return { facts: undefined, outcome: reject('CERTIFICATE_UNTRUSTED', (error as Error).message) };
  }
  const { commonName: username, uid, organizations: groups, notAfter: expiresAt } = facts;
  if (username === '') return { facts, outcome: { kind: 'noOpinion' } };
  const admission = admitIdentity({ username, uid, groups, extra: {} }, rules.systemIdentities);
  if (admission.kind === 'rejected') return { facts, outcome: reject(admission.code, admission.detail) };
  const user = {
    kind: 'user',
    user: admission.user,
    evidence: DOOR_EVIDENCE.certificate,
    expiresAt,
    source: SOURCE,
  } as const;
  return { facts, outcome: user };
}

/** What time changes; undefined when nothing speaks against it. */
function judgeNow(
  facts: CertificateFacts,
  revocations: Revocations | undefined,
  now: number,
): Outcome | undefined {
  if (now < facts.notBefore || now >= facts.notAfter) return reject('CERTIFICATE_EXPIRED', 'not valid now');
  const state = revocations?.state(facts, now) ?? 'good';
  if (state === 'good') return undefined;
  if (state === 'revoked') return reject('CERTIFICATE_REVOKED', `serial ${facts.serial} is on the list`);
  const cause = new Error(
    state === 'stale'
      ? "the issuer's revocation list is past its next update"
      : 'there is no revocation list of its issuer',
  );
  return { kind: 'unavailable', cause, source: SOURCE };
}

/** Whether a client that TLS let in would be let in under these authorities. */
function leadsTo(
  { der, sent = [] }: PeerCertificate,
  authorities: readonly X509Certificate[],
  now: number,
): boolean {
  const links = { authorities, sent: sent.map((one) => new X509Certificate(one)), now };
  return leadsToAuthority(new X509Certificate(der), links);
}

function reject(code: RejectedCode, detail: string): Outcome {
  return { kind: 'rejected', code, detail, source: SOURCE };
}
