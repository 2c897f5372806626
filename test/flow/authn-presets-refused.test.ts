import t from 'tap';
import { ARN, AUD_TAG, BACKEND, type Changes, OTHER_ARN, ROUTE } from '../fakes/vendors.ts';
import { openPresets } from './presets.ts';

// Assertions that a preset refuses, in one thing each other than its vendor makes them (field-lessons.md §4, S18, S18b).

// [vendor, what, the change, the code]
const refused: readonly (readonly [
  'cloudflare' | 'google' | 'amazon' | 'pomerium',
  string,
  Changes,
  string,
])[] = [
  ['cloudflare', 'another application', { claims: { aud: [AUD_TAG.replace('3', '4')] } }, 'TOKEN_AUDIENCE'],
  ['cloudflare', 'the session with the whole team', { claims: { type: 'org' } }, 'TOKEN_CLAIMS'],
  [
    'cloudflare',
    'another team',
    { claims: { iss: 'https://evil.cloudflareaccess.com' } },
    'TOKEN_UNKNOWN_ISSUER',
  ],
  ['cloudflare', 'ended', { claims: { exp: 1 } }, 'TOKEN_EXPIRED'],
  // developers.cloudflare.com, application-token: a service token has a common_name, an empty sub and no email.
  [
    'cloudflare',
    'a service token, for which nobody has said what it is called',
    {
      claims: {
        email: undefined,
        common_name: 'e367826f93b8d71185e03fe518aff3b4.access',
        sub: '',
        identity_nonce: undefined,
      },
    },
    'TOKEN_CLAIMS',
  ],
  ['google', 'another backend service', { claims: { aud: BACKEND.replace('7', '8') } }, 'TOKEN_AUDIENCE'],
  ['google', 'several audiences', { claims: { aud: [BACKEND] } }, 'TOKEN_CLAIMS'],
  ['google', 'Google’s sign-in', { claims: { iss: 'https://accounts.google.com' } }, 'TOKEN_UNKNOWN_ISSUER'],
  ['google', 'no iat', { claims: { iat: undefined } }, 'TOKEN_CLAIMS'],
  ['google', 'longer than IAP makes them', { claims: { exp: 32_503_680_000 } }, 'TOKEN_CLAIMS'],
  ['google', 'another algorithm', { header: { alg: 'RS256' } }, 'TOKEN_ALGORITHM'],
  ['amazon', 'S18b: another load balancer', { header: { signer: OTHER_ARN } }, 'TOKEN_AUDIENCE'],
  ['amazon', 'no signer', { header: { signer: undefined } }, 'TOKEN_AUDIENCE'],
  [
    'amazon',
    'the signer as a claim',
    { header: { signer: OTHER_ARN }, claims: { aud: ARN } },
    'TOKEN_AUDIENCE',
  ],
  [
    'amazon',
    'a key id that leaves its place',
    { header: { kid: '../../evil.example/key' } },
    'TOKEN_MALFORMED',
  ],
  ['amazon', 'a key id of another host', { header: { kid: '@evil.example/' } }, 'TOKEN_MALFORMED'],
  ['amazon', 'no key id', { header: { kid: undefined } }, 'TOKEN_MALFORMED'],
  [
    'amazon',
    'a key that AWS does not have',
    { header: { kid: '00000000-0000-0000-0000-000000000000' } },
    'TOKEN_SIGNATURE',
  ],
  ['amazon', 'no end', { header: { exp: undefined }, claims: { exp: undefined } }, 'TOKEN_CLAIMS'],
  ['amazon', 'an end in words', { header: { exp: 'never' } }, 'TOKEN_CLAIMS'],
  ['amazon', 'ended by its header', { header: { exp: 1 } }, 'TOKEN_EXPIRED'],
  ['amazon', 'ended by its payload', { claims: { exp: 1 } }, 'TOKEN_EXPIRED'],
  ['amazon', 'two issuers', { claims: { iss: 'https://evil.example' } }, 'TOKEN_MALFORMED'],
  [
    'amazon',
    'another identity provider',
    { header: { iss: 'https://evil.example' }, claims: { iss: undefined } },
    'TOKEN_UNKNOWN_ISSUER',
  ],
  ['amazon', 'an address that nobody has verified', { claims: { email_verified: false } }, 'TOKEN_CLAIMS'],
  [
    'pomerium',
    'another route',
    { claims: { aud: 'grafana.example.com', iss: 'grafana.example.com' } },
    'TOKEN_UNKNOWN_ISSUER',
  ],
  ['pomerium', 'another route’s audience', { claims: { aud: 'grafana.example.com' } }, 'TOKEN_AUDIENCE'],
  [
    'pomerium',
    'the issuer without its slash',
    { claims: { iss: `https://${ROUTE}` } },
    'TOKEN_UNKNOWN_ISSUER',
  ],
];

for (const [name, what, changes, code] of refused)
  t.test(`${name}, refused: ${what}`, async (t) => {
    const { ask, vendors, bring } = openPresets(t);
    t.match(await ask(bring(vendors[name], changes)), { kind: 'rejected', code });
    const addresses = vendors.asked.filter(
      (url) =>
        !/^https:\/\/(?:team\.|www\.gstatic\.com\/|public-keys\.auth\.elb\.eu-west-1\.amazonaws\.com\/[0-9a-f-]{36}$|k8s\.example\.com\/)/.test(
          url,
        ),
    );
    t.same(addresses, [], 'nothing but the vendors was asked');
  });
