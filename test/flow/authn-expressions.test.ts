// An entry with expressions at a whole gate: what the API server is told, what a refused caller is told, and that nothing of a refused request
// goes on.
import t from 'tap';
import { caller, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

const upstream = await startUpstream();
const gate = await startTestGate({
  upstreams: [{ name: 'one', upstream }],
  jwt: {
    claimValidationRules: [
      { expression: "'otp' in claims.amr", message: 'log in with a second factor <b>&\u2028' },
      { expression: 'claims.exp - claims.iat <= 86400' },
    ],
    claimMappings: {
      username: { expression: "'corp:' + claims.sub" },
      groups: { expression: "dyn(claims.groups).map(g, 'corp:' + g)" },
      uid: { expression: 'claims.oid' },
      extra: [
        { key: 'example.org/tenant', valueExpression: 'claims.tenant' },
        { key: 'example.org/empty', valueExpression: "''" },
      ],
    },
    userValidationRules: [
      { expression: "!user.groups.exists(g, g == 'corp:contractors')", message: 'not here' },
    ],
  },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const claims = {
  sub: 'alice',
  oid: 'o-1',
  amr: ['pwd', 'otp'],
  tenant: ['red', 'blue'],
  jti: 'j-1',
  groups: ['b', 'a', 'b'],
};

for (const speech of SPEECHES) {
  t.test(`the API server is told what the expressions make (${speech})`, async (t) => {
    const one = caller(gate, speech);
    t.teardown(() => one.close());
    const headers = ['Authorization', `Bearer ${await gate.token(claims)}`];
    t.equal((await one.call({ path: '/api/v1/pods', headers })).status, 200);
    const lines = upstream.received.at(-1)?.rawHeaders ?? [];
    t.same(valuesOf(lines, 'impersonate-user'), ['corp:alice']);
    t.same(valuesOf(lines, 'impersonate-uid'), ['o-1']);
    t.same(valuesOf(lines, 'impersonate-group'), ['corp:b', 'corp:a', 'corp:b']);
    t.same(valuesOf(lines, 'impersonate-extra-example.org%2ftenant'), ['red', 'blue']);
    t.same(valuesOf(lines, 'impersonate-extra-example.org%2fempty'), []);
    t.same(valuesOf(lines, 'impersonate-extra-authentication.kubernetes.io%2fcredential-id'), ['JTI=j-1']);
  });

  t.test(`a refusal says what its rule says, and the log says which rule (${speech})`, async (t) => {
    const one = caller(gate, speech);
    t.teardown(() => one.close());
    const before = upstream.received.length;
    const cases = [
      [
        { amr: ['pwd'] },
        'TOKEN_RULE',
        /refuses it: log in with a second factor &lt;b&gt;&amp;\. /,
        /'otp' in claims\.amr/,
      ],
      [
        { exp: 4e9 },
        'TOKEN_RULE',
        /refuses it: the rule gives no reason\. /,
        /claims\.exp - claims\.iat <= 86400/,
      ],
      [
        { groups: ['contractors'] },
        'TOKEN_RULE',
        /refuses it: not here\. /,
        /userValidationRules expression/,
      ],
      [{ amr: undefined }, 'TOKEN_CLAIMS', /does not give an identity/, /failed: no such key: amr/],
      [{ oid: 7 }, 'TOKEN_CLAIMS', /does not give an identity/, /uid\.expression does not give a string/],
      [
        { sub: 'a\nb' },
        'TOKEN_CLAIMS',
        /does not give an identity/,
        /the username holds a control character/,
      ],
    ] as const;
    for (const [index, [more, code, text, detail]] of cases.entries()) {
      const path = `/api/v1/refused-${speech}-${index}`;
      const headers = ['Authorization', `Bearer ${await gate.token({ ...claims, ...more })}`];
      const refusal = refusalOf(await one.call({ path, headers }));
      t.match(refusal, { http: 403, code: 403, reason: 'Forbidden', cause: code, message: text }, path);
      t.notMatch(refusal.message, /claims\.|expression/, 'the expression stays here');
      const line = await gate.logged(({ target }) => String(target).startsWith(path));
      t.match(JSON.stringify(line), detail, path);
    }
    t.equal(upstream.received.length, before, 'nothing reached the API server');
  });
}
