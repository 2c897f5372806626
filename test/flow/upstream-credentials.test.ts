// A 401 of the API server, by whom it means. protocol.md §4.7: a caller's client logs in again after a 401, so only what is wrong with the caller's
// own credential may be one: the gate's own refused credential is a 502. What is not about the gate (an application behind `proxy`, a kubelet, an
// aggregated API server, an admission webhook that says so) passes as it came.

import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import {
  type Caller,
  caller,
  exchangeRaw,
  type Reply,
  refusalOf,
  SPEECHES,
  valuesOf,
} from '../fakes/caller.ts';
import { startTestGate, type TestGate, type TestGateOptions } from '../fakes/gate.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { readAll, requestUpgrade, reset, upgradeRequest } from '../fakes/peers.ts';
import { eventually } from '../fakes/sessions.ts';
import { type FakeUpstream, startUpstream } from '../fakes/upstream.ts';

const QUESTION = '/version';
const PODS = '/api/v1/namespaces/default/pods';
/** As kube-apiserver answers it (genericapifilters.Unauthorized), 1.36. */
const UNAUTHORIZED =
  '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}\n';

const issuer = await startIssuer();
t.teardown(() => issuer.close());

interface Place {
  readonly upstream: FakeUpstream;
  readonly gate: TestGate;
  readonly auth: readonly string[];
  /** Requests for `url` that have come. */
  readonly asked: (url: string) => FakeUpstream['received'];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An API server that takes `credential` only, and a gate that comes with `user`. */
async function setUp(
  t: Test,
  {
    isGood = () => false,
    answer = (_request, response) => response.end('{}'),
    ...options
  }: Partial<TestGateOptions> & {
    isGood?: (request: IncomingMessage) => boolean;
    answer?: Answer;
    user?: object;
    cluster?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<Place> {
  const upstream = await startUpstream({
    handler: (request, response) => {
      request.resume();
      if (isGood(request)) answer(request, response);
      else {
        response.writeHead(401, {
          'Content-Type': 'application/json',
          'Content-Length': UNAUTHORIZED.length,
        });
        response.end(UNAUTHORIZED);
      }
    },
    onUpgrade: (request, socket) => {
      const by = isGood(request) ? 'kubelet' : UNAUTHORIZED;
      socket.end(
        `HTTP/1.1 401 Unauthorized\r\nX-By: raw\r\nContent-Type: application/json\r\nContent-Length: ${by.length}\r\nConnection: close\r\n\r\n${by}`,
      );
    },
  });
  const { user, cluster, ...more } = options;
  const entry = {
    ...{ name: 'prod', upstream },
    ...(user === undefined ? {} : { user }),
    ...(cluster === undefined ? {} : { cluster }),
  };
  const gate = await startTestGate({ issuer, upstreams: [entry], ...more });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  return {
    ...{ upstream, gate },
    auth: ['Authorization', `Bearer ${await gate.token()}`],
    asked: (url) => upstream.received.filter((one) => one.url === url),
  };
}

function everySpeech(
  t: Test,
  gate: TestGate,
  run: (t: Test, one: Caller) => Promise<void>,
): Promise<unknown> {
  return Promise.all(
    SPEECHES.map((speech) => {
      const one = caller(gate, speech);
      t.teardown(() => one.close());
      return t.test(speech, { jobs: 1 }, (t) => run(t, one));
    }),
  );
}

const errors = (gate: TestGate) =>
  gate.metric('postern_upstream_errors_total{cluster="prod",reason="credentials"}');

function isOurs(t: Test, reply: Reply, name: string): void {
  const expected = { http: 502, kind: 'Status', code: 502, cause: 'UPSTREAM_CREDENTIALS' };
  t.match(refusalOf(reply), { ...expected, message: /Your own credential is not the problem/ }, name);
  t.same(valuesOf(reply.rawHeaders, 'www-authenticate'), [], 'nobody is asked to log in');
  t.same(valuesOf(reply.rawHeaders, 'content-type'), ['application/json']);
  t.equal(valuesOf(reply.rawHeaders, 'audit-id').length, 1);
}

t.test(
  'the gate’s own credential is refused: a 502 Status, whatever was asked in which encoding',
  async (t) => {
    const { gate, upstream, auth } = await setUp(t);
    await everySpeech(t, gate, async (t, one) => {
      const before = await errors(gate);
      const rows: readonly [method: string, path: string, accept: string][] = [
        ['GET', PODS, 'application/json'],
        ['GET', PODS, 'application/vnd.kubernetes.protobuf'],
        ['GET', `${PODS}?watch=1`, 'application/json'],
        ['GET', '/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'],
        ['GET', '/apis/metrics.k8s.io/v1beta1/nodes', 'application/json'],
        ['DELETE', `${PODS}/p`, 'application/yaml'],
        ['GET', `${PODS}/p/log?follow=true`, '*/*'],
        ['GET', `${PODS}/p/proxy/`, '*/*'],
        ['GET', '/version', 'application/json'],
      ];
      for (const [method, path, accept] of rows) {
        const reply = await one.call({ method, path, headers: [...auth, 'Accept', accept] });
        isOurs(t, reply, `${method} ${path}`);
        const [auditID] = valuesOf(reply.rawHeaders, 'audit-id');
        const line = await gate.logged((one) => one['auditID'] === auditID);
        t.match(line, {
          status: 502,
          error: 'UPSTREAM_CREDENTIALS',
          detail: /401 to the gate's own/,
          level: 'warn',
        });
      }
      const body = Buffer.from('{"kind":"Pod"}');
      const headers = [...auth, 'Content-Type', 'application/json', 'Content-Length', `${body.length}`];
      isOurs(t, await one.call({ method: 'POST', path: PODS, headers, body }), 'with a body');
      const head = await one.call({ method: 'HEAD', path: PODS, headers: auth });
      t.equal(head.status, 502);
      t.equal((await errors(gate)) - before, rows.length + 2);
    });
    t.ok(upstream.accepted() <= 4, `${upstream.accepted()} connections: they were kept`);
    t.notMatch(gate.log.join(''), /gate-own-token/);
  },
);

t.test('the same for upgrades', async (t) => {
  const { gate, upstream, auth } = await setUp(t);
  for (const [method, protocol] of [
    ['GET', 'websocket'],
    ['POST', 'SPDY/3.1'],
  ] as const) {
    const before = await errors(gate);
    const client = await gate.connect();
    const request = upgradeRequest((auth[1] ?? '').slice('Bearer '.length), { method, protocol });
    const { status, head } = await requestUpgrade(client, request);
    t.equal(status, 502, protocol);
    t.notMatch(head, /www-authenticate|x-by/i);
    t.match(JSON.parse(await readAll(client)), {
      ...{ kind: 'Status', code: 502 },
      details: { causes: [{ reason: 'UPSTREAM_CREDENTIALS' }] },
    });
    client.end();
    await once(client, 'close');
    t.equal((await errors(gate)) - before, 1);
  }
  t.ok(upstream.open() <= 1, 'no connection of an upgrade is left');
});

const BEHIND: readonly [
  what: string,
  method: string,
  path: string,
  body: string,
  lines: readonly string[],
][] = [
  [
    'an application in a pod',
    'GET',
    `${PODS}/p:8080/proxy/admin`,
    'log in!',
    ['WWW-Authenticate', 'Basic realm="x"'],
  ],
  [
    'an application in a service',
    'PUT',
    '/api/v1/namespaces/n/services/s/proxy/a',
    UNAUTHORIZED,
    ['WWW-Authenticate', 'Bearer'],
  ],
  ['a kubelet', 'GET', '/api/v1/nodes/n/proxy/pods', 'Unauthorized', ['Content-Type', 'text/plain']],
  [
    'a kubelet that gives a log',
    'GET',
    `${PODS}/p/log`,
    '{"kind":"Status","code":401,"details":{}}',
    ['Content-Type', 'application/json'],
  ],
  [
    'an aggregated API server',
    'GET',
    '/apis/metrics.k8s.io/v1beta1/nodes',
    UNAUTHORIZED,
    ['Content-Type', 'application/json'],
  ],
  [
    'an admission webhook that denies with that code',
    'POST',
    PODS,
    '{"kind":"Status","message":"policy","code":401}',
    ['Content-Type', 'application/vnd.kubernetes.protobuf'],
  ],
  [
    'an application with much to say',
    'GET',
    `${PODS}/p/proxy/large`,
    'x'.repeat(3_000_000),
    ['Content-Type', 'application/json'],
  ],
];

// What the API server has sent when it closes, while the gate still asks whether the 401 means itself.
for (const [what, lines, body, expected] of [
  ['with a length', ['Content-Length: 7'], 'kubelet', /^HTTP\/1.1 401 .*\r\n\r\nkubelet$/s],
  [
    'in chunks',
    ['Transfer-Encoding: chunked'],
    '7\r\nkubelet\r\n0\r\n\r\n',
    /^HTTP\/1.1 401 .*\r\n\r\nkubelet$/s,
  ],
  ['until the end', [], 'kubelet', /^HTTP\/1.1 401 .*\r\n\r\nkubelet$/s],
  ['in part', ['Content-Length: 8'], 'kubelet', /^HTTP\/1.1 502 .*UPSTREAM_RESET/s],
] as const)
  t.test(
    `a 401 to an upgrade that came ${what}, on a connection that is closed before it passes`,
    async (t) => {
      const closed = Promise.withResolvers<void>();
      const upstream = await startUpstream({
        handler: (_request, response) => void closed.promise.then(() => response.end('{}')),
        onUpgrade: (_request, socket) => {
          socket.on('close', () => closed.resolve());
          const head = ['HTTP/1.1 401 Unauthorized', 'Content-Type: application/json', ...lines];
          socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
        },
      });
      const gate = await startTestGate({ issuer, upstreams: [{ name: 'prod', upstream }] });
      t.teardown(async () => {
        await gate.stop();
        await upstream.close();
      });
      const client = await gate.connect();
      const answer = await exchangeRaw(client, upgradeRequest(await gate.token()));
      t.match(answer.toString(), expected);
      t.same(upstream.received.map(({ url }) => url).slice(1), [QUESTION]);
    },
  );

t.test('a 401 from behind the API server passes as it came', async (t) => {
  let question: Answer = (_request, response) => response.end('{}');
  const { gate, auth, asked } = await setUp(t, {
    isGood: ({ headers }) => headers.authorization === 'Bearer gate-own-token',
    answer(request, response) {
      const row = BEHIND.find(([, , path]) => path === request.url);
      if (row === undefined) return question(request, response);
      const [, , , body, lines] = row;
      response.writeHead(401, 'Who Are You', [...lines, 'X-Own', '1', 'X-Own', '2']);
      response.end(body);
    },
  });
  await everySpeech(t, gate, async (t, one) => {
    for (const [what, method, path, body, lines] of BEHIND) {
      const reply = await one.call({ method, path, headers: auth });
      t.equal(reply.status, 401, what);
      t.ok(reply.complete);
      t.equal(reply.body.toString(), body);
      for (let i = 0; i < lines.length; i += 2)
        t.same(valuesOf(reply.rawHeaders, lines[i] ?? ''), [lines[i + 1]]);
      t.equal(valuesOf(reply.rawHeaders, 'x-own').join(), '1,2');
    }
    t.equal(await errors(gate), 0);
  });
  const [own] = asked(QUESTION);
  t.same(own?.rawHeaders.slice(2, 4), ['Authorization', 'Bearer gate-own-token']);
  t.notMatch(own?.rawHeaders.join(), /impersonate/i, 'asked as the gate itself');

  await t.test('over an upgrade, too', async (t) => {
    const client = await gate.connect();
    const { status, head } = await requestUpgrade(client, upgradeRequest((auth[1] ?? '').slice(7)));
    t.equal(status, 401);
    t.match(head, /X-By: raw/);
    t.equal(await readAll(client), 'kubelet');
    client.end();
    await once(client, 'close');
  });

  await t.test('and when the gate’s own question is not answered', async (t) => {
    question = (request) => request.socket.destroy();
    // An earlier answer holds for a second.
    gate.writeConfig({ ...gate.config, log: { level: 'debug' } });
    t.equal(gate.gate.reload(), true);
    const before = asked(QUESTION).length;
    const one = caller(gate, 'h2');
    const [, , path = '', body] = BEHIND.find(([what]) => what === 'an aggregated API server') ?? [];
    const reply = await one.call({ path, headers: auth });
    one.close();
    t.equal(reply.status, 401);
    t.equal(reply.body.toString(), body);
    // The connection had been kept, so it is asked once more.
    t.ok([1, 2].includes(asked(QUESTION).length - before));
  });
});

t.test('what cannot be the API server’s own 401 is not asked about', async (t) => {
  const rows: readonly (readonly string[])[] = [
    ['Content-Type', 'application/json', 'WWW-Authenticate', 'Bearer realm="x"'],
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Content-Type', 'application/json-patch+json'],
    [],
  ];
  for (const lines of rows) {
    const { gate, auth, asked } = await setUp(t, {
      isGood: ({ url }) => url !== QUESTION,
      answer: (_request, response) => response.writeHead(401, [...lines]).end('no'),
    });
    await everySpeech(t, gate, async (t, one) => {
      const reply = await one.call({ path: PODS, headers: auth });
      t.equal(reply.status, 401, lines.join());
      t.equal(reply.body.toString(), 'no');
    });
    t.same(asked(QUESTION), []);
  }
});

t.test('with Passthrough a 401 means the caller, and nothing is asked', async (t) => {
  const { gate, auth, asked } = await setUp(t, { cluster: { identity: 'Passthrough' }, user: {} });
  await everySpeech(t, gate, async (t, one) => {
    const reply = await one.call({ path: PODS, headers: auth });
    t.equal(reply.status, 401);
    t.equal(reply.body.toString(), UNAUTHORIZED);
  });
  t.same(asked(QUESTION), []);
  t.equal(await errors(gate), 0);
});

t.test('with RequestHeader it means the gate’s certificate, and the question names a user', async (t) => {
  const ca = await makeCA('front-proxy CA');
  const pair = await ca.issue({ commonName: 'front-proxy-client', client: true });
  const data = (pem: string) => Buffer.from(pem).toString('base64');
  const { gate, auth, asked } = await setUp(t, {
    cluster: { identity: 'RequestHeader' },
    user: { 'client-certificate-data': data(pair.certPem), 'client-key-data': data(pair.keyPem) },
  });
  const one = caller(gate, 'h2');
  t.teardown(() => one.close());
  isOurs(t, await one.call({ path: PODS, headers: auth }), 'refused');
  const [own] = asked(QUESTION);
  t.same(
    valuesOf(own?.rawHeaders ?? [], 'x-remote-user'),
    ['system:postern'],
    'a name of its own, to which Kubernetes grants nothing',
  );
});

t.test('many at once are one question', async (t) => {
  const { gate, auth, asked } = await setUp(t);
  const one = caller(gate, 'h2');
  t.teardown(() => one.close());
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => one.call({ path: PODS, headers: auth })),
  );
  t.same(new Set(replies.map(({ status }) => status)), new Set([502]));
  t.equal(asked(PODS).length, 50);
  t.equal(asked(QUESTION).length, 1);
});

t.test('a token that was replaced is read at once: the next request comes with it', async (t) => {
  let good = 'Bearer first';
  const { gate, auth, asked } = await setUp(t, {
    isGood: ({ headers }) => headers.authorization === good,
    user: { tokenFile: 'token' },
    before: (dir) => writeFileSync(join(dir, 'token'), 'first\n'),
  });
  const one = caller(gate, 'h2');
  t.teardown(() => one.close());
  const get = () => one.call({ path: PODS, headers: auth });
  t.equal((await get()).status, 200);
  good = 'Bearer second';
  // As a mounted Secret changes: all at once.
  writeFileSync(join(gate.dir, 'token.next'), 'second\n');
  renameSync(join(gate.dir, 'token.next'), join(gate.dir, 'token'));
  isOurs(t, await get(), 'the one that found out');
  t.equal((await get()).status, 200);
  t.equal(asked(PODS).length, 3, 'nothing was sent twice');
});

t.test('a caller that goes while the gate asks leaves nothing behind', async (t) => {
  for (const way of ['request', 'upgrade'] as const)
    await t.test(way, async (t) => {
      const asking = Promise.withResolvers<ServerResponse>();
      const { gate, upstream, auth } = await setUp(t, {
        isGood: () => true,
        answer(request, response) {
          if (request.url === QUESTION) asking.resolve(response);
          // It has not ended: the API server would wait for its reader.
          else response.writeHead(401, { 'Content-Type': 'application/json' }).write('half');
        },
      });
      const client = await gate.connect();
      const token = (auth[1] ?? '').slice('Bearer '.length);
      client.write(
        way === 'upgrade'
          ? upgradeRequest(token)
          : `GET ${PODS}/p/proxy/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      );
      const question = await asking.promise;
      reset(client);
      // A request ends with its caller; an upgrade is looked at again when the question is answered.
      if (way === 'request') await gate.logged(({ msg, status }) => msg === 'request' && status === 499);
      question.writeHead(401).end(UNAUTHORIZED);
      if (way === 'upgrade')
        await gate.logged(({ msg, upgrade }) => msg === 'request' && upgrade !== undefined);
      // The connection of the answer is closed; that of the question is kept.
      await eventually(() => upstream.open() === 1);
    });
});

for (const speech of SPEECHES)
  t.test(
    `an answer that breaks off while the gate asks is broken off for its caller (${speech})`,
    async (t) => {
      let broken: ServerResponse | undefined;
      const { gate, auth } = await setUp(t, {
        isGood: () => true,
        answer(request, response) {
          if (request.url !== QUESTION) {
            response.writeHead(401, { 'Content-Type': 'application/json' }).write('half');
            broken = response;
            return;
          }
          broken?.on('close', () => response.end('{}'));
          broken?.destroy();
        },
      });
      const one = caller(gate, speech);
      const reply = await one.call({ path: `${PODS}/p/proxy/`, headers: auth });
      one.close();
      t.match(reply, { status: 401, complete: false });
    },
  );
