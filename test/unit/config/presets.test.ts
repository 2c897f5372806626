// What a preset fills in, and what it lets nobody change. The vendors' pages are named in src/config/presets.ts.
import t from 'tap';
import type { JwtConfig } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { loadBalancerKeyURL } from '../../../src/config/presets.ts';
import { BASE, errorsOf, warningsOf } from './base.ts';

const AUD = '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228';
const IAP = '/projects/123456789/global/backendServices/987654321';
const ARN = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/kube-gate/50dc6c495c0c9188';
const cloudflare = {
  preset: 'cloudflare-access',
  issuer: { url: 'https://team.cloudflareaccess.com', audiences: [AUD] },
};
const google = { preset: 'google-iap', issuer: { audiences: [IAP] } };
const amazon = { preset: 'aws-alb', issuer: { url: 'https://login.example.com/', audiences: [ARN] } };
const pomerium = { preset: 'pomerium', issuer: { url: 'https://k8s.example.com' } };

function withEntries(...entries: readonly object[]): string {
  return BASE.replace(
    /authentication:\n[\s\S]*?(?=sessions:)/,
    () => `authentication: {jwt: ${JSON.stringify(entries)}}\n`,
  );
}

function load(entry: object): JwtConfig | undefined {
  const result = loadConfig({ file: 'gate.yaml', text: withEntries(entry), files: false, env: {} });
  return result.ok ? result.config.authentication.jwt[0] : undefined;
}

t.test('a preset and its audience are enough', async (t) => {
  const email = { claim: 'email', prefix: '', expression: '' };
  const sub = { claim: 'sub', expression: '' };
  t.match(load(cloudflare), {
    preset: 'cloudflare-access',
    issuer: { url: 'https://team.cloudflareaccess.com', audiences: [AUD] },
    sourceHeader: 'cf-access-jwt-assertion',
    signingAlgorithms: ['RS256'],
    jwksURL: 'https://team.cloudflareaccess.com/cdn-cgi/access/certs',
    claimMappings: { username: email, uid: sub },
    sessionLifetimeMs: undefined,
  });
  t.match(load(google), {
    issuer: { url: 'https://cloud.google.com/iap', audiences: [IAP] },
    sourceHeader: 'x-goog-iap-jwt-assertion',
    signingAlgorithms: ['ES256'],
    jwksURL: 'https://www.gstatic.com/iap/verify/public_key-jwk',
    claimMappings: { username: email, uid: sub },
    sessionLifetimeMs: undefined,
  });
  t.match(load(amazon), {
    issuer: { url: 'https://login.example.com/', audiences: [ARN] },
    sourceHeader: 'x-amzn-oidc-data',
    signingAlgorithms: ['ES256'],
    jwksURL: '',
    claimMappings: { username: email, uid: sub },
    sessionLifetimeMs: undefined,
  });
  t.match(load(pomerium), {
    issuer: { url: 'https://k8s.example.com/', alias: 'k8s.example.com', audiences: ['k8s.example.com'] },
    sourceHeader: 'x-pomerium-jwt-assertion',
    signingAlgorithms: ['ES256'],
    jwksURL: 'https://k8s.example.com/.well-known/pomerium/jwks.json',
    claimMappings: { username: email, uid: sub, groups: { claim: 'groups' } },
    sessionLifetimeMs: undefined,
  });
});

t.test('what an installation may choose', async (t) => {
  const mappings = { username: { claim: 'sub', prefix: 'cf:' }, groups: { claim: 'groups', prefix: '' } };
  t.match(load({ ...cloudflare, claimMappings: mappings }), {
    claimMappings: {
      username: { claim: 'sub', prefix: 'cf:' },
      groups: { claim: 'groups' },
      uid: { claim: 'sub' },
    },
  });
  t.match(load({ ...google, sessionLifetime: '1h' }), { sessionLifetimeMs: 3_600_000 });
  t.match(load({ ...google, source: { trustedProxies: ['35.191.0.0/16', '130.211.0.0/22'] } }), {
    trustedProxies: [
      { address: '35.191.0.0', prefixLength: 16 },
      { address: '130.211.0.0', prefixLength: 22 },
    ],
  });
  t.match(
    load({ ...pomerium, jwksURL: 'https://pomerium.internal:8443/.well-known/pomerium/jwks.json' }),
    { jwksURL: 'https://pomerium.internal:8443/.well-known/pomerium/jwks.json' },
    'Pomerium is the operator’s own',
  );
  t.match(load({ ...pomerium, issuer: { url: 'https://k8s.example.com:8443/' } }), {
    issuer: { url: 'https://k8s.example.com/', alias: 'k8s.example.com' },
    jwksURL: 'https://k8s.example.com:8443/.well-known/pomerium/jwks.json',
  });
});

// [what, the entry, its errors in order]
const refused: readonly (readonly [string, object, readonly RegExp[]])[] = [
  [
    'an unknown preset',
    { ...cloudflare, preset: 'cloudflare', claimMappings: { username: { claim: 'sub', prefix: '' } } },
    [/preset: expected one of .*google-iap.*found "cloudflare"/],
  ],
  [
    'no team and no tag',
    { preset: 'cloudflare-access' },
    [/issuer\.url: missing: write the team domain/, /issuer\.audiences: missing: .*AUD/],
  ],
  [
    'another domain than Cloudflare’s',
    { ...cloudflare, issuer: { url: 'https://team.cloudflareaccess.com.evil.example', audiences: [AUD] } },
    [/issuer\.url: with preset: cloudflare-access it must be the team domain/],
  ],
  [
    'a team domain with a path',
    { ...cloudflare, issuer: { url: 'https://team.cloudflareaccess.com/x', audiences: [AUD] } },
    [/issuer\.url: .*the team domain/],
  ],
  [
    'a name instead of the tag',
    { ...cloudflare, issuer: { ...cloudflare.issuer, audiences: ['my-app'] } },
    [/issuer\.audiences\[0\]: .*AUD.*found "my-app"/],
  ],
  [
    'no backend service',
    { preset: 'google-iap' },
    [/issuer\.audiences: missing: write the signed header JWT/],
  ],
  [
    'a client id instead of the signed header audience',
    { ...google, issuer: { audiences: ['1234.apps.googleusercontent.com'] } },
    [/issuer\.audiences\[0\]: with preset: google-iap/],
  ],
  [
    'another issuer than Google’s',
    { ...google, issuer: { ...google.issuer, url: 'https://accounts.google.com' } },
    [/issuer\.url: .*must be https:\/\/cloud\.google\.com\/iap/],
  ],
  [
    'no issuer and no ARN',
    { preset: 'aws-alb' },
    [/issuer\.url: missing: write the issuer of the identity provider/, /issuer\.audiences: missing: .*ARN/],
  ],
  [
    'the ARN of a Network Load Balancer',
    { ...amazon, issuer: { ...amazon.issuer, audiences: [ARN.replace('/app/', '/net/')] } },
    [/issuer\.audiences\[0\]: .*ARN/],
  ],
  [
    'an ARN whose region would leave the host name',
    { ...amazon, issuer: { ...amazon.issuer, audiences: [ARN.replace('eu-west-1', 'evil.example/x')] } },
    [/issuer\.audiences\[0\]: .*ARN/],
  ],
  ['no route', { preset: 'pomerium' }, [/issuer\.url: missing: write the route/]],
  [
    'another header',
    { ...google, source: { header: 'Authorization' } },
    [/source\.header: is always X-Goog-IAP/],
  ],
  [
    'another algorithm',
    { ...google, signingAlgorithms: ['ES256', 'RS256'] },
    [/signingAlgorithms: is always/],
  ],
  ['other keys', { ...google, jwksURL: 'https://evil.example/keys' }, [/jwksURL: is the vendor's/]],
  [
    'discovery',
    { ...cloudflare, issuer: { ...cloudflare.issuer, discoveryURL: 'https://evil.example/d' } },
    [/issuer\.discoveryURL: has no meaning/],
  ],
  [
    'another authority for the vendor’s keys',
    { ...cloudflare, issuer: { ...cloudflare.issuer, certificateAuthority: 'x' } },
    [/certificateAuthority: is the public one/],
  ],
  [
    'own proxies for a bearer token',
    {
      ...amazon,
      preset: undefined,
      claimMappings: { username: { claim: 'sub', prefix: '' } },
      source: { trustedProxies: ['10.0.0.1'] },
    },
    [/source\.trustedProxies: a bearer token counts from everybody/],
  ],
  [
    'an empty list of proxies',
    { ...google, source: { trustedProxies: [] } },
    [/trustedProxies: must not be empty/],
  ],
  ['everybody as proxy', { ...google, source: { trustedProxies: ['0.0.0.0/0'] } }, [/trust everybody/]],
];

for (const [what, entry, expected] of refused)
  t.test(`refused: ${what}`, async (t) => {
    const errors = errorsOf(withEntries(JSON.parse(JSON.stringify(entry)) as object));
    t.equal(errors.length, expected.length, errors.join('\n'));
    for (const [index, pattern] of expected.entries()) t.match(errors[index], pattern);
  });

t.test('a session ends with its assertion, and who did not say so is told', async (t) => {
  const told =
    /sessionLifetime: is not set: with (google-iap|aws-alb|pomerium) an exec or a watch ends some minutes/;
  for (const entry of [google, amazon, pomerium]) {
    t.match(warningsOf(withEntries(entry)).join('\n'), told);
    for (const sessionLifetime of ['0s', '1h'])
      t.notMatch(warningsOf(withEntries({ ...entry, sessionLifetime })).join(), /sessionLifetime/);
  }
  // Its token is good for as long as the login.
  t.notMatch(warningsOf(withEntries(cloudflare)).join(), /sessionLifetime/);
});

t.test('one header is read in one way', async (t) => {
  const plain = {
    issuer: { url: 'https://other.example', audiences: ['a'] },
    source: { header: 'x-amzn-oidc-data' },
    claimMappings: { username: { claim: 'sub', prefix: '' } },
  };
  t.match(errorsOf(withEntries(amazon, plain)), [/jwt\[1\]\.source\.header: .*another preset/]);
  t.same(
    errorsOf(withEntries(amazon, { ...amazon, issuer: { url: 'https://b.example', audiences: [ARN] } })),
    [],
  );
});

t.test('errors are at the place in the file', async (t) => {
  const text = BASE.replace(/ {4}- issuer:[\s\S]*?(?=sessions:)/, '    - preset: aws-alb\n');
  t.match(errorsOf(text), [/^\d+:7 authentication\.jwt\[0\]\.issuer\.url/, /^\d+:7 authentication/]);
});

t.test('without any trusted proxy there is a warning, unless the entry has its own', async (t) => {
  const untrusting = (entry: object) =>
    withEntries({ ...entry, sessionLifetime: '0s' }).replace('["10.0.0.0/8"]', '[]');
  t.match(warningsOf(untrusting(google)), [/nobody can use this entry/]);
  t.same(warningsOf(untrusting({ ...google, source: { trustedProxies: ['10.1.0.0/16'] } })), []);
});

t.test('where AWS keeps a load balancer’s key', async (t) => {
  const kid = '12345678-1234-1234-1234-123456789012';
  const inPartition = (partition: string, region: string) =>
    ARN.replace('arn:aws:', `arn:${partition}:`).replace('eu-west-1', region);
  t.equal(loadBalancerKeyURL(ARN, kid), `https://public-keys.auth.elb.eu-west-1.amazonaws.com/${kid}`);
  t.equal(
    loadBalancerKeyURL(inPartition('aws-us-gov', 'us-gov-west-1'), kid),
    `https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/${kid}`,
  );
  t.equal(
    loadBalancerKeyURL(inPartition('aws-cn', 'cn-north-1'), kid),
    `https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn/${kid}`,
  );
  t.throws(() => loadBalancerKeyURL('arn:aws:s3:::bucket', kid), TypeError);
});
