import t, { type Test } from 'tap';
import { createAuthenticator } from '../../src/authn/authenticator.ts';
import { loadConfig } from '../../src/config/load.ts';
import { compileTrusted } from '../../src/trusted.ts';
import { makeTime } from '../fakes/time.ts';
import {
  ARN,
  AUD_TAG,
  BACKEND,
  type Changes,
  COGNITO,
  ENTRIES,
  makeVendorKeys,
  makeVendors,
  OTHER_ARN,
  padded,
  ROUTE,
  TEAM,
  unpadded,
  type Vendor,
} from '../fakes/vendors.ts';
import { BASE } from '../unit/config/base.ts';

// The four presets together in one configuration, each against tokens as its vendor makes them, and the attack tests of field-lessons.md §4
// (S15, S16, S18, S18b, S27) that concern them. The address of the peer decides, as in the gate.

const PROXY = '10.0.0.7';
const STRANGER = '198.51.100.7';

function open(t: Test, entries: readonly object[] = Object.values(ENTRIES)) {
  const jwt = JSON.stringify(entries);
  const text = BASE.replace(
    /authentication:\n[\s\S]*?(?=sessions:)/,
    () => `authentication: {jwt: ${jwt}}\n`,
  );
  const loaded = loadConfig({ file: 'gate.yaml', text, files: false, env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  const time = makeTime();
  const vendors = makeVendors(time.clock.now);
  const authenticator = createAuthenticator(loaded.config.authentication, {
    ...time,
    random: () => 0,
    fetcher: vendors.fetcher,
  });
  t.teardown(() => authenticator.close());
  const isTrusted = compileTrusted(loaded.config.listen.trustedProxies);
  const ask = async (rawHeaders: readonly string[], peerAddress = PROXY) => {
    const peerTrusted = isTrusted(peerAddress);
    return await authenticator.authenticate({ rawHeaders, isWebSocket: false, peerTrusted, peerAddress });
  };
  return {
    ask,
    vendors,
    time,
    authenticator,
    bring: (vendor: Vendor, changes?: Changes) => [vendor.header, vendor.sign(changes)],
  };
}

t.test('each vendor’s own token is that person', async (t) => {
  const { ask, vendors, bring } = open(t);
  const cases: readonly (readonly [Vendor, object])[] = [
    [vendors.cloudflare, { username: 'alice@example.com', uid: '7335d417-61da-459d-899c-0a01c76a2f94' }],
    [vendors.google, { username: 'alice@example.com', uid: 'accounts.google.com:115317459420321' }],
    [vendors.amazon, { username: 'alice@example.com', uid: '0c5a1b1e-6a0c-4a55-9a0c-2f0f3f3f0f0f' }],
    [
      vendors.pomerium,
      {
        username: 'alice@example.com',
        uid: 'google/115317459420321',
        groups: ['engineers', '00gm3b9l0bq2'],
      },
    ],
  ];
  for (const [vendor, user] of cases) {
    const lines = bring(vendor);
    t.match(await ask(lines), { kind: 'user', source: 'header', user }, vendor.header);
    t.match(await ask(lines), { kind: 'user', user }, 'and when it is remembered');
  }
});

t.test('S27: from anybody else than the proxies the header is not there', async (t) => {
  const { ask, vendors, bring } = open(t);
  for (const vendor of [vendors.cloudflare, vendors.google, vendors.amazon, vendors.pomerium]) {
    const lines = bring(vendor);
    t.match(await ask(lines), { kind: 'user' });
    t.same(await ask(lines, STRANGER), { kind: 'noOpinion' }, `${vendor.header}, also when remembered`);
    t.same(await ask([...lines, 'X-Forwarded-For', PROXY], STRANGER), { kind: 'noOpinion' });
  }
});

t.test('an entry with proxies of its own believes only them', async (t) => {
  const own = { ...ENTRIES.pomerium, source: { trustedProxies: ['192.0.2.0/24'] } };
  const { ask, vendors, bring } = open(t, [own, ENTRIES['google-iap']]);
  const pomerium = bring(vendors.pomerium);
  const google = bring(vendors.google);
  t.match(await ask(pomerium, '192.0.2.9'), { kind: 'user' });
  t.match(await ask(pomerium, '::ffff:192.0.2.9'), { kind: 'user' });
  t.same(await ask(pomerium, PROXY), { kind: 'noOpinion' }, 'listen.trustedProxies are not its');
  t.same(await ask(google, '192.0.2.9'), { kind: 'noOpinion' }, 'nor are its own the others’');
  t.match(await ask(google, PROXY), { kind: 'user' });
});

t.test('two instances behind one header: each issuer counts from its own peers', async (t) => {
  const [one, two] = ['192.0.2.0/24', '203.0.113.0/24'].map((range) => ({
    source: { trustedProxies: [range] },
  }));
  const { ask, vendors, bring } = open(t, [
    { ...ENTRIES.pomerium, ...one },
    { ...ENTRIES.pomerium, issuer: { url: 'https://other.example.com' }, ...two },
  ]);
  const lines = bring(vendors.pomerium);
  t.match(await ask(lines, '192.0.2.9'), { kind: 'user' });
  t.match(await ask(lines, '203.0.113.9'), { kind: 'rejected', code: 'TOKEN_UNKNOWN_ISSUER' });
});

t.test('S18: no fall-through, whatever the token is worth elsewhere', async (t) => {
  const bearer = {
    issuer: { url: COGNITO, audiences: ['postern'] },
    claimMappings: { username: { claim: 'email', prefix: '' } },
  };
  const { ask, vendors, bring } = open(t, [...Object.values(ENTRIES), bearer]);
  const all = [vendors.cloudflare, vendors.google, vendors.amazon, vendors.pomerium];
  for (const from of all) {
    for (const into of all) {
      if (into === from) continue;
      const outcome = await ask([into.header, from.sign()]);
      t.equal(outcome.kind, 'rejected', `${from.header} in ${into.header}`);
    }
    t.match(await ask(['Authorization', `Bearer ${from.sign()}`]), { kind: 'rejected' }, 'as a bearer token');
  }
  t.match(
    await ask([...bring(vendors.cloudflare), ...bring(vendors.google)]),
    { kind: 'rejected', code: 'CREDENTIALS_CONFLICT' },
    'S15: two proxies, two words',
  );
  t.match(
    await ask([...bring(vendors.cloudflare), 'Authorization', 'Bearer x']),
    { code: 'CREDENTIALS_CONFLICT' },
    'S15: a token of the caller’s beside it',
  );
  t.match(
    await ask([...bring(vendors.google), ...bring(vendors.google)]),
    { code: 'CREDENTIALS_CONFLICT' },
    'one header twice',
  );
  t.same(await ask([vendors.google.header, '']), { kind: 'noOpinion' }, 'S16: an empty one is none');
});

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
    const { ask, vendors, bring } = open(t);
    t.match(await ask(bring(vendors[name], changes)), { kind: 'rejected', code });
    const addresses = vendors.asked.filter(
      (url) =>
        !/^https:\/\/(?:team\.|www\.gstatic\.com\/|public-keys\.auth\.elb\.eu-west-1\.amazonaws\.com\/[0-9a-f-]{36}$|k8s\.example\.com\/)/.test(
          url,
        ),
    );
    t.same(addresses, [], 'nothing but the vendors was asked');
  });

t.test('a token that somebody else signed is nobody', async (t) => {
  const { ask } = open(t);
  const forger = makeVendors(Date.now, makeVendorKeys());
  for (const vendor of [forger.cloudflare, forger.google, forger.pomerium])
    t.match(await ask([vendor.header, vendor.sign()]), { kind: 'rejected', code: 'TOKEN_SIGNATURE' });
  const { vendors, ask: other } = open(t);
  const forged = forger.amazon.sign({ header: { kid: vendors.amazonKid } });
  t.match(await other([forger.amazon.header, forged]), { kind: 'rejected', code: 'TOKEN_SIGNATURE' });
});

t.test('Pomerium may name itself by host or, from v0.28 on, by URL', async (t) => {
  const { ask, vendors, bring } = open(t);
  t.match(await ask(bring(vendors.pomerium, { claims: { iss: `https://${ROUTE}/` } })), { kind: 'user' });
});

t.test('a Cloudflare service token is who the mapping says', async (t) => {
  const mapped = {
    ...ENTRIES['cloudflare-access'],
    claimMappings: { username: { claim: 'common_name', prefix: 'service:' } },
  };
  const { ask, vendors, bring } = open(t, [mapped]);
  const claims = { email: undefined, common_name: 'e367826f93b8d71185e03fe518aff3b4.access', sub: '' };
  t.match(await ask(bring(vendors.cloudflare, { claims })), {
    kind: 'user',
    user: { username: 'service:e367826f93b8d71185e03fe518aff3b4.access', uid: '' },
  });
  t.match(await ask(bring(vendors.cloudflare)), { kind: 'rejected', code: 'TOKEN_CLAIMS' }, 'people are not');
});

t.test('S18b: a load balancer’s padding is under the signature', async (t) => {
  const { ask, vendors, time } = open(t);
  const { amazon } = vendors;
  // Names of different lengths, so that each part ends in no, one and two characters of padding.
  for (const name of ['a', 'ab', 'abc', 'abcd']) {
    const token = amazon.sign({ header: { client: name }, claims: { name } });
    t.match(await ask([amazon.header, token]), { kind: 'user' }, token.replaceAll(/[^=.]+/g, 'x'));
    if (token.includes('='))
      t.match(
        await ask([amazon.header, token.replaceAll('=', '')]),
        { kind: 'rejected', code: 'TOKEN_SIGNATURE' },
        'stripped, it is another text than was signed',
      );
  }
  t.match(
    await ask([amazon.header, amazon.signAs({}, unpadded)]),
    { kind: 'user' },
    'without, as AWS announced',
  );
  t.match(
    await ask([amazon.header, amazon.signAs({}, (text) => `${padded(text)}=`)]),
    { kind: 'rejected' },
    'padding that pads nothing',
  );
  t.match(
    await ask([amazon.header, amazon.sign({ claims: { exp: undefined, iss: undefined } })]),
    { kind: 'user', expiresAt: Math.floor(time.clock.now() / 1000) * 1000 + 120_000 },
    'end and issuer in the header alone, as the page has it',
  );
});

t.test('a load balancer’s key is fetched once, and its absence is no refusal', async (t) => {
  const { ask, vendors, bring, authenticator } = open(t);
  const elb = () => vendors.asked.filter((url) => url.includes('.elb.'));
  await authenticator.ready();
  t.same(
    authenticator.issuers().filter(({ keysFetchedAt }) => keysFetchedAt === 0),
    [],
    'a gate is ready before the first token came',
  );
  t.same(elb(), []);
  vendors.failure = new Error('no way to AWS');
  t.match(await ask(bring(vendors.amazon)), { kind: 'unavailable', source: 'header' });
  vendors.failure = undefined;
  const name = (client: string) => ask(bring(vendors.amazon, { header: { client } }));
  t.match(await Promise.all([name('a'), name('b'), name('c')]), [
    { kind: 'user' },
    { kind: 'user' },
    { kind: 'user' },
  ]);
  t.equal(elb().length, 2, 'the one that failed, and one for all');
});

t.test('unknown keys are asked for a bounded number of times', async (t) => {
  const { ask, vendors, bring, time } = open(t);
  const kids = Array.from({ length: 20 }, (_, i) => `00000000-0000-0000-0000-${String(i).padStart(12, '0')}`);
  for (const kid of kids) await ask(bring(vendors.amazon, { header: { kid } }));
  t.equal(vendors.asked.filter((url) => url.includes('.elb.')).length, 5);
  time.advance(60_000);
  t.match(await ask(bring(vendors.amazon)), { kind: 'user' });
});

t.test(
  'TEAM and the load balancer’s issuer may also be bearers’ issuers: the header chooses the entry',
  async (t) => {
    const bearer = {
      issuer: { url: TEAM, audiences: ['postern'] },
      claimMappings: { username: { claim: 'email', prefix: '' } },
    };
    const { ask, vendors, bring } = open(t, [ENTRIES['cloudflare-access'], bearer]);
    t.match(await ask(bring(vendors.cloudflare)), { kind: 'user', source: 'header' });
  },
);
