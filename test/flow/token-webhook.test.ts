// Postern as the API server's token webhook, over real mutual TLS: who may ask, what is answered, what is never told. protocol.md §4.6;
// apiserver plugin/pkg/authenticator/token/webhook; aws-iam-authenticator pkg/server/server_test.go for what a server has to refuse.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import t from 'tap';
import { type CertificatePair, makeCA } from '../../src/certificates.ts';
import { readAll } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';
const API_SERVER = 'https://kubernetes.default.svc';

const clientCA = await makeCA('webhook clients');
const servingCA = await makeCA('webhook CA');
const apiServer = await clientCA.issue({ commonName: 'kube-apiserver', client: true });
const neighbour = await clientCA.issue({ commonName: 'somebody-else', client: true });
const stranger = await (await makeCA('another CA')).issue({ commonName: 'kube-apiserver', client: true });
const upstream = await startUpstream();
const serving = await servingCA.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });

/** The test gate writes its own files; the webhook's are given as absolute paths. */
const dir = t.testdir({});
const file = (name: string, content: string) => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};
const webhook = {
  address: '127.0.0.1:0',
  tls: { certFile: file('webhook.crt', serving.certPem), keyFile: file('webhook.key', serving.keyPem) },
  clientCAFile: file('clients.crt', clientCA.certPem),
  clientNames: ['kube-apiserver'],
  audiences: [API_SERVER],
};
const gate = await startTestGate({
  upstreams: [{ name: 'one', upstream }],
  config: { tokenWebhook: webhook },
});
const { port } = new URL(gate.gate.webhookUrl);
const token = await gate.token();
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown> & { status?: unknown };
  readonly text: string;
}

async function ask(
  body: string | Buffer,
  more: RequestOptions & { pair?: CertificatePair } = {},
): Promise<Answer> {
  const { pair = apiServer, ...options } = more;
  const request = httpsRequest({
    ...{ host: '127.0.0.1', port, path: PATH, method: 'POST', ca: servingCA.certPem, agent: false },
    ...{ cert: pair.certPem, key: pair.keyPem, headers: { 'Content-Type': 'application/json' } },
    ...options,
  });
  request.on('error', () => {});
  request.end(body);
  const [response] = await once(request, 'response');
  const { body: bytes } = await readAll(response);
  const text = bytes.toString();
  return { status: response.statusCode, text, json: JSON.parse(text) };
}

function review(spec: object, version = 'v1'): string {
  return JSON.stringify({ apiVersion: `authentication.k8s.io/${version}`, kind: 'TokenReview', spec });
}

t.test('a good token is its user, for the audiences that were asked for', async (t) => {
  const { status, json, text } = await ask(review({ token, audiences: [API_SERVER] }));
  t.equal(status, 201);
  t.same(json, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec: {},
    status: {
      authenticated: true,
      user: { username: 'alice@example.com', uid: 'alice-id', groups: ['engineers'] },
      audiences: [API_SERVER],
    },
  });
  t.notMatch(text, token);
});

t.test('v1beta1 too, at its own path and at the timeout that client-go adds', async (t) => {
  const path = '/apis/authentication.k8s.io/v1beta1/tokenreviews?timeout=30s';
  t.match(await ask(review({ token }, 'v1beta1'), { path }), {
    status: 201,
    json: { apiVersion: 'authentication.k8s.io/v1beta1', status: { authenticated: true } },
  });
});

// [asked, answered]: the token names the audience postern itself, the configuration the API server's.
const audiences: readonly (readonly [asked: readonly string[], answered: readonly string[] | undefined])[] = [
  [[API_SERVER], [API_SERVER]],
  [['postern'], ['postern']],
  [['vault', API_SERVER], [API_SERVER]],
  [['vault'], undefined],
];
for (const [asked, answered] of audiences) {
  t.test(`asked for ${asked}: ${answered ?? 'not authenticated'}`, async (t) => {
    const { json } = await ask(review({ token, audiences: asked }));
    if (answered !== undefined) t.match(json, { status: { authenticated: true, audiences: answered } });
    else
      t.match(json, { status: { authenticated: false, error: /tokenWebhook\.audiences.*--api-audiences/ } });
  });
}

t.test('a bad token is not authenticated, with a reason for the API server’s log', async (t) => {
  const rows: readonly (readonly [name: string, token: string, error: RegExp])[] = [
    ['expired', await gate.issuer.sign({}, { expiresIn: -60 }), /has expired/],
    ['another audience', await gate.token({ aud: 'other' }), /another audience/],
    ['another issuer', await gate.token({ iss: 'https://elsewhere.example' }), /issuer that is not accepted/],
    ['no JWT', 'opaque', /not a signed JWT/],
    ['two words', 'a b', /cannot be read/],
    ['a line end', 'a\r\nImpersonate-User: b', /cannot be read/],
    ['a system group', await gate.token({ groups: ['system:masters'] }), /begins with "system:"/],
    ['empty', '', /no credential/],
  ];
  for (const [name, bad, error] of rows) {
    const { status, json } = await ask(review({ token: bad, audiences: [API_SERVER] }));
    t.equal(status, 201, name);
    t.match(json.status, { authenticated: false, error }, name);
    t.notOk(Object.hasOwn(json.status as object, 'user'), name);
  }
});

t.test('whoever is not the API server is told nothing', async (t) => {
  const before = await gate.metric('postern_token_reviews_total{outcome="authenticated"}');
  const withoutCertificate = new Agent({ ca: servingCA.certPem });
  await t.rejects(get({ agent: withoutCertificate }), 'no client certificate');
  await t.rejects(
    get({ cert: stranger.certPem, key: stranger.keyPem }),
    'a certificate of another authority',
  );
  t.match(await ask(review({ token }), { pair: neighbour }), { status: 403, json: { reason: 'Forbidden' } });
  t.equal(await gate.metric('postern_token_reviews_total{outcome="authenticated"}'), before);
});

function get(options: RequestOptions): Promise<unknown> {
  const request = httpsRequest({
    host: '127.0.0.1',
    port,
    path: PATH,
    ca: servingCA.certPem,
    agent: false,
    ...options,
  });
  request.end();
  return once(request, 'response');
}

t.test('what is no review is refused with a Status', async (t) => {
  const huge = review({ token: 'x'.repeat(400 * 1024) });
  const rows: readonly (readonly [
    name: string,
    body: string,
    options: RequestOptions,
    status: number,
    reason: string,
  ])[] = [
    ['GET', '', { method: 'GET' }, 405, 'MethodNotAllowed'],
    [
      'another path',
      review({ token }),
      { path: '/apis/authentication.k8s.io/v1/selfsubjectreviews' },
      404,
      'NotFound',
    ],
    ['the API of a cluster', '', { path: '/api/v1/secrets', method: 'GET' }, 404, 'NotFound'],
    ['no body', '', {}, 400, 'BadRequest'],
    ['no JSON', '{', {}, 400, 'BadRequest'],
    ['another kind', '{"kind":"Pod"}', {}, 400, 'BadRequest'],
    ['another version than the path’s', review({ token }, 'v1beta1'), {}, 400, 'BadRequest'],
    ['more than a token can be', huge, {}, 413, 'RequestEntityTooLarge'],
  ];
  for (const [name, body, options, status, reason] of rows)
    t.match(await ask(body, options), { status, json: { kind: 'Status', code: status, reason } }, name);
});

// DefaultShouldRetry: a Timeout is tried again for some seconds, and never cached.
t.test('an issuer that is down is no refusal', async (t) => {
  const fresh = await startTestGate({
    upstreams: [{ name: 'one', upstream }],
    config: { tokenWebhook: webhook },
    jwt: { issuer: { url: 'https://127.0.0.1:1', audiences: ['postern'] } },
  });
  t.teardown(() => fresh.stop());
  const orphan = await gate.token({ iss: 'https://127.0.0.1:1' });
  const where = { port: new URL(fresh.gate.webhookUrl).port };
  const answer = await ask(review({ token: orphan }), where);
  t.match(answer, { status: 504, json: { kind: 'Status', reason: 'Timeout' } });
});

t.test('the token is in no log line, and each review is one', async (t) => {
  await ask(review({ token }));
  const line = await gate.logged(({ msg, outcome }) => msg === 'token review' && outcome === 'authenticated');
  t.match(line, { user: 'alice@example.com', client: 'kube-apiserver' });
  t.notMatch(gate.log.join(''), token.split('.')[2]);
  t.ok((await gate.metric('postern_token_reviews_total{outcome="authenticated"}')) > 0);
  t.ok((await gate.metric('postern_token_reviews_total{outcome="unauthenticated"}')) > 0);
});

t.test('certificates and authorities are taken up while it runs, and old connections end', async (t) => {
  const before = tlsConnect({
    ...{ host: '127.0.0.1', port: Number(port), ca: servingCA.certPem },
    ...{ cert: apiServer.certPem, key: apiServer.keyPem },
  });
  await once(before, 'secureConnect');
  before.resume();
  const ended = once(before, 'close');
  const nextCA = await makeCA('next clients');
  const renewed = await nextCA.issue({ commonName: 'kube-apiserver', client: true });
  writeFileSync(webhook.clientCAFile, nextCA.certPem);
  t.equal(gate.gate.reload(), true);
  await ended;
  await t.rejects(get({ cert: apiServer.certPem, key: apiServer.keyPem }), 'of the authority that was');
  t.match(await ask(review({ token }), { pair: renewed }), { status: 201 });
  writeFileSync(webhook.clientCAFile, 'no certificate');
  t.equal(gate.gate.reload(), false, 'a broken file changes nothing');
  t.match(await ask(review({ token }), { pair: renewed }), { status: 201 });
  writeFileSync(webhook.clientCAFile, clientCA.certPem);
  t.equal(gate.gate.reload(), true);
});

t.test('a review that is under way when the gate drains is answered', async (t) => {
  const own = await startTestGate({
    upstreams: [{ name: 'one', upstream }],
    config: { tokenWebhook: webhook },
  });
  const { port: ownPort } = new URL(own.gate.webhookUrl);
  const body = review({ token: await own.token() });
  const request = httpsRequest({
    ...{ host: '127.0.0.1', port: ownPort, path: PATH, method: 'POST', ca: servingCA.certPem },
    ...{ cert: apiServer.certPem, key: apiServer.keyPem, agent: new Agent({ keepAlive: true }) },
    headers: { 'Content-Length': Buffer.byteLength(body), Expect: '100-continue' },
  });
  request.flushHeaders();
  await once(request, 'continue');
  const stopped = own.stop();
  request.end(body);
  const [response] = await once(request, 'response');
  t.equal(response.statusCode, 201);
  t.equal(response.headers.connection, 'close');
  await readAll(response);
  await stopped;
});
