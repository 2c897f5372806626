// S14: a token does not say where its key is. Ids that are paths, queries and programs, and headers that bring a key along or point to one: each is signed by
// the attacker's own key, none is let in, and what stands at the places that they name is never asked.

import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { claimsOf, inputOf, makeEc, makeRsa, publish, sealed } from './tokens.ts';
import { openWays, said } from './ways.ts';

const facts = recordFacts('attack-key-ids');
const issuer = await startIssuer();
const stranger = await startIssuer();
const ground = await startGround(t, { issuer });
const own = makeRsa('mine');
const ownEc = makeEc('mine');
publish(stranger, own.jwk);

let dialled = 0;
const plainTrap = createServer((socket: Socket) => {
  dialled++;
  socket.destroy();
});
const ca = await makeCA('trap');
const pair = await ca.issue({ commonName: 'trap', ipAddresses: ['127.0.0.1'] });
const tlsTrap = createTlsServer({ cert: pair.certPem, key: pair.keyPem }, (_request, response) =>
  response.end(JSON.stringify({ keys: [own.jwk] })),
);
tlsTrap.on('connection', () => dialled++);
for (const trap of [plainTrap, tlsTrap]) {
  trap.listen(0, '127.0.0.1');
  await once(trap, 'listening');
}
t.teardown(async () => {
  plainTrap.close();
  tlsTrap.close();
  await Promise.all([issuer.close(), stranger.close()]);
});
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
const http = `http://127.0.0.1:${portOf(plainTrap)}/keys`;
const https = `https://127.0.0.1:${portOf(tlsTrap)}/keys`;
const certificate = Buffer.from(pair.certPem.replace(/-----[^-]+-----|\s/g, ''), 'base64').toString('base64');

type Row = readonly [what: string, header: Readonly<Record<string, unknown>>];

/** [what, header members] */
const HEADERS: readonly Row[] = [
  ...[
    '../../etc/passwd',
    '/etc/passwd',
    'file:///etc/passwd',
    "' OR 1=1 --",
    "' UNION SELECT 'key' --",
    '$(touch /tmp/x)',
    '|id',
    '\0',
    'k\r\nX-Evil: 1',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    ' ',
    '*',
    '.*',
    '%2e%2e%2f',
    '\u202e\u2028',
    http,
    https,
    `${https}#mine`,
    'mine',
    'k'.repeat(512),
    'k'.repeat(513),
    'k'.repeat(100_000),
  ].map((kid): Row => [`kid ${encodeURI(kid).slice(0, 40)} (${kid.length})`, { kid }]),
  ...[['mine'], [], {}, { toString: 'x' }, 0, 1, true, null].map(
    (kid): Row => [`kid ${JSON.stringify(kid)}`, { kid }],
  ),
  ['no kid', { kid: undefined }],
  ['jwk', { jwk: own.jwk }],
  ['jwk without an id', { jwk: own.jwk, kid: undefined }],
  ['jwk that is private', { jwk: own.privateKey.export({ format: 'jwk' }) }],
  ['jwk that is a shared secret', { jwk: { kty: 'oct', k: 'AAAA' } }],
  ...[http, https].flatMap((url): Row[] => [
    [`jku ${url.split(':')[0]}`, { jku: url }],
    [`x5u ${url.split(':')[0]}`, { x5u: url }],
    [`jku and kid ${url.split(':')[0]}`, { jku: url, kid: 'mine' }],
    [`iss in the header ${url.split(':')[0]}`, { iss: url, jku: url }],
    [`jku at a list ${url.split(':')[0]}`, { jku: [url] }],
    [`url ${url.split(':')[0]}`, { url, jwks_uri: url, keys_url: url }],
  ]),
  ['jku that begins with the issuer', { jku: `${issuer.url}@127.0.0.1:${portOf(tlsTrap)}/keys` }],
  ['jku at the issuer, at another path', { jku: `${issuer.url}/evil.json` }],
  ['x5c', { x5c: [certificate] }],
  ['x5c and its prints', { x5c: [certificate], x5t: 'AAAA', 'x5t#S256': 'AAAA' }],
  ['all of them', { jku: https, x5u: https, jwk: own.jwk, x5c: [certificate], kid: https }],
];

const ways = openWays(t, ground).filter(({ name }) =>
  ['HTTP/1.1', 'WebSocket, token as subprotocol'].includes(name),
);
for (const way of ways)
  for (const [what, header] of HEADERS)
    for (const [alg, keys] of way === ways[0]
      ? ([
          ['RS256', own],
          ['ES256', ownEc],
        ] as const)
      : ([['RS256', own]] as const))
      await facts.attack('S14', `${what}, ${alg} (${way.name})`, async (t) => {
        const token = sealed(inputOf({ alg, kid: 'mine', ...header }, claimsOf(issuer)), keys);
        const reply = await ground.reachesNobody(t, 'kid-refused', () =>
          way.send(['X-M: kid-refused'], { token }),
        );
        t.match(said(reply), {
          status: 401,
          kind: 'Status',
          code: 401,
          cause: /^TOKEN_(SIGNATURE|MALFORMED)$/,
        });
      });

// The claims name places as well.
for (const [what, claims] of [
  ["an issuer of the attacker's own, who would vouch", { iss: stranger.url }],
  ['an issuer over http', { iss: http }],
  ['the issuer with another path', { iss: `${issuer.url}/../` }],
  ['the issuer with a slash more', { iss: `${issuer.url}/` }],
  ['the issuer in capitals', { iss: issuer.url.toUpperCase() }],
  ['the issuer with a user', { iss: issuer.url.replace('https://', 'https://u@') }],
  ['the issuer with a query', { iss: `${issuer.url}?x` }],
  ['the issuer with its port twice', { iss: `${issuer.url}:443` }],
  ['a list of issuers', { iss: [issuer.url] }],
  ['no issuer', { iss: undefined }],
  [
    'claims that are elsewhere',
    { _claim_names: { groups: 's', email: 's' }, _claim_sources: { s: { endpoint: https } } },
  ],
  ['jku as a claim', { jku: https, jwks_uri: https }],
] as const)
  await facts.attack('S14', what, async (t) => {
    const token = sealed(inputOf({ alg: 'RS256', kid: 'mine' }, { ...claimsOf(issuer), ...claims }), own);
    const [way] = ways;
    const reply = await ground.reachesNobody(t, 'kid-refused', () =>
      way === undefined ? Promise.reject(new Error('no way')) : way.send(['X-M: kid-refused'], { token }),
    );
    t.match(said(reply), { status: 401, kind: 'Status', cause: /^TOKEN_(SIGNATURE|UNKNOWN_ISSUER)$/ });
  });

await t.test(
  'nobody was asked: not the traps, not another issuer, no other page of the own one',
  async (t) => {
    t.equal(dialled, 0);
    t.same(stranger.hits, { discovery: 0, jwks: 0, other: 0 });
    t.equal(issuer.hits.other, 0);
    await once(connect(portOf(plainTrap), '127.0.0.1'), 'close');
    t.equal(dialled, 1, 'the trap counts who comes');
  },
);

await t.test('such headers beside a good signature are not read', async (t) => {
  const token = await issuer.sign(
    {},
    { header: { jku: https, x5u: http, jwk: own.jwk, x5c: [certificate] } },
  );
  t.equal((await ways[0]?.send([], { token }))?.status, 200);
  t.equal(dialled, 1);
});
