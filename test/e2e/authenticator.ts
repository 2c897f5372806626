// aws-iam-authenticator's own code (authenticator/): makes tokens, and says what its verifier and its server make of some.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrFail } from '../cluster/run.ts';
import { awsEnv } from '../fakes/principals.ts';
import type { LocalSts, Principal } from '../fakes/sts.ts';
import type { Context } from './context.ts';

/** The built program, and a folder for its files. */
export type Authenticator = Pick<Context, 'authenticator' | 'dir'>;

/** What it says of one token. */
export interface Judgement {
  /** The verifier's; absent when it refused. */
  readonly identity?: { readonly ARN: string; readonly CanonicalARN: string; readonly AccessKeyID: string };
  readonly error?: string;
  /** The server's, as a TokenReview's status. */
  readonly review: {
    readonly authenticated?: boolean;
    readonly user: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

/** The arguments that print an ExecCredential. */
function tokenArgs(clusterID: string, region: string): readonly string[] {
  return ['token', clusterID, region];
}

/** A token of its generator. */
export async function makeToken(
  { authenticator }: Authenticator,
  principal: Principal,
  { clusterID = 'prod', region = 'eu-west-1' } = {},
): Promise<string> {
  const stdout = await runOrFail(authenticator, tokenArgs(clusterID, region), { env: awsEnv(principal) });
  return (JSON.parse(stdout) as { status: { token: string } }).status.token;
}

/** What it says of each token, asking the local STS. */
export async function judgeTokens(
  { authenticator, dir }: Authenticator,
  tokens: readonly string[],
  {
    sts,
    configMap,
    partition = 'aws',
  }: { readonly sts: LocalSts; readonly configMap: string; readonly partition?: string },
): Promise<readonly Judgement[]> {
  const files = { ca: join(dir, 'sts-ca.crt'), map: join(dir, 'aws-auth-judged.yaml') };
  writeFileSync(files.ca, sts.ca);
  writeFileSync(files.map, configMap);
  const stdout = await runOrFail(authenticator, ['judge', 'prod', partition, files.map], {
    input: `${tokens.join('\n')}\n`,
    env: {
      STS_ADDRESS: `${sts.route.dial.hostname}:${sts.port}`,
      STS_CA: files.ca,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Judgement);
}
