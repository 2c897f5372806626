// Groups that a token only points to: OpenID Connect Core §5.6.2, as apiserver's claimResolver resolves them
// (plugin/pkg/authenticator/token/oidc/oidc_test.go "groups-distributed…"), and where Postern is stricter.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { jwtEntry, openAuthenticator } from '../fakes/authn.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';

interface Scene {
  /** Issues the tokens. */
  readonly login: Issuer;
  /** Has the groups: another issuer, under the same certificate authority. */
  readonly directory: Issuer;
  readonly gate: ReturnType<typeof openAuthenticator>;
  /** A token that points to `endpoint`, by default the directory's. */
  readonly point: (source?: object, claims?: object) => Promise<string>;
  /** What came to the directory's endpoint. */
  readonly asked: IncomingMessage['headers'][];
  /** Lets the endpoint answer with a JWT of the directory. */
  readonly answer: (claims: Readonly<Record<string, unknown>>, signer?: Issuer) => Promise<void>;
}

async function stage(t: Test, prefix = ''): Promise<Scene> {
  const ca = await makeCA('both');
  const start = async () => {
    const pair = await ca.issue({ commonName: 'issuer', ipAddresses: ['127.0.0.1'] });
    const issuer = await startIssuer({ tls: { ...pair, caPem: ca.certPem } });
    t.teardown(() => issuer.close());
    return issuer;
  };
  const [login, directory] = [await start(), await start()];
  const entry = jwtEntry(login);
  const groups = { claim: 'groups', prefix, expression: '' };
  const gate = openAuthenticator(t, { ...entry, claimMappings: { ...entry.claimMappings, groups } });
  const asked: IncomingMessage['headers'][] = [];
  return {
    login,
    directory,
    gate,
    asked,
    point: (
      source = { endpoint: `${directory.url}/groups`, access_token: 'directory-access' },
      claims = {},
    ) =>
      login.sign({
        groups: undefined,
        _claim_names: { groups: 'src1' },
        _claim_sources: { src1: source },
        ...claims,
      }),
    async answer(claims, signer = directory) {
      const jwt = await signer.sign({ groups: undefined, email: undefined, ...claims });
      directory.setOther((request, response) => {
        asked.push(request.headers);
        response.end(`${jwt}\n`);
      });
    },
  };
}

t.test(
  'the groups are fetched with the access token, verified, and remembered with the verdict',
  async (t) => {
    const { gate, point, answer, asked, directory } = await stage(t, 'dir:');
    await answer({ groups: ['b', 'a', 'b'] });
    const token = await point();
    const outcome = await gate.bearer(token);
    t.match(outcome, {
      kind: 'user',
      user: { groups: ['dir:b', 'dir:a', 'dir:b'], username: 'jane@example.com' },
    });
    t.match(outcome, { evidence: { claims: { groups: ['b', 'a', 'b'] } } }, 'rules see them too');
    t.equal(asked.length, 1);
    t.equal(asked[0]?.authorization, 'Bearer directory-access');
    t.equal(gate.bearer(token), outcome, 'at once the second time');
    t.equal(asked.length, 1);
    t.same(directory.hits, { discovery: 1, jwks: 1, other: 1 });
  },
);

t.test('a string is one group, and without access token none is sent', async (t) => {
  const { gate, point, answer, asked, directory } = await stage(t);
  await answer({ groups: 'team1' });
  t.match(await gate.bearer(await point({ endpoint: `${directory.url}/groups` })), {
    user: { groups: ['team1'] },
  });
  t.notOk('authorization' in (asked[0] ?? {}));
});

t.test("the entry's own issuer may sign them: its keys are not fetched again", async (t) => {
  const { gate, point, answer, login } = await stage(t);
  await answer({ groups: ['own'] }, login);
  t.match(await gate.bearer(await point()), { user: { groups: ['own'] } });
  t.same(login.hits, { discovery: 1, jwks: 1, other: 0 });
});

t.test('a claim in the token itself wins, and nothing is fetched', async (t) => {
  const { gate, point, directory } = await stage(t);
  t.match(await gate.bearer(await point(undefined, { groups: ['here'] })), { user: { groups: ['here'] } });
  t.same(directory.hits, { discovery: 0, jwks: 0, other: 0 });
});

t.test('an aggregated claim counts as none, as at the API server', async (t) => {
  const { gate, point, directory } = await stage(t);
  const jwt = await directory.sign({ groups: ['aggregated'] });
  t.match(await gate.bearer(await point({ JWT: jwt })), { kind: 'user', user: { groups: [] } });
});

t.test('what does not verify is refused', async (t) => {
  const { gate, point, answer, directory, login } = await stage(t);
  const claims = { kind: 'rejected', code: 'TOKEN_CLAIMS' };
  await answer({ aud: 'somebody-else', groups: ['a'] });
  t.match(await gate.bearer(await point()), { ...claims, detail: /distributed claim: audience/ });
  await answer({ exp: 1, groups: ['a'] });
  t.match(await gate.bearer(await point()), { ...claims, detail: /distributed claim: expired/ });
  await answer({ other: ['a'] });
  t.match(await gate.bearer(await point()), { ...claims, detail: /does not have the claim/ });
  await answer({ iss: login.url, groups: ['a'] });
  t.match(await gate.bearer(await point()), { ...claims, detail: /signed with none of its issuer's keys/ });
  await answer({ iss: 'http://plain.example', groups: ['a'] });
  t.match(await gate.bearer(await point()), { ...claims, detail: /JWT of an https issuer/ });
  for (const answered of ['', 'not a JWT', '{"groups":["a"]}', 'a.b.c']) {
    directory.setOther(answered);
    t.match(await gate.bearer(await point()), { ...claims, detail: /did not answer with a JWT/ }, answered);
  }
  const endpoint = `http://127.0.0.1:${directory.port}/groups`;
  t.match(await gate.bearer(await point({ endpoint })), { ...claims, detail: /not an https URL/ });
  t.match(await gate.bearer(await point(undefined, { _claim_sources: undefined })), {
    ...claims,
    detail: /_claim_names names a source that _claim_sources does not have/,
  });
});

t.test('an unsigned answer, and one signed with a shared secret, never count', async (t) => {
  const { gate, point, directory } = await stage(t);
  const claims = { iss: directory.url, aud: 'postern', exp: 4e9, groups: ['system:masters'] };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const alg of ['none', 'HS256']) {
    directory.setOther(`${part({ alg })}.${part(claims)}.${alg === 'none' ? '' : 'c2ln'}`);
    t.match(await gate.bearer(await point()), { code: 'TOKEN_CLAIMS', detail: /alg is/ }, alg);
  }
  t.equal(directory.hits.jwks, 0, 'not even keys are fetched');
});

t.test('an endpoint that refuses is a refusal; one that is down is not', async (t) => {
  const { gate, point, answer, directory } = await stage(t);
  for (const [status, expected] of [
    [401, { kind: 'rejected', code: 'TOKEN_CLAIMS', detail: /answered 401/ }],
    [404, { kind: 'rejected', code: 'TOKEN_CLAIMS', detail: /answered 404/ }],
    [302, { kind: 'unavailable' }],
    [429, { kind: 'unavailable' }],
    [500, { kind: 'unavailable' }],
  ] as const) {
    directory.setOther((_request, response) => {
      response.writeHead(status, { location: `${directory.url}/elsewhere` }).end();
    });
    const hits = directory.hits.other;
    t.match(await gate.bearer(await point()), expected, String(status));
    t.equal(directory.hits.other, hits + 1, 'redirects are not followed');
  }
  directory.setDown(true);
  const token = await point();
  t.match(await gate.bearer(token), { kind: 'unavailable' });
  directory.setDown(false);
  await answer({ groups: ['back'] });
  t.match(await gate.bearer(token), { user: { groups: ['back'] } }, 'nothing bad was remembered');
});

t.test('the answer is bounded in size and in time', async (t) => {
  const { gate, point, directory } = await stage(t);
  directory.setOther('x'.repeat(600_000));
  t.match(await gate.bearer(await point()), { kind: 'unavailable', cause: /larger than/ });
  const { promise, resolve } = Promise.withResolvers<void>();
  directory.setOther((request, response) => {
    response.write('x');
    void once(request, 'close').catch(() => {});
    resolve();
  });
  const outcome = gate.bearer(await point());
  await promise;
  gate.time.advance(5000);
  t.match(await outcome, { kind: 'unavailable', cause: /no complete answer in 5000 ms/ });
});

t.test('an issuer of claims that has no keys is asked again with the next token', async (t) => {
  const { gate, point, answer, directory } = await stage(t);
  await answer({ groups: ['a'] });
  directory.setKeys('nonsense');
  t.match(await gate.bearer(await point()), { kind: 'unavailable' });
  directory.setKeys(undefined);
  t.match(await gate.bearer(await point()), { user: { groups: ['a'] } });
});

t.test('the verdict ends with what was fetched: its exp, or its key', async (t) => {
  const { gate, point, answer, asked, directory } = await stage(t);
  const now = Math.floor(gate.time.clock.now() / 1000);
  const token = await point();
  await answer({ exp: now + 30, groups: ['short'] });
  t.match(await gate.bearer(token), { user: { groups: ['short'] } });
  gate.time.advance(31_000);
  await answer({ exp: now + 200, groups: ['renewed'] });
  t.match(await gate.bearer(token), { user: { groups: ['renewed'] } });
  t.equal(asked.length, 2);
  await directory.rotate();
  await answer({ exp: now + 200, groups: ['rotated'] });
  t.match(
    await gate.bearer(await point(undefined, { jti: 'another' })),
    { user: { groups: ['rotated'] } },
    'the new key is fetched at once',
  );
  t.match(
    await gate.bearer(token),
    { user: { groups: ['rotated'] } },
    'what the old key had signed is forgotten',
  );
});

t.test("a hundred issuers that answers name don't pile up", async (t) => {
  const { gate, point, answer, directory } = await stage(t);
  for (let i = 0; i < 20; i += 1) {
    await answer({ iss: `${directory.url}/${i}`, groups: ['a'] });
    await gate.bearer(await point());
  }
  t.ok(gate.time.waiting().length <= 10, `${gate.time.waiting().length} key sources wait to refresh`);
  await answer({ groups: ['a'] });
  t.match(await gate.bearer(await point()), { user: { groups: ['a'] } });
});

t.test("Entra's overage points to Graph, which is not asked", async (t) => {
  const { gate, point } = await stage(t);
  const endpoint = 'https://graph.microsoft.com/v1.0/users/1/getMemberObjects';
  t.match(await gate.bearer(await point({ endpoint })), { kind: 'rejected', code: 'TOKEN_GROUPS_OVERAGE' });
});
