// S9b: those who are asked about a token or a right fail: a cluster, an issuer or a claim's server that hangs, breaks off or answers rubbish. Nobody goes on
// then, and least of all as the gate's own account. What hangs, hangs together: it takes seconds.

import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { craftToken } from '../fakes/issuer.ts';
import { recordFacts } from '../reliability/facts.ts';
import { startGround } from './gate.ts';
import { startIssuers } from './issuers.ts';
import { type Judge, jsonAnswer, startReviewing } from './reviews.ts';
import { identityIn, openWays, requestWith, said } from './ways.ts';

const facts = recordFacts('attack-asked-failures');
const upstream = await startReviewing();
const { main, hanging, garbled, distributing } = await startIssuers(
  t,
  'main',
  'hanging',
  'garbled',
  'distributing',
);
hanging.setKeys(() => {});
garbled.setKeys('{"keys": [{"kty": ');

const ground = await startGround(t, {
  upstream,
  upstreams: [{ name: 'main', upstream }],
  issuer: main,
  config: {
    authentication: {
      serviceAccounts: {},
      jwt: [main, hanging, garbled, distributing].map((one) => jwtEntry(one)),
    },
  },
});
const [rest] = openWays(t, ground);
const send = (token: string, { lines = [] }: { lines?: string[] } = {}) =>
  rest.send(['X-M: failing', ...lines], { token });

const account = { username: 'system:serviceaccount:apps:ci', uid: 'u', groups: ['system:serviceaccounts'] };
const authenticated =
  (user: object, more: object = {}): Judge =>
  () => ({ authenticated: true, user, ...more });

/** What a cluster may answer to a TokenReview: [what, the answer, status, code] */
const REVIEWS: readonly (readonly [what: string, judge: Judge, status: number, cause: string])[] = [
  ['no', () => false, 401, 'TOKEN_REFUSED_BY_CLUSTER'],
  ['a text for true', () => ({ authenticated: 'true', user: account }), 401, 'TOKEN_REFUSED_BY_CLUSTER'],
  ['1 for true', () => ({ authenticated: 1, user: account }), 401, 'TOKEN_REFUSED_BY_CLUSTER'],
  ['a person', authenticated({ username: 'root@example.com' }), 401, 'TOKEN_REFUSED_BY_CLUSTER'],
  [
    'an administrator',
    authenticated({ username: 'system:admin', groups: ['system:masters'] }),
    401,
    'TOKEN_REFUSED_BY_CLUSTER',
  ],
  ['nobody', authenticated({ username: '' }), 401, 'TOKEN_REFUSED_BY_CLUSTER'],
  ['no user', () => ({ authenticated: true }), 401, 'TOKEN_REFUSED_BY_CLUSTER'],
  [
    'a line end',
    authenticated({ ...account, username: `${account.username}\r\nImpersonate-Group: x` }),
    401,
    'TOKEN_REFUSED_BY_CLUSTER',
  ],
  ['a node', authenticated({ username: 'system:node:n1' }), 401, 'TOKEN_REFUSED_BY_CLUSTER'],
  [
    'three parts more',
    authenticated({ username: 'system:serviceaccount:a:b:c' }),
    401,
    'TOKEN_REFUSED_BY_CLUSTER',
  ],
  ['401', () => jsonAnswer(401, { kind: 'Status' }), 502, 'UPSTREAM_CREDENTIALS'],
  ['403', () => jsonAnswer(403, { kind: 'Status' }), 502, 'TOKEN_REVIEW_GATE_RIGHTS'],
  ['404', () => jsonAnswer(404, { kind: 'Status' }), 503, 'AUTHENTICATION_UNAVAILABLE'],
  [
    '500 with a yes in it',
    () => jsonAnswer(500, { kind: 'TokenReview', status: { authenticated: true, user: account } }),
    503,
    'AUTHENTICATION_UNAVAILABLE',
  ],
  [
    '302',
    () => 'HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n',
    503,
    'AUTHENTICATION_UNAVAILABLE',
  ],
  [
    'another kind',
    () => jsonAnswer(201, { kind: 'Status', status: { authenticated: true, user: account } }),
    503,
    'AUTHENTICATION_UNAVAILABLE',
  ],
  [
    'half of the JSON',
    () => jsonAnswer(201, '{"kind":"TokenReview","status":{"authenticated":true'),
    503,
    'AUTHENTICATION_UNAVAILABLE',
  ],
  ['HTML', () => jsonAnswer(200, '<html>'), 503, 'AUTHENTICATION_UNAVAILABLE'],
  ['a list', () => jsonAnswer(200, []), 503, 'AUTHENTICATION_UNAVAILABLE'],
  ['no HTTP', () => 'SSH-2.0-OpenSSH\r\n\r\n', 503, 'AUTHENTICATION_UNAVAILABLE'],
  [
    'a 101',
    () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    503,
    'AUTHENTICATION_UNAVAILABLE',
  ],
];

const exp = Math.floor(Date.now() / 1000) + 300;
let serial = 0;
const accountToken = () =>
  craftToken({ alg: 'RS256' }, { iss: 'https://kubernetes.default.svc', exp, jti: String(serial++) }, 'c2ln');

for (const [what, judge, status, cause] of REVIEWS)
  await facts.attack('S9b', `the cluster answers a TokenReview with ${what}`, async (t) => {
    upstream.judge(judge);
    await onlyReviews(t, async () => t.match(said(await send(accountToken())), { status, cause }));
  });

await facts.attack(
  'S9b',
  'groups that a TokenReview adds are those of a service account, and no others',
  async (t) => {
    upstream.judge(
      authenticated({
        ...account,
        groups: ['system:masters', 'system:serviceaccounts', 'system:serviceaccounts:kube-system', 'admins'],
      }),
    );
    t.equal((await send(accountToken(), { lines: ['X-N: account-groups.'] })).status, 200);
    t.same(identityIn(requestWith(ground, 'account-groups.')).slice(1), [
      'impersonate-user: system:serviceaccount:apps:ci',
      'impersonate-group: system:serviceaccounts',
      'impersonate-uid: u',
    ]);
  },
);

for (const [what, judge] of [
  ['a text for yes', () => ({ allowed: 'true' })],
  ['yes and no', () => ({ allowed: true, denied: true })],
  ['500 with a yes in it', () => jsonAnswer(500, { kind: 'SubjectAccessReview', status: { allowed: true } })],
  ['another kind', () => jsonAnswer(201, { kind: 'TokenReview', status: { allowed: true } })],
  ['half of the JSON', () => jsonAnswer(201, '{"kind":"SubjectAccessReview","status":{"allowed":true')],
] as const satisfies readonly (readonly [string, Judge])[])
  await facts.attack('S9b', `the cluster answers a SubjectAccessReview with ${what}`, async (t) => {
    upstream.judge(judge);
    const lines = [`Impersonate-User: somebody-${serial++}`];
    await onlyReviews(t, async () => {
      const { status } = await send(ground.token, { lines });
      t.ok([403, 503].includes(status), String(status));
    });
  });

// What hangs: each of these is given up after five seconds, all at the same time.
const silent = createServer({ key: '', cert: '' }, () => {});
silent.listen(0, '127.0.0.1');
await once(silent, 'listening');
t.teardown(() => void silent.close());
distributing.setOther(() => {});
const endpoint = `${distributing.url}/claims`;
const dead = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/claims`;
const pointing = (endpointOf: string) =>
  distributing.sign({
    groups: undefined,
    _claim_names: { groups: 'src' },
    _claim_sources: { src: { endpoint: endpointOf, access_token: 'canary' } },
  });
const HANGING: readonly (readonly [
  what: string,
  ask: () => Promise<Parameters<typeof said>[0]>,
  cause: string,
])[] = [
  ['the cluster never answers a TokenReview', () => send(accountToken()), 'AUTHENTICATION_UNAVAILABLE'],
  [
    'the cluster never answers a SubjectAccessReview',
    () => send(ground.token, { lines: ['Impersonate-User: hanging'] }),
    'IMPERSONATION_UNCHECKED',
  ],
  ['the issuer never sends its keys', async () => send(await hanging.sign()), 'AUTHENTICATION_UNAVAILABLE'],
  ['the issuer sends half of its keys', async () => send(await garbled.sign()), 'AUTHENTICATION_UNAVAILABLE'],
  [
    'the server of distributed claims never answers',
    async () => send(await pointing(endpoint)),
    'AUTHENTICATION_UNAVAILABLE',
  ],
  [
    'the server of distributed claims speaks no TLS',
    async () => send(await pointing(dead)),
    'AUTHENTICATION_UNAVAILABLE',
  ],
];
upstream.judge(() => undefined);
const before = upstream.requests().length - upstream.reviews.length;
const answers = HANGING.map(([, ask]) => ask());
for (const [index, [what, , cause]] of HANGING.entries())
  await facts.attack('S9b', what, async (t) => {
    const reply = await answers[index];
    t.match(reply && said(reply), { status: 503, kind: 'Status', cause });
  });
await t.test('nothing of what hung has gone on', async (t) => {
  await Promise.all(answers);
  await ground.settle();
  t.equal(upstream.requests().length - upstream.reviews.length - before, 1, 'but what settles');
});

/** Nothing but reviews has gone to the upstream. */
async function onlyReviews(t: Test, act: () => Promise<unknown>): Promise<void> {
  const others = () => upstream.requests().length - upstream.reviews.length;
  const known = others();
  await act();
  await ground.settle();
  t.equal(others() - known, 1, 'reviews, and what settles');
}
