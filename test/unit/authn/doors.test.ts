// Who judges a bearer token when the cluster's service accounts are let in, too: the entry of its issuer if there is one, else the cluster that
// the request is for; never both.

import t, { type Test } from 'tap';
import { createAuthenticator } from '../../../src/authn/authenticator.ts';
import type { ReviewingCluster } from '../../../src/authn/door.ts';
import { REVIEW_AGE_MS } from '../../../src/authn/serviceaccounts.ts';
import { jwtEntry } from '../../fakes/authn.ts';
import { startIssuer } from '../../fakes/issuer.ts';
import { makeTime } from '../../fakes/time.ts';

const issuer = await startIssuer();
t.teardown(() => issuer.close());
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const accountToken = `${encode({ alg: 'RS256' })}.${encode({ iss: 'https://kubernetes.default.svc' })}.c2ln`;

/** A cluster that takes every token for one account of the namespace, or none. */
function clusterOf(name: string, namespace: string | undefined) {
  const asked: string[] = [];
  const cluster: ReviewingCluster = {
    name,
    async review(body) {
      asked.push((JSON.parse(body) as { spec: { token: string } }).spec.token);
      const user = { username: `system:serviceaccount:${namespace}:a`, groups: [] };
      const status = namespace === undefined ? { authenticated: false } : { authenticated: true, user };
      return { status: 201, body: JSON.stringify({ kind: 'TokenReview', status }) };
    },
  };
  return { cluster, asked };
}

function scene(t: Test) {
  const time = makeTime(Date.now());
  const entries = [jwtEntry(issuer), jwtEntry(issuer, { sourceHeader: 'x-assertion' })];
  const authenticator = createAuthenticator({ jwt: entries, serviceAccounts: { audiences: [] } }, time);
  t.teardown(() => authenticator.close());
  const ask = (rawHeaders: string[], cluster: ReviewingCluster | undefined) =>
    authenticator.authenticate({ rawHeaders, isWebSocket: false, peerTrusted: true, cluster });
  const bearer = (token: string, cluster: ReviewingCluster | undefined) =>
    ask(['Authorization', `Bearer ${token}`], cluster);
  return { time, ask, bearer };
}

t.test('a token whose issuer has an entry is never shown to the cluster, good or bad', async (t) => {
  const { bearer } = scene(t);
  const { cluster, asked } = clusterOf('prod', 'ci');
  t.match(await bearer(await issuer.sign({ email: 'alice@example.com', sub: 'a' }), cluster), {
    kind: 'user',
    user: { username: 'alice@example.com' },
  });
  const good = await issuer.sign({ email: 'alice@example.com', sub: 'b' });
  const forged = `${good.slice(0, good.lastIndexOf('.'))}.c2ln`;
  t.match(await bearer(forged, cluster), { kind: 'rejected', code: 'TOKEN_SIGNATURE' });
  t.match(await bearer(await issuer.sign({ aud: 'another' }), cluster), {
    kind: 'rejected',
    code: 'TOKEN_AUDIENCE',
  });
  t.same(asked, []);
});

t.test('an assertion of a proxy in front is never shown to the cluster', async (t) => {
  const { ask } = scene(t);
  const { cluster, asked } = clusterOf('prod', 'ci');
  t.match(await ask(['X-Assertion', accountToken], cluster), {
    kind: 'rejected',
    code: 'TOKEN_UNKNOWN_ISSUER',
  });
  t.same(asked, []);
});

t.test('what is no JWT is refused without asking', async (t) => {
  const { bearer } = scene(t);
  const { cluster, asked } = clusterOf('prod', 'ci');
  for (const token of ['opaque', 'a.b', 'a.b.c', `${accountToken}.x`])
    t.match(await bearer(token, cluster), { kind: 'rejected', code: 'TOKEN_MALFORMED' });
  t.same(asked, []);
});

t.test('each cluster is asked itself, once in ten seconds, and its answer counts there only', async (t) => {
  const { time, bearer } = scene(t);
  const own = clusterOf('own', 'ci');
  const other = clusterOf('other', undefined);
  const user = { kind: 'user', user: { username: 'system:serviceaccount:ci:a' } };
  t.match(await Promise.all([bearer(accountToken, own.cluster), bearer(accountToken, own.cluster)]), [
    user,
    user,
  ]);
  const refusal = { kind: 'rejected', code: 'TOKEN_REFUSED_BY_CLUSTER' };
  t.match(await bearer(accountToken, other.cluster), refusal);
  const known = bearer(accountToken, own.cluster);
  t.notOk(known instanceof Promise, 'a known token is answered at once');
  t.match(known, user);
  t.match(bearer(accountToken, other.cluster), refusal, 'a known bad one, too');
  t.equal(own.asked.length, 1);
  t.equal(other.asked.length, 1);
  time.advance(REVIEW_AGE_MS);
  t.match(await bearer(accountToken, own.cluster), user);
  t.equal(own.asked.length, 2);
});

t.test('where no cluster was chosen, as at the token webhook, it is refused', async (t) => {
  const { bearer } = scene(t);
  t.match(await bearer(accountToken, undefined), { kind: 'rejected', code: 'TOKEN_UNKNOWN_ISSUER' });
});
