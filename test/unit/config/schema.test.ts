// What one key may hold: types, formats, unknown and later keys, each with the place that is reported.
import t from 'tap';
import { BASE, change, errorsOf, warningsOf } from './base.ts';

t.test('the base is valid, and so are the empty forms of later keys', async (t) => {
  t.strictSame(errorsOf(BASE), []);
  t.strictSame(warningsOf(BASE), []);
  const empty = `authorization: {rules: []}\naudit: {policyFile: "", backends: []}\nlimits: {}\n`;
  t.strictSame(errorsOf(BASE + empty), []);
  const jwt =
    'claimMappings:\n        extra: []\n        groups: {claim: ""}\n        uid: {claim: sub, expression: ""}';
  t.strictSame(
    errorsOf(
      change('claimMappings:', `userValidationRules: []\n      claimValidationRules: []\n      ${jwt}`),
    ),
    [],
  );
  t.strictSame(
    errorsOf(change('authentication:', 'authentication:\n  clientCertificates: {enabled: false}')),
    [],
  );
  t.strictSame(errorsOf(change('log:\n  level: info', 'log:')), [], 'null is absent');
});

// [the text to replace, by what, the one error that follows]
const cases: readonly (readonly [string, string, string | RegExp])[] = [
  // the file
  ['postern.dev/v1', 'postern.dev/v2', '1:13 apiVersion: expected postern.dev/v1; found "postern.dev/v2"'],
  ['kind: GateConfiguration', 'kind: Gate', '2:7 kind: expected GateConfiguration; found "Gate"'],
  ['apiVersion: postern.dev/v1\n', '', '1:1 apiVersion: missing: write apiVersion: postern.dev/v1'],
  // unknown keys
  [
    '  address: "127.0.0.1:8443"',
    '  adress: "127.0.0.1:8443"',
    '4:3 listen.adress: unknown key "adress"; did you mean "address"? allowed here: address, tls, clientCAFile, strictTransportSecurity, trustedProxies',
  ],
  [
    'audiences:',
    'audience:',
    /^18:9 authentication\.jwt\[0\]\.issuer\.audience: unknown key "audience"; did you mean "audiences"\? allowed here: url, /,
  ],
  ['log:', 'zzz: 1\nlog:', /^23:1 zzz: unknown key "zzz"; allowed here: apiVersion, kind, /],
  ['log:', '"a b": 1\nlog:', /^23:1 \["a b"\]: unknown key "a b"/],
  ['log:', '<<: {a: 1}\nlog:', /YAML merge keys are not supported/],
  ['log:', '__proto__: {a: 1}\nlog:', /^23:1 __proto__: unknown key/],
  // types
  ['name: prod', 'name: 7', '12:11 clusters[0].name: expected a string, found a number: put it in quotes'],
  ['["10.0.0.0/8"]', '10.0.0.0/8', '8:19 listen.trustedProxies: expected a list, found a string'],
  ['["10.0.0.0/8"]', '[null]', '8:20 listen.trustedProxies[0]: expected a string, found nothing'],
  [
    'idleTimeout: 0s',
    'endOnExpiry: yes',
    '22:16 sessions.endOnExpiry: expected true or false, found a string',
  ],
  [
    'idleTimeout: 0s',
    'idleTimeout: 30',
    '22:16 sessions.idleTimeout: expected a string, found a number: write it with its unit, as in 30s, 5m or 0s',
  ],
  ['sessions:\n  idleTimeout: 0s', 'sessions: 5m', '21:11 sessions: expected a mapping, found a string'],
  // listen, ops
  ['"127.0.0.1:8443"', '"8443"', /^4:12 listen\.address: expected host:port, as in .*; found "8443"$/],
  ['"127.0.0.1:9090"', '"[::1]"', /^10:12 ops\.address: expected host:port/],
  ['    keyFile: tls.key\n', '', '5:3 listen.tls.keyFile: missing: keyFile is required'],
  ['certFile: tls.crt', 'certFile: ""', '6:15 listen.tls.certFile: must not be empty'],
  [
    'certFile: tls.crt',
    'certFile: "-----BEGIN CERTIFICATE-----"',
    '6:15 listen.tls.certFile: expected the path of a file, not its contents',
  ],
  [
    'certFile: tls.crt',
    'certFile: tls.crt\n    minVersion: VersionTLS11',
    '7:17 listen.tls.minVersion: expected one of VersionTLS12, VersionTLS13; found "VersionTLS11"; did you mean "VersionTLS12"?',
  ],
  [
    'certFile: tls.crt',
    'certFile: tls.crt\n    cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA255]',
    /^7:20 .*unknown cipher suite "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA255"; did you mean "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"\? allowed: TLS_AES_128_GCM_SHA256, /,
  ],
  [
    '"10.0.0.0/8"',
    '"0.0.0.0/0"',
    /^8:20 listen\.trustedProxies\[0\]: "0\.0\.0\.0\/0" would trust everybody: .*forge.*identity headers/,
  ],
  ['"10.0.0.0/8"', '"::/0"', /would trust everybody/],
  ['"10.0.0.0/8"', '"10.0.0.0/40"', /expected an address range or address/],
  // clusters
  [
    'clusters:\n  - name: prod\n    kubeconfig: prod.kubeconfig',
    'clusters: []',
    '11:11 clusters: must not be empty: at least one item is needed',
  ],
  ['name: prod', 'name: Prod', /^12:11 clusters\[0\]\.name: expected a DNS label/],
  ['name: prod', `name: ${'a'.repeat(64)}`, /expected a DNS label/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: a}', /must start with \//],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /a/}', /^13:25 .*without a slash at its end/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /}', /without a slash at its end/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /a//b}', /without \/\/ or %/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /a%2fb}', /without \/\/ or %/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /a/../b}', /without \. or \.\. segments/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /a?b}', /segments of A-Z/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /api}', /may not be \/api or beneath/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /apis/x}', /may not be \/apis or beneath/],
  ['name: prod', 'name: prod\n    match: {pathPrefix: /version}', /may not be \/version/],
  [
    'name: prod',
    'name: prod\n    match: {hosts: [Prod.Example.com]}',
    /lower-case host name without port.*: write "prod\.example\.com"$/,
  ],
  ['name: prod', 'name: prod\n    match: {hosts: ["a.example:443"]}', /: write "a\.example"$/],
  ['name: prod', 'name: prod\n    match: {hosts: ["*.example"]}', /lower-case host name without port/],
  [
    'name: prod',
    'name: prod\n    identity: impersonate',
    /expected one of Impersonate, Passthrough, RequestHeader; found "impersonate"; did you mean "Impersonate"/,
  ],
  // the doors beside jwt
  [
    '  jwt:',
    '  clientCertificates: {enabled: true}\n  jwt:',
    /clientCertificates\.enabled: needs listen\.clientCAFile: the authorities that issue them/,
  ],
  [
    '  jwt:',
    '  serviceAccounts: {audiences: [""]}\n  jwt:',
    /serviceAccounts\.audiences\[0\]: must not be empty/,
  ],
  ['  jwt:', '  serviceAccounts: {audience: a}\n  jwt:', /unknown key "audience".*did you mean "audiences"/],
  // keys of later versions
  ['log:', 'audit: {policyFile: p.yaml}\nlog:', /audit\.policyFile: not supported by this version yet/],
  ['log:', 'audit: {backends: [{}]}\nlog:', /audit\.backends: not supported by this version yet/],
  // limits
  [
    'log:',
    'limits: {sessions: 5}\nlog:',
    /limits\.sessions: unknown key "sessions".*allowed here: connections, /,
  ],
  [
    'log:',
    'limits: {connections: -1}\nlog:',
    /limits\.connections: expected a whole number from 0 to 1000000, found -1/,
  ],
  [
    'log:',
    'limits: {handshakes: 1.5}\nlog:',
    /limits\.handshakes: expected a whole number from 0 to 1000000, found 1.5/,
  ],
  [
    'log:',
    'limits: {watchesPerUser: "5"}\nlog:',
    /limits\.watchesPerUser: expected a whole number, found a string/,
  ],
  [
    'log:',
    'limits: {eventLoopDelay: 5}\nlog:',
    /limits\.eventLoopDelay: expected a string, found a number: write it with its unit/,
  ],
  // sessions, log
  ['idleTimeout: 0s', 'idleTimeout: 5 minutes', /^22:16 sessions\.idleTimeout: expected a duration such as/],
  ['idleTimeout: 0s', 'maxDuration: 597h', /maxDuration: is longer than 596h/],
  [
    'level: info',
    'level: warning',
    '24:10 log.level: expected one of trace, debug, info, warn, error; found "warning"',
  ],
];

for (const [from, to, expected] of cases) {
  t.test(`${to.replaceAll(/\s+/g, ' ').trim()}`, async (t) => {
    const errors = errorsOf(change(from, to));
    t.equal(errors.length, 1, errors.join('\n'));
    if (typeof expected === 'string') t.equal(errors[0], expected);
    else t.match(errors[0], expected);
  });
}
