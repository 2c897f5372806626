// S21, S22: every door to a shell, by every method and on every way, while a rule of the gate denies the class interactive: all of them are refused, and nothing
// of them reaches the API server. Rules that name subresources instead see the same requests as Kubernetes' authorizer does.

import t, { type Test } from 'tap';
import { caller } from '../fakes/caller.ts';
import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { startGround } from './gate.ts';
import { startAttackUpstream } from './upstream.ts';
import { askRaw, bearerProtocol, type Reply, SPDY_LINES, said, webSocketLines } from './ways.ts';

const facts = recordFacts('attack-shells');
const upstream = await startAttackUpstream();
const deny = (name: string, clusters: string[], more: object) => ({
  ...{ name, clusters, decision: 'Deny', message: 'no shells' },
  ...more,
});
const ground = await startGround(t, {
  upstream,
  upstreams: [
    { name: 'classes', upstream, match: { pathPrefix: '/classes' } },
    { name: 'names', upstream, match: { pathPrefix: '/names' } },
    { name: 'open', upstream },
  ],
  config: {
    authorization: {
      rules: [
        deny('by-class', ['classes'], { classes: ['interactive'] }),
        deny('by-name', ['names'], {
          verbs: ['create'],
          resources: [{ group: '', resources: ['pods/exec', 'pods/attach', 'pods/portforward'] }],
        }),
        deny('by-proxy', ['names'], {
          resources: [{ group: '', resources: ['*/proxy', 'pods/ephemeralcontainers'] }],
        }),
      ],
    },
  },
});

const NS = '/api/v1/namespaces/d';
/** The doors; `?command=` marks them. */
const DOORS: readonly string[] = [
  `${NS}/pods/p/exec`,
  `${NS}/pods/p/attach`,
  `${NS}/pods/p/portforward`,
  `${NS}/pods/p/exec/`,
  `${NS}/pods/p/exec/more`,
  `${NS}/pods/p/proxy`,
  `${NS}/pods/p/proxy/`,
  `${NS}/pods/p/proxy/exec`,
  `${NS}/pods/p:8080/proxy/`,
  `${NS}/pods/https:p:8443/proxy/x`,
  `${NS}/pods/http:..:..@evil/proxy/x`,
  `${NS}/services/s/proxy/`,
  `${NS}/services/https:s:443/proxy/`,
  `${NS}/services/x:6379/proxy/`,
  '/api/v1/nodes/n/proxy',
  '/api/v1/nodes/n/proxy/exec/d/p/c',
  '/api/v1/nodes/n/proxy/run/d/p/c',
  '/api/v1/nodes/n/proxy/portForward/d/p',
  '/api/v1/nodes/n:10250/proxy/exec/d/p/c',
  '/api/v1/nodes/https:n:10250/proxy/exec/d/p/c',
  '/api/v1/nodes/169.254.169.254/proxy/latest/meta-data',
  '/api/v1/proxy/nodes/n/exec/d/p/c',
  '/api/v1/proxy/nodes/n:10250/exec/d/p/c',
  '/api/v1/proxy/namespaces/d/pods/p/x',
  '/api/v1/proxy/namespaces/d/services/s/x',
  `${NS}/pods/p/ephemeralcontainers`,
];
/** The doors that are tried by every method there is. */
const BY_ALL: readonly string[] = [
  `${NS}/pods/p/exec`,
  `${NS}/pods/p/proxy/exec`,
  '/api/v1/nodes/n/proxy/exec/d/p/c',
  `${NS}/pods/p/ephemeralcontainers`,
];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'] as const;
const h2 = caller(ground.place, 'h2');
t.teardown(() => h2.close());
const marked = (path: string) => `${path}?command=shell-refused&container=c&stdin=true`;

const ask = (method: string, target: string, lines: readonly string[]) =>
  askRaw(ground.gate, requestText(`${method} ${target} HTTP/1.1`, ['Host: gate', ground.auth, ...lines]));
const UPGRADES = [
  ['SPDY', SPDY_LINES],
  ['WebSocket', webSocketLines('v5.channel.k8s.io')],
] as const;
type Knock = readonly [name: string, send: (target: string) => Promise<Reply>];

/** Ways to knock: [name, how] */
const KNOCKS: readonly Knock[] = [
  ...METHODS.map(
    (method): Knock => [method, (target) => ask(method, target, ['Connection: close', 'Content-Length: 0'])],
  ),
  ...(['GET', 'POST'] as const).flatMap((method) =>
    UPGRADES.map(
      ([protocol, lines]): Knock => [
        `${method} with ${protocol}`,
        (target) => ask(method, target, ['Connection: Upgrade', ...lines]),
      ],
    ),
  ),
  [
    'WebSocket, token as subprotocol',
    (target) =>
      askRaw(
        ground.gate,
        requestText(`GET ${target} HTTP/1.1`, [
          'Host: gate',
          'Connection: Upgrade',
          ...webSocketLines(`v5.channel.k8s.io, ${bearerProtocol(ground.token)}`),
        ]),
      ),
  ],
  ...(['GET', 'POST'] as const).map(
    (method): Knock => [
      `${method} over HTTP/2`,
      async (path) => {
        const reply = await h2.call({ method, path, headers: ['authorization', `Bearer ${ground.token}`] });
        return { status: reply.status, lines: reply.rawHeaders, body: reply.body };
      },
    ],
  ),
];

async function refused(t: Test, send: (target: string) => Promise<Reply>, target: string): Promise<void> {
  const reply = await ground.reachesNobody(t, 'shell-refused', () => send(target));
  // Some doors do not exist for some methods, which is said before the rules are asked.
  t.ok([400, 403, 405].includes(reply.status), `${reply.status}`);
  if (reply.status === 403 && reply.body.length > 0)
    t.match(said(reply), { code: 403, cause: 'RULE_DENIED' });
}

for (const door of DOORS)
  for (const [name, send] of KNOCKS.filter(
    ([one]) => BY_ALL.includes(door) || /^(?:GET|POST)|token/.test(one),
  ))
    await facts.attack('S21', `${name} ${door}`, (t) => refused(t, send, marked(`/classes${door}`)));

// Where rules name subresources: the ways that matter.
const some = KNOCKS.filter(([name]) => ['GET', 'POST with SPDY', 'GET with WebSocket'].includes(name));
for (const door of DOORS.filter((one) => !one.endsWith('ephemeralcontainers')))
  for (const [name, send] of some)
    await facts.attack('S21', `${name} ${door}, to rules that name it`, (t) =>
      refused(t, send, marked(`/names${door}`)),
    );

/** Paths that are spelled so that a rule might not see the door: refused, whatever the rules are. */
for (const path of [
  `${NS}/pods/p/%65xec`,
  `${NS}/pods/p/ex%65c`,
  `${NS}/pods/p//exec`,
  `${NS}/pods/p/./exec`,
  `${NS}/pods/x/../p/exec`,
  `${NS}/pods/p/%2e/exec`,
  `${NS}/pods/p%2fexec`,
  `${NS}/pods/p/exec;x=1`,
  `${NS}/pods/p/exec%00`,
  `${NS}/pods/p\\exec`,
  `/${NS}/pods/p/exec`,
  `/api/v1/namespaces/d/%70ods/p/exec`,
  `/api/v1/%6eodes/n/proxy/exec/d/p/c`,
  `/api/v1/nodes/n/%70roxy/exec/d/p/c`,
])
  for (const [name, send] of some.filter(([one]) => one !== 'POST with SPDY'))
    await facts.attack('S21', `${name} ${path}`, async (t) => {
      const reply = await ground.reachesNobody(t, 'shell-refused', () => send(marked(`/classes${path}`)));
      t.ok([400, 403].includes(reply.status), `${reply.status}`);
    });

await t.test('the rules shut nothing else, and no other cluster', async (t) => {
  const get = KNOCKS.find(([name]) => name === 'GET')?.[1];
  const spdy = KNOCKS.find(([name]) => name === 'POST with SPDY')?.[1];
  t.equal((await get?.(`/classes${NS}/pods/p`))?.status, 200);
  t.equal((await get?.(`/classes${NS}/pods/p/log`))?.status, 200);
  t.equal((await spdy?.(marked(`${NS}/pods/p/exec`)))?.status, 101);
  t.equal((await get?.(`${NS}/services/s/proxy/`))?.status, 200);
});
