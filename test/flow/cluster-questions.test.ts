// What the gate asks a cluster for itself, through a whole gate: TokenReviews that are not answered in time, floods of bad tokens from one
// address, and what is counted of the SubjectAccessReviews for `kubectl --as`.

import t from 'tap';
import { exchangeRaw, parseAnswers, refusalOf, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { REVIEWS_URL, type ReviewAnswer, reviewing } from '../fakes/reviews.ts';
import { type Handler, startUpstream } from '../fakes/upstream.ts';
import { openSpeeches } from './speeches.ts';

const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const GROUPS = ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'];
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token that only a cluster can judge; another one for each number. */
const tokenOf = (number: number, signature = 'c2ln') =>
  `${encode({ alg: 'RS256' })}.${encode({ iss: 'https://kubernetes.default.svc', jti: `${number}` })}.${signature}`;
const bearer = (token: string) => ['Authorization', `Bearer ${token}`];

/** Stands still while a flood is counted: what a second allows more is told in test/unit/authn/serviceaccounts.test.ts. */
let stopped: number | undefined;
/** How TokenReviews are answered now: not at all, or yes for tokens that are signed by `c2ln`. */
let answersTokens = true;
let judge: () => ReviewAnswer = () => true;
const access = reviewing(() => judge());
const handler: Handler = (request, response) => {
  if (request.url !== TOKEN_REVIEWS) return access.handler(request, response);
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (!answersTokens) return;
    const { spec } = JSON.parse(Buffer.concat(chunks).toString()) as { spec: { token: string } };
    const user = { username: 'system:serviceaccount:ci:runner', groups: GROUPS };
    const status = spec.token.endsWith('.c2ln') ? { authenticated: true, user } : { authenticated: false };
    response.writeHead(201, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ kind: 'TokenReview', status }));
  });
};
const upstream = await startUpstream({ handler });
const gate = await startTestGate({
  upstreams: [{ name: 'c', upstream }],
  authentication: { serviceAccounts: {} },
  listen: { trustedProxies: ['127.0.0.9/32'] },
  // Also for connecting, on a machine that does much else.
  reviewTimeoutMs: 1_000,
  now: () => stopped ?? Date.now(),
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const { callers } = openSpeeches(gate);

const forwarded = (since: number) =>
  upstream.received.slice(since).filter(({ url }) => url !== TOKEN_REVIEWS && url !== REVIEWS_URL);
const unavailable = () =>
  gate.metric('postern_authentication_total{source="authorization",outcome="unavailable"}');
const asText = (request: readonly string[]) => request.join('\r\n');

t.test('a TokenReview without an answer in time', async (t) => {
  answersTokens = false;
  t.teardown(() => {
    answersTokens = true;
  });
  let count = 0;
  for (const one of callers)
    await t.test(`is a 503 with advice over ${one.speech}, and nothing goes on`, async (t) => {
      const [before, counted] = [upstream.received.length, await unavailable()];
      const reply = await one.call({ path: '/api/v1/pods', headers: bearer(tokenOf(++count)) });
      const refusal = refusalOf(reply);
      t.match(refusal, {
        ...{ http: 503, kind: 'Status', code: 503, reason: 'ServiceUnavailable' },
        cause: 'AUTHENTICATION_UNAVAILABLE',
        message: /try again in a moment/,
      });
      t.same(valuesOf(reply.rawHeaders, 'www-authenticate'), [], 'a client would throw its token away');
      t.same(
        valuesOf(reply.rawHeaders, 'retry-after'),
        [],
        'a client would wait ten times as long, silently',
      );
      t.equal(upstream.received.length, before + 1, 'the question, once');
      t.same(forwarded(before), []);
      t.equal((await unavailable()) - counted, 1);
    });

  await t.test('is the same for an upgrade', async (t) => {
    const before = upstream.received.length;
    const bytes = await exchangeRaw(
      await gate.connect(),
      asText([
        'GET /api/v1/namespaces/n/pods/p/exec?command=id HTTP/1.1',
        ...['Host: x', `Authorization: Bearer ${tokenOf(++count)}`],
        ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Protocol: v5.channel.k8s.io',
        '\r\n',
      ]),
    );
    const [answer] = parseAnswers(bytes);
    t.match(answer, { status: 503, body: /AUTHENTICATION_UNAVAILABLE/ });
    t.same(forwarded(before), []);
  });

  await t.test('has its cause in the log, without the token', async (t) => {
    const line = await gate.logged(({ error }) => error === 'AUTHENTICATION_UNAVAILABLE');
    t.match(JSON.stringify(line['cause']), /no answer in time/);
    t.notMatch(gate.log.join(''), tokenOf(1));
  });

  await t.test('says nothing about the token: as soon as the cluster answers it is good', async (t) => {
    answersTokens = true;
    const [one] = callers;
    const reply = await one?.call({ path: '/api/v1/pods', headers: bearer(tokenOf(1)) });
    t.equal(reply?.status, 200);
  });
});

let serial = 1000;

/** One request from an address of this machine; what a proxy says counts from 127.0.0.9 only. */
async function from(localAddress: string, token: string, forwardedFor?: string): Promise<string> {
  const lines = [`Authorization: Bearer ${token}`, 'Connection: close'];
  if (forwardedFor !== undefined) lines.push(`X-Forwarded-For: ${forwardedFor}`);
  const socket = await gate.connect({ localAddress });
  const bytes = await exchangeRaw(socket, asText(['GET /api/v1/pods HTTP/1.1', 'Host: x', ...lines, '\r\n']));
  const [answer] = parseAnswers(bytes);
  const code = /"reason":"([A-Z_]+)"/.exec(answer?.body ?? '')?.[1] ?? '';
  return `${answer?.status}${code === '' ? '' : ` ${code}`}`;
}

for (const [name, address, others] of [
  ['an address', ['127.0.0.2'], ['127.0.0.3']],
  ['an address behind a trusted proxy', ['127.0.0.9', '192.0.2.1'], ['127.0.0.9', '192.0.2.2']],
] as const)
  t.test(`a flood of bad tokens from ${name} is that address's own`, async (t) => {
    const [peer, told] = address;
    stopped = Date.now();
    t.teardown(() => {
      stopped = undefined;
    });
    const answers: string[] = [];
    const before = upstream.received.length;
    for (let i = 0; i < 60; i++) answers.push(await from(peer, tokenOf(++serial, 'YmFk'), told));
    t.same(answers.slice(0, 50), new Array(50).fill('401 TOKEN_REFUSED_BY_CLUSTER'));
    t.same(answers.slice(50), new Array(10).fill('503 AUTHENTICATION_UNAVAILABLE'));
    t.equal(upstream.received.length - before, 50, 'the rest was asked of nobody');
    const [otherPeer, otherTold] = others;
    t.equal(await from(otherPeer, tokenOf(++serial), otherTold), '200', 'the first good token from another');
    t.equal(
      await from(peer, await gate.token(), told),
      '200',
      'a person at the same address notices nothing',
    );
  });

t.test('what `kubectl --as` asks of the cluster is counted, by its answer', async (t) => {
  const [one] = callers;
  const checks = (outcome: string) =>
    gate.metric(`postern_impersonation_checks_total{cluster="c",outcome="${outcome}"}`);
  const asked = (outcome: string) =>
    gate.metric(`postern_subject_access_review_duration_seconds_count{cluster="c",outcome="${outcome}"}`);
  const cases = [
    { outcome: 'allowed', answer: true, status: 200, reviews: 1 },
    // The plain right, and the two of constrained impersonation.
    { outcome: 'denied', answer: false, status: 403, reviews: 3 },
    { outcome: 'forbidden', answer: { status: 403, body: '{}' }, status: 502, reviews: 1 },
    { outcome: 'unavailable', answer: { status: 500, body: '{}' }, status: 503, reviews: 1 },
  ] as const;
  for (const { outcome, answer, status, reviews } of cases) {
    judge = () => answer;
    const headers = [...bearer(await gate.token()), 'Impersonate-User', `for-${outcome}`];
    const before = upstream.received.length;
    t.equal((await one?.call({ path: '/api/v1/pods', headers }))?.status, status, outcome);
    t.equal(forwarded(before).length, status === 200 ? 1 : 0, outcome);
    t.equal(await checks(outcome), 1, outcome);
    t.equal(await asked(outcome), reviews, outcome);
  }
  judge = () => true;
  const headers = [...bearer(await gate.token()), 'Impersonate-User', 'for-allowed'];
  for (let i = 0; i < 3; i++) await one?.call({ path: '/api/v1/pods', headers });
  t.equal(await checks('allowed'), 4);
  t.ok((await asked('allowed')) <= 2, 'what is remembered for a token is not asked again');
});
