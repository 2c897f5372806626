// Rules that concern several keys at once.
import t from 'tap';
import { BASE, change, errorsOf, warningsOf } from './base.ts';

const CLUSTER = '  - name: prod\n    kubeconfig: prod.kubeconfig\n';
const MORE_JWT = (url: string, more = '') =>
  `    - issuer: {url: "${url}", audiences: [a]${more}}\n      claimMappings: {username: {claim: sub, prefix: ""}}\n`;
const JWT = '        url: https://login.example.com\n';

/** Two clusters, with what their match says. */
function clusters(one: string, other: string): string {
  const list = [
    ['a', one],
    ['b', other],
  ].map(([name, match]) => `  - name: ${name}\n    kubeconfig: k\n    match: ${match}\n`);
  return change(CLUSTER, list.join(''));
}

const errors: readonly (readonly [string, string, readonly RegExp[]])[] = [
  [
    'one port for both listeners',
    change('127.0.0.1:9090', '0.0.0.0:8443'),
    [/^10:12 ops\.address: is the same as listen\.address/],
  ],
  [
    'neither kubeconfig nor inCluster',
    change('    kubeconfig: prod.kubeconfig\n', ''),
    [/^12:5 clusters\[0\]\.kubeconfig: missing: write kubeconfig: FILE, or inCluster: true$/],
  ],
  [
    'inCluster: false alone',
    change('kubeconfig: prod.kubeconfig', 'inCluster: false'),
    [/kubeconfig: missing/],
  ],
  [
    'both',
    change('kubeconfig: prod.kubeconfig', 'kubeconfig: k\n    inCluster: true'),
    [/^14:16 clusters\[0\]\.inCluster: .*exclude each other/],
  ],
  [
    'a context in the cluster',
    change('kubeconfig: prod.kubeconfig', 'inCluster: true\n    context: x'),
    [/context: names a context of a kubeconfig/],
  ],
  [
    'two clusters of one name',
    change(CLUSTER, `${CLUSTER}${CLUSTER}    match: {hosts: [a]}\n`),
    [/^14:11 clusters\[1\]\.name: "prod" is the name of clusters\[0\] already/],
  ],
  [
    'two clusters without match',
    change(CLUSTER, `${CLUSTER}  - name: b\n    kubeconfig: k\n`),
    [/^14:5 clusters\[1\]\.match: missing, as in clusters\[0\]: only one cluster may take/],
  ],
  [
    'two empty matches',
    clusters('{}', '{pathPrefix: "", hosts: []}'),
    [/^17:12 clusters\[1\]\.match: missing|clusters\[1\]\.match: missing/],
  ],
  [
    'one host for two',
    clusters('{hosts: [a, b]}', '{hosts: [b]}'),
    [/clusters\[1\]\.match\.hosts\[0\]: "b" is claimed by clusters\[0\]\.match\.hosts\[1\] already/],
  ],
  [
    'one host twice',
    clusters('{hosts: [a, a]}', '{hosts: [b]}'),
    [/clusters\[0\]\.match\.hosts\[1\]: "a" is claimed/],
  ],
  [
    'one prefix for two',
    clusters('{pathPrefix: /a}', '{pathPrefix: /a, hosts: [x]}'),
    [/clusters\[1\]\.match\.pathPrefix: "\/a" is claimed by clusters\[0\]/],
  ],
  [
    'a prefix beneath another',
    clusters('{pathPrefix: /a}', '{pathPrefix: /a/b}'),
    [/"\/a\/b" is beneath "\/a"/],
  ],
  ['a prefix above another', clusters('{pathPrefix: /a/b}', '{pathPrefix: /a}'), [/"\/a" is above "\/a\/b"/]],
  // k8s.io/apiserver pkg/apis/apiserver/validation
  [
    'one issuer twice',
    change('sessions:', `${MORE_JWT('https://login.example.com')}sessions:`),
    [/^21:21 authentication\.jwt\[1\]\.issuer\.url: is the same as authentication\.jwt\[0\]\.issuer\.url/],
  ],
  [
    'one discovery document twice',
    change(JWT, `${JWT}        discoveryURL: https://x.example/d\n`).replace(
      'sessions:',
      `${MORE_JWT('https://b.example', ', discoveryURL: "https://x.example/d"')}sessions:`,
    ),
    [/jwt\[1\]\.issuer\.discoveryURL: is the same as/],
  ],
  [
    'discovery at the issuer itself',
    change(JWT, `${JWT}        discoveryURL: https://login.example.com/\n`),
    [/^18:23 .*discoveryURL: must differ from issuer\.url/],
  ],
  [
    'audiences without policy',
    change('[postern]', '[a, b]'),
    [/^16:7 authentication\.jwt\[0\]\.issuer\.audienceMatchPolicy: with 2 audiences .*MatchAny/],
  ],
  [
    'a rule without claim',
    change('      claimMappings', '      claimValidationRules: [{requiredValue: x}]\n      claimMappings'),
    [/^19:30 .*claimValidationRules\[0\]: claim is required/],
  ],
  [
    'one claim twice',
    change(
      '      claimMappings',
      '      claimValidationRules: [{claim: x}, {claim: x}]\n      claimMappings',
    ),
    [/claimValidationRules\[1\]\.claim: is the same as .*each claim once/],
  ],
];

for (const [name, text, expected] of errors) {
  t.test(name, async (t) => {
    const found = errorsOf(text);
    t.equal(found.length, expected.length, found.join('\n'));
    for (const [index, pattern] of expected.entries()) t.match(found[index], pattern);
  });
}

t.test('what may stand side by side', async (t) => {
  const valid: readonly (readonly [string, string])[] = [
    ['/ab beside /a', clusters('{pathPrefix: /a}', '{pathPrefix: /ab}')],
    ['one last resort beside a host', clusters('{}', '{hosts: [b]}')],
    ['port 0 twice', change('127.0.0.1:8443', '127.0.0.1:0').replace('127.0.0.1:9090', '127.0.0.1:0')],
    ['one port on two addresses', change('127.0.0.1:9090', '127.0.0.2:8443')],
    ['audiences with their policy', change('[postern]', '[a, b]\n        audienceMatchPolicy: MatchAny')],
    ['two issuers', change('sessions:', `${MORE_JWT('https://login.example.com/')}sessions:`)],
  ];
  for (const [name, text] of valid) t.strictSame(errorsOf(text), [], name);
});

t.test('what works but is probably not meant is a warning', async (t) => {
  const source = (header: string) =>
    change('      claimMappings', `      source: {header: ${header}}\n      claimMappings`);
  const insecure = 'tls:\n    cipherSuites: [TLS_RSA_WITH_AES_128_GCM_SHA256]';
  const warnings: readonly (readonly [string, RegExp])[] = [
    [
      source('X-Assertion').replace('["10.0.0.0/8"]', '[]'),
      /^19:24 authentication\.jwt\[0\]\.source\.header: X-Assertion counts only from listen\.trustedProxies, which is empty/,
    ],
    [change('tls:', insecure), /is an insecure cipher suite/],
    [
      change(
        'tls:',
        'tls:\n    minVersion: VersionTLS13\n    cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]',
      ),
      /has no effect with minVersion: VersionTLS13/,
    ],
    [BASE.replace(/authentication:[\s\S]*(?=sessions:)/, ''), /authentication\.jwt: no issuer is configured/],
  ];
  for (const [text, pattern] of warnings) t.match(warningsOf(text), [pattern], String(pattern));
  t.strictSame(warningsOf(source('X-Assertion')), []);
});
