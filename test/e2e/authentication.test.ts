// kube-apiserver's own AuthenticationConfiguration file at the gate, with a stock kubectl in front and a real API server behind: what
// `kubectl auth whoami` says, what a rule's author says, and what changes when the file does.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { caller, refusalOf } from '../fakes/caller.ts';
import { kubectl, readContext } from './context.ts';
import { startOwnGate } from './gates.ts';
import { createObjects, newest } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';
import { until } from './wait.ts';

const context = readContext();
const { path } = newest(context);

const { authentication } = JSON.parse(readFileSync(context.gate.configFile, 'utf8')) as {
  readonly authentication: { readonly jwt: readonly { readonly issuer: object }[] };
};
const document = (version: string, more: object = {}) =>
  JSON.stringify({
    apiVersion: `apiserver.config.k8s.io/${version}`,
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: authentication.jwt[0]?.issuer,
        claimValidationRules: [
          { expression: "'otp' in claims.amr", message: 'log in with a second factor' },
          { expression: 'claims.?email_verified.orValue(true) == true', message: 'confirm your address' },
          { claim: 'hd', requiredValue: 'example.com' },
        ],
        claimMappings: {
          username: { expression: "'corp:' + claims.email.split('@')[0]" },
          groups: { expression: "dyn(claims.groups).map(g, 'corp:' + g)" },
          uid: { claim: 'sub' },
          extra: [{ key: 'example.org/tenant', valueExpression: 'claims.hd' }],
        },
        userValidationRules: [
          {
            expression: "!user.groups.exists(g, g == 'corp:contractors')",
            message: 'contractors use the other gate',
          },
        ],
        ...more,
      },
    ],
    anonymous: { enabled: true },
  });
const file = join(context.dir, 'authentication-configuration.yaml');
writeFileSync(file, document('v1beta1'));
const gate = await startOwnGate(context, 'authentication', {
  authentication: {
    configFile: file,
    anonymous: { enabled: true, conditions: [{ path: '/livez' }] },
  },
});
t.teardown(() => gate.process.kill());

const claims = { hd: 'example.com', amr: ['pwd', 'otp'], jti: 'login-1', groups: ['engineers', 'on-call'] };

/** kubectl through this gate with alice's claims and these. */
async function as(name: string, args: readonly string[], more: Readonly<Record<string, unknown>> = {}) {
  const user = { token: await aliceToken(context, { ...claims, ...more }) };
  const caData = Buffer.from(gate.trust.caPem).toString('base64');
  const cluster = { server: gate.url, 'certificate-authority-data': caData };
  return kubectl(path, writeKubeconfig(context, `authentication-${name}`, { user, cluster }), args);
}
const whoami = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo}'];

t.test('the user, groups, uid and extra of the file are what the API server sees', async (t) => {
  await createObjects(context, extraKeys());
  const user = await until('the right to impersonate extra keys', async () => {
    const result = await as('alice', whoami);
    return result.code === 0 ? (JSON.parse(result.stdout) as object) : undefined;
  });
  t.same(user, {
    username: 'corp:alice',
    uid: 'alice-id',
    groups: ['corp:engineers', 'corp:on-call', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': ['JTI=login-1'],
      'example.org/tenant': ['example.com'],
    },
  });
});

t.test('a refusal says what its rule says, and nothing of the claims', async (t) => {
  const cases = [
    ['factor', { amr: ['pwd'] }, 'log in with a second factor'],
    ['unverified', { email_verified: false }, 'confirm your address'],
    ['contractor', { groups: ['contractors'] }, 'contractors use the other gate'],
    ['domain', { hd: 'evil.example' }, 'a claim is missing, of the wrong type, or refused by a rule'],
    [
      'overage',
      {
        groups: 'src1',
        _claim_sources: { src1: { endpoint: 'https://graph.microsoft.com/v1.0/users/1/getMemberObjects' } },
      },
      'you are in more of them than Entra ID puts into a token',
    ],
  ] as const;
  for (const [name, more, text] of cases) {
    const result = await as(name, ['get', 'configmap', `refused-${name}`], more);
    t.equal(result.code, 1, name);
    t.match(result.stderr, 'Error from server (Forbidden)', name);
    if (!t.ok(result.stderr.includes(text), `${name}: ${result.stderr}`))
      t.comment(gate.process.stderr().slice(-2000));
    t.notMatch(result.stderr, /evil\.example|claims\.|getMemberObjects/, name);
  }
});

t.test(
  'without a credential: the paths of authentication.anonymous, whatever the file opens at the API server',
  async (t) => {
    // Without a credential kubectl asks for a name and password, so this is what a probe would send.
    const probe = caller({ port: Number(new URL(gate.url).port), ca: { certPem: gate.trust.caPem } }, 'h2');
    t.teardown(() => probe.close());
    const livez = await probe.call({ path: '/livez' });
    t.match({ status: livez.status, body: livez.body.toString() }, { status: 200, body: 'ok' });
    t.match(refusalOf(await probe.call({ path: '/readyz' })), { http: 401, cause: 'CREDENTIALS_MISSING' });
  },
);

t.test('a change of the file counts within seconds', async (t) => {
  writeFileSync(file, document('v1', { claimMappings: { username: { claim: 'sub', prefix: 'v1:' } } }));
  const username = await until('the changed mapping', async () => {
    const result = await as('alice-again', whoami);
    const user = result.code === 0 ? (JSON.parse(result.stdout) as { username: string }) : undefined;
    return user?.username === 'corp:alice' ? undefined : user?.username;
  });
  t.equal(username, 'v1:alice-id');
});

/** The gate's account may impersonate the extra keys of the file. */
function extraKeys(): object[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = { name: 'gate-extra-keys' };
  const resources = [
    'userextras/example.org/tenant',
    'userextras/authentication.kubernetes.io/credential-id',
  ];
  const kind = context.auditLog === '' ? 'ServiceAccount' : 'User';
  const subject =
    kind === 'User'
      ? { kind, name: 'postern-gate', apiGroup: 'rbac.authorization.k8s.io' }
      : { kind, name: 'postern-gate', namespace: context.namespace };
  return [
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata,
      rules: [{ apiGroups: ['authentication.k8s.io'], resources, verbs: ['impersonate'] }],
    },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'gate-extra-keys' },
      subjects: [subject],
    },
  ];
}
