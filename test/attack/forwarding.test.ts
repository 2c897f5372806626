import { request } from 'node:http';
import { connect } from 'node:net';
import t from 'tap';
import { caller, SPEECHES } from '../fakes/caller.ts';
import { recordFacts } from '../reliability/facts.ts';
import { refusalIn } from './answers.ts';
import { attempt, requestText } from './caller.ts';
import { forwarded, marker } from './cases.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';

// S25 to S28: what a browser, a hop in front or a health check would say is nobody's word here. Cookies are no credential, forwarding headers of an
// untrusted peer name no address, override headers change no request, and no path or User-Agent is let in without a credential.

const facts = recordFacts('attack-forwarding');
const ground = await startGround(t);
const { gate, upstream, auth, token, place } = ground;
const get = (target: string, ...lines: readonly string[]) =>
  requestText(`GET ${target} HTTP/1.1`, ['Host: x', 'Connection: close', ...lines]);

// S25: [lines of a page of somebody else's, in a browser that has a session]
const EXEC = '/api/v1/namespaces/n/pods/p/exec?command=sh';
const handshake = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];
const browsers: readonly (readonly [name: string, lines: readonly string[]])[] = [
  ['a cookie that is a good token', [`Cookie: token=${token}`]],
  ['the cookie of an access proxy', [`Cookie: CF_Authorization=${token}; _oauth2_proxy=${token}`]],
  ['a cookie named Authorization', [`Cookie: Authorization=Bearer ${token}`]],
  ['Basic with the token', [`Authorization: Basic ${Buffer.from(`token:${token}`).toString('base64')}`]],
  ['the token in the query', []],
];
for (const [name, lines] of browsers)
  await facts.attack('S25', `${name} of another origin opens nothing`, async (t) => {
    const hidden = marker();
    const query =
      lines.length === 0 ? `&access_token=${token}&token=${token}&authorization=Bearer%20${token}` : '';
    await ground.reachesNobody(t, hidden, async () => {
      for (const more of [handshake, ['Connection: close']]) {
        const got = await attempt(
          gate,
          requestText(`GET ${EXEC}&x=${hidden}${query} HTTP/1.1`, [
            'Host: x',
            'Origin: https://evil.example',
            ...more,
            ...lines,
          ]),
        );
        t.match(got.answers.map(refusalIn), [{ status: 401, kind: 'Status', code: 401 }]);
      }
    });
    t.notOk(gate.log.some((line) => line.includes(token)));
  });

await facts.attack('S25', 'a good token with another origin’s cookie: the cookie stays here', async (t) => {
  const { requests } = await forwarded(ground, () =>
    attempt(gate, get('/api', auth, 'Origin: https://evil.example', 'Cookie: a=HIDDEN')),
  );
  t.equal(requests.length, 1);
  t.notOk(upstream.reached('HIDDEN'));
});

// S26: over every transport, none of them goes on, and the request stays what it was.
const overrides: readonly string[] = [
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X-Original-URL',
  'X-Original-URI',
  'X-Rewrite-URL',
  'X-Forwarded-Uri',
  'X-Forwarded-Method',
  'X-Forwarded-Prefix',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Port',
  'X-Forwarded-Server',
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Forwarded-Access-Token',
  'X-Forwarded-Client-Cert',
  'X-Forwarded-For',
  'X-Forwarded-Anything',
  'X-Remote-User',
  'X-Remote-Group',
  'X-Remote-Uid',
  'X-Remote-Extra-Scopes',
  'X-Real-IP',
  'Forwarded',
  'Via',
  'Proxy-Authorization',
  'Proxy-Connection',
  'Audit-ID',
  'HTTP2-Settings',
  'Keep-Alive',
  'Cookie',
];
for (const name of overrides)
  await facts.attack('S26', `${name} of the caller ends here`, async (t) => {
    for (const speech of SPEECHES) {
      if (speech === 'h2' && /^(Proxy-Connection|Keep-Alive|HTTP2-Settings)$/.test(name)) continue;
      const one = caller(place, speech);
      const { requests } = await forwarded(ground, () =>
        one.call({
          method: 'DELETE',
          path: '/api/v1/namespaces/n/pods/p',
          headers: ['authorization', `Bearer ${token}`, name, 'HIDDEN', name.toLowerCase(), 'HIDDEN'],
        }),
      );
      one.close();
      t.same(
        requests.map(({ line }) => line),
        ['DELETE /api/v1/namespaces/n/pods/p HTTP/1.1'],
        speech,
      );
      t.notOk(upstream.reached('HIDDEN'), speech);
      t.same(valuesIn(requests[0]?.lines ?? [], 'x-forwarded-for'), ['127.0.0.1'], speech);
    }
  });

// S27: from a peer that is no trusted proxy.
const claims: readonly (readonly string[])[] = [
  ['X-Forwarded-For: 10.9.9.9'],
  ['X-Forwarded-For: 127.0.0.1'],
  ['X-Forwarded-For: 10.9.9.9', 'X-Forwarded-For: 10.9.9.8'],
  [`X-Forwarded-For: ${Array.from({ length: 20 }, (_, i) => `10.9.9.${i}`).join(', ')}`],
  ['X-Forwarded-For: 2001:db8::1', 'X-Real-IP: 2001:db8::1'],
  ['X-Forwarded-For: [::1]:80'],
  ['X-Forwarded-For: \xe2\x80\xa8, junk, ,,"'],
  ['Forwarded: for=10.9.9.9;by=10.9.9.8'],
  ['CF-Connecting-IP: 10.9.9.9', 'True-Client-IP: 10.9.9.9'],
];
for (const lines of claims)
  await facts.attack('S27', `${lines.join(' and ').slice(0, 60)}: the socket’s address counts`, async (t) => {
    const path = `/api/${marker()}`;
    const { requests } = await forwarded(ground, () => attempt(gate, get(path, auth, ...lines)));
    t.same(valuesIn(requests[0]?.lines ?? [], 'x-forwarded-for'), ['127.0.0.1']);
    t.match(await gate.logged((line) => line['target'] === path), { peer: '127.0.0.1' });
  });

const V2 = Buffer.concat([
  Buffer.from('0d0a0d0a000d0a515549540a', 'hex'),
  Buffer.from([0x21, 0x11, 0, 12, 10, 9, 9, 9, 10, 9, 9, 8, 0, 1, 0, 2]),
]);
for (const [name, bytes] of [
  ['v1', Buffer.from('PROXY TCP4 10.9.9.9 10.9.9.8 1 2\r\n')],
  ['v1 UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
  ['v2', V2],
] as const) {
  await facts.attack('S27', `a PROXY ${name} header within TLS is no HTTP`, async (t) => {
    const hidden = marker();
    const got = await ground.reachesNobody(t, hidden, () =>
      attempt(gate, Buffer.concat([bytes, Buffer.from(get(`/${hidden}`, auth))])),
    );
    t.match(got.answers.map(refusalIn), [{ status: 400, kind: 'Status' }]);
  });
  await facts.attack('S27', `a PROXY ${name} header before TLS ends the connection`, async (t) => {
    await ground.reachesNobody(t, marker(), async () => {
      const socket = connect(gate.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      socket.write(bytes);
      // Enough for any record header, so that TLS has something to judge.
      socket.write(Buffer.alloc(64));
      await new Promise((resolve) => socket.once('close', resolve));
    });
  });
}

// S28: nobody is let in by a path or a User-Agent; the ops listener has three paths and no other.
const probes: readonly (readonly [target: string, agent: string])[] = [
  ...['/healthz', '/livez', '/readyz', '/metrics', '/version', '/healthz/etcd', '/api', '/openapi/v2'].map(
    (target) => [target, 'kube-probe/1.36'] as const,
  ),
  ...['kube-probe/1.36', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0', 'Prometheus/3.0'].map(
    (agent) => ['/api/v1/secrets', agent] as const,
  ),
  ['/api/v1/secrets?x=/healthz', 'x'],
  ['/api/v1/secrets?/livez', 'x'],
  ['/livez/../api/v1/secrets', 'x'],
  ['/healthz/%2e%2e/api/v1/secrets', 'x'],
  ['/healthz%2f..%2fapi/v1/secrets', 'x'],
  ['/healthz;/api/v1/secrets', 'x'],
  ['//healthz', 'x'],
  ['/METRICS', 'x'],
];
for (const [target, agent] of probes)
  await facts.attack('S28', `${target} for ${agent} needs a credential`, async (t) => {
    const hidden = marker();
    const got = await ground.reachesNobody(t, hidden, () =>
      attempt(gate, get(target, `User-Agent: ${agent}`, `X-Hidden: ${hidden}`)),
    );
    t.match(got.answers.map(refusalIn), [{ status: /^(400|401)$/, kind: 'Status' }]);
    t.notMatch(got.bytes.toString('latin1'), /postern_|ok$/);
  });

await facts.attack('S28', 'with a credential, /metrics is the API server’s own', async (t) => {
  const { requests } = await forwarded(ground, () => attempt(gate, get('/metrics', auth)));
  t.same(
    requests.map(({ target }) => target),
    ['/metrics'],
  );
});

/** What the ops listener says to a target as it is. */
async function askOps(path: string, method: string): Promise<number> {
  const { hostname, port } = new URL(gate.opsUrl);
  return new Promise((resolve, reject) => {
    const asked = request(
      { hostname, port, path, method, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    asked.on('error', reject).end();
  });
}
await facts.attack('S28', 'the ops listener leads to no API server, and takes no orders', async (t) => {
  await ground.reachesNobody(t, marker(), async () => {
    for (const path of [
      '/api/v1/secrets',
      '/livez/../api/v1/secrets',
      '/metrics/../api',
      '//metrics',
      '/livez%2f..%2fapi',
      'http://x/api',
      '/',
    ])
      t.equal(await askOps(path, 'GET'), 404, path);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      t.match(String(await askOps('/metrics', method)), /^40[45]$/, method);
  });
});
