// aws-auth and its relatives: what is read, in which order entries count, and where mistakes are said to be. Formats and order are those of
// aws-iam-authenticator (pkg/mapper/configmap, pkg/mapper/file, pkg/mapper/crd, pkg/config/types.go).
import t from 'tap';
import { readMapFile } from '../../../../src/config/aws/mapfile.ts';

const ROLE = 'arn:aws:iam::111122223333:role';
const USER = 'arn:aws:iam::111122223333:user';

function read(text: string, systemIdentities: 'Refuse' | 'Allow' = 'Allow') {
  const { map, problems } = readMapFile({ file: 'aws-auth.yaml', text }, systemIdentities);
  const shown = problems.map(
    ({ severity, place, path, message }) =>
      `${severity} ${place.file}:${place.line}:${place.column} ${path}: ${message}`,
  );
  return { map, problems: shown };
}

// As `kubectl -n kube-system get configmap aws-auth -o yaml` prints it.
const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
data:
  mapAccounts: |
    - "444455556666"
    - 777788889999
  mapRoles: |
    # people
    - rolearn: ${ROLE}/Dev
      username: dev:{{SessionName}}
      groups:
        - developers
        - team:{{AccountID}}
    - groups: []
      rolearn: ${ROLE}/Ops
      username: ops
  mapUsers: |
    - userarn: ${USER}/alice
      username: alice
      userid: AIDAEXAMPLE
`;

t.test('a ConfigMap: roles, users, accounts', async (t) => {
  const { map, problems } = read(CONFIG_MAP);
  t.same(problems, []);
  t.same(map, {
    mappings: [
      { arn: `${USER}/alice`, username: 'alice', groups: [] },
      { arn: `${ROLE}/dev`, username: 'dev:{{SessionName}}', groups: ['developers', 'team:{{AccountID}}'] },
      { arn: `${ROLE}/ops`, username: 'ops', groups: [] },
    ],
    accounts: ['444455556666', '777788889999'],
  });
});

const ENTRY = `- rolearn: ${ROLE}/dev\n  username: dev\n  groups: [a]\n`;
const indent = (text: string, by = '    ') => text.replaceAll(/^(?=.)/gm, by);
const DEV = { mappings: [{ arn: `${ROLE}/dev`, username: 'dev', groups: ['a'] }], accounts: [] };

for (const [name, text] of [
  ['the data alone, with texts', `mapRoles: |\n${indent(ENTRY)}`],
  ['the data alone, with lists', `mapRoles:\n${ENTRY}`],
  ['a quoted text', `mapRoles: ${JSON.stringify(ENTRY)}\n`],
  ['JSON', JSON.stringify({ kind: 'ConfigMap', data: { mapRoles: ENTRY, mapUsers: '[]' } })],
  ['blank texts beside it', `mapRoles: ${JSON.stringify(ENTRY)}\nmapUsers: ""\nmapAccounts: "\`\`"\n`],
  ['comments alone beside it', `mapRoles: ${JSON.stringify(ENTRY)}\nmapUsers: |\n  # nobody\n`],
  [
    'keys in another case, as Go reads them',
    `mapRoles:\n${ENTRY.replace('rolearn', 'roleARN').replace('username', 'Username')}`,
  ],
  [
    'an assumed role, which stands for its role',
    `mapRoles:\n${ENTRY.replace(`${ROLE}/dev`, 'arn:aws:sts::111122223333:assumed-role/Dev/x')}`,
  ],
  [
    'an IAMIdentityMapping',
    `apiVersion: iamauthenticator.k8s.aws/v1alpha1\nkind: IAMIdentityMapping\nmetadata: {name: dev}\nspec: {arn: "${ROLE}/Dev", username: dev, groups: [a]}\n`,
  ],
  [
    'a List, as kubectl prints several',
    `apiVersion: v1\nkind: List\nitems:\n- kind: IAMIdentityMapping\n  spec: {arn: "${ROLE}/Dev", username: dev, groups: [a]}\n`,
  ],
  ['documents, empty ones too', `---\n# first\n---\nmapUsers: []\n---\nmapRoles:\n${ENTRY}---\n`],
] as const) {
  t.test(name, async (t) => {
    const { map, problems } = read(text);
    t.same(problems, []);
    t.same(map, DEV);
  });
}

t.test(
  'of two for one ARN the later counts, roles before objects, whatever the case; it is said',
  async (t) => {
    const { map, problems } = read(
      `mapRoles:\n${ENTRY}- {rolearn: "${ROLE}/DEV", username: second}\n---\nkind: IAMIdentityMapping\nspec: {arn: "${ROLE}/dev", username: third}\n`,
    );
    t.same(map.mappings, [{ arn: `${ROLE}/dev`, username: 'second', groups: [] }]);
    t.same(problems, [
      'warning aws-auth.yaml:8:13 spec.arn: is mapped again on line 2, and that entry counts',
      'warning aws-auth.yaml:2:12 mapRoles[0].rolearn: is mapped again on line 5, and that entry counts',
    ]);
  },
);

const change = (from: string, to: string) => {
  if (!CONFIG_MAP.includes(from)) throw new TypeError(`no ${from}`);
  return CONFIG_MAP.replace(from, to);
};

for (const [name, text, expected] of [
  [
    'an ARN of something else',
    change(`${ROLE}/Dev`, 'arn:aws:iam::1:role/Dev'),
    'error aws-auth.yaml:12:16 data.mapRoles[0].rolearn: "arn:aws:iam::1:role/Dev" has no account of 12 digits',
  ],
  [
    'no username',
    change('      username: ops\n', ''),
    'error aws-auth.yaml:17:7 data.mapRoles[1].username: missing',
  ],
  [
    'an empty username',
    change('username: alice', 'username: ""'),
    'error aws-auth.yaml:22:17 data.mapUsers[0].username: is empty',
  ],
  [
    'a username that is no text',
    change('username: alice', 'username: 7'),
    'error aws-auth.yaml:22:17 data.mapUsers[0].username: expected a text; put it in quotes',
  ],
  [
    'a group that is no text',
    change('- developers', '- true'),
    'error aws-auth.yaml:15:11 data.mapRoles[0].groups[0]: expected a name; put it in quotes',
  ],
  [
    'groups that are no list',
    change('groups: []', 'groups: developers'),
    'error aws-auth.yaml:17:15 data.mapRoles[1].groups: expected a list of names (- developers)',
  ],
  [
    'an unknown placeholder',
    change('{{SessionName}}', '{{Sessionname}}'),
    'error aws-auth.yaml:13:17 data.mapRoles[0].username: has the unknown placeholder "{{Sessionname}}"; did you mean "SessionName"? allowed: {{AccountID}}, {{SessionName}}, {{SessionNameRaw}}, {{AccessKeyID}}',
  ],
  [
    'an unknown placeholder in a group',
    change('{{AccountID}}', '{{Name}}'),
    'error aws-auth.yaml:16:11 data.mapRoles[0].groups[1]: has the unknown placeholder "{{Name}}"; allowed: {{AccountID}}, {{SessionName}}, {{SessionNameRaw}}, {{AccessKeyID}}',
  ],
  [
    'an account with a lost zero',
    change('777788889999', '012345678901'),
    'error aws-auth.yaml:9:7 data.mapAccounts[1]: expected an account id of 12 digits, in quotes',
  ],
  [
    'no list inside the text',
    change('    - userarn', '      userarn'),
    'error aws-auth.yaml:21:7 data.mapUsers: expected a list (- rolearn: …)',
  ],
  [
    'an entry that is no object',
    change(`- userarn: ${USER}/alice\n      username: alice\n      userid: AIDAEXAMPLE`, '- alice'),
    'error aws-auth.yaml:21:7 data.mapUsers[0]: expected userarn, username and groups',
  ],
  [
    'something else',
    'kind: Secret\n',
    'error aws-auth.yaml:1:7 kind: expected a ConfigMap, its data (mapRoles, mapUsers, mapAccounts), an IAMIdentityMapping or a List; found "Secret"',
  ],
  [
    'a list',
    `${ENTRY}`,
    'error aws-auth.yaml:1:1 : expected a ConfigMap, its data (mapRoles, mapUsers, mapAccounts), an IAMIdentityMapping or a List',
  ],
  [
    'a ConfigMap without data',
    'kind: ConfigMap\n',
    'error aws-auth.yaml:1:1 data: expected mapRoles, mapUsers or mapAccounts',
  ],
  [
    'a second document',
    `mapUsers: []\n---\nmapRoles: 7\n`,
    'error aws-auth.yaml:3:11 mapRoles: expected a list, or a text that holds one (mapRoles: |)',
  ],
] as const) {
  t.test(`an error at its place: ${name}`, async (t) => {
    t.same(
      read(text).problems.filter((problem) => problem.startsWith('error')),
      [expected],
    );
  });
}

t.test('broken YAML inside a text is said at its line in the file', async (t) => {
  const [problem = '', ...others] = read(change('username: alice', 'username: "alice')).problems;
  t.match(problem, /^error aws-auth\.yaml:2[234]:\d+ data\.mapUsers: /);
  t.same(others, []);
});

t.test('what will let nobody in is a warning', async (t) => {
  const of = (text: string, systemIdentities: 'Refuse' | 'Allow' = 'Refuse') =>
    read(text, systemIdentities).problems.map((problem) =>
      problem.replace(/: .*?(nodes|has a path|gives "[^"]*"|is not read|maps nobody).*/, ': $1'),
    );
  const masters = change('- developers', '- system:masters');
  t.same(of(masters), ['warning aws-auth.yaml:12:16 data.mapRoles[0].rolearn: gives "system:masters"']);
  t.same(of(masters, 'Allow'), []);
  t.same(of(change('ops', 'system:node:{{EC2PrivateDNSName}}'), 'Allow'), [
    'warning aws-auth.yaml:18:16 data.mapRoles[1].rolearn: nodes',
  ]);
  t.same(of(change(`${ROLE}/Dev`, `${ROLE}/aws-reserved/sso.amazonaws.com/Dev`)), [
    'warning aws-auth.yaml:12:16 data.mapRoles[0].rolearn: has a path',
  ]);
  t.same(of(change('userid', 'useridd')), [
    'warning aws-auth.yaml:23:7 data.mapUsers[0].useridd: is not read',
  ]);
  t.same(of(change('mapUsers', 'mapUser')), ['warning aws-auth.yaml:20:3 data.mapUser: is not read']);
  t.same(of(''), ['warning aws-auth.yaml:1:1 : maps nobody']);
});
