import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type Authentication, createAuthenticator } from '../../src/authn/authenticator.ts';
import type { RefreshEvent } from '../../src/authn/jwks.ts';
import type { JwtConfig } from '../../src/config/config.ts';
import { makeCA } from '../fakes/certificates.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';
import { makeTime } from '../fakes/time.ts';

function entryFor(
  issuer: Issuer,
  over: Partial<JwtConfig> = {},
  certificateAuthority = issuer.caPem,
): JwtConfig {
  return {
    issuer: { url: issuer.url, discoveryURL: '', audiences: ['postern'], certificateAuthority },
    claimMappings: {
      username: { claim: 'email', prefix: '' },
      groups: { claim: 'groups', prefix: '' },
      uid: { claim: 'sub' },
    },
    requiredClaims: [],
    sourceHeader: 'authorization',
    jwksURL: '',
    signingAlgorithms: ['RS256', 'ES256', 'EdDSA'],
    systemIdentities: 'Refuse',
    ...over,
  };
}

/** A gate's authenticator for one issuer, with time that stands still. */
function open(t: Test, ...entries: readonly JwtConfig[]) {
  const time = makeTime();
  const refreshes: RefreshEvent[] = [];
  const counts = { verifications: 0 };
  const authenticator = createAuthenticator(
    { jwt: entries },
    {
      ...time,
      random: () => 0,
      onRefresh: (event) => refreshes.push(event),
      onVerify: () => {
        counts.verifications += 1;
      },
    },
  );
  t.teardown(() => authenticator.close());
  const bearer = (token: string): Authentication | Promise<Authentication> =>
    authenticator.authenticate({
      rawHeaders: ['Host', 'gate', 'Authorization', `Bearer ${token}`],
      isWebSocket: false,
      peerTrusted: false,
    });
  return { authenticator, time, refreshes, counts, bearer };
}

async function start(t: Test, options: Parameters<typeof startIssuer>[0] = {}): Promise<Issuer> {
  const issuer = await startIssuer(options);
  t.teardown(() => issuer.close());
  return issuer;
}

t.test('a token of every algorithm is a user, and at once when it comes again', async (t) => {
  const issuer = await start(t);
  const tokens = await Promise.all(['RS256', 'ES256', 'EdDSA'].map((alg) => issuer.sign({}, { alg })));
  const gate = open(t, entryFor(issuer));
  for (const token of tokens) {
    const first = await gate.bearer(token);
    t.match(first, {
      kind: 'user',
      source: 'authorization',
      user: { username: 'jane@example.com', uid: 'subject-1', groups: ['developers'] },
    });
    const again = gate.bearer(token);
    t.notOk(again instanceof Promise, 'no promise for a known token');
    t.equal(again, first);
  }
  t.equal(gate.counts.verifications, 3);
  t.same(issuer.hits, { discovery: 1, jwks: 1, other: 0 });
  t.match(gate.authenticator.issuers(), [
    { issuer: issuer.url, keysFetchedAt: gate.time.clock.now(), lastError: undefined },
  ]);
});

t.test('expiresAt is exp, in ms, and the end comes while it is cached', async (t) => {
  const issuer = await start(t);
  const gate = open(t, entryFor(issuer));
  const exp = Math.floor(gate.time.clock.now() / 1000) + 60;
  const token = await issuer.sign({ exp });
  t.match(await gate.bearer(token), { kind: 'user', expiresAt: exp * 1000 });
  gate.time.advance(exp * 1000 - gate.time.clock.now() - 1);
  t.match(gate.bearer(token), { kind: 'user' });
  gate.time.advance(1);
  t.match(gate.bearer(token), { kind: 'rejected', code: 'TOKEN_EXPIRED', source: 'authorization' });
  t.match(await gate.bearer(token), { kind: 'rejected', code: 'TOKEN_EXPIRED', detail: 'expired 0 s ago' });
});

t.test('a hundred first uses at once verify once, also before there are keys', async (t) => {
  const issuer = await start(t);
  const token = await issuer.sign();
  const gate = open(t, entryFor(issuer));
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => gate.bearer(token)));
  t.ok(outcomes.every((outcome) => outcome.kind === 'user'));
  t.equal(gate.counts.verifications, 1);
  t.equal(issuer.hits.jwks, 1);
});

t.test('after a rotation new tokens are good at once, old ones are not', async (t) => {
  // protocol.md §4.5; field-lessons.md P26
  const issuer = await start(t);
  const gate = open(t, entryFor(issuer));
  let previous = await issuer.sign();
  t.match(await gate.bearer(previous), { kind: 'user' });
  for (let rotation = 1; rotation <= 4; rotation += 1) {
    await issuer.rotate();
    const token = await issuer.sign();
    t.match(await gate.bearer(token), { kind: 'user' }, `rotation ${rotation}, right after the one before`);
    t.match(await gate.bearer(previous), { code: 'TOKEN_SIGNATURE' }, 'a remembered user goes with his key');
    gate.time.advance(20_000);
    previous = token;
  }
});

t.test('a new key under an old id is found too', async (t) => {
  const issuer = await start(t);
  await issuer.rotate({ kid: 'always' });
  const gate = open(t, entryFor(issuer));
  t.match(await gate.bearer(await issuer.sign()), { kind: 'user' });
  await issuer.rotate({ kid: 'always' });
  t.match(await gate.bearer(await issuer.sign()), { kind: 'user' });
});

t.test('a token without a key id is tried with every key', async (t) => {
  const issuer = await start(t);
  const old = await issuer.sign({}, { kid: null });
  await issuer.rotate({ keepOld: true });
  const gate = open(t, entryFor(issuer));
  t.match(await gate.bearer(old), { kind: 'user' });
  t.match(await gate.bearer(await issuer.sign({}, { kid: null })), { kind: 'user' });
  await issuer.rotate();
  const newest = await issuer.sign({}, { kid: null });
  t.match(await gate.bearer(newest), { kind: 'user' });
  t.match(await gate.bearer(old), { code: 'TOKEN_SIGNATURE' });
});

t.test('random key ids fetch a bounded number of times, and good tokens still work', async (t) => {
  // field-lessons.md S14b
  const issuer = await start(t);
  const gate = open(t, entryFor(issuer));
  const good = await issuer.sign();
  await gate.bearer(good);
  const [header = '', payload, signature] = good.split('.');
  const parsed = JSON.parse(Buffer.from(header, 'base64url').toString());
  const outcomes = await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      const kid = Buffer.from(JSON.stringify({ ...parsed, kid: `random-${i}` })).toString('base64url');
      return gate.bearer(`${kid}.${payload}.${signature}`);
    }),
  );
  t.ok(outcomes.every((outcome) => outcome.kind === 'rejected' && outcome.code === 'TOKEN_SIGNATURE'));
  t.ok(issuer.hits.jwks <= 6, `${issuer.hits.jwks} fetches`);
  t.match(await gate.bearer(good), { kind: 'user' });
  t.match(await gate.bearer(await issuer.sign({ sub: 'other' })), { kind: 'user' });
  await issuer.rotate();
  gate.time.advance(10_000);
  t.match(
    await gate.bearer(await issuer.sign()),
    { kind: 'user' },
    'and a rotation under attack is noticed within 10 s',
  );
});

t.test('while the issuer is down its keys serve on, and what they cannot judge is unavailable', async (t) => {
  const issuer = await start(t);
  const gate = open(t, entryFor(issuer));
  await gate.bearer(await issuer.sign());
  issuer.setDown(true);
  gate.time.advance(60 * 60_000);
  t.match(await gate.bearer(await issuer.sign({ sub: 'new login' }, { expiresIn: 7200 })), { kind: 'user' });
  await issuer.rotate();
  const rotated = await issuer.sign({}, { expiresIn: 7200 });
  t.match(await gate.bearer(rotated), { kind: 'unavailable', source: 'authorization', cause: Error });
  issuer.setDown(false);
  const [retry = 0] = gate.time.waiting();
  gate.time.advance(retry);
  t.match(await gate.bearer(rotated), { kind: 'user' }, 'not remembered as refused');
});

t.test('an issuer that was never up is unavailable, not 401, and is found when it comes', async (t) => {
  const issuer = await start(t);
  issuer.setDown(true);
  const gate = open(t, entryFor(issuer));
  const token = await issuer.sign();
  t.match(await gate.bearer(token), { kind: 'unavailable', cause: Error });
  await gate.authenticator.ready();
  t.match(gate.authenticator.issuers(), [{ keysFetchedAt: 0, lastError: Error }]);
  t.match(gate.refreshes[0], { issuer: issuer.url, outcome: 'failed' });
  issuer.setDown(false);
  t.match(await gate.bearer(token), { kind: 'user' });
});

t.test('an issuer behind another CA, another name, or a redirect, gives no keys', async (t) => {
  // field-lessons.md S14, S38
  const issuer = await start(t);
  const token = await issuer.sign();
  const otherCA = await makeCA('another CA');
  for (const [name, ca] of [
    ['another CA', otherCA.certPem],
    ["the system's roots", ''],
  ] as const) {
    const gate = open(t, entryFor(issuer, {}, ca));
    t.match(await gate.bearer(token), { kind: 'unavailable' }, name);
    t.equal(gate.counts.verifications, 0);
  }
  const misnamed = await otherCA.issue({ commonName: 'x', dnsNames: ['other.example'] });
  const elsewhere = await start(t, { tls: { ...misnamed, caPem: otherCA.certPem } });
  t.match(
    await open(t, entryFor(elsewhere)).bearer(await elsewhere.sign()),
    { kind: 'unavailable' },
    'another name',
  );
  t.same([issuer.hits.jwks, elsewhere.hits.jwks], [0, 0]);
});

t.test('redirects are not followed', async (t) => {
  // field-lessons.md S14: jwks_uri that leads to 127.0.0.1
  let reached = 0;
  const inside = createServer((_request, response) => {
    reached += 1;
    response.end('{"keys":[]}');
  }).listen(0, '127.0.0.1');
  await once(inside, 'listening');
  t.teardown(() => inside.close());
  const location = `http://127.0.0.1:${(inside.address() as AddressInfo).port}/keys`;
  for (const status of [301, 302, 303, 307, 308]) {
    const issuer = await start(t);
    for (const set of ['setKeys', 'setDiscovery'] as const) {
      issuer[set]((_request, response) => void response.writeHead(status, { location }).end());
      t.match(await open(t, entryFor(issuer)).bearer(await issuer.sign()), {
        kind: 'unavailable',
        cause: { message: `answered ${status}` },
      });
      issuer[set](undefined);
      issuer[set](
        (_request, response) => void response.writeHead(status, { location: `${issuer.url}/other` }).end(),
      );
      await open(t, entryFor(issuer)).bearer(await issuer.sign());
      issuer[set](undefined);
    }
    t.equal(issuer.hits.other, 0);
  }
  t.equal(reached, 0);
});

t.test('answers are bounded in size, and must be what they should be', async (t) => {
  const issuer = await start(t);
  const keys = await issuer.publicKeys();
  const megabyte = JSON.stringify({ keys, padding: 'x'.repeat(1024 * 1024) });
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const cases: readonly (readonly [
    name: string,
    answer: Parameters<Issuer['setKeys']>[0],
    message: RegExp,
  ])[] = [
    ['1 MiB', megabyte, /larger than/],
    [
      'endless',
      (_request, response) => {
        const more = () => {
          while (response.write(chunk));
          response.once('drain', more);
        };
        more();
      },
      /larger than/,
    ],
    ['HTML', '<html>Sign in</html>', /not JSON/],
    ['nothing', '', /not JSON/],
    ['a list', '[]', /no list of keys/],
    [
      '500',
      (_request, response) => void response.writeHead(500).end(JSON.stringify({ keys })),
      /answered 500/,
    ],
    ['204', (_request, response) => void response.writeHead(204).end(), /answered 204/],
    ['not UTF-8', (_request, response) => void response.end(Buffer.from([0x7b, 0xff, 0x7d])), /not JSON/],
  ];
  for (const [name, answer, message] of cases) {
    issuer.setKeys(answer);
    const outcome = await open(t, entryFor(issuer)).bearer(await issuer.sign());
    t.match(outcome, { kind: 'unavailable', cause: { message } }, name);
  }
});

t.test('an issuer that never finishes its answer is given up after the time limit', async (t) => {
  for (const answer of [
    () => {},
    (_request: unknown, response: { write(text: string): void }) => response.write('{"keys":['),
  ]) {
    const issuer = await start(t);
    const token = await issuer.sign();
    const arrived = new Promise<void>((resolve) => {
      issuer.setKeys((request, response) => {
        answer(request, response);
        resolve();
      });
    });
    const gate = open(t, entryFor(issuer));
    const outcome = gate.bearer(token);
    await arrived;
    gate.time.advance(5000);
    t.match(await outcome, { kind: 'unavailable', cause: { message: /5000 ms/ } });
  }
});

t.test('a fixed key URL needs no discovery', async (t) => {
  const issuer = await start(t, { path: '/realms/x' });
  const gate = open(t, entryFor(issuer, { jwksURL: `${issuer.url}/keys` }));
  t.match(await gate.bearer(await issuer.sign()), { kind: 'user' });
  t.same(issuer.hits, { discovery: 0, jwks: 1, other: 0 });
  const discovered = open(t, entryFor(issuer));
  t.match(
    await discovered.bearer(await issuer.sign()),
    { kind: 'user' },
    'an issuer with a path has its own well-known',
  );
});
