// S18: which entry may judge a token. A token of one issuer, audience or cluster is worth nothing at another entry.

import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { bearer, CF, CLAIMS, IAP, OWN_PROXY, PROXY, STRANGER, startSources } from './sourceground.ts';
import { askRaw, bearerProtocol, EXEC_PATH, webSocketLines } from './ways.ts';

const facts = recordFacts('attack-audiences');
const { ground, upstream, idp, google, cf, iap, refuses } = await startSources();
const now = Math.floor(Date.now() / 1000);

await refuses(facts, 'S18', [
  ['a Cloudflare token in the IAP header', [`${IAP}: ${cf}`], PROXY],
  ['an IAP token in the Cloudflare header', [`${CF}: ${iap}`], PROXY],
  ['an IAP token as bearer', [bearer(iap)], PROXY],
  ['a Cloudflare token as bearer', [bearer(cf)], STRANGER],
  ["an entry's own header with another's token", [`X-Own-Assertion: ${cf}`], OWN_PROXY],
  ['a bearer token in an assertion header', [`${CF}: ${ground.token}`], PROXY],
  [
    'the audience of the same issuer’s other entry, as bearer',
    [bearer(await idp.sign({ ...CLAIMS, aud: 'proxied' }))],
    STRANGER,
  ],
  [
    'both audiences, obtained by another client',
    [bearer(await idp.sign({ ...CLAIMS, aud: ['postern', 'x'], azp: 'x' }))],
    STRANGER,
  ],
  [
    'an audience that is ours but for its case',
    [bearer(await idp.sign({ ...CLAIMS, aud: 'Postern' }))],
    STRANGER,
  ],
  ['an audience with ours in it', [bearer(await idp.sign({ ...CLAIMS, aud: 'postern-staging' }))], STRANGER],
  ['an audience with a comma', [bearer(await idp.sign({ ...CLAIMS, aud: 'other,postern' }))], STRANGER],
  ['an audience with blanks', [bearer(await idp.sign({ ...CLAIMS, aud: 'other postern' }))], STRANGER],
  ['an audience in a list in a list', [bearer(await idp.sign({ ...CLAIMS, aud: [['postern']] }))], STRANGER],
  [
    'an audience that is an object',
    [bearer(await idp.sign({ ...CLAIMS, aud: { postern: true } }))],
    STRANGER,
  ],
  ['audiences with a number', [bearer(await idp.sign({ ...CLAIMS, aud: ['postern', 7] }))], STRANGER],
  ['no audience', [bearer(await idp.sign({ ...CLAIMS, aud: undefined }))], STRANGER],
  [
    'no audience, but ours as azp',
    [bearer(await idp.sign({ ...CLAIMS, aud: undefined, azp: 'postern', client_id: 'postern' }))],
    STRANGER,
  ],
  ['an empty list', [bearer(await idp.sign({ ...CLAIMS, aud: [] }))], STRANGER],
  ['null', [bearer(await idp.sign({ ...CLAIMS, aud: null }))], STRANGER],
  ['another client of the same issuer', [bearer(await idp.sign({ ...CLAIMS, aud: 'grafana' }))], STRANGER],
  [
    'an access token',
    [
      bearer(
        await idp.sign({ ...CLAIMS, aud: 'api://graph', scp: 'User.Read' }, { header: { typ: 'at+jwt' } }),
      ),
    ],
    STRANGER,
  ],
  [
    "one issuer's signature in another's name",
    [bearer(await google.sign({ ...CLAIMS, iss: idp.url }))],
    STRANGER,
  ],
  [
    'the API server’s own audience',
    [bearer(await idp.sign({ ...CLAIMS, aud: 'https://kubernetes.default.svc' }))],
    STRANGER,
  ],
  [
    'a logout token',
    [bearer(await idp.sign({ ...CLAIMS, events: {} }, { header: { typ: 'logout+jwt' } }))],
    STRANGER,
  ],
]);

await facts.attack('S18', 'a token of a cluster at another cluster is judged by that one', async (t) => {
  upstream.judge(() => false);
  const token = [{ alg: 'RS256' }, { iss: 'https://kubernetes.default.svc', exp: now + 300 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  for (const path of ['/api/v1/pods', '/other/api/v1/pods']) {
    const before = upstream.reviews.length;
    const reply = await askRaw(
      ground.gate,
      requestText(`GET ${path} HTTP/1.1`, ['Host: gate', bearer(`${token}.c2ln`)]),
    );
    t.equal(reply.status, 401);
    t.equal(upstream.reviews.length, before + 1, 'each was asked for itself');
  }
});

await facts.attack('S18', 'an assertion as a bearer subprotocol', async (t) => {
  const lines = [
    'Host: gate',
    'Connection: Upgrade',
    ...webSocketLines(`v5.channel.k8s.io, ${bearerProtocol(cf)}`),
  ];
  const reply = await ground.reachesNobody(t, 'source-refused', () =>
    askRaw(ground.gate, requestText(`GET ${EXEC_PATH}&x=source-refused HTTP/1.1`, lines), PROXY),
  );
  t.equal(reply.status, 401);
});
