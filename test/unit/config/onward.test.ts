// How identity goes on, as configuration says it: modes, `--as`, the token webhook. Files are real ones.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeCA } from '../../../src/certificates.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { change, errorsOf, warningsOf } from './base.ts';

const ca = await makeCA('test ca');
const serving = await ca.issue({ commonName: 'gate', dnsNames: ['localhost'] });
const client = await ca.issue({ commonName: 'postern', client: true });

const USERS = {
  certificate: { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
  token: { token: 'secret' },
  both: { token: 'secret', 'client-certificate': 'client.crt', 'client-key': 'client.key' },
  nothing: {},
};

function prepare(t: Test, user: object = USERS.token): { file: string; files: true } {
  const directory = t.testdir({});
  const kubeconfig = {
    'current-context': 'a',
    clusters: [
      { name: 'c', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority': 'ca.crt' } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }],
  };
  const files = {
    'tls.crt': serving.certPem,
    'tls.key': serving.keyPem,
    'ca.crt': ca.certPem,
    'client.crt': client.certPem,
    'client.key': client.keyPem,
    'prod.kubeconfig': JSON.stringify(kubeconfig),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return { file: join(directory, 'gate.yaml'), files: true };
}

// x509 wins at the API server, so a certificate would make every caller its user; a front proxy is known by nothing else.
const credentials: readonly (readonly [mode: string, user: keyof typeof USERS, error: RegExp | undefined])[] =
  [
    ['Impersonate', 'certificate', undefined],
    ['Impersonate', 'token', undefined],
    ['Passthrough', 'nothing', undefined],
    ['Passthrough', 'token', undefined],
    [
      'Passthrough',
      'certificate',
      /clusters\[0\]\.kubeconfig: .*prod\.kubeconfig holds a client certificate.*leave the certificate out/,
    ],
    ['Passthrough', 'both', /holds a client certificate/],
    ['RequestHeader', 'certificate', undefined],
    [
      'RequestHeader',
      'token',
      /holds a token; identity: RequestHeader needs the front-proxy client certificate/,
    ],
    ['RequestHeader', 'both', /holds a token/],
    ['RequestHeader', 'nothing', /holds no client certificate.*--requestheader-client-ca-file/],
  ];
for (const [mode, user, error] of credentials) {
  t.test(`${mode} with ${user === 'nothing' ? 'no credential' : user} in the kubeconfig`, async (t) => {
    const errors = errorsOf(
      change('name: prod', `name: prod\n    identity: ${mode}`),
      prepare(t, USERS[user]),
    );
    t.equal(errors.length, error === undefined ? 0 : 1, errors.join('\n'));
    if (error !== undefined) t.match(errors[0], error);
    t.notMatch(errors.join(), /secret/);
  });
}

// Whose a service account's token is, the gate asks as itself.
const reviewers: readonly (readonly [mode: string, user: keyof typeof USERS, warning: RegExp | undefined])[] =
  [
    ['Impersonate', 'token', undefined],
    ['Passthrough', 'token', undefined],
    [
      'Passthrough',
      'nothing',
      /gate\.yaml:\d+:17 clusters\[0\]\.kubeconfig: .*prod\.kubeconfig holds no token.*no service account can come.*give it the token of an account that may create tokenreviews$/,
    ],
    ['RequestHeader', 'certificate', undefined],
  ];
for (const [mode, user, warning] of reviewers)
  t.test(`service accounts at ${mode} with ${user} in the kubeconfig`, async (t) => {
    const text = change('name: prod', `name: prod\n    identity: ${mode}`);
    const door = text.replace('  jwt:', '  serviceAccounts: {}\n  jwt:');
    t.match(warningsOf(door, prepare(t, USERS[user])), warning === undefined ? [] : [warning]);
    t.same(warningsOf(text, prepare(t, USERS[user])), [], 'not without the door');
  });

t.test('RequestHeader has no certificate in a pod', async (t) => {
  const text = change('kubeconfig: prod.kubeconfig', 'inCluster: true\n    identity: RequestHeader');
  t.match(errorsOf(text), [
    /clusters\[0\]\.identity: RequestHeader needs a front-proxy client certificate.*write kubeconfig: FILE/,
  ]);
  t.same(errorsOf(change('kubeconfig: prod.kubeconfig', 'inCluster: true\n    identity: Passthrough')), []);
});

const gateUsers: readonly (readonly [mode: string, name: string, error: RegExp | undefined])[] = [
  ['RequestHeader', 'system:postern', undefined],
  ['RequestHeader', 'system:postern:prod-1.a', undefined],
  ['Impersonate', 'system:postern', undefined],
  // What a caller may be called, what Kubernetes gives rights to, and what no header carries.
  ['RequestHeader', 'postern', /expected system:postern, or system:postern:NAME/],
  ['RequestHeader', 'system:masters', /expected system:postern/],
  ['RequestHeader', 'system:anonymous', /expected system:postern/],
  ['RequestHeader', 'system:kube-controller-manager', /expected system:postern/],
  ['RequestHeader', 'system:serviceaccount:kube-system:generic', /expected system:postern/],
  ['RequestHeader', 'system:posternal', /expected system:postern/],
  ['RequestHeader', 'system:postern:', /expected system:postern/],
  ['RequestHeader', 'system:postern:a\\nb', /expected system:postern/],
  ['RequestHeader', '', /expected system:postern/],
  ['Impersonate', 'system:postern:a', /gateUser: is stated with identity: RequestHeader only.*leave it out/],
  ['Passthrough', 'system:postern:a', /gateUser: is stated with identity: RequestHeader only/],
];
for (const [mode, name, error] of gateUsers)
  t.test(`gateUser ${JSON.stringify(name)} with ${mode}`, async (t) => {
    const text = change('name: prod', `name: prod\n    identity: ${mode}\n    gateUser: "${name}"`);
    const errors = errorsOf(text);
    t.equal(errors.length, error === undefined ? 0 : 1, errors.join('\n'));
    if (error !== undefined) {
      t.match(errors[0], error);
      t.match(errors[0], /^\d+:\d+ clusters\[0\]\.gateUser: /);
    }
  });

t.test('--as: Check or Refuse', async (t) => {
  t.same(errorsOf(change('name: prod', 'name: prod\n    impersonation: Refuse')), []);
  t.match(errorsOf(change('name: prod', 'name: prod\n    impersonation: Allow')), [
    /clusters\[0\]\.impersonation: expected one of Check, Refuse; found "Allow"/,
  ]);
});

const WEBHOOK = `tokenWebhook:
  address: "127.0.0.1:8444"
  tls: {certFile: tls.crt, keyFile: tls.key}
  clientCAFile: ca.crt
  audiences: [https://kubernetes.default.svc]
`;
const withWebhook = (from = '', to = '') => change('sessions:', `${WEBHOOK.replace(from, to)}sessions:`);

t.test('the token webhook, resolved', async (t) => {
  const result = loadConfig({ file: '/etc/postern/gate.yaml', text: withWebhook(), files: false, env: {} });
  t.match(result, {
    ok: true,
    config: {
      tokenWebhook: {
        address: { host: '127.0.0.1', port: 8444 },
        certFile: '/etc/postern/tls.crt',
        keyFile: '/etc/postern/tls.key',
        clientCAFile: '/etc/postern/ca.crt',
        clientNames: [],
        audiences: ['https://kubernetes.default.svc'],
      },
    },
  });
  t.same(warningsOf(withWebhook(), prepare(t)), []);
});

const webhooks: readonly (readonly [from: string, to: string, error: RegExp])[] = [
  ['  address: "127.0.0.1:8444"\n', '', /tokenWebhook\.address: missing: write address: HOST:PORT/],
  [
    '8444',
    '8443',
    /tokenWebhook\.address: is the same as listen\.address \("127\.0\.0\.1:8443"\); use another port/,
  ],
  ['127.0.0.1:8444', ':9090', /tokenWebhook\.address: is the same as ops\.address/],
  ['  clientCAFile: ca.crt\n', '', /tokenWebhook\.clientCAFile: missing/],
  ['clientCAFile: ca.crt', 'clientCAFile: ""', /tokenWebhook\.clientCAFile: must not be empty/],
  [
    '  audiences: [https://kubernetes.default.svc]\n',
    '',
    /tokenWebhook\.audiences: missing: write audiences.*--api-audiences/,
  ],
  ['[https://kubernetes.default.svc]', '[]', /tokenWebhook\.audiences: must not be empty/],
  ['[https://kubernetes.default.svc]', '[" "]', /tokenWebhook\.audiences\[0\]: must not be empty/],
  ['keyFile: tls.key', 'keyFile: ""', /tokenWebhook\.tls\.keyFile: must not be empty/],
  ['clientCAFile', 'clientCaFile', /unknown key "clientCaFile".*did you mean "clientCAFile"/],
];
for (const [from, to, error] of webhooks) {
  t.test(`the token webhook with ${to || `no ${from.trim().split(':')[0]}`}`, async (t) => {
    t.match(errorsOf(withWebhook(from, to))[0], error);
  });
}

t.test("the webhook's files are looked at as the listener's are", async (t) => {
  const options = prepare(t);
  t.match(errorsOf(withWebhook('certFile: tls.crt', 'certFile: client.crt'), options), [
    /tokenWebhook\.tls\.keyFile: .*tls\.key is not the key of the first certificate in .*client\.crt/,
  ]);
  t.match(errorsOf(withWebhook('clientCAFile: ca.crt', 'clientCAFile: none.crt'), options), [
    /tokenWebhook\.clientCAFile: .*none\.crt cannot be read: ENOENT/,
  ]);
  t.match(warningsOf(withWebhook('clientCAFile: ca.crt', 'clientCAFile: tls.crt'), options), [
    /tokenWebhook\.clientCAFile: certificate 1 of .*tls\.crt is not a certificate authority/,
  ]);
});
