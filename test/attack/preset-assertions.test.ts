// S18b and its kin: assertions of the four access proxies that have a preset, at a gate whose way to the vendors' addresses leads to this test. Each refusal is
// asked for from a trusted proxy, and nothing but the vendors' own addresses is asked for keys.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import {
  type Changes,
  COGNITO,
  ENTRIES,
  makeVendorKeys,
  makeVendors,
  OTHER_ARN,
  type Vendor,
} from '../fakes/vendors.ts';
import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';
import { askRaw, requestWith } from './ways.ts';

const facts = recordFacts('attack-preset-assertions');
const NAMES = [
  'team.cloudflareaccess.com',
  'www.gstatic.com',
  'public-keys.auth.elb.eu-west-1.amazonaws.com',
  'k8s.example.com',
];
const vendors = makeVendors(Date.now);
const forgers = makeVendors(Date.now, makeVendorKeys());
const ca = await makeCA('vendors');
const { certPem, keyPem } = await ca.issue({ commonName: 'vendors', dnsNames: NAMES });
const places = createServer({ cert: certPem, key: keyPem }, ({ headers, url }, response) => {
  vendors.fetcher.get(`https://${headers.host}${url}`).then(
    (document) => response.end(typeof document === 'string' ? document : JSON.stringify(document)),
    () => response.writeHead(403).end(),
  );
});
places.listen(0, '127.0.0.1');
await once(places, 'listening');
const { port } = places.address() as AddressInfo;
const caFile = join(t.testdir({}), 'ca.crt');
writeFileSync(caFile, ca.certPem);
const ground = await startGround(t, {
  listen: { trustedProxies: ['127.0.0.2'] },
  nodeOptions: [`--import=${new URL('./elsewhere.ts', import.meta.url).href}`],
  env: {
    NODE_EXTRA_CA_CERTS: caFile,
    POSTERN_ELSEWHERE: JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, port]))),
  },
  ...(await withBearer()),
});
t.teardown(() => void places.close());

/** The four presets, and an issuer for the token that settles. */
async function withBearer() {
  const { jwtEntry } = await import('../fakes/gatefiles.ts');
  const { startIssuer } = await import('../fakes/issuer.ts');
  const issuer = await startIssuer();
  t.teardown(() => issuer.close());
  return { issuer, config: { authentication: { jwt: [jwtEntry(issuer), ...Object.values(ENTRIES)] } } };
}

const send = (header: string, token: string, more: readonly string[] = [], from = '127.0.0.2') =>
  askRaw(
    ground.gate,
    requestText('GET /api/v1/pods HTTP/1.1', ['Host: gate', `${header}: ${token}`, ...more]),
    { localAddress: from },
  );
type Name = 'cloudflare' | 'google' | 'amazon' | 'pomerium';

for (const name of ['cloudflare', 'google', 'amazon', 'pomerium'] as const)
  await facts.attack('S18b', `${name}: its own assertion is that person, and ends here`, async (t) => {
    const vendor: Vendor = vendors[name];
    const token = vendor.sign();
    t.equal((await send(vendor.header, token, [`X-M: preset-${name}.`])).status, 200);
    const request = requestWith(ground, `preset-${name}.`);
    t.same(valuesIn(request.lines, 'impersonate-user'), ['alice@example.com']);
    t.notOk(request.rawLines.some((line) => line.includes(token)));
  });

/** [vendor, what, the change] */
const CHANGED: readonly (readonly [Name, string, Changes])[] = [
  ['amazon', 'the ARN of another load balancer', { header: { signer: OTHER_ARN } }],
  ['amazon', 'no signer', { header: { signer: undefined } }],
  [
    'amazon',
    'the signer as a claim',
    {
      header: { signer: OTHER_ARN },
      claims: { aud: ENTRIES['aws-alb'].issuer.audiences[0], signer: ENTRIES['aws-alb'].issuer.audiences[0] },
    },
  ],
  ['amazon', 'a list of signers', { header: { signer: [ENTRIES['aws-alb'].issuer.audiences[0]] } }],
  ...[
    '../../evil',
    '..%2f..%2fevil',
    '@evil.example/',
    `${vendors.amazonKid}/../x`,
    `${vendors.amazonKid}?x`,
    `${vendors.amazonKid}#`,
    vendors.amazonKid.toUpperCase(),
    '',
    'x',
  ].map((kid): readonly [Name, string, Changes] => [
    'amazon',
    `the key id ${JSON.stringify(kid)}`,
    { header: { kid } },
  ]),
  ['amazon', 'a key that AWS does not have', { header: { kid: '00000000-0000-0000-0000-000000000000' } }],
  ['amazon', 'no end', { header: { exp: undefined }, claims: { exp: undefined } }],
  ['amazon', 'ended by its header', { header: { exp: 1 } }],
  ['amazon', 'ended by its payload', { claims: { exp: 1 } }],
  ['amazon', 'two issuers', { claims: { iss: 'https://evil.example' } }],
  [
    'amazon',
    'another identity provider',
    { header: { iss: 'https://evil.example' }, claims: { iss: undefined } },
  ],
  ['amazon', 'RS256', { header: { alg: 'RS256' } }],
  ['amazon', 'alg none', { header: { alg: 'none' } }],
  ['cloudflare', 'the session with the whole team', { claims: { type: 'org' } }],
  ['cloudflare', 'another team', { claims: { iss: 'https://evil.cloudflareaccess.com' } }],
  ['cloudflare', 'another application', { claims: { aud: ['0'.repeat(64)] } }],
  ['google', 'several audiences', { claims: { aud: [ENTRIES['google-iap'].issuer.audiences[0]] } }],
  ['google', 'Google’s sign-in', { claims: { iss: 'https://accounts.google.com' } }],
  ['google', 'longer than IAP makes them', { claims: { exp: 32_503_680_000 } }],
  ['pomerium', 'another route', { claims: { aud: 'grafana.example.com' } }],
  ['pomerium', 'several audiences', { claims: { aud: ['k8s.example.com'] } }],
];
for (const [name, what, changes] of CHANGED)
  await facts.attack('S18b', `${name}: ${what}`, async (t) => {
    const vendor: Vendor = vendors[name];
    const reply = await ground.reachesNobody(t, 'preset-refused', () =>
      send(vendor.header, vendor.sign(changes), ['X-M: preset-refused']),
    );
    t.ok([401, 403].includes(reply.status), `${reply.status}`);
  });

for (const from of ['cloudflare', 'google', 'amazon', 'pomerium'] as const) {
  await facts.attack('S18b', `${from}: signed by somebody else`, async (t) => {
    const token = forgers[from].sign({ header: from === 'amazon' ? { kid: vendors.amazonKid } : {} });
    const reply = await ground.reachesNobody(t, 'preset-refused', () =>
      send(vendors[from].header, token, ['X-M: preset-refused']),
    );
    t.equal(reply.status, 401);
  });
  await facts.attack('S27', `${from}: from somebody who is no proxy`, async (t) => {
    const reply = await ground.reachesNobody(t, 'preset-refused', () =>
      send(
        vendors[from].header,
        vendors[from].sign(),
        ['X-M: preset-refused', 'X-Forwarded-For: 127.0.0.2'],
        '127.0.0.1',
      ),
    );
    t.equal(reply.status, 401);
  });
  for (const into of ['cloudflare', 'google', 'amazon', 'pomerium'] as const)
    if (into !== from)
      await facts.attack('S18', `${from}'s assertion in ${into}'s header`, async (t) => {
        const reply = await ground.reachesNobody(t, 'preset-refused', () =>
          send(vendors[into].header, vendors[from].sign(), ['X-M: preset-refused']),
        );
        t.ok([400, 401, 403].includes(reply.status), `${reply.status}`);
      });
}

await t.test('keys were asked for at the vendors’ own addresses only', async (t) => {
  const own =
    /^https:\/\/(?:team\.cloudflareaccess\.com\/cdn-cgi\/access\/certs|www\.gstatic\.com\/iap\/verify\/public_key-jwk|public-keys\.auth\.elb\.eu-west-1\.amazonaws\.com\/[0-9a-f-]{36}|k8s\.example\.com\/\.well-known\/pomerium\/jwks\.json)$/;
  t.ok(vendors.asked.length >= 4);
  t.same(
    vendors.asked.filter((url) => !own.test(url)),
    [],
  );
  t.notOk(vendors.asked.some((url) => url.startsWith(COGNITO)));
});
