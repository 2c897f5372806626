// client-go tools/clientcmd: what one context resolves to, and what Postern refuses of it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeCA } from '../../../src/certificates.ts';
import { loadInCluster, loadKubeconfig } from '../../../src/kube/kubeconfig.ts';

const ca = await makeCA('cluster ca');
const client = await ca.issue({ commonName: 'postern', organizations: ['system:masters'], client: true });
const other = await ca.issue({ commonName: 'other', client: true });

interface Parts {
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Writes a kubeconfig (JSON is YAML) beside ca.crt, client.crt, client.key and token, and loads it. */
function load(t: Test, { cluster = {}, user = {}, more = {} }: Parts, context?: string) {
  const directory = t.testdir({});
  const files = {
    'ca.crt': ca.certPem,
    'client.crt': client.certPem,
    'client.key': client.keyPem,
    token: 'from-file\n',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  const config = {
    'current-context': 'main',
    clusters: [
      { name: 'c', cluster: { server: 'https://api.example.com:6443/', ...cluster } },
      { name: 'd', cluster: { server: 'https://[fd00::1]/k8s/clusters/d/' } },
    ],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'main', context: { cluster: 'c', user: 'u' } },
      { name: 'second', context: { cluster: 'd', user: 'u', namespace: 'x' } },
    ],
    ...more,
  };
  const file = join(directory, 'kubeconfig');
  writeFileSync(file, JSON.stringify(config));
  return { directory, file, result: loadKubeconfig(context === undefined ? { file } : { file, context }) };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

t.test('the current context, files relative to the kubeconfig, all of them to be watched', async (t) => {
  const { directory, file, result } = load(t, {
    cluster: { 'certificate-authority': 'ca.crt', 'tls-server-name': 'kubernetes' },
    user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
  });
  t.strictSame(result, {
    ok: true,
    access: {
      server: { origin: 'https://api.example.com:6443', host: 'api.example.com', port: 6443, basePath: '' },
      tlsServerName: 'kubernetes',
      caPem: ca.certPem,
      clientCertPem: client.certPem,
      clientKeyPem: client.keyPem,
      token: '',
      tokenFile: '',
      files: [file, join(directory, 'ca.crt'), join(directory, 'client.crt'), join(directory, 'client.key')],
    },
  });
});

t.test('another context; IPv6, default port and base path', async (t) => {
  const { result } = load(t, { user: { token: 'abc' } }, 'second');
  t.strictSame(result.ok && result.access.server, {
    origin: 'https://[fd00::1]',
    host: 'fd00::1',
    port: 443,
    basePath: '/k8s/clusters/d',
  });
  t.equal(result.ok && result.access.token, 'abc');
  t.equal(result.ok && result.access.caPem, '', "the system's roots");
});

t.test('data wins over files, tokenFile over token', async (t) => {
  const { directory, result } = load(t, {
    cluster: { 'certificate-authority-data': base64(ca.certPem), 'certificate-authority': 'nowhere.crt' },
    user: {
      'client-certificate-data': base64(other.certPem),
      'client-key-data': base64(other.keyPem),
      'client-certificate': 'nowhere.crt',
      'client-key': 'nowhere.key',
      token: 'inline',
      tokenFile: 'token',
    },
  });
  t.match(result, {
    ok: true,
    access: { caPem: ca.certPem, clientCertPem: other.certPem, clientKeyPem: other.keyPem },
  });
  t.match(result, { access: { token: 'from-file', tokenFile: join(directory, 'token') } });
});

const refused: readonly (readonly [string, Parts, RegExp])[] = [
  [
    'insecure-skip-tls-verify',
    { cluster: { 'insecure-skip-tls-verify': true } },
    /^cluster "c" has insecure-skip-tls-verify: true; Postern never connects unverified/,
  ],
  [
    'proxy-url',
    { cluster: { 'proxy-url': 'http://p' } },
    /^cluster "c" has a proxy-url, which is not supported$/,
  ],
  [
    'http',
    { cluster: { server: 'http://api.example.com' } },
    /^cluster "c" server is http:\/\/; Postern connects by https:\/\/ only$/,
  ],
  ['no server', { cluster: { server: '' } }, /^cluster "c" server is missing/],
  ['no URL', { cluster: { server: 'api.example.com:6443' } }, /^cluster "c" server is not a URL/],
  [
    'a password in the URL',
    { cluster: { server: 'https://u:hunter2@api' } },
    /^cluster "c" server must not hold a user or password$/,
  ],
  ['a query', { cluster: { server: 'https://api/?a=b' } }, /must not have a query or fragment/],
  [
    'exec',
    { user: { exec: { command: 'aws' } } },
    /^user "u": exec is an exec credential plugin; Postern runs no programs/,
  ],
  [
    'auth-provider',
    { user: { 'auth-provider': { name: 'gcp' } } },
    /^user "u": auth-provider is an auth-provider/,
  ],
  ['basic authentication', { user: { username: 'admin' } }, /^user "u": username is basic authentication/],
  ['act-as', { user: { as: 'root' } }, /^user "u": as would impersonate/],
  [
    'a bad authority',
    { cluster: { 'certificate-authority-data': base64('x') } },
    /certificate-authority: holds no PEM certificate/,
  ],
  [
    'no base64',
    { cluster: { 'certificate-authority-data': '-----BEGIN' } },
    /certificate-authority-data is not base64/,
  ],
  [
    'a missing file',
    { cluster: { 'certificate-authority': 'no.crt' } },
    /^cluster "c" certificate-authority .*no\.crt cannot be read: ENOENT$/,
  ],
  [
    'a certificate alone',
    { user: { 'client-certificate': 'client.crt' } },
    /has a client-certificate without client-key/,
  ],
  ['a key alone', { user: { 'client-key': 'client.key' } }, /has a client-key without client-certificate/],
  [
    'a pair that is none',
    { user: { 'client-certificate': 'client.crt', 'client-key-data': base64(other.keyPem) } },
    /do not belong together/,
  ],
  [
    'a token with a line break',
    { user: { token: 'a\nb' } },
    /the token holds characters that no header can carry/,
  ],
  ['no cluster', { more: { clusters: [] } }, /^cluster "c" does not exist; there is none$/],
  ['no user', { more: { users: [{ name: 'v' }] } }, /^user "u" does not exist; there is "v"$/],
  [
    'no such context',
    { more: { 'current-context': 'gone' } },
    /^context "gone" does not exist; there is "main", "second"$/,
  ],
  [
    'no current context',
    { more: { 'current-context': '' } },
    /^no context: current-context is not set; name one of "main", "second"$/,
  ],
  [
    'a context without cluster',
    { more: { contexts: [{ name: 'main', context: { user: 'u' } }] } },
    /^context "main" names no cluster$/,
  ],
];

for (const [name, parts, expected] of refused) {
  t.test(`refused: ${name}`, async (t) => {
    const { result } = load(t, parts);
    const errors = result.ok ? [] : result.errors;
    t.equal(errors.length, 1, errors.join('\n'));
    t.match(errors[0], expected);
    t.notMatch(errors[0], /hunter2|BEGIN [A-Z ]*KEY/);
  });
}

t.test('everything that is wrong at once', async (t) => {
  const { result } = load(t, {
    cluster: { 'insecure-skip-tls-verify': true, server: 'http://x' },
    user: { exec: {}, username: 'a', password: 'b' },
  });
  t.equal(result.ok ? 0 : result.errors.length, 5);
});

t.test('a file that is none', async (t) => {
  const file = join(t.testdir({}), 'kubeconfig');
  t.match(loadKubeconfig({ file }), { ok: false, errors: [/cannot be read: ENOENT/] });
  for (const [content, expected] of [
    ['a: [secret', /is not valid YAML$/],
    ['- a', /is not a kubeconfig/],
    ['', /is not a kubeconfig/],
  ] as const) {
    writeFileSync(file, content);
    t.match(loadKubeconfig({ file }), { ok: false, errors: [expected] });
  }
});

t.test("in a cluster, by the pod's service account", async (t) => {
  const root = t.testdir({ 'ca.crt': ca.certPem, token: 'abc\n' });
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
  t.strictSame(loadInCluster(env, root), {
    ok: true,
    access: {
      server: { origin: 'https://10.0.0.1', host: '10.0.0.1', port: 443, basePath: '' },
      tlsServerName: '',
      clientCertPem: '',
      clientKeyPem: '',
      caPem: ca.certPem,
      token: 'abc',
      tokenFile: join(root, 'token'),
      files: [join(root, 'ca.crt'), join(root, 'token')],
    },
  });
  const six = loadInCluster({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }, root);
  t.match(six, { access: { server: { origin: 'https://[fd00::1]:6443', host: 'fd00::1', port: 6443 } } });
  t.match(loadInCluster({}, root), { ok: false, errors: [/^not in a cluster/] });
  t.match(loadInCluster(env, join(root, 'gone')), {
    ok: false,
    errors: [/ca\.crt cannot be read/, /token cannot be read/],
  });
});
