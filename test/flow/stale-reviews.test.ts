// The gate's own reviews on a kept connection that the API server closes at that moment: they carry nothing out, so they are asked again, once, on a
// new connection (RFC 9110 §9.2.2); who gets no answer then is refused.

import t from 'tap';
import { caller, refusalOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { TOKEN_REVIEWS } from '../fakes/reviewer.ts';
import { REVIEWS_URL, reviewing } from '../fakes/reviews.ts';
import { startUpstream } from '../fakes/upstream.ts';

/** So many reviews end with their connection, before they are answered. */
let closes = 0;
const access = reviewing(() => true);
const accounts = { username: 'system:serviceaccount:ci:runner', groups: ['system:serviceaccounts'] };
const upstream = await startUpstream({
  handler(request, response) {
    const isReview = request.url === TOKEN_REVIEWS || request.url === REVIEWS_URL;
    if (isReview && closes > 0) {
      closes--;
      request.socket.destroy();
    } else if (request.url === TOKEN_REVIEWS) {
      request.resume().on('end', () => {
        response.writeHead(201, { 'Content-Type': 'application/json' });
        response.end(
          JSON.stringify({ kind: 'TokenReview', status: { authenticated: true, user: accounts } }),
        );
      });
    } else access.handler(request, response);
  },
});
const gate = await startTestGate({
  upstreams: [{ name: 'c', upstream }],
  authentication: { serviceAccounts: {} },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
let serial = 0;
/** A token that only the cluster can judge; another one each time, so that no verdict is remembered. */
const accountToken = () =>
  `${encode({ alg: 'RS256' })}.${encode({ iss: 'https://kubernetes.default.svc', jti: `${++serial}` })}.c2ln`;

const REVIEWED = [
  {
    what: 'a TokenReview',
    url: TOKEN_REVIEWS,
    headers: async () => ['Authorization', `Bearer ${accountToken()}`],
    refusal: 'AUTHENTICATION_UNAVAILABLE',
  },
  {
    what: 'a SubjectAccessReview',
    url: REVIEWS_URL,
    headers: async () => [
      ...['Authorization', `Bearer ${await gate.token()}`],
      ...['Impersonate-User', `kept-${++serial}`],
    ],
    refusal: 'IMPERSONATION_UNCHECKED',
  },
];

for (const { what, url, headers, refusal } of REVIEWED)
  t.test(`${what} on a kept connection that the API server has just closed`, async (t) => {
    const one = caller(gate, 'h2');
    t.teardown(() => one.close());
    const reviews = () => upstream.received.filter((received) => received.url === url);
    const ask = async () => one.call({ path: '/api/v1/pods', headers: await headers() });
    t.equal((await ask()).status, 200, 'leaves a connection');

    await t.test('is asked again, once, on a new one', async (t) => {
      const [before, accepted] = [reviews().length, upstream.accepted()];
      closes = 1;
      t.equal((await ask()).status, 200);
      const [first, second, ...more] = reviews().slice(before);
      t.same(second?.rawHeaders, first?.rawHeaders);
      t.same(more, []);
      t.equal(upstream.accepted() - accepted, 1);
    });

    await t.test('is a refusal when that one ends, too, and nothing goes on', async (t) => {
      const [before, since] = [reviews().length, upstream.received.length];
      closes = 2;
      t.match(refusalOf(await ask()), { http: 503, cause: refusal });
      t.equal(reviews().length - before, 2);
      t.equal(upstream.received.length - since, 2, 'nothing but the reviews');
    });
  });
