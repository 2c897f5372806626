// What an entry of authentication.jwt may hold, each refusal with its place.
import t from 'tap';
import { change, errorsOf } from './base.ts';

const JWT = '        url: https://login.example.com';
const ENTRY = '      claimMappings:';

// [the text to replace, by what, the one error that follows]
const cases: readonly (readonly [string, string, string | RegExp])[] = [
  // issuers: k8s.io/apiserver pkg/apis/apiserver/validation validateURL, validateAudiences, validateCertificateAuthority
  [
    JWT,
    '        url: http://login.example.com',
    /^17:14 authentication\.jwt\[0\]\.issuer\.url: .*scheme must be https, found "http"/,
  ],
  [
    JWT,
    '        url: https://u:hunter2@login.example.com',
    '17:14 authentication.jwt[0].issuer.url: must not contain a username or password',
  ],
  [JWT, '        url: https://@login.example.com', /username or password/],
  [JWT, '        url: https://login.example.com/?a=b', /must not contain a query/],
  [JWT, '        url: "https://login.example.com/#a"', /must not contain a fragment/],
  [JWT, '        url: ""', /issuer\.url: must not be empty/],
  [JWT, '        url: login.example.com', /expected a URL of the form https:\/\//],
  [JWT, '        url: "https:///x"', /expected a URL of the form https:\/\//],
  [
    JWT,
    `${JWT}\n        discoveryURL: http://login.example.com/x`,
    /issuer\.discoveryURL: .*scheme must be https/,
  ],
  [
    'audiences: [postern]',
    'audiences: []',
    /^18:20 authentication\.jwt\[0\]\.issuer\.audiences: must not be empty: name at least one audience/,
  ],
  ['audiences: [postern]', 'audiences: [""]', /audiences\[0\]: must not be empty/],
  [
    'audiences: [postern]',
    'audiences: [a, a]\n        audienceMatchPolicy: MatchAny',
    /^18:24 .*audiences\[1\]: is in the list already/,
  ],
  [
    'audiences: [postern]',
    'audiences: [a]\n        audienceMatchPolicy: MatchAll',
    /audienceMatchPolicy: expected MatchAny/,
  ],
  [
    JWT,
    `${JWT}\n        certificateAuthority: /etc/ca.crt`,
    /^18:31 .*holds no PEM certificate .*takes the PEM text itself/,
  ],
  [
    JWT,
    `${JWT}\n        certificateAuthority: "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----"`,
    /certificate 1 of 1 does not parse$/,
  ],
  // extensions
  [
    ENTRY,
    `      signingAlgorithms: [none]\n${ENTRY}`,
    /signingAlgorithms\[0\]: "none" means no signature at all/,
  ],
  [ENTRY, `      signingAlgorithms: [HS256]\n${ENTRY}`, /"HS256" signs with a shared secret/],
  [
    ENTRY,
    `      signingAlgorithms: [rs256]\n${ENTRY}`,
    /unknown signing algorithm "rs256"; did you mean "RS256"\? allowed: RS256, /,
  ],
  [ENTRY, `      signingAlgorithms: []\n${ENTRY}`, /signingAlgorithms: must not be empty/],
  [ENTRY, `      jwksURL: http://x.example/keys\n${ENTRY}`, /jwksURL: .*scheme must be https/],
  [
    ENTRY,
    `      systemIdentities: allow\n${ENTRY}`,
    /systemIdentities: expected one of Refuse, Allow; found "allow"; did you mean "Allow"\?/,
  ],
  ...[
    'Cookie',
    'host',
    'Connection',
    'Impersonate-User',
    'Transfer-Encoding',
    'Sec-WebSocket-Protocol',
    'X-Forwarded-For',
  ].map(
    (header) =>
      [
        ENTRY,
        `      source: {header: ${header}}\n${ENTRY}`,
        /source\.header: header ".*" has a meaning of its own/,
      ] as const,
  ),
  [ENTRY, `      source: {header: "a b"}\n${ENTRY}`, /source\.header: expected the name of a header/],
];

for (const [from, to, expected] of cases) {
  t.test(`${to.replaceAll(/\s+/g, ' ').trim()}`, async (t) => {
    const errors = errorsOf(change(from, to));
    t.equal(errors.length, 1, errors.join('\n'));
    if (typeof expected === 'string') t.equal(errors[0], expected);
    else t.match(errors[0], expected);
  });
}
