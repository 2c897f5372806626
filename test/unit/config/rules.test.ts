// Rules that concern several keys at once.
import t from 'tap';
import { change, errorsOf, warningsOf } from './base.ts';

const CLUSTER = '  - name: prod\n    kubeconfig: prod.kubeconfig\n';

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
  ];
  for (const [name, text] of valid) t.strictSame(errorsOf(text), [], name);
});

t.test('what works but is probably not meant is a warning', async (t) => {
  const insecure = 'tls:\n    cipherSuites: [TLS_RSA_WITH_AES_128_GCM_SHA256]';
  const warnings: readonly (readonly [string, RegExp])[] = [
    [change('tls:', insecure), /is an insecure cipher suite/],
    [
      change('tls:', 'tls:\n    cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]'),
      /has no authenticated encryption \(CBC\)/,
    ],
    [
      change(
        'tls:',
        'tls:\n    minVersion: VersionTLS13\n    cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]',
      ),
      /has no effect with minVersion: VersionTLS13/,
    ],
  ];
  for (const [text, pattern] of warnings) t.match(warningsOf(text), [pattern], String(pattern));
});
