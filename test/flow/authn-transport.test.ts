import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { jwtEntry, openAuthenticator } from '../fakes/authn.ts';
import { type Issuer, startIssuer } from '../fakes/issuer.ts';

async function start(t: Test, options: Parameters<typeof startIssuer>[0] = {}): Promise<Issuer> {
  const issuer = await startIssuer(options);
  t.teardown(() => issuer.close());
  return issuer;
}

t.test('an issuer behind another CA, another name, or a redirect, gives no keys', async (t) => {
  // field-lessons.md S14, S38
  const issuer = await start(t);
  const token = await issuer.sign();
  const otherCA = await makeCA('another CA');
  for (const [name, ca] of [
    ['another CA', otherCA.certPem],
    ["the system's roots", ''],
  ] as const) {
    const gate = openAuthenticator(t, jwtEntry(issuer, { certificateAuthority: ca }));
    t.match(await gate.bearer(token), { kind: 'unavailable' }, name);
    t.equal(gate.counts.verifications, 0);
  }
  const misnamed = await otherCA.issue({ commonName: 'x', dnsNames: ['other.example'] });
  const elsewhere = await start(t, { tls: { ...misnamed, caPem: otherCA.certPem } });
  t.match(
    await openAuthenticator(t, jwtEntry(elsewhere)).bearer(await elsewhere.sign()),
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
      t.match(await openAuthenticator(t, jwtEntry(issuer)).bearer(await issuer.sign()), {
        kind: 'unavailable',
        cause: { message: `answered ${status}` },
      });
      issuer[set](undefined);
      issuer[set](
        (_request, response) => void response.writeHead(status, { location: `${issuer.url}/other` }).end(),
      );
      await openAuthenticator(t, jwtEntry(issuer)).bearer(await issuer.sign());
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
    const outcome = await openAuthenticator(t, jwtEntry(issuer)).bearer(await issuer.sign());
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
    const gate = openAuthenticator(t, jwtEntry(issuer));
    const outcome = gate.bearer(token);
    await arrived;
    gate.time.advance(5000);
    t.match(await outcome, { kind: 'unavailable', cause: { message: /5000 ms/ } });
  }
});

t.test('a fixed key URL needs no discovery', async (t) => {
  const issuer = await start(t, { path: '/realms/x' });
  const gate = openAuthenticator(t, jwtEntry(issuer, { jwksURL: `${issuer.url}/keys` }));
  t.match(await gate.bearer(await issuer.sign()), { kind: 'user' });
  t.same(issuer.hits, { discovery: 0, jwks: 1, other: 0 });
  const discovered = openAuthenticator(t, jwtEntry(issuer));
  t.match(
    await discovered.bearer(await issuer.sign()),
    { kind: 'user' },
    'an issuer with a path has its own well-known',
  );
});
