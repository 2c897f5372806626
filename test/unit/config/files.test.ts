// The files that a configuration names: findings at the key that names them, and none of their contents.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeCA } from '../../../src/certificates.ts';
import { checkFiles } from '../../../src/config/files.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { makeCRL } from '../../fakes/crl.ts';
import { BASE, change, errorsOf, warningsOf } from './base.ts';

const DAY_MS = 86_400_000;
const ca = await makeCA('test ca');
const serving = await ca.issue({ commonName: 'gate', dnsNames: ['localhost'] });
const other = await ca.issue({ commonName: 'other', dnsNames: ['localhost'] });
const client = await ca.issue({ commonName: 'postern', client: true });

const KUBECONFIG = `current-context: a
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", certificate-authority: ca.crt}}]
users: [{name: u, user: {client-certificate: client.crt, client-key: client.key}}]
contexts: [{name: a, context: {cluster: c, user: u}}]
`;

/** A directory with every file that the base names, and those given. */
function prepare(t: Test, files: Readonly<Record<string, string>> = {}): { file: string; files: true } {
  const directory = t.testdir({});
  const all = {
    'tls.crt': serving.certPem,
    'tls.key': serving.keyPem,
    'ca.crt': ca.certPem,
    'client.crt': client.certPem,
    'client.key': client.keyPem,
    'prod.kubeconfig': KUBECONFIG,
    ...files,
  };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(directory, name), content);
  return { file: join(directory, 'gate.yaml'), files: true };
}

t.test('files that are as they should be', async (t) => {
  const options = prepare(t);
  t.strictSame(errorsOf(BASE, options), []);
  t.strictSame(warningsOf(BASE, options), []);
  t.strictSame(errorsOf(change('  trustedProxies', '  clientCAFile: ca.crt\n  trustedProxies'), options), []);
  const result = loadConfig({ ...options, text: BASE, env: {} });
  t.strictSame(
    result.ok && checkFiles(result.config, { env: {}, now: Date.now() }),
    [],
    'a resolved configuration, too',
  );
});

const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const errors: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  [
    'the key of another certificate',
    { 'tls.key': other.keyPem },
    /:7:14 listen\.tls\.keyFile: .*tls\.key is not the key of the first certificate in .*tls\.crt$/,
  ],
  [
    'a key where the certificate belongs',
    { 'tls.crt': serving.keyPem },
    /:6:15 listen\.tls\.certFile: .*holds a private key where a PEM certificate belongs$/,
  ],
  [
    'a certificate where the key belongs',
    { 'tls.key': serving.certPem },
    /:7:14 listen\.tls\.keyFile: .*holds no PEM private key/,
  ],
  ['an empty certificate', { 'tls.crt': '' }, /certFile: .*holds no PEM certificate/],
  [
    'a broken intermediate',
    { 'tls.crt': serving.certPem + broken },
    /certFile: .*certificate 2 of 2 does not parse/,
  ],
  [
    'an encrypted key',
    { 'tls.key': encrypted },
    /keyFile: .*is encrypted; a key without a passphrase is needed/,
  ],
  [
    'a broken key',
    { 'tls.key': encrypted.replaceAll('ENCRYPTED ', '') },
    /keyFile: .*private key that does not parse/,
  ],
  [
    'a broken kubeconfig',
    { 'prod.kubeconfig': 'a: [' },
    /:13:17 clusters\[0\]\.kubeconfig: .*is not valid YAML/,
  ],
  [
    'an unverified cluster',
    {
      'prod.kubeconfig': KUBECONFIG.replace(
        'certificate-authority: ca.crt',
        'insecure-skip-tls-verify: true',
      ),
    },
    /insecure-skip-tls-verify: true; Postern never connects unverified/,
  ],
  [
    'a missing file of the kubeconfig',
    { 'prod.kubeconfig': KUBECONFIG.replace('ca.crt', 'no.crt') },
    /certificate-authority .*no\.crt cannot be read: ENOENT/,
  ],
];

for (const [name, files, expected] of errors) {
  t.test(name, async (t) => {
    const found = errorsOf(BASE, prepare(t, files));
    t.equal(found.length, 1, found.join('\n'));
    t.match(found[0], expected);
    t.notMatch(found[0], /BEGIN [A-Z ]+-----\n|MIG/);
  });
}

t.test('every missing file at its place, beside the other errors', async (t) => {
  const file = join(t.testdir({}), 'gate.yaml');
  const found = errorsOf(BASE.replace('level: info', 'level: loud'), { file, files: true });
  t.match(found, [
    /:6:15 listen\.tls\.certFile: .*tls\.crt cannot be read: ENOENT/,
    /:7:14 listen\.tls\.keyFile: .*tls\.key cannot be read: ENOENT/,
    /:13:17 clusters\[0\]\.kubeconfig: .*prod\.kubeconfig cannot be read: ENOENT/,
    /:24:10 log\.level/,
  ]);
});

t.test('what will stop to work, or does not yet, is a warning', async (t) => {
  const now = Date.now();
  const expired = await ca.issue({
    commonName: 'old',
    dnsNames: ['a'],
    notBefore: new Date(now - 2 * DAY_MS),
    notAfter: new Date(now - DAY_MS),
  });
  const early = await ca.issue({ commonName: 'new', dnsNames: ['a'], notBefore: new Date(now + DAY_MS) });
  const of = (pair: typeof expired) =>
    warningsOf(BASE, prepare(t, { 'tls.crt': pair.certPem, 'tls.key': pair.keyPem }));
  t.match(of(expired), [/:6:15 listen\.tls\.certFile: certificate "CN=old" expired on \d{4}-/]);
  t.match(of(early), [/certificate "CN=new" is not valid before/]);
  t.match(warningsOf(BASE, { ...prepare(t), now: now + 400 * DAY_MS }), [
    /certFile.*expired/,
    /clusters\[0\]\.kubeconfig.*"CN=postern" expired/,
  ]);
  const asCA = change('  trustedProxies', '  clientCAFile: tls.crt\n  trustedProxies');
  t.match(warningsOf(asCA, prepare(t)), [/clientCAFile: certificate 1 of .* is not a certificate authority/]);
  const inCluster = change('kubeconfig: prod.kubeconfig', 'inCluster: true');
  t.match(warningsOf(inCluster, prepare(t)), [/clusters\[0\]\.inCluster: not in a cluster/]);
});

t.test('revocation lists of client certificates', async (t) => {
  const text = change('  trustedProxies', '  clientCAFile: ca.crt\n  trustedProxies').replace(
    'authentication:\n',
    'authentication:\n  clientCertificates: {enabled: true, crlFile: ca.crl}\n',
  );
  const now = Date.now();
  const listed = async (days: number, by = ca) =>
    prepare(t, {
      'ca.crl': await makeCRL(by, {
        thisUpdate: new Date(now - 4 * DAY_MS),
        nextUpdate: new Date(now + days * DAY_MS),
      }),
    });
  t.strictSame(warningsOf(text, await listed(4)), []);
  t.match(warningsOf(text, await listed(1)), [/crlFile: .*ca\.crl has to be renewed before \d{4}-/]);
  t.match(warningsOf(text, await listed(-1)), [/crlFile: .*ca\.crl is past its next update/]);
  t.match(errorsOf(text, await listed(4, await makeCA('stranger'))), [/crlFile: .*none of the authorities/]);
  t.match(errorsOf(text, prepare(t)), [/:\d+:\d+ authentication\.clientCertificates\.crlFile: .*ENOENT/]);
  t.match(errorsOf(text.replace('  clientCAFile: ca.crt\n', ''), await listed(4)), [
    /clientCertificates\.enabled: needs listen\.clientCAFile/,
  ]);
});

t.test('an inline authority of an issuer', async (t) => {
  const pem = ca.certPem.trim().replaceAll('\n', '\n          ');
  const text = change(
    '        audiences',
    `        certificateAuthority: |\n          ${pem}\n        audiences`,
  );
  const result = loadConfig({ ...prepare(t), text, env: {} });
  t.equal(
    result.ok && result.config.authentication.jwt[0]?.issuer.certificateAuthority,
    `${ca.certPem.trim()}\n`,
  );
});
