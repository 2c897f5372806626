// Whether somebody who is in would still be let in, as the same user. What is looked at is the configuration and what its files hold: whether the
// credential has ended meanwhile is not, for what it opened ends by itself then, where that is wanted (sessions.endOnExpiry).

import type { GateConfig } from '../config/config.ts';
import type { UserInfo } from '../kube/userinfo.ts';
import type { AwsDoor } from './aws/door.ts';
import type { CertificateAuthenticator, PeerCertificate } from './certificates.ts';
import type { TokenDoor } from './door.ts';
import { type Entries, entryKey } from './entries.ts';
import { lostTrust } from './losttrust.ts';
import { type Evidence, type Objection, objection } from './outcome.ts';
import type { Peer, PeerView } from './peers.ts';

/** Somebody who is in. */
export interface Entrant {
  readonly user: UserInfo;
  readonly evidence: Evidence;
  /** That of the connection. */
  readonly certificate: PeerCertificate | undefined;
  /** Under which they came in. */
  readonly config: Pick<GateConfig['authentication'], 'jwt' | 'awsIAM'>;
}

/** Who would judge them now. */
export interface Doors {
  readonly entries: Entries;
  readonly viewOf: (peer: Peer) => PeerView;
  readonly certificates: CertificateAuthenticator | undefined;
  readonly aws: AwsDoor | undefined;
  readonly serviceAccounts: TokenDoor | undefined;
}

/** What can be told at once; undefined when nothing is against it. What only a cluster can say of a token is rounds.ts's to ask. */
export function objectionTo(entrant: Entrant, peer: Peer, doors: Doors): Objection | undefined {
  const { user, evidence, certificate, config } = entrant;
  switch (evidence.door) {
    case 'jwt':
      return objectionToClaims(entrant, peer, doors);
    case 'certificate':
      if (doors.certificates === undefined || certificate === undefined)
        return objection('client certificates are not accepted any more');
      return doors.certificates.objectionTo(user, certificate);
    case 'aws':
      if (doors.aws === undefined) return objection('identities of AWS are not accepted any more');
      return doors.aws.objectionTo(user, config.awsIAM?.clusterID);
    case 'serviceAccount':
      return doors.serviceAccounts === undefined
        ? objection('service accounts are not accepted any more')
        : undefined;
    case undefined:
      return undefined;
    default:
      evidence.door satisfies never;
      throw new TypeError('unknown door');
  }
}

function objectionToClaims(
  { user, evidence, config }: Entrant,
  peer: Peer,
  { entries, viewOf }: Doors,
): Objection | undefined {
  const { issuer, sourceHeader = '', claims, algorithm = '' } = evidence;
  const entry = entries.get(entryKey(sourceHeader, issuer));
  if (entry === undefined)
    return objection('its issuer is configured no more', 'tokens of its issuer are not accepted any more');
  if (!viewOf(peer).admits(entry.config)) return objection('its proxy is trusted no more', '');
  const before = config.jwt.find((one) => one.sourceHeader === sourceHeader && one.issuer.url === issuer);
  const lost = before === undefined ? '' : lostTrust(before, entry.config, algorithm);
  const detail = lost || entry.authenticator.objectionTo(user, claims);
  // What is wrong with claims is for the log: it may be what somebody else has configured.
  return detail === '' ? undefined : objection(detail, '');
}
