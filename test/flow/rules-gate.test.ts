import t, { type Test } from 'tap';
import { type Caller, caller, refusalOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { askUpgrade, eventually, openSession, startEcho, upgradeHead } from '../fakes/sessions.ts';
import { openSpeeches } from './speeches.ts';

// Rules at the gate, over every transport: a denial is the API server's own 403 with the rule's name and the next step, nothing of the
// request reaches the API server, and the pair of attempts that kubectl makes counts as one.

const POD = '/api/v1/namespaces/prod-shop/pods/web-1';
const RULES = [
  {
    name: 'admins',
    userGroups: ['admins'],
    decision: 'Allow',
  },
  {
    name: 'no-copies',
    commands: [{ prefix: ['tar'] }],
    decision: 'Deny',
    message: 'Use the object store: https://wiki.example/x?a=1&b=2',
  },
  {
    name: 'prod-needs-mfa',
    namespaces: ['prod-*'],
    classes: ['interactive'],
    decision: 'Require',
    require: { claims: [{ claim: 'amr', anyOf: ['mfa'] }], reason: true },
    message: 'Questions: #platform',
  },
  {
    name: 'no-secrets',
    resources: [{ resources: ['secrets'] }],
    decision: 'Deny',
    message: 'Ask the vault.',
  },
  { name: 'team-web', namespaces: ['web'], when: "claims.team == 'web'", decision: 'Allow' },
  { name: 'no-metrics', nonResourceURLs: ['/metrics'], decision: 'Deny', message: 'Ask Prometheus.' },
];

const upstream = await startEcho();
const gate = await startTestGate({
  upstreams: [{ name: 'prod', upstream, match: { pathPrefix: '/clusters/prod' } }],
  config: { authorization: { rules: RULES } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const { callers } = openSpeeches(gate);
const tokens = {
  plain: await gate.token(),
  mfa: await gate.token({ amr: ['pwd', 'mfa'] }),
  admin: await gate.token({ groups: ['admins'] }),
  web: await gate.token({ team: 'web' }),
};

/** Whatever a test does within, the API server hears nothing. */
async function unheard(t: Test, act: () => Promise<void>): Promise<void> {
  const before = { requests: upstream.received.length, tunnels: upstream.tunnels.length };
  await act();
  t.same({ requests: upstream.received.length, tunnels: upstream.tunnels.length }, before, 'nothing arrived');
}

function send(one: Caller, token: string, path: string, method = 'GET') {
  return one.call({ method, path: `/clusters/prod${path}`, headers: ['Authorization', `Bearer ${token}`] });
}

for (const one of callers) {
  t.test(`a denied request is 403 in the API server's words (${one.speech})`, async (t) => {
    await unheard(t, async () => {
      const reply = await send(one, tokens.plain, '/api/v1/namespaces/web/secrets/s');
      t.match(refusalOf(reply), {
        http: 403,
        kind: 'Status',
        code: 403,
        reason: 'Forbidden',
        cause: 'RULE_DENIED',
        message:
          'secrets "s" is forbidden: User "alice@example.com" cannot get resource "secrets" in API group "" in the namespace "web": the rule "no-secrets" of this gate denies it. Ask the vault.',
      });
      const { details } = JSON.parse(reply.body.toString());
      t.match(details, { name: 's', kind: 'secrets' });
      const path = await send(one, tokens.plain, '/metrics');
      t.equal(
        refusalOf(path).message,
        'forbidden: User "alice@example.com" cannot get path "/metrics": the rule "no-metrics" of this gate denies it. Ask Prometheus.',
      );
    });
  });

  t.test(`what the rules allow goes on, and discovery always does (${one.speech})`, async (t) => {
    for (const [token, path] of [
      [tokens.plain, '/api/v1/namespaces/shop/pods'],
      [tokens.admin, '/api/v1/namespaces/web/secrets/s'],
      [tokens.web, '/api/v1/namespaces/web/pods'],
      [tokens.plain, '/api'],
      [tokens.plain, '/apis/apps/v1'],
      [tokens.plain, '/openapi/v2'],
    ] as const) {
      t.equal((await send(one, token, path)).status, 200, path);
      t.equal(upstream.received.at(-1)?.url, path);
    }
  });

  t.test(`an expression that fails denies with a code of its own (${one.speech})`, async (t) => {
    await unheard(t, async () => {
      const reply = await send(one, tokens.plain, '/api/v1/namespaces/web/pods');
      t.match(refusalOf(reply), { http: 403, reason: 'Forbidden', cause: 'RULE_FAILED' });
      t.match(refusalOf(reply).message, /the rule "team-web" of this gate could not be evaluated/);
      t.notMatch(refusalOf(reply).message, /claims/, 'the expression is for the log');
    });
    const line = await gate.logged(({ error }) => error === 'RULE_FAILED');
    t.match(line, { rule: 'team-web', detail: /^claims\.team == 'web': / });
  });

  t.test(
    `interactive by plain HTTP is judged too: ephemeral containers, proxies (${one.speech})`,
    async (t) => {
      await unheard(t, async () => {
        for (const [method, path] of [
          ['PATCH', `${POD}/ephemeralcontainers`],
          ['GET', `${POD}/proxy/run`],
          ['POST', '/api/v1/proxy/namespaces/prod-shop/pods/web-1/run'],
          ['GET', '/api/v1/namespaces/prod-shop/services/https:s:443/proxy/'],
          ['GET', `${POD}/exec?command=sh`],
          ['POST', `${POD}/exec?command=sh`],
        ] as const)
          t.match(
            refusalOf(await send(one, tokens.plain, path, method)),
            { http: 403, cause: 'RULE_REQUIRES' },
            path,
          );
      });
    },
  );

  t.test(
    `a reason is taken off the path, and what it gives goes on without it (${one.speech})`,
    async (t) => {
      const reply = await send(one, tokens.mfa, `/reason/INC-42${POD}/proxy/x?y=1`);
      t.equal(reply.status, 200);
      t.equal(upstream.received.at(-1)?.url, `${POD}/proxy/x?y=1`);
      const line = await gate.logged(({ reason }) => reason === 'INC-42');
      t.match(line, { rule: 'prod-needs-mfa', reason: 'INC-42', status: 200 });
      await unheard(t, async () => {
        t.match(refusalOf(await send(one, tokens.mfa, `${POD}/proxy/x`)), { cause: 'RULE_REQUIRES' });
        t.match(refusalOf(await send(one, tokens.mfa, `/reason/%0A${POD}/proxy/x`)), {
          http: 400,
          cause: 'REASON_MALFORMED',
        });
        t.match(refusalOf(await send(one, tokens.mfa, `/reason/a/reason/b${POD}`)), {
          http: 400,
          cause: 'REASON_MALFORMED',
        });
      });
    },
  );
}

t.test('upgrades: what is missing is told, all of it, with what to do', async (t) => {
  for (const protocol of ['websocket', 'spdy'] as const)
    await unheard(t, async () => {
      const answer = await askUpgrade(
        gate,
        upgradeHead(protocol, `/clusters/prod${POD}/exec?command=sh`, [
          `Authorization: Bearer ${tokens.plain}`,
        ]),
      );
      t.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/);
      const { message, details } = JSON.parse(answer.split('\r\n\r\n')[1] ?? '');
      t.equal(
        message,
        'pods "web-1" is forbidden: User "alice@example.com" cannot create resource "pods/exec" in API group "" in the namespace "prod-shop": ' +
          'the rule "prod-needs-mfa" of this gate requires that the claim "amr" of your token holds "mfa": sign in again in the way that ' +
          'gives it, usually with a second factor; and a reason: repeat the command with --server URL/reason/TEXT, where URL is the server ' +
          'in your kubeconfig. Questions: #platform',
      );
      t.match(details, { name: 'web-1', kind: 'pods', causes: [{ reason: 'RULE_REQUIRES' }] });
    });
});

t.test("upgrades: a command is denied, and the configuration's words come as they are written", async (t) => {
  const head = (protocol: 'websocket' | 'spdy') =>
    upgradeHead(protocol, `/clusters/prod${POD}/exec?command=tar&command=cf&command=-`, [
      `Authorization: Bearer ${tokens.mfa}`,
    ]);
  await unheard(t, async () => {
    const answer = await askUpgrade(gate, head('websocket'));
    const { message } = JSON.parse(answer.split('\r\n\r\n')[1] ?? '');
    t.match(
      message,
      /the rule "no-copies" of this gate denies it\. Use the object store: https:\/\/wiki\.example\/x\?a=1&b=2$/,
    );
  });
});

t.test('upgrades: with everything that is required, the session opens', async (t) => {
  for (const protocol of ['websocket', 'spdy'] as const) {
    const path = `/clusters/prod/reason/INC-7${POD}/exec?command=sh`;
    const session = await openSession(gate, { protocol, path, token: tokens.mfa });
    await session.say('hello');
    t.equal(upstream.received.at(-1)?.url, `${POD}/exec?command=sh`);
    session.socket.end();
    await session.reader.ended;
  }
  await eventually(() => gate.gate.sessions.open.size === 0);
});

t.test('decisions are counted by rule, and the pair of attempts once', async (t) => {
  const count = (rule: string, decision: string) =>
    gate.metric(`postern_rule_decisions_total{cluster="prod",rule="${rule}",decision="${decision}"}`);
  const before = await count('no-copies', 'denied');
  const line = `Authorization: Bearer ${tokens.plain}`;
  const path = `/clusters/prod${POD}/exec?command=tar&command=x`;
  const session = 'Kubectl-Session: 6f3b7b1e-0000-4000-8000-000000000001';
  await askUpgrade(gate, upgradeHead('websocket', path, [line, session]));
  await askUpgrade(gate, upgradeHead('spdy', path, [line, session]));
  t.equal((await count('no-copies', 'denied')) - before, 1, 'WebSocket, then SPDY');
  await askUpgrade(gate, upgradeHead('websocket', path, [line, session]));
  t.equal((await count('no-copies', 'denied')) - before, 2, 'again');
  t.ok((await count('prod-needs-mfa', 'lacking')) > 0);
  t.ok((await count('prod-needs-mfa', 'allowed')) > 0);
  t.ok((await count('team-web', 'failed')) > 0);
  t.ok((await count('', 'allowed')) > 0, 'no rule, and discovery');
});

t.test('S21: no other door leads to a shell, over either upgrade', async (t) => {
  const echo = await startEcho();
  const strict = await startTestGate({
    upstreams: [{ name: 'prod', upstream: echo }],
    config: {
      authorization: {
        rules: [{ name: 'no-shells', classes: ['interactive'], decision: 'Deny', message: 'None.' }],
      },
    },
  });
  t.teardown(async () => {
    await strict.stop();
    await echo.close();
  });
  const line = `Authorization: Bearer ${await strict.token()}`;
  for (const path of [
    '/api/v1/namespaces/web/pods/p/exec?command=sh',
    '/api/v1/namespaces/web/pods/p/attach',
    '/api/v1/namespaces/web/pods/p/portforward',
    '/api/v1/namespaces/web/pods/p:8080/proxy/',
    '/api/v1/nodes/n1/proxy/exec/web/p/c?command=sh',
    '/api/v1/nodes/n1:10250/proxy/attach/web/p/c',
    '/api/v1/nodes/https:n1:10250/proxy/portForward/web/p',
    '/api/v1/namespaces/web/services/https:s:443/proxy/ws',
    '/api/v1/proxy/nodes/n1/exec/web/p/c?command=sh',
    '/api/v1/proxy/namespaces/web/services/s:80/ws',
  ])
    for (const protocol of ['websocket', 'spdy'] as const) {
      const answer = await askUpgrade(strict, upgradeHead(protocol, path, [line]));
      t.match(
        answer,
        /^HTTP\/1\.1 403 .*the rule \\"no-shells\\" of this gate denies it\. None\./s,
        `${protocol} ${path}`,
      );
    }
  t.same([echo.received.length, echo.accepted()], [0, 0], 'the API server was not even connected to');
});

t.test('default: Deny, and rules taken away by a reload', async (t) => {
  const echo = await startEcho();
  const strict = await startTestGate({
    upstreams: [{ name: 'prod', upstream: echo }],
    config: {
      authorization: {
        default: 'Deny',
        rules: [{ name: 'pods', resources: [{ resources: ['pods'] }], decision: 'Allow' }],
      },
    },
  });
  const one = caller(strict, 'h2');
  t.teardown(async () => {
    one.close();
    await strict.stop();
    await echo.close();
  });
  const headers = ['Authorization', `Bearer ${await strict.token()}`];
  t.equal((await one.call({ path: '/api/v1/pods', headers })).status, 200);
  t.equal((await one.call({ path: '/apis', headers })).status, 200);
  const seen = echo.received.length;
  const refused = refusalOf(await one.call({ path: '/api/v1/services', headers }));
  t.match(refused, { http: 403, cause: 'RULE_DEFAULT' });
  t.match(refused.message, /no rule of this gate allows it\. Ask the administrator/);
  strict.writeConfig({ ...strict.config, authorization: { default: 'Deny' } });
  t.ok(strict.gate.reload());
  t.match(refusalOf(await one.call({ path: '/api/v1/pods', headers })), { http: 403, cause: 'RULE_DEFAULT' });
  t.equal(echo.received.length, seen, 'nothing arrived');
  strict.writeConfig({
    ...strict.config,
    authorization: { rules: [{ name: 'x', when: 'nonsense(', decision: 'Allow' }] },
  });
  t.notOk(strict.gate.reload(), 'a rule that does not compile is no configuration');
  t.match(refusalOf(await one.call({ path: '/api/v1/pods', headers })), { cause: 'RULE_DEFAULT' });
});
