import t from 'tap';
import { openConnection } from '../fakes/gate.ts';
import { recordFacts } from '../reliability/facts.ts';
import { refusalIn } from './answers.ts';
import { attempt, requestText } from './caller.ts';
import { forwarded, marker } from './cases.ts';
import { startDecoy } from './decoy.ts';
import { startGround } from './gate.ts';
import { startAttackUpstream } from './upstream.ts';

// S20: the cluster that is asked is the one that was chosen by the value that is forwarded, and nothing else of the request has a say. S21 and S22: the
// other doors to a shell are one class, closed by one rule in whatever spelling; and a node, pod or service that is named there is a name for the API
// server, never an address for the gate.

const facts = recordFacts('attack-doors');
const other = await startAttackUpstream();
const main = await startAttackUpstream();
const ground = await startGround(t, {
  upstream: main,
  upstreams: [
    { name: 'main', upstream: main },
    { name: 'other', upstream: other, match: { hosts: ['other.example'] } },
    { name: 'deep', upstream: other, match: { pathPrefix: '/clusters/deep' } },
  ],
  config: {
    authorization: {
      rules: [
        {
          name: 'no-shells',
          users: ['carol@example.com'],
          classes: ['interactive'],
          decision: 'Deny',
          message: 'Ask the team.',
        },
      ],
    },
  },
});
t.teardown(() => other.close());
const { gate, auth } = ground;
const carol = `Authorization: Bearer ${await gate.token({ sub: 'carol-id', email: 'carol@example.com' })}`;

const get = (target: string, host: string, ...lines: readonly string[]) =>
  requestText(`GET ${target} HTTP/1.1`, [`Host: ${host}`, 'Connection: close', ...lines]);

// S20: [Host, target, the cluster that it goes to and the target there]
const choices: readonly (readonly [
  host: string,
  target: string,
  cluster: 'main' | 'other',
  forwarded: string,
])[] = [
  ['other.example', '/api/v1/pods', 'other', '/api/v1/pods'],
  ['OTHER.Example', '/api/v1/pods', 'other', '/api/v1/pods'],
  ['other.example:6443', '/api/v1/pods', 'other', '/api/v1/pods'],
  ['other.example.', '/api/v1/pods', 'other', '/api/v1/pods'],
  ['other.example.:6443', '/api/v1/pods', 'other', '/api/v1/pods'],
  ['x', '/api/v1/pods', 'main', '/api/v1/pods'],
  ['other.example.evil', '/api/v1/pods', 'main', '/api/v1/pods'],
  ['xother.example', '/api/v1/pods', 'main', '/api/v1/pods'],
  ['other.example:6443@x', '/api/v1/pods', 'other', '/api/v1/pods'],
  ['x', '/api/v1/pods?host=other.example', 'main', '/api/v1/pods?host=other.example'],
  ['x', '/clusters/deep/api/v1/pods', 'other', '/api/v1/pods'],
  ['x', '/clusters/deep', 'other', '/'],
  ['x', '/clusters/deep?x', 'other', '/?x'],
  ['x', '/clusters/deeper/api/v1/pods', 'main', '/clusters/deeper/api/v1/pods'],
  ['x', '/clusters/DEEP/api', 'main', '/clusters/DEEP/api'],
  ['x', '/clusters/de%65p/api', 'main', '/clusters/de%65p/api'],
  ['x', '/x?/clusters/deep/api', 'main', '/x?/clusters/deep/api'],
];

for (const [host, target, cluster, expected] of choices)
  await facts.attack(
    'S20',
    `Host ${host} and ${target} go to ${cluster} as ${expected}, whatever else names a cluster`,
    async (t) => {
      const before = { main: main.requests().length, other: other.requests().length };
      const misleading = [
        'X-Forwarded-Host: other.example',
        'Forwarded: host=other.example',
        'X-Original-URL: /clusters/deep/api',
        'X-Forwarded-Prefix: /clusters/deep',
      ];
      const got = await attempt(gate, get(target, host, auth, ...misleading));
      t.same(
        got.answers.map(({ status }) => status),
        [200],
      );
      const there = { main: main.requests().slice(before.main), other: other.requests().slice(before.other) };
      t.same(
        there[cluster].map(({ line }) => line),
        [`GET ${expected} HTTP/1.1`],
      );
      t.same(there[cluster === 'main' ? 'other' : 'main'], []);
      t.match(await gate.logged((line) => line['target'] === target && line['msg'] === 'request'), {
        target,
      });
    },
  );

for (const target of [
  '/clusters/deep/../main/api',
  '/clusters/deep//api',
  '/clusters//deep/api',
  '/clusters/deep/%2e%2e/api',
  '/clusters/deep/..%2fx',
])
  await facts.attack('S20', `${target} is refused by the cluster that its bytes name`, async (t) => {
    const before = [main.accepted(), other.accepted()];
    const got = await attempt(gate, get(target, 'x', auth));
    t.match(got.answers.map(refusalIn), [{ status: 400, cause: 'PATH_MALFORMED' }]);
    t.same([main.accepted(), other.accepted()], before);
  });

await facts.attack('S20', 'the name in the TLS handshake chooses nothing', async (t) => {
  const before = [main.requests().length, other.requests().length];
  const connect = (options: object) =>
    openConnection(gate.port, gate.files.ca.certPem, { ...options, servername: 'other.example' } as object);
  const got = await attempt({ connect }, get('/api/v1/sni', 'x', auth));
  t.same(
    got.answers.map(({ status }) => status),
    [200],
  );
  t.same([main.requests().length, other.requests().length], [(before[0] ?? 0) + 1, before[1]]);
});

// S21: every way to a shell, for somebody whom one rule forbids the class.
const doors: readonly (readonly [method: string, target: string])[] = [
  ...['GET', 'POST'].flatMap((method) =>
    [
      'exec?command=sh',
      'attach',
      'portforward',
      'exec/?command=sh',
      '%65xec?command=sh',
      'proxy',
      'proxy/',
      'proxy/run',
    ].map((door) => [method, `/api/v1/namespaces/n/pods/p/${door}`] as const),
  ),
  ['PATCH', '/api/v1/namespaces/n/pods/p/ephemeralcontainers'],
  ['PUT', '/api/v1/namespaces/n/pods/p/ephemeralcontainers'],
  ['GET', '/api/v1/nodes/N/proxy/exec/ns/pod/c?command=sh'],
  ['GET', '/api/v1/nodes/N/proxy'],
  ['POST', '/api/v1/nodes/N:10250/proxy/run/ns/pod/c'],
  ['DELETE', '/api/v1/nodes/https:N:10250/proxy/x'],
  ['OPTIONS', '/api/v1/namespaces/n/services/s/proxy/x'],
  ['GET', '/api/v1/namespaces/n/services/https:s:443/proxy/'],
  ['GET', '/api/v1/namespaces/n/pods/P:8080/proxy/'],
  ['GET', '/api/v1/proxy/nodes/N/exec/ns/pod/c'],
  ['POST', '/api/v1/proxy/namespaces/n/pods/p/run'],
  ['GET', '/api/v1/%70roxy/nodes/N/x'],
  ['GET', '/api/v1/nodes/N/%70roxy/exec'],
  ['GET', '/api/v1/n%6fdes/N/proxy/exec'],
  ['GET', '/api/v1/watch/namespaces/n/pods/p/proxy/x'],
];
const upgrades = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];

for (const [method, target] of doors)
  await facts.attack(
    'S21',
    `${method} ${target} is the class that a rule closes, plain and as an upgrade`,
    async (t) => {
      const hidden = marker();
      const seen = other.accepted();
      await ground.reachesNobody(t, hidden, async () => {
        for (const lines of [[], upgrades, ['Connection: Upgrade', 'Upgrade: SPDY/3.1']]) {
          const bytes = requestText(`${method} ${target} HTTP/1.1`, [
            'Host: x',
            ...(lines.length > 0 ? lines : ['Connection: close']),
            carol,
            `X-Hidden: ${hidden}`,
          ]);
          const got = await attempt(gate, bytes);
          t.match(got.answers.map(refusalIn), [{ status: 403, cause: 'RULE_DENIED' }]);
        }
      });
      t.equal(other.accepted(), seen);
    },
  );

// S22: names that look like addresses. A real listener is where one of them points.
const { port, dialled } = await startDecoy();
const names: readonly string[] = [
  '/api/v1/nodes/169.254.169.254/proxy/latest',
  `/api/v1/nodes/127.0.0.1:${port}/proxy/`,
  `/api/v1/nodes/https:127.0.0.1:${port}/proxy/x`,
  '/api/v1/namespaces/n/services/x:6379/proxy/',
  `/api/v1/namespaces/n/services/http:127.0.0.1:${port}/proxy/`,
  '/api/v1/namespaces/n/pods/http:..:..@evil/proxy/x',
  `/api/v1/namespaces/n/pods/user:pass@127.0.0.1:${port}/proxy/x`,
  `/api/v1/namespaces/n/services/s/proxy/http://127.0.0.1:${port}/`,
  `/api/v1/namespaces/n/services/s/proxy//127.0.0.1:${port}/`,
  `/api/v1/namespaces/n/services/s/proxy/?url=http://127.0.0.1:${port}/`,
];
for (const target of names)
  await facts.attack(
    'S22',
    `${target.replaceAll(String(port), 'PORT')} is a name for the API server, no address for the gate`,
    async (t) => {
      const before = main.accepted();
      const { result, requests } = await forwarded(ground, () => attempt(gate, get(target, 'x', auth)));
      t.same(
        result.answers.map(({ status }) => status),
        [200],
      );
      t.same(
        requests.map(({ line }) => line),
        [`GET ${target} HTTP/1.1`],
      );
      t.equal(main.accepted() - before, 2, 'one connection to the API server, and the settling one');
      t.equal(dialled(), 0);
    },
  );
