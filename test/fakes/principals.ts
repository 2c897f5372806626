// People and machines of AWS for tests: keys made at run time, names as IAM has them.

import { randomBytes } from 'node:crypto';
import type { AwsCredentials } from './sigv4.ts';
import type { Principal } from './sts.ts';

/** The account of the tests. */
export const ACCOUNT = '111122223333';

/** A user, whose keys don't end; `path` as in `/team/`. */
export function makeUser(name: string, { account = ACCOUNT, partition = 'aws', path = '/' } = {}): Principal {
  const arn = `arn:${partition}:iam::${account}:user${path}${name}`;
  return { ...makeKeys('AKIA', ''), account, arn, userID: `AIDA${randomName()}` };
}

/** A session of a role: STS leaves the role's path out. */
export function makeSession(
  role: string,
  session: string,
  { account = ACCOUNT, partition = 'aws' } = {},
): Principal {
  return {
    ...makeKeys('ASIA', randomBytes(300).toString('base64')),
    account,
    arn: `arn:${partition}:sts::${account}:assumed-role/${role}/${session}`,
    userID: `AROA${randomName()}:${session}`,
  };
}

/** An account's root user. */
export function makeRoot({ account = ACCOUNT } = {}): Principal {
  return { ...makeKeys('AKIA', ''), account, arn: `arn:aws:iam::${account}:root`, userID: account };
}

/** A federated user of GetFederationToken. */
export function makeFederated(name: string, { account = ACCOUNT } = {}): Principal {
  return {
    ...makeKeys('ASIA', randomBytes(300).toString('base64')),
    account,
    arn: `arn:aws:sts::${account}:federated-user/${name}`,
    userID: `${account}:${name}`,
  };
}

/** The environment that AWS's programs read credentials from, and nothing else of AWS. */
export function awsEnv({
  accessKeyID,
  secretKey,
  sessionToken,
}: AwsCredentials): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyID,
    AWS_SECRET_ACCESS_KEY: secretKey,
    ...(sessionToken === '' ? {} : { AWS_SESSION_TOKEN: sessionToken }),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}

function makeKeys(prefix: string, sessionToken: string): AwsCredentials {
  return {
    accessKeyID: `${prefix}${randomName()}`,
    secretKey: randomBytes(30).toString('base64'),
    sessionToken,
  };
}

function randomName(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}
