// An identity of AWS → a Kubernetes user, by the map: the user's name, uid and extra as aws-iam-authenticator's server makes them
// (pkg/server, doMapping and authenticateEndpoint). Keys of extra are in lower case here: as Impersonate-Extra-* they could not be otherwise.

import { parsePrincipal } from '../../config/aws/arn.ts';
import type { IdentityMap } from '../../config/aws/map.ts';
import { needsEC2, renderTemplate } from '../../config/aws/template.ts';
import type { UserInfo } from '../../kube/userinfo.ts';
import { type Admission, admitIdentity } from '../identity.ts';
import type { CallerIdentity } from './sts.ts';

/** A user, or why there is none. */
export type Mapped =
  | Extract<Admission, { kind: 'user' }>
  | {
      readonly kind: 'rejected';
      readonly code: 'AWS_IDENTITY_UNMAPPED' | 'TOKEN_CLAIMS' | 'TOKEN_SYSTEM_IDENTITY';
      readonly detail: string;
    };

/** Maps an identity; `accessKeyID` is the key that signed. */
export type Mapper = (identity: CallerIdentity, accessKeyID: string) => Mapped;

/** Makes the mapper of a map. */
export function createMapper(map: IdentityMap, systemIdentities: 'Refuse' | 'Allow'): Mapper {
  const mappings = new Map(map.mappings.map((mapping) => [mapping.arn, mapping]));
  const accounts = new Set(map.accounts);
  return (identity, accessKeyID) => {
    const { arn, userID, rawARN } = identity;
    const mapping = mappings.get(arn.canonical.toLowerCase());
    if (mapping === undefined && !accounts.has(arn.account))
      return unmapped(`${arn.canonical} is neither mapped nor of a mapped account`);
    const { username, groups } = mapping ?? { username: arn.canonical, groups: [] };
    if ([username, ...groups].some(needsEC2))
      return unmapped(`${arn.canonical} is mapped with {{EC2PrivateDNSName}}, which Postern can't look up`);
    const values = {
      AccountID: arn.account,
      SessionName: arn.session.replaceAll('@', '-'),
      SessionNameRaw: arn.session,
      AccessKeyID: accessKeyID,
    };
    const isPlain = mapping === undefined;
    const render = (template: string): string => (isPlain ? template : renderTemplate(template, values));
    const extra = {
      accesskeyid: [accessKeyID],
      arn: [rawARN],
      canonicalarn: [arn.canonical],
      principalid: [userID],
      ...(arn.session === '' ? {} : { sessionname: [arn.session] }),
    };
    const uid = `aws-iam-authenticator:${arn.account}:${userID}`;
    return admitIdentity(
      { username: render(username), uid, groups: groups.map(render), extra },
      systemIdentities,
    );
  };
}

/** Who a user of this map is at AWS, from the extras that it gave. @throws TypeError for anybody else */
export function identityOf({ extra }: UserInfo): {
  readonly identity: CallerIdentity;
  readonly accessKeyID: string;
} {
  const of = (key: string): string => extra[key]?.[0] ?? '';
  const parsed = parsePrincipal(of('arn'));
  if (!parsed.ok) throw new TypeError('not a user of awsIAM');
  return {
    identity: { rawARN: of('arn'), arn: parsed.arn, userID: of('principalid') },
    accessKeyID: of('accesskeyid'),
  };
}

function unmapped(detail: string): Mapped {
  return { kind: 'rejected', code: 'AWS_IDENTITY_UNMAPPED', detail };
}
