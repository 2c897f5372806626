import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { craftToken } from '../fakes/issuer.ts';
import { ask, askUpgrade, EXEC, openSession, startEcho, upgradeHead } from '../fakes/sessions.ts';

// Issue 3 section 7: constant messages, one line per request and per session end, no token in any of them at any level.

const upstream = await startEcho();
const gate = await startTestGate({
  upstreams: [{ name: 'prod', upstream }],
  config: { log: { level: 'trace' } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const lines = () => gate.log.map((line) => JSON.parse(line) as Record<string, unknown>);

/** Parts of a token that would give it away, at least 20 characters each. */
function canaries(token: string): string[] {
  return [token, ...token.split('.')].flatMap((part) => [part, Buffer.from(part).toString('base64url')]);
}

t.test('no credential is in any line, at trace, however the request ends', async (t) => {
  const good = await gate.token({ canary: 'canary-in-a-claim' });
  const bad = craftToken(
    { alg: 'RS256', kid: 'canary-kid-00000000' },
    { iss: gate.issuer.url, sub: 'canary-sub-00000000' },
    'Y2FuYXJ5LXNpZ25hdHVyZQ',
  );
  const foreign = craftToken({ alg: 'RS256' }, { iss: 'https://canary.example' }, 'Y2FuYXJ5LXNpZ25hdHVyZQ');
  const opaque = 'canary-opaque-0123456789abcdef';
  for (const token of [good, bad, foreign, opaque]) {
    const auth = `Authorization: Bearer ${token}`;
    const subprotocol = `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
    await ask(gate, '/api/v1/pods', [auth]);
    await ask(gate, '/api/v1/pods', [`Authorization: Basic ${token}`]);
    await ask(gate, '/api/v1/pods', [auth, auth]);
    await ask(gate, '/api/v1/pods', [auth, `Impersonate-User: ${token}`]);
    await ask(gate, '/api/v1/pods', [auth, `Cookie: session=${token}`, `X-Canary: ${token}`]);
    for (const name of [
      'token',
      'access_token',
      'id_token',
      'Bearer',
      'bearer_x',
      'to%6ben',
      'authorization',
    ])
      await ask(gate, `/api/v1/pods?q=0&${name}=${token}&limit=1`, [auth]);
    await ask(gate, EXEC, [auth]);
    await askUpgrade(gate, upgradeHead('spdy', '/nowhere/%2e%2e/x', [auth]));
    await askUpgrade(
      gate,
      upgradeHead('websocket', '//x', [`Sec-WebSocket-Protocol: ${subprotocol}, v4.channel.k8s.io`]),
    );
    await askUpgrade(gate, `GET / HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer ${token}\r\n\r\n`);
    const http2 = connectHttp2(`https://127.0.0.1:${gate.port}`, { ca: gate.ca.certPem });
    const stream = http2.request({ ':path': `/api?token=${token}`, authorization: `Bearer ${token}` });
    stream.resume();
    await once(stream, 'end');
    http2.destroy();
  }
  for (const protocol of ['spdy', 'websocket'] as const) {
    const session = await openSession(gate, { protocol, token: good, path: `${EXEC}&token=${good}` });
    await session.say(`echo ${good}`);
    session.socket.end();
    await session.reader.ended;
  }
  await gate.logged((line) => line['msg'] === 'session ended' && line['protocol'] === 'websocket');
  const all = gate.log.join('');
  for (const token of [good, bad, foreign, opaque, 'canary-in-a-claim', 'gate-own-token'])
    for (const canary of canaries(token))
      if (canary.length >= 14) t.notOk(all.includes(canary), canary.slice(0, 30));
  t.match(all, '?q=0&token=MASKED&limit=1');
  t.match(all, '&bearer_x=MASKED&');
  t.match(all, '&to%6ben=MASKED&');
});

t.test('every line is one JSON object with a time, a level and a constant message', async (t) => {
  const known = new Set(['serving', 'request', 'session ended', 'request could not be parsed']);
  for (const text of gate.log) {
    t.match(text, /^\{[^\n\r]*\}\n$/);
    const line = JSON.parse(text) as Record<string, unknown>;
    if (!known.has(String(line['msg']))) t.fail(`another message: ${line['msg']}`);
    if (Number.isNaN(Date.parse(String(line['time'])))) t.fail(`no time: ${text}`);
    if (!['info', 'warn', 'debug'].includes(String(line['level']))) t.fail(`level ${line['level']}`);
  }
});

t.test('what callers choose cannot forge a line or reach a terminal', async (t) => {
  const evil = 'evil\u001b[31m\n{"level":"info","msg":"forged"}\r\u0007\u009b\u2028end@example.com';
  await ask(gate, '/api/v1/pods', [`Authorization: Bearer ${await gate.token({ email: evil })}`]);
  await ask(gate, '/api/v1/namespaces/%0a%1b[31m/pods/x%0d%0aforged?q=%1b', [
    `Authorization: Bearer ${await gate.token()}`,
    'User-Agent: kubectl\u001b[31m\tforged',
  ]);
  // HTTP/1.1's parser refuses such bytes; HTTP/2's lets them through to the gate.
  const http2 = connectHttp2(`https://127.0.0.1:${gate.port}`, { ca: gate.ca.certPem });
  const stream = http2.request({ ':path': '/raw-\x9b31m' });
  stream.resume();
  await once(stream, 'end');
  http2.destroy();
  await gate.logged((line) => String(line['target']).startsWith('/raw-%9B31m'));
  for (const text of gate.log) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    t.notMatch(text.slice(0, -1), /[\u0000-\u001f\u007f-\u009f]/);
    t.notMatch(
      lines().map(({ msg }) => msg),
      /forged/,
    );
  }
});

t.test('one line per request, with what was decided', async (t) => {
  const before = gate.log.length;
  const answer = await ask(gate, '/api/v1/namespaces/team/pods/p?x=1', [
    `Authorization: Bearer ${await gate.token()}`,
  ]);
  const auditID = /audit-id: (\S+)/i.exec(answer.head)?.[1];
  const line = await gate.logged((one) => one['auditID'] === auditID);
  t.match(line, {
    level: 'info',
    msg: 'request',
    cluster: 'prod',
    method: 'GET',
    target: '/api/v1/namespaces/team/pods/p?x=1',
    verb: 'get',
    resource: 'pods',
    subresource: '',
    namespace: 'team',
    name: 'p',
    user: 'alice@example.com',
    peer: '127.0.0.1',
    status: 200,
    durationMs: Number,
  });
  t.equal(gate.log.length, before + 1);
  const refused = await ask(gate, '/version');
  const id = /audit-id: (\S+)/i.exec(refused.head)?.[1];
  t.match(await gate.logged((one) => one['auditID'] === id), {
    user: '',
    status: 401,
    error: 'CREDENTIALS_MISSING',
  });
});
