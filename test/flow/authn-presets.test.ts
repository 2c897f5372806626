import t from 'tap';
import { COGNITO, ENTRIES, makeVendorKeys, makeVendors, ROUTE, TEAM, type Vendor } from '../fakes/vendors.ts';
import { openPresets, PROXY, STRANGER } from './presets.ts';

// Each preset against tokens as its vendor makes them, all four in one configuration, and the attack tests of field-lessons.md §4 (S15, S16,
// S18, S27) that concern them.

t.test('each vendor’s own token is that person', async (t) => {
  const { ask, vendors, bring } = openPresets(t);
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
  const { ask, vendors, bring } = openPresets(t);
  for (const vendor of [vendors.cloudflare, vendors.google, vendors.amazon, vendors.pomerium]) {
    const lines = bring(vendor);
    t.match(await ask(lines), { kind: 'user' });
    t.same(await ask(lines, STRANGER), { kind: 'noOpinion' }, `${vendor.header}, also when remembered`);
    t.same(await ask([...lines, 'X-Forwarded-For', PROXY], STRANGER), { kind: 'noOpinion' });
  }
});

t.test('an entry with proxies of its own believes only them', async (t) => {
  const own = { ...ENTRIES.pomerium, source: { trustedProxies: ['192.0.2.0/24'] } };
  const { ask, vendors, bring } = openPresets(t, [own, ENTRIES['google-iap']]);
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
  const { ask, vendors, bring } = openPresets(t, [
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
  const { ask, vendors, bring } = openPresets(t, [...Object.values(ENTRIES), bearer]);
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

t.test('a token that somebody else signed is nobody', async (t) => {
  const { ask } = openPresets(t);
  const forger = makeVendors(Date.now, makeVendorKeys());
  for (const vendor of [forger.cloudflare, forger.google, forger.pomerium])
    t.match(await ask([vendor.header, vendor.sign()]), { kind: 'rejected', code: 'TOKEN_SIGNATURE' });
  const { vendors, ask: other } = openPresets(t);
  const forged = forger.amazon.sign({ header: { kid: vendors.amazonKid } });
  t.match(await other([forger.amazon.header, forged]), { kind: 'rejected', code: 'TOKEN_SIGNATURE' });
});

t.test('Pomerium may name itself by host or, from v0.28 on, by URL', async (t) => {
  const { ask, vendors, bring } = openPresets(t);
  t.match(await ask(bring(vendors.pomerium, { claims: { iss: `https://${ROUTE}/` } })), { kind: 'user' });
});

t.test('a Cloudflare service token is who the mapping says', async (t) => {
  const mapped = {
    ...ENTRIES['cloudflare-access'],
    claimMappings: { username: { claim: 'common_name', prefix: 'service:' } },
  };
  const { ask, vendors, bring } = openPresets(t, [mapped]);
  const claims = { email: undefined, common_name: 'e367826f93b8d71185e03fe518aff3b4.access', sub: '' };
  t.match(await ask(bring(vendors.cloudflare, { claims })), {
    kind: 'user',
    user: { username: 'service:e367826f93b8d71185e03fe518aff3b4.access', uid: '' },
  });
  t.match(await ask(bring(vendors.cloudflare)), { kind: 'rejected', code: 'TOKEN_CLAIMS' }, 'people are not');
});

t.test(
  'TEAM and the load balancer’s issuer may also be bearers’ issuers: the header chooses the entry',
  async (t) => {
    const bearer = {
      issuer: { url: TEAM, audiences: ['postern'] },
      claimMappings: { username: { claim: 'email', prefix: '' } },
    };
    const { ask, vendors, bring } = openPresets(t, [ENTRIES['cloudflare-access'], bearer]);
    t.match(await ask(bring(vendors.cloudflare)), { kind: 'user', source: 'header' });
  },
);
