// Identities of AWS: Postern and aws-iam-authenticator's own code judge the same tokens against the same STS.

import t from 'tap';
import { createAwsDoor } from '../../src/authn/aws/door.ts';
import { readMapFile } from '../../src/config/aws/mapfile.ts';
import { stsHostsOf } from '../../src/config/aws/partitions.ts';
import { ENGINEERS } from '../cluster/cluster.ts';
import { ACCOUNT, makeFederated, makeRoot, makeSession, makeUser } from '../fakes/principals.ts';
import { presign, tokenOf } from '../fakes/sigv4.ts';
import { type Principal, startSts } from '../fakes/sts.ts';
import { judgeTokens, makeToken } from './authenticator.ts';
import { readContext } from './context.ts';

const OTHER_ACCOUNT = '444455556666';
const PRINCIPALS: Readonly<Record<string, Principal>> = {
  'a session of a mapped role': makeSession('Dev', 'jo@example.com'),
  'a session whose name is taken as it is': makeSession('Raw', 'jo@example.com'),
  'a session named by its key': makeSession('Key', 'jo'),
  'a role written in another case': makeSession('SHOUTED', 'jo'),
  'a role written as a session of it': makeSession('Assumed', 'jo'),
  'an administrator': makeSession('Admin', 'jo'),
  'a user': makeUser('alice'),
  'a user beneath a path': makeUser('bob', { path: '/team/' }),
  'a user without the path it is mapped with': makeUser('bob'),
  'a federated user': makeFederated('fred'),
  'anybody of a mapped account': makeUser('somebody', { account: OTHER_ACCOUNT }),
  'a role of a mapped account': makeSession('Some', 'jo', { account: OTHER_ACCOUNT }),
  'the root user of a mapped account': makeRoot({ account: OTHER_ACCOUNT }),
  'a root user': makeRoot(),
  'a role that nobody mapped': makeSession('Unmapped', 'jo'),
  "a person with a node's role": makeSession('Node', 'jo'),
};
const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapAccounts: |
    - "${OTHER_ACCOUNT}"
  mapRoles: |
    - rolearn: arn:aws:iam::${ACCOUNT}:role/Dev
      username: dev:{{SessionName}}
      groups: [${ENGINEERS}, "of:{{AccountID}}"]
    - {rolearn: "arn:aws:iam::${ACCOUNT}:role/Raw", username: "{{SessionNameRaw}}"}
    - {rolearn: "arn:aws:iam::${ACCOUNT}:role/Key", username: "key:{{AccessKeyID}}", groups: ["{{SessionName}}"]}
    - {rolearn: "ARN:aws:iam::${ACCOUNT}:role/shouted", username: shouted}
    - {rolearn: "arn:aws:sts::${ACCOUNT}:assumed-role/Assumed/other", username: assumed}
    - {rolearn: "arn:aws:iam::${ACCOUNT}:role/Admin", username: admin, groups: [system:masters]}
    - {rolearn: "arn:aws:iam::${ACCOUNT}:role/Node", username: "system:node:{{EC2PrivateDNSName}}", groups: [system:nodes]}
  mapUsers: |
    - {userarn: "arn:aws:iam::${ACCOUNT}:user/alice", username: alice, groups: [a, b]}
    - {userarn: "arn:aws:iam::${ACCOUNT}:user/team/bob", username: bob}
    - {userarn: "arn:aws:sts::${ACCOUNT}:federated-user/fred", username: fred}
`;
const REGION = 'eu-west-1';

const context = readContext();
const sts = await startSts({ principals: Object.values(PRINCIPALS) });
t.teardown(() => sts.close());

/** Our own token for somebody. */
function ownToken(credentials: Principal, more: Partial<Parameters<typeof presign>[0]> = {}): string {
  return tokenOf(presign({ credentials, clusterID: 'prod', region: REGION, now: Date.now(), ...more }));
}

function openDoor() {
  const { map, problems } = readMapFile({ file: 'aws-auth.yaml', text: CONFIG_MAP }, 'Allow');
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return createAwsDoor(
    { clusterID: 'prod', mapFile: '', map, stsHosts: stsHostsOf(REGION), systemIdentities: 'Allow' },
    { stsRoute: sts.route },
  );
}

t.test('the same tokens are the same users, whoever made them', async (t) => {
  const door = openDoor();
  t.teardown(() => door.close());
  const cases: { readonly name: string; readonly token: string }[] = [];
  for (const [name, principal] of Object.entries(PRINCIPALS)) {
    cases.push({ name: `${name}, signed by its generator`, token: await makeToken(context, principal) });
    cases.push({ name: `${name}, signed by us`, token: ownToken(principal) });
  }
  const theirs = await judgeTokens(
    context,
    cases.map(({ token }) => token),
    { sts, configMap: CONFIG_MAP },
  );
  t.equal(theirs.length, cases.length);
  let users = 0;
  for (const [index, { name, token }] of cases.entries()) {
    const { identity, review } = theirs[index] ?? { review: { user: {} } };
    const { outcome } = await door.judge(token, { address: '127.0.0.1' });
    t.not(identity, undefined, `${name}: its verifier accepts it`);
    if (review.authenticated !== true) {
      t.match(outcome, { kind: 'rejected', code: 'AWS_IDENTITY_UNMAPPED' }, `${name}: nobody at both`);
      continue;
    }
    users += 1;
    const { username, uid, groups = [], extra = {} } = review.user;
    // As Impersonate-Extra-* a key is in lower case, and there is no session's name that is empty.
    const carried = Object.entries(extra)
      .filter(([, values]) => values.join('') !== '')
      .map(([key, values]) => [key.toLowerCase(), values]);
    const user = { username, uid, groups, extra: Object.fromEntries(carried) };
    t.same(outcome.kind === 'user' ? outcome.user : outcome, user, name);
  }
  t.equal(users, 2 * 12, 'twelve of them are somebody');
});

t.test('what is no token for it is none for us', async (t) => {
  const door = openDoor();
  t.teardown(() => door.close());
  const dev = Object.values(PRINCIPALS)[0];
  if (dev === undefined) throw new Error('no principals');
  const url = Buffer.from(ownToken(dev).slice('k8s-aws-v1.'.length), 'base64url').toString();
  const cases: Readonly<Record<string, string>> = {
    'for another cluster': ownToken(dev, { clusterID: 'test' }),
    'with another secret': ownToken({ ...dev, secretKey: 'other' }),
    'of a quarter of an hour ago': ownToken(dev, { now: Date.now() - 15 * 60_000 - 1000 }),
    'of a host that is not of AWS': tokenOf(url.replace('sts.eu-west-1.amazonaws.com', 'evil.example')),
    'of a host with a port': tokenOf(url.replace('.com/', '.com:443/')),
    'over http': tokenOf(url.replace('https:', 'http:')),
    'for another action': tokenOf(url.replace('GetCallerIdentity', 'GetSessionToken')),
    'with an action twice': tokenOf(`${url}&Action=GetCallerIdentity`),
    'with an action in two spellings': tokenOf(`${url}&action=GetCallerIdentity`),
    'with an unknown parameter': tokenOf(`${url}&X=y`),
    'without the cluster signed': tokenOf(url.replace('host%3Bx-k8s-aws-id', 'host')),
    'that lives for too long': tokenOf(url.replace('Expires=60', 'Expires=901')),
    'that is cut': ownToken(dev).slice(0, -20),
  };
  const theirs = await judgeTokens(context, Object.values(cases), { sts, configMap: CONFIG_MAP });
  for (const [index, [name, token]] of Object.entries(cases).entries()) {
    const { identity, error, review } = theirs[index] ?? {};
    t.equal(identity, undefined, `a token ${name}: its verifier refuses it`);
    t.type(error, 'string');
    t.not(review?.authenticated, true);
    t.match(
      (await door.judge(token, { address: '127.0.0.1' })).outcome,
      { kind: 'rejected' },
      `a token ${name}: refused`,
    );
  }
});
