// Amazon Resource Names of those who call STS, and the form in which mappings name them: a session of a role counts as its role. After
// aws-iam-authenticator's pkg/arn, with the account and the characters checked, which it leaves to AWS.

import { isPartition } from './partitions.ts';

/** What an ARN names. */
export type PrincipalType = 'role' | 'user' | 'root' | 'federated-user' | 'assumed-role';

/** A caller's ARN. */
export interface PrincipalARN {
  readonly type: PrincipalType;
  readonly partition: string;
  /** Twelve digits. */
  readonly account: string;
  /** The ARN itself, but for an assumed role, which becomes `arn:…:iam::…:role/NAME`. */
  readonly canonical: string;
  /** The part after the last slash of an assumed role; '' otherwise. */
  readonly session: string;
}

export type ARNResult =
  | { readonly ok: true; readonly arn: PrincipalARN }
  /** Completes "the ARN …". */
  | { readonly ok: false; readonly problem: string };

const ACCOUNT = /^\d{12}$/;
/** Visible ASCII: what IAM lets a path hold; names hold less. */
const RESOURCE = /^[\x21-\x7e]+$/;
const MAX_CHARS = 2048;

/** Whether it is an account's id. */
export function isAccountID(text: string): boolean {
  return ACCOUNT.test(text);
}

/** Reads the ARN of a role, a user, the root user, a federated user or a role's session. Upper and lower case are different. */
export function parsePrincipal(text: string): ARNResult {
  if (text.length > MAX_CHARS) return wrong('is too long');
  const [arn, partition = '', service = '', region, account = '', ...rest] = text.split(':');
  const resource = rest.join(':');
  if (arn !== 'arn' || rest.length === 0)
    return wrong('is not of the form arn:aws:iam::123456789012:role/NAME');
  if (!isPartition(partition)) return wrong('names no partition of AWS (aws, aws-cn, aws-us-gov …)');
  if (region !== '') return wrong('has a region; those of identities have none');
  if (!isAccountID(account)) return wrong('has no account of 12 digits');
  if (!RESOURCE.test(resource)) return wrong('has a character that no name in IAM has');
  const type = typeOf(service, resource);
  if (type === undefined)
    return wrong('is none of a role, a user, root, a federated user or an assumed role');
  const parts = resource.split('/');
  if (parts.at(-1) === '' || parts.at(-2) === '') return wrong('has an empty name');
  if (type !== 'assumed-role')
    return { ok: true, arn: { type, partition, account, canonical: text, session: '' } };
  if (parts.length < 3) return wrong('of an assumed role ends without a session');
  const canonical = `arn:${partition}:iam::${account}:role/${parts.slice(1, -1).join('/')}`;
  return { ok: true, arn: { type, partition, account, canonical, session: parts.at(-1) ?? '' } };
}

function typeOf(service: string, resource: string): PrincipalType | undefined {
  if (service === 'iam' && resource === 'root') return 'root';
  const kind = resource.slice(0, Math.max(0, resource.indexOf('/')));
  if (service === 'iam' && (kind === 'role' || kind === 'user')) return kind;
  if (service === 'sts' && (kind === 'assumed-role' || kind === 'federated-user')) return kind;
  return undefined;
}

function wrong(problem: string): ARNResult {
  return { ok: false, problem };
}
