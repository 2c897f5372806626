import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { toOpenSSLCiphers } from '../../../src/config/ciphers.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { holds } from '../../properties.ts';
import { BASE, change, errorsOf, warningsOf } from './base.ts';

t.test('the whole configuration, resolved and frozen', async (t) => {
  const text = change('  jwt:', '  systemIdentities: Allow\n  jwt:')
    .replace('127.0.0.1:8443', '[::1]:0')
    .replace('certFile: tls.crt', 'certFile: /abs/tls.crt\n    minVersion: VersionTLS13')
    .replace('idleTimeout: 0s', 'maxDuration: 1h30m')
    .replace(
      '      claimMappings',
      '      source: {header: X-Assertion}\n      claimValidationRules: [{claim: hd, requiredValue: x}]\n      claimMappings',
    );
  const result = loadConfig({ file: '/etc/postern/gate.yaml', text, files: false, env: {} });
  t.strictSame(result, {
    ok: true,
    config: {
      file: '/etc/postern/gate.yaml',
      listen: {
        address: { host: '::1', port: 0 },
        tls: {
          certFile: '/abs/tls.crt',
          keyFile: '/etc/postern/tls.key',
          minVersion: 'TLSv1.3',
          ciphers: [...toOpenSSLCiphers([])],
        },
        clientCAFile: '',
        strictTransportSecurity: 'max-age=31536000',
        trustedProxies: [{ address: '10.0.0.0', prefixLength: 8, family: 'ipv4' }],
      },
      ops: { address: { host: '127.0.0.1', port: 9090 } },
      clusters: [
        {
          name: 'prod',
          kubeconfig: '/etc/postern/prod.kubeconfig',
          context: '',
          inCluster: false,
          identity: 'Impersonate',
          impersonation: 'Check',
          gateUser: 'system:postern',
          match: { pathPrefix: '', hosts: [] },
        },
      ],
      authentication: {
        jwt: [
          {
            issuer: {
              url: 'https://login.example.com',
              discoveryURL: '',
              audiences: ['postern'],
              certificateAuthority: '',
            },
            claimMappings: {
              username: { claim: 'email', prefix: '', expression: '' },
              groups: { claim: '', prefix: '', expression: '' },
              uid: { claim: '', expression: '' },
              extra: [],
            },
            requiredClaims: [{ claim: 'hd', requiredValue: 'x' }],
            claimValidationRules: [],
            userValidationRules: [],
            sourceHeader: 'x-assertion',
            jwksURL: '',
            signingAlgorithms: ['RS256', 'ES256'],
            systemIdentities: 'Allow',
          },
        ],
        configFile: '',
        anonymousPaths: [],
        clientCertificates: undefined,
        serviceAccounts: undefined,
        awsIAM: undefined,
      },
      tokenWebhook: undefined,
      authorization: { default: 'Allow', rules: [] },
      sessions: {
        ...{ idleTimeoutMs: 0, maxDurationMs: 5_400_000, endOnExpiry: true },
        ...{ drainDelayMs: 0, drainTimeoutMs: 300_000, registry: undefined },
      },
      limits: {
        ...{ connections: 10_000, connectionsPerAddress: 0, handshakes: 1000, unauthenticatedPerAddress: 50 },
        ...{
          requestsInFlightPerUser: 400,
          watchesPerUser: 2000,
          sessionsPerUser: 1000,
          eventLoopDelayMs: 500,
        },
      },
      log: { level: 'info' },
    },
    warnings: [],
  });
  t.ok(result.ok && isDeeplyFrozen(result.config));
  const again = loadConfig({ file: 'gate.yaml', text: BASE, files: false, env: {} });
  t.equal(again.ok && again.config.authentication.jwt[0]?.systemIdentities, 'Refuse', 'the default');
  t.equal(again.ok && again.config.authentication.jwt[0]?.sourceHeader, 'authorization');
});

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

t.test('every error at once, in the order of the file', async (t) => {
  const text = BASE.replace('127.0.0.1:8443', 'x')
    .replace('tls.key', '""')
    .replace('name: prod', 'name: Prod')
    .replace('audiences', 'audience')
    .replace('level: info', 'level: loud');
  const places = errorsOf(text).map((error) => error.split(': ')[0]);
  t.strictSame(places, [
    '4:12 listen.address',
    '7:14 listen.tls.keyFile',
    '12:11 clusters[0].name',
    '18:9 authentication.jwt[0].issuer.audience',
    '24:10 log.level',
  ]);
  t.strictSame([...new Set(errorsOf(text))], errorsOf(text), 'none twice');
});

const documents: readonly (readonly [string, string, readonly RegExp[]])[] = [
  ['nothing', '', [/^1:1 the file is empty/]],
  ['comments only', '# nothing\n', [/^1:1 the file is empty/]],
  ['null', 'null\n', [/^1:1 the file is empty/]],
  ['a list', '- a\n', [/^1:1 expected a mapping, found a list$/]],
  ['a word', 'postern\n', [/^1:1 expected a mapping, found a string$/]],
  ['bad YAML', 'a: [1\nb: 2\n', [/^2:1 /]],
  ['a tab', 'a:\n\t- b\n', [/^2:1 Tabs are not allowed/]],
  ['an unknown tag', `${BASE}x: !secret y\n`, [/^25:4 a tag that is not known/]],
  ['two documents', `${BASE}---\na: 1\n`, [/^25:1 the file must be one YAML document/]],
  [
    'a key twice',
    change('log:', 'log: {}\nlog:'),
    [/^24:1 log: duplicate key "log": it is already on line 23$/],
  ],
  [
    'a key twice, deep',
    change('    keyFile', '    certFile: x\n    keyFile'),
    [/^7:5 listen\.tls\.certFile: duplicate key "certFile": it is already on line 6$/],
  ],
  ['a mapping as key', change('log:', '? {a: b}\n: c\nlog:'), [/keys must be plain names/]],
  [
    'an alias without anchor',
    change('level: info', 'level: *x'),
    [/^24:10 log\.level: an alias without an anchor; a value that begins with \* has to be in quotes$/],
  ],
  ['aliases without end', 'a: &a [*a, *a, *a, *a]\n', [/^1:1 is nested too deeply/]],
  [
    'another kind of file',
    'apiVersion: v1\nkind: Config\nclusters: []\nusers: []\n',
    [
      /^1:13 apiVersion: expected postern\.dev\/v1; found "v1"$/,
      /^2:7 kind: expected GateConfiguration; found "Config"$/,
    ],
  ],
];

for (const [name, text, expected] of documents) {
  t.test(`a file with ${name}`, async (t) => {
    const found = errorsOf(text);
    t.equal(found.length, expected.length, found.join('\n'));
    for (const [index, pattern] of expected.entries()) t.match(found[index], pattern);
  });
}

t.test('anchors and aliases work', async (t) => {
  const text = change('["10.0.0.0/8"]', '&nets ["10.0.0.0/8"]').replace(
    'audiences: [postern]',
    'audiences: *nets',
  );
  t.strictSame(errorsOf(text), []);
  const wrong = change('idleTimeout: 0s', 'idleTimeout: &x bad\n  maxDuration: *x');
  t.match(errorsOf(wrong), [/^22:19 sessions\.idleTimeout/, /^23:16 sessions\.maxDuration/]);
});

t.test('a file that cannot be read', async (t) => {
  const result = loadConfig({ file: '/nonexistent/gate.yaml' });
  t.strictSame(result, {
    ok: false,
    errors: [
      { file: '/nonexistent/gate.yaml', line: 1, column: 1, path: '', message: 'cannot be read: ENOENT' },
    ],
  });
});

t.test('reads the file itself, relative paths from its directory', async (t) => {
  const directory = t.testdir({});
  mkdirSync(join(directory, 'sub'));
  writeFileSync(join(directory, 'sub/gate.yaml'), BASE);
  const result = loadConfig({ file: join(directory, 'sub/gate.yaml'), files: false, env: {} });
  t.equal(result.ok && result.config.listen.tls.certFile, join(directory, 'sub/tls.crt'));
});

t.test('no secret comes back in a message, wherever it was pasted', async (t) => {
  const secrets = [
    '-----BEGIN PRIVATE KEY-----\\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\\n-----END PRIVATE KEY-----',
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg',
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg',
  ];
  const spots = [
    '"127.0.0.1:8443"',
    'tls.key',
    '"10.0.0.0/8"',
    'prod\n',
    'https://login.example.com',
    '0s',
    'info',
    'kind',
    'GateConfiguration',
  ];
  for (const secret of secrets) {
    for (const spot of spots) {
      const found = errorsOf(change(spot, `"${secret}"${spot.endsWith('\n') ? '\n' : ''}`), { files: true });
      t.ok(found.length > 0, spot);
      t.notMatch(found.join('\n'), /BEGIN PRIVATE|MIGHAgEA|eyJhbGci/, spot);
    }
    t.notMatch(errorsOf(`${BASE}a: [\n${secret}\n`).join('\n'), /MIGHAgEA|eyJhbGci/, 'bad YAML');
  }
});

t.test('never throws, whatever the text', async () => {
  const piece = fc.constantFrom(
    ...BASE.split(/(?<=[\s:,{}[\]"])/),
    '&a ',
    '*a',
    '---\n',
    '? ',
    '| ',
    '!x ',
    '__proto__: ',
    '[]',
    '{}',
    'null',
    '\t',
  );
  holds(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.nat(BASE.length), (pieces, at) => {
      const text = BASE.slice(0, at) + pieces.join('') + BASE.slice(at);
      return Array.isArray(errorsOf(text));
    }),
  );
});

t.test('warnings have their place too', async (t) => {
  t.match(warningsOf(change('tls:', 'tls:\n    cipherSuites: [TLS_RSA_WITH_AES_128_CBC_SHA]')), [
    /^6:20 listen\.tls\.cipherSuites\[0\]: /,
  ]);
});
