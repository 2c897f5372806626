// An identity of AWS and a map: who it is in Kubernetes. Names, uid and extra as aws-iam-authenticator's server gives them (pkg/server).
import t from 'tap';
import { createMapper } from '../../../../src/authn/aws/mapper.ts';
import type { CallerIdentity } from '../../../../src/authn/aws/sts.ts';
import { parsePrincipal } from '../../../../src/config/aws/arn.ts';
import { readMapFile } from '../../../../src/config/aws/mapfile.ts';

const ID = '111122223333';
const KEY = 'ASIAEXAMPLEEXAMPLE';

const MAP = `
mapRoles:
- {rolearn: "arn:aws:iam::${ID}:role/Dev", username: "dev:{{SessionName}}", groups: [developers, "of:{{AccountID}}"]}
- {rolearn: "arn:aws:iam::${ID}:role/Raw", username: "{{SessionNameRaw}}"}
- {rolearn: "arn:aws:iam::${ID}:role/Key", username: "key:{{AccessKeyID}}"}
- {rolearn: "arn:aws:iam::${ID}:role/Admin", username: admin, groups: [system:masters]}
- {rolearn: "arn:aws:iam::${ID}:role/Node", username: "system:node:{{EC2PrivateDNSName}}", groups: [system:nodes]}
- {rolearn: "arn:aws:iam::${ID}:role/Any", username: "{{SessionName}}"}
- {rolearn: "arn:aws-cn:iam::${ID}:role/Dev", username: china}
mapUsers:
- {userarn: "arn:aws:iam::${ID}:user/team/Jo", username: jo}
- {userarn: "arn:aws:iam::${ID}:user/Nobody", username: "{{SessionName}}"}
- {userarn: "arn:aws:sts::${ID}:federated-user/Fred", username: fred}
mapAccounts: ["444455556666"]
`;

function identity(rawARN: string, userID = 'AROAEXAMPLE'): CallerIdentity {
  const parsed = parsePrincipal(rawARN);
  if (!parsed.ok) throw new TypeError(parsed.problem);
  return { rawARN, arn: parsed.arn, userID };
}

function map(arn: string, systemIdentities: 'Refuse' | 'Allow' = 'Refuse') {
  const { map: read } = readMapFile({ file: 'aws-auth.yaml', text: MAP }, 'Allow');
  return createMapper(read, systemIdentities)(identity(arn), KEY);
}

t.test('a session of a mapped role: name, groups, uid and extra', async (t) => {
  t.same(map(`arn:aws:sts::${ID}:assumed-role/Dev/jo@example.com`), {
    kind: 'user',
    user: {
      username: 'dev:jo-example.com',
      uid: `aws-iam-authenticator:${ID}:AROAEXAMPLE`,
      groups: ['developers', `of:${ID}`],
      extra: {
        accesskeyid: [KEY],
        arn: [`arn:aws:sts::${ID}:assumed-role/Dev/jo@example.com`],
        canonicalarn: [`arn:aws:iam::${ID}:role/Dev`],
        principalid: ['AROAEXAMPLE'],
        sessionname: ['jo@example.com'],
      },
    },
  });
});

for (const [arn, username] of [
  [`arn:aws:sts::${ID}:assumed-role/Raw/jo@example.com`, 'jo@example.com'],
  [`arn:aws:sts::${ID}:assumed-role/Key/x`, `key:${KEY}`],
  [`arn:aws:sts::${ID}:assumed-role/DEV/x`, 'dev:x'],
  [`arn:aws-cn:sts::${ID}:assumed-role/Dev/x`, 'china'],
  [`arn:aws:iam::${ID}:user/team/Jo`, 'jo'],
  [`arn:aws:iam::${ID}:user/Team/JO`, 'jo'],
  [`arn:aws:sts::${ID}:federated-user/Fred`, 'fred'],
  ['arn:aws:iam::444455556666:user/Anybody', 'arn:aws:iam::444455556666:user/Anybody'],
  ['arn:aws:sts::444455556666:assumed-role/R/s', 'arn:aws:iam::444455556666:role/R'],
  ['arn:aws:iam::444455556666:root', 'arn:aws:iam::444455556666:root'],
  ['arn:aws:sts::444455556666:assumed-role/{{AccountID}}/s', 'arn:aws:iam::444455556666:role/{{AccountID}}'],
] as const) {
  t.test(`${arn} is ${username}`, async (t) => {
    t.match(map(arn), { kind: 'user', user: { username } });
  });
}

for (const [arn, code, systemIdentities] of [
  [`arn:aws:sts::${ID}:assumed-role/Other/x`, 'AWS_IDENTITY_UNMAPPED', 'Allow'],
  [`arn:aws:iam::${ID}:user/Jo`, 'AWS_IDENTITY_UNMAPPED', 'Allow'],
  [`arn:aws:iam::${ID}:root`, 'AWS_IDENTITY_UNMAPPED', 'Allow'],
  ['arn:aws:sts::999999999999:assumed-role/Dev/x', 'AWS_IDENTITY_UNMAPPED', 'Allow'],
  [`arn:aws-us-gov:sts::${ID}:assumed-role/Dev/x`, 'AWS_IDENTITY_UNMAPPED', 'Allow'],
  [`arn:aws:sts::${ID}:assumed-role/Node/i-0123456789abcdef0`, 'AWS_IDENTITY_UNMAPPED', 'Allow'],
  [`arn:aws:sts::${ID}:assumed-role/Admin/x`, 'TOKEN_SYSTEM_IDENTITY', 'Refuse'],
  [`arn:aws:sts::${ID}:assumed-role/Any/system:admin`, 'TOKEN_SYSTEM_IDENTITY', 'Refuse'],
  [`arn:aws:iam::${ID}:user/Nobody`, 'TOKEN_CLAIMS', 'Allow'],
] as const) {
  t.test(`${arn} is refused with ${code}`, async (t) => {
    t.match(map(arn, systemIdentities), { kind: 'rejected', code });
  });
}

t.test('system: is let in where the configuration says so', async (t) => {
  const mapped = map(`arn:aws:sts::${ID}:assumed-role/Admin/x`, 'Allow');
  t.match(mapped, { kind: 'user', user: { username: 'admin', groups: ['system:masters'] } });
});
