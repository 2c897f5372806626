// authentication.configFile: kube-apiserver's own file beside the gate's, and what must hold across both.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { formatError, loadConfig } from '../../../src/config/load.ts';
import { BASE, change, errorsOf, warningsOf } from './base.ts';

const ISSUER = 'https://file.example.com';
const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n';
const ENTRY = (url: string, more = '') =>
  `- issuer: {url: "${url}", audiences: [k8s]${more}}\n  claimMappings: {username: {claim: sub, prefix: "f:"}}\n`;
const FILE = `${HEAD}jwt:\n${ENTRY(ISSUER)}`;

/** Loads the base with `authentication` begun so, beside authn.yaml. */
function load(t: Test, file: string, own = BASE, begun = '  configFile: authn.yaml\n') {
  const text = own.replace('authentication:\n', `authentication:\n${begun}`);
  const directory = t.testdir({ 'authn.yaml': file, 'gate.yaml': text });
  return { ...loadConfig({ file: join(directory, 'gate.yaml'), files: false, env: {} }), directory };
}

function errorsIn(t: Test, ...given: Parameters<typeof load> extends [Test, ...infer Rest] ? Rest : never) {
  const result = load(t, ...given);
  return result.ok
    ? []
    : result.errors.map((error) => formatError(error).replaceAll(`${result.directory}/`, ''));
}

t.test('its entries come after the own ones, as kube-apiserver reads them', async (t) => {
  const result = load(t, FILE, BASE, '  configFile: authn.yaml\n  systemIdentities: Allow\n');
  if (!result.ok) throw new Error(result.errors.map(formatError).join('\n'));
  const { jwt, configFile } = result.config.authentication;
  t.equal(configFile, join(result.directory, 'authn.yaml'));
  t.match(jwt, [
    { issuer: { url: 'https://login.example.com' }, signingAlgorithms: ['RS256', 'ES256'] },
    {
      issuer: { url: ISSUER, audiences: ['k8s'], discoveryURL: '', certificateAuthority: '' },
      claimMappings: { username: { claim: 'sub', prefix: 'f:', expression: '' } },
      sourceHeader: 'authorization',
      jwksURL: '',
      // plugin/pkg/authenticator/token/oidc AllValidSigningAlgorithms
      signingAlgorithms: 'RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512'.split(' '),
      systemIdentities: 'Allow',
    },
  ]);
  t.equal(jwt.length, 2);
  t.ok(Object.isFrozen(jwt[1]?.issuer.audiences));
});

t.test('v1, v1beta1 and v1alpha1 are the same format', async (t) => {
  for (const version of ['v1', 'v1beta1', 'v1alpha1'])
    t.strictSame(errorsIn(t, FILE.replace('/v1\n', `/${version}\n`)), [], version);
  t.match(errorsIn(t, FILE.replace('/v1\n', '/v2\n')), [
    /^authn\.yaml:1:13 apiVersion: expected one of apiserver\.config\.k8s\.io\/v1, .*v1alpha1; found ".*\/v2"/,
  ]);
});

t.test('a file without issuers is fine', async (t) => {
  t.strictSame(errorsIn(t, HEAD), []);
  t.strictSame(errorsIn(t, `${HEAD}jwt: []\n`), []);
  t.strictSame(
    errorsIn(
      t,
      JSON.stringify({
        ...JSON.parse('{}'),
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AuthenticationConfiguration',
      }),
    ),
    [],
    'JSON',
  );
});

// [what, the file, its errors]
const broken: readonly (readonly [string, string, readonly RegExp[]])[] = [
  [
    'empty',
    '',
    [/^authn\.yaml:1:1 the file is empty; it begins with apiVersion: apiserver\.config\.k8s\.io\/v1$/],
  ],
  ['not YAML', 'a: [', [/^authn\.yaml:1:\d+ /]],
  ['a list', '[]', [/^authn\.yaml:1:1 expected a mapping/]],
  [
    'another kind',
    'apiVersion: v1\nkind: Config\nclusters: []\n',
    [
      /^authn\.yaml:1:13 apiVersion: expected one of/,
      /^authn\.yaml:2:7 kind: expected AuthenticationConfiguration; found "Config"/,
    ],
  ],
  ["the gate's own", BASE, [/^authn\.yaml:1:13 apiVersion: /, /^authn\.yaml:2:7 kind: /]],
  [
    'no version',
    FILE.replace(/^.*\n/, ''),
    [/^authn\.yaml:1:1 apiVersion: missing: write apiVersion: apiserver/],
  ],
  ['an unknown key', `${FILE}anon: {}\n`, [/^authn\.yaml:6:1 anon: unknown key "anon"/]],
  [
    "Postern's own keys",
    FILE.replace('- issuer', '- jwksURL: https://x\n  systemIdentities: Allow\n  issuer'),
    [
      /^authn\.yaml:4:3 jwt\[0\]\.jwksURL: unknown key/,
      /^authn\.yaml:5:3 jwt\[0\]\.systemIdentities: unknown key/,
    ],
  ],
  [
    'a wrong value',
    FILE.replace('https:', 'http:'),
    [/^authn\.yaml:4:17 jwt\[0\]\.issuer\.url: .*must be https/],
  ],
  [
    'too many',
    `${HEAD}jwt:\n${Array.from({ length: 65 }, (_, i) => ENTRY(`https://i${i}.example`)).join('')}`,
    [/^authn\.yaml:4:1 jwt: has 65 items; at most 64 are allowed/],
  ],
];

for (const [name, file, expected] of broken) {
  t.test(`${name}: told by its own name and lines`, async (t) => {
    const errors = errorsIn(t, file);
    t.equal(errors.length, expected.length, errors.join('\n'));
    for (const [index, pattern] of expected.entries()) t.match(errors[index], pattern);
  });
}

t.test('errors of both files come at once, the own first', async (t) => {
  t.match(errorsIn(t, FILE.replace('https:', 'http:'), change('level: info', 'level: loud')), [
    /^gate\.yaml:25:10 log\.level/,
    /^authn\.yaml:4:17 jwt\[0\]\.issuer\.url/,
  ]);
});

t.test('a file that is not there is an error of the configuration', async (t) => {
  const errors = errorsIn(t, FILE, BASE, '  configFile: other.yaml\n');
  t.match(errors, [/^gate\.yaml:15:15 authentication\.configFile: other\.yaml cannot be read: ENOENT$/]);
  t.equal(errors.length, 1);
});

t.test('one entry per issuer and source, across both', async (t) => {
  const twice = ENTRY('https://login.example.com');
  t.match(errorsIn(t, `${HEAD}jwt:\n${twice}`), [
    /^authn\.yaml:4:17 jwt\[0\]\.issuer\.url: is the same as authentication\.jwt\[0\]\.issuer\.url in gate\.yaml; one entry per issuer and source header/,
  ]);
  t.match(errorsIn(t, `${FILE}${ENTRY(ISSUER)}`), [
    /^authn\.yaml:6:17 jwt\[1\]\.issuer\.url: is the same as jwt\[0\]\.issuer\.url; one entry/,
  ]);
  const document = ', discoveryURL: "https://d.example/d"';
  t.match(errorsIn(t, `${HEAD}jwt:\n${ENTRY(ISSUER, document)}${ENTRY('https://b.example', document)}`), [
    /^authn\.yaml:6:\d+ jwt\[1\]\.issuer\.discoveryURL: is the same as jwt\[0\]\.issuer\.discoveryURL; each issuer has/,
  ]);
  const slash = ENTRY('https://login.example.com/');
  t.strictSame(errorsIn(t, `${HEAD}jwt:\n${slash}`), [], 'a trailing slash makes another issuer');
  const header = '      source: {header: Cf-Access-Jwt-Assertion}\n      claimMappings';
  t.strictSame(
    errorsIn(t, `${HEAD}jwt:\n${twice}`, change('      claimMappings', header)),
    [],
    'as an assertion here, as a bearer token there',
  );
});

t.test('one issuer twice in the configuration itself', async (t) => {
  const more = (header: string) =>
    `    - issuer: {url: "https://login.example.com", audiences: [a]}\n      source: {header: ${header}}\n      claimMappings: {username: {claim: sub, prefix: ""}}\nsessions:`;
  t.match(errorsOf(change('sessions:', more('authorization'))), [
    /^21:21 authentication\.jwt\[1\]\.issuer\.url: is the same as authentication\.jwt\[0\]\.issuer\.url; one entry/,
  ]);
  t.strictSame(errorsOf(change('sessions:', more('X-Assertion'))), []);
});

t.test('what works but is probably not meant is a warning', async (t) => {
  const source = (header: string) =>
    change('      claimMappings', `      source: {header: ${header}}\n      claimMappings`);
  t.match(warningsOf(source('X-Assertion').replace('["10.0.0.0/8"]', '[]')), [
    /^19:24 authentication\.jwt\[0\]\.source\.header: X-Assertion counts only from listen\.trustedProxies, which is empty/,
  ]);
  t.strictSame(warningsOf(source('X-Assertion')), []);
  t.match(warningsOf(change('prefix: ""', 'prefix: "-"')), [
    /^20:42 authentication\.jwt\[0\]\.claimMappings\.username\.prefix: is put before the name as it is; only the flag/,
  ]);
  const none = BASE.replace(/authentication:[\s\S]*(?=sessions:)/, '');
  t.match(warningsOf(none), [/authentication\.jwt: no issuer is configured/]);
});

t.test('anonymous: kube-apiserver asks for enabled with conditions', async (t) => {
  // k8s.io/apiserver validation.go ValidateAuthenticationConfiguration
  const cases: readonly (readonly [string, readonly RegExp[]])[] = [
    ['{enabled: true}', []],
    ['{enabled: false}', []],
    ['{enabled: true, conditions: [{path: /livez}]}', []],
    ['{enabled: false, conditions: []}', []],
    ['{conditions: [{path: /livez}]}', [/^authn\.yaml:\d+:\d+ anonymous\.conditions: .*enabled: true/]],
    ['{enabled: false, conditions: [{path: /livez}]}', [/anonymous\.conditions: .*enabled: true/]],
    ['{enabled: true, conditions: [{}]}', [/anonymous\.conditions\[0\]\.path: missing/]],
    ['{enabled: "yes"}', [/anonymous\.enabled: expected true or false/]],
  ];
  for (const [anonymous, expected] of cases) {
    const errors = errorsIn(t, `${FILE}anonymous: ${anonymous}\n`);
    t.equal(errors.length, expected.length, `${anonymous}: ${errors}`);
    for (const [index, pattern] of expected.entries()) t.match(errors[index], pattern);
  }
});

t.test("anonymous in kube-apiserver's file does not open the gate, and a warning says so", async (t) => {
  const file = `${FILE}anonymous: {enabled: true, conditions: [{path: /livez}]}\n`;
  const closed = load(t, file);
  if (!closed.ok) throw new Error('refused');
  t.strictSame(closed.config.authentication.anonymousPaths, []);
  t.match(closed.warnings, [/authn\.yaml:6:12 anonymous: is about kube-apiserver's own door/]);
  const own = '  configFile: authn.yaml\n  anonymous: {enabled: true, conditions: [{path: /readyz}]}\n';
  const open = load(t, file, BASE, own);
  if (!open.ok) throw new Error('refused');
  t.strictSame(open.config.authentication.anonymousPaths, ['/readyz'], 'the own key alone');
  t.strictSame(open.warnings, []);
});

t.test('anonymous at the gate has to name paths', async (t) => {
  const own = (anonymous: string) => change('  jwt:', `  anonymous: ${anonymous}\n  jwt:`);
  const cases: readonly (readonly [string, readonly RegExp[]])[] = [
    [
      '{enabled: true}',
      [/^15:3 authentication\.anonymous\.conditions: name the paths|anonymous\.conditions: name the paths/],
    ],
    ['{enabled: true, conditions: []}', [/anonymous\.conditions: name the paths/]],
    [
      '{enabled: true, conditions: [{path: livez}]}',
      [/anonymous\.conditions\[0\]\.path: must begin with \//],
    ],
    [
      '{enabled: false, conditions: [{path: /livez}]}',
      [/anonymous\.conditions: conditions go with enabled: true/],
    ],
    ['{enabled: false}', []],
    ['{enabled: true, conditions: [{path: /livez}, {path: /readyz}]}', []],
  ];
  for (const [anonymous, expected] of cases) {
    const errors = errorsOf(own(anonymous));
    t.equal(errors.length, expected.length, `${anonymous}: ${errors}`);
    for (const [index, pattern] of expected.entries()) t.match(errors[index], pattern);
  }
});

t.test('it is read each time', async (t) => {
  const { directory } = load(t, FILE);
  const again = () => loadConfig({ file: join(directory, 'gate.yaml'), files: false, env: {} });
  writeFileSync(join(directory, 'authn.yaml'), FILE.replace(ISSUER, 'https://new.example.com'));
  const result = again();
  t.equal(result.ok && result.config.authentication.jwt[1]?.issuer.url, 'https://new.example.com');
});
