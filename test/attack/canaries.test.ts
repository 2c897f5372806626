// S29: a gate with every door open, at log level trace, is sent secrets wherever a secret has ever been put, by callers, by API servers, by those who are asked
// about tokens and by its own files. None of them is in any line of the log, on standard output, in a metric, in an answer, or at an API server that it is not for.

import t from 'tap';
import { craftToken } from '../fakes/issuer.ts';
import { presign, tokenOf } from '../fakes/sigv4.ts';
import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { openAviary } from './canaries.ts';
import { STS_HOST, startCanaryGround } from './canarygate.ts';
import { reviewByWebhook } from './canaryground.ts';
import { callersPlaces, upstreamsWords } from './canaryplaces.ts';
import { jsonAnswer } from './reviews.ts';
import type { Script } from './upstream.ts';
import { askRaw, openWays, type Reply, SPDY_LINES } from './ways.ts';

const facts = recordFacts('attack-canaries');
const aviary = openAviary();
const {
  ground,
  issuer,
  stranger,
  principal,
  sts,
  upstream,
  second,
  webhookCA,
  apiServer,
  tokens,
  hidden,
  output,
  h2,
} = await startCanaryGround(t, aviary);
/** What callers were answered, by what they sent. */
const answers: string[] = [];
/** Keeps an answer; but for the body of one that the upstream gave, which repeats what it was sent. */
function keep({ status, lines, body }: Reply): void {
  answers.push(lines.join('\n'), status < 300 ? '' : body.toString('latin1'));
}

/** Sends one request and keeps its answer; a connection that ends without one is an answer as well. */
async function send(bytes: string | Buffer, from = '127.0.0.1'): Promise<number> {
  const reply = await askRaw(ground.gate, bytes, { localAddress: from }).catch(() => undefined);
  if (reply === undefined) return 0;
  keep(reply);
  return reply.status;
}

/** The same for a plain GET of `path` with these lines, or with a token. */
const get = (path: string, ...lines: readonly string[]) =>
  send(requestText(`GET ${path} HTTP/1.1`, ['Host: gate', ...lines]));
const ask = (token: string) => get('/api', `Authorization: Bearer ${token}`);

await facts.attack('S29', 'tokens, good and bad ones, on every way', async (t) => {
  const good = await ground.gate.token({ canary: aviary.lay('a claim of a good token') });
  const parts = (name: string, token: string) => {
    for (const [i, part] of token.split('.').slice(1).entries())
      if (part.length >= 16) aviary.take(`${name}, part ${i + 1}`, part);
    return token;
  };
  const bad = [
    craftToken(
      { alg: 'RS256', kid: aviary.lay('kid') },
      { iss: issuer.url, aud: 'postern', sub: aviary.lay('sub'), exp: 4e9 },
      'c2lnbmF0dXJlLWNhbmFyeQ',
    ),
    craftToken(
      { alg: 'RS256' },
      { iss: issuer.url, aud: 'x', email: aviary.lay('email') },
      Buffer.from(aviary.lay('signature')).toString('base64url'),
    ),
    craftToken(
      { alg: 'HS256' },
      { iss: 'https://kubernetes.default.svc', x: aviary.lay('a claim at the cluster'), exp: 4e9 },
      'c2lnbmF0dXJlLWNhbmFyeQ',
    ),
    await stranger.sign({ x: aviary.lay('a claim of a stranger') }),
    aviary.lay('an opaque token'),
    `k8s-aws-v1.${Buffer.from(`https://${STS_HOST}/?X-Amz-Credential=${aviary.lay('X-Amz-Credential')}&X-Amz-Signature=${aviary.lay('X-Amz-Signature')}`).toString('base64url')}`,
  ];
  for (const way of openWays(t, ground)) {
    for (const [i, token] of [good, ...bad].entries()) {
      parts(`token ${i}`, token);
      const reply = await way.send([], { token });
      keep(reply);
      t.equal(reply.status < 300, i === 0, `${i}: ${reply.status}`);
    }
  }
});

await facts.attack('S29', 'everywhere else that a caller can put a secret', async (t) => {
  const statuses = new Set<number>();
  for (const { bytes, from } of callersPlaces(aviary, ground.auth)) statuses.add(await send(bytes, from));
  t.ok(
    statuses.has(200) && statuses.has(401) && statuses.has(400) && statuses.has(403),
    [...statuses].join(),
  );
  for (const name of ['authorization', 'cookie', 'proxy-authorization', 'x-assertion']) {
    const { status } = await h2.call({
      path: `/api?token=${aviary.lay(`h2 ${name}`)}`,
      headers: [name, aviary.lay(`h2 ${name} line`)],
    });
    t.equal(status, 401);
  }
});

/** Answers one request with these bytes, and ends. */
const saying =
  (answer: string): Script =>
  async (connection) => {
    await connection.request();
    await connection.write(answer);
    connection.end();
  };

await facts.attack('S29', 'what API servers say in errors', async (t) => {
  for (const { answer, mayBeRead, status } of upstreamsWords(aviary)) {
    const before = answers.length;
    second.plan(saying(answer));
    t.equal(await get('/second/api/v1/words', ground.auth), status);
    second.plan(saying(answer));
    const exec = 'POST /second/api/v1/namespaces/d/pods/p/exec?command=x HTTP/1.1';
    await send(requestText(exec, ['Host: gate', 'Connection: Upgrade', ...SPDY_LINES, ground.auth]));
    if (mayBeRead) answers.length = before;
  }
  second.plan();
  for (const place of ['/tls', '/dead']) t.equal(await get(`${place}/api`, ground.auth), 502);
});

await facts.attack('S29', 'what those who are asked about tokens say in errors', async (t) => {
  const review = (more: object) => jsonAnswer(201, { kind: 'TokenReview', ...more });
  for (const judge of [
    review({ status: { authenticated: false, error: aviary.lay('error of a TokenReview') } }),
    jsonAnswer(500, { kind: 'Status', message: aviary.lay('message of a TokenReview') }),
    jsonAnswer(200, `{"kind": "TokenReview", ${aviary.lay('broken TokenReview')}`),
    `${aviary.lay('no HTTP')}\r\n\r\n`,
  ]) {
    upstream.judge(() => judge);
    const token = craftToken(
      { alg: 'RS256' },
      { iss: 'https://kubernetes.default.svc', exp: 4e9, jti: aviary.lay('jti') },
      'c2ln',
    );
    const status = await ask(aviary.take('reviewed token', token));
    t.ok([401, 503].includes(status), String(status));
  }
  upstream.judge(() => jsonAnswer(500, aviary.lay('a SubjectAccessReview')));
  const target = `Impersonate-User: ${aviary.lay('an unchecked target')}`;
  t.equal(await get('/api', ground.auth, target), 503);
  const aws = (minutesAgo: number) =>
    aviary.take(
      'AWS token',
      tokenOf(
        presign({
          credentials: principal,
          clusterID: 'prod',
          region: 'eu-west-1',
          now: Date.now() - minutesAgo * 60_000,
        }),
      ),
    );
  t.equal(await ask(aws(0)), 200, 'STS on loopback knows who it is');
  const says = (status: number, body: string) =>
    sts.setAnswer((_request, response) => void response.writeHead(status).end(body));
  says(
    403,
    JSON.stringify({ Error: { Code: 'InvalidClientTokenId', Message: aviary.lay('a message of STS') } }),
  );
  t.equal(await ask(aws(1)), 401);
  says(500, aviary.lay('a page of STS'));
  t.equal(await ask(aws(2)), 503);
  says(200, `{"${aviary.lay('half an answer of STS')}`);
  t.equal(await ask(aws(3)), 503);
  const pointing = await issuer.sign({
    groups: undefined,
    _claim_names: { groups: 's' },
    _claim_sources: {
      s: {
        endpoint: `${issuer.url}/claims?token=${aviary.lay('endpoint')}`,
        access_token: aviary.lay('access token of a claim'),
      },
    },
  });
  issuer.setOther((_request, response) => void response.writeHead(403).end(aviary.lay('a page of a claim')));
  t.equal(await ask(pointing), 403);
});

await facts.attack('S29', 'what the API server asks the token webhook', async () => {
  const url = String((await ground.gate.logged(({ msg }) => msg === 'serving'))['tokenWebhook']);
  for (const body of [
    JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: aviary.lay('webhook token') },
    }),
    JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: [aviary.lay('webhook list')] },
    }),
    `{"spec": {"token": "${aviary.lay('webhook half')}`,
  ])
    answers.push(await reviewByWebhook(url, { ca: webhookCA.certPem, client: apiServer }, body));
});

await t.test('none of them is told', async (t) => {
  await ground.settle();
  await ground.gate.logged(({ target }) => String(target).includes('settling'));
  const metrics = await (await fetch(`${ground.gate.opsUrl}/metrics`)).text();
  const ready = await (await fetch(`${ground.gate.opsUrl}/readyz?verbose`)).text();
  t.ok(
    ground.gate.log.length > 100 && answers.length > 100 && metrics.length > 1000,
    `${ground.gate.log.length} lines, ${answers.length} answers`,
  );
  aviary.search(t, 'the log', ground.gate.log.join('\n'));
  aviary.search(t, 'standard output and error', output());
  aviary.search(t, 'the metrics', metrics);
  aviary.search(t, 'the probe', ready);
  aviary.search(t, 'the answers', answers.join('\n'));
  t.equal(sts.asked.length, 4);
});

await t.test('each credential of the gate is at its own API server only', async (t) => {
  await get('/second/api', ground.auth);
  t.ok(upstream.reached(tokens.main) && second.reached(tokens.second), 'at its own');
  t.notOk(upstream.reached(tokens.second) || second.reached(tokens.main), "not at the other's");
  for (const token of Object.values(hidden))
    t.notOk(upstream.reached(token) || second.reached(token), 'not at one that was not verified');
  t.notOk(upstream.reached(ground.token) || second.reached(ground.token), 'the caller’s token is at none');
  const forCluster = new Set([
    'authorization',
    'cookie',
    'Proxy-Authorization',
    'X-Assertion',
    'Basic',
    'subprotocol',
  ]);
  for (const { name, value } of aviary.all.filter(({ name }) => forCluster.has(name)))
    t.notOk(upstream.reached(value), `${name} is at no API server`);
});
