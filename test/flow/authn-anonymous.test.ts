// Callers without a credential on the paths that authentication.anonymous names, as apiserver's anonymous authenticator
// (pkg/authentication/request/anonymous): a path is compared whole, and a bad credential never becomes nobody in particular.
import t from 'tap';
import { caller, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { startUpstream } from '../fakes/upstream.ts';

const upstream = await startUpstream();
const issuer = await startIssuer();
const conditions = ['/livez', '/readyz', '/.well-known/openid-configuration'].map((path) => ({ path }));
const gate = await startTestGate({
  issuer,
  upstreams: [{ name: 'a', upstream, match: { pathPrefix: '/clusters/a' } }],
  config: { authentication: { jwt: [jwtEntry(issuer)], anonymous: { enabled: true, conditions } } },
});
const closed = await startTestGate({ issuer, upstreams: [{ name: 'a', upstream }] });
t.teardown(async () => {
  for (const one of [gate, closed]) await one.stop();
  await issuer.close();
  await upstream.close();
});

for (const speech of SPEECHES) {
  t.test(`on a named path (${speech})`, async (t) => {
    const one = caller(gate, speech);
    t.teardown(() => one.close());
    for (const path of [
      '/livez',
      '/livez?verbose',
      '/readyz',
      '/.well-known/openid-configuration',
      '/%6civez',
    ]) {
      const before = upstream.received.length;
      const answer = await one.call({ path: `/clusters/a${path}` });
      t.equal(answer.status, 200, path);
      const lines = upstream.received[before]?.rawHeaders ?? [];
      t.same(valuesOf(lines, 'impersonate-user'), ['system:anonymous'], path);
      t.same(valuesOf(lines, 'impersonate-group'), ['system:unauthenticated'], path);
      t.same(valuesOf(lines, 'authorization'), ['Bearer gate-own-token'], path);
    }
  });

  t.test(`nowhere else, and not with a bad credential (${speech})`, async (t) => {
    const one = caller(gate, speech);
    const other = caller(closed, speech);
    t.teardown(() => {
      one.close();
      other.close();
    });
    const before = upstream.received.length;
    const nobody: string[] = [];
    const bad = ['Authorization', 'Bearer nonsense'];
    const cases: readonly (readonly [string, string[], string])[] = [
      ['/clusters/a/livez/', nobody, 'CREDENTIALS_MISSING'],
      ['/clusters/a/livez/ping', nobody, 'CREDENTIALS_MISSING'],
      ['/clusters/a/Livez', nobody, 'CREDENTIALS_MISSING'],
      ['/clusters/a/api/v1/pods', nobody, 'CREDENTIALS_MISSING'],
      ['/clusters/a/api/v1/pods?x=/livez', nobody, 'CREDENTIALS_MISSING'],
      ['/clusters/a/', nobody, 'CREDENTIALS_MISSING'],
      ['/clusters/a/livez/../api/v1/secrets', nobody, 'PATH_MALFORMED'],
      ['/clusters/a/livez', bad, 'TOKEN_MALFORMED'],
      ['/clusters/a/livez', ['Authorization', 'Basic YTpi'], 'CREDENTIALS_MALFORMED'],
      ['/clusters/a/livez', ['Impersonate-User', 'admin'], 'CREDENTIALS_MISSING'],
    ];
    for (const [path, headers, code] of cases)
      t.equal(refusalOf(await one.call({ path, headers })).cause, code, `${path} ${headers.join(' ')}`);
    t.equal(
      refusalOf(await other.call({ path: '/livez' })).cause,
      'CREDENTIALS_MISSING',
      'without the key nobody enters',
    );
    t.equal(upstream.received.length, before, 'nothing reached the API server');
  });
}
