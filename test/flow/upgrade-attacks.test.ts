import { once } from 'node:events';
import t from 'tap';
import { startIssuer } from '../fakes/issuer.ts';
import { readAll, requestUpgrade, upgradeRequest } from '../fakes/peers.ts';
import { setUp } from './upgrading.ts';

// What of an upgrade request never reaches the API server: CVE-2021-31999, CVE-2022-23652 and Warpgate’s identity header on the WebSocket path,
// and all of a request that is refused.

const issuer = await startIssuer();
t.teardown(() => issuer.close());

// S4, S6, S7, S26 on the upgrade path.
const smuggled = [
  'Connection: Upgrade, Impersonate-User\r\n',
  'Connection: Impersonate-Group, Authorization, Upgrade\r\n',
  'Connection: close\r\n',
  'X-Remote-User: system:admin\r\nX-Remote-Group: system:masters\r\n',
  'Impersonate_User: system:admin\r\n',
  'X-Original-URL: /api/v1/secrets\r\nX-HTTP-Method-Override: DELETE\r\n',
];
for (const more of smuggled) {
  t.test(`our identity lines stay and theirs go: ${JSON.stringify(more)}`, async (t) => {
    const { gate, next, stop, accepted } = await setUp(issuer);
    const client = await gate.connect();
    const { status } = await requestUpgrade(client, upgradeRequest(await gate.token(), { more }));
    if (status === 101) {
      const { head } = await next();
      t.equal(head.match(/^impersonate-user: alice@example\.com\r$/gim)?.length, 1);
      t.equal(head.match(/^impersonate/gim)?.length, 3);
      t.equal(head.match(/^connection:/gim)?.length, 1);
      t.notMatch(head, /system:|X-Remote|secrets|DELETE/);
    } else {
      t.ok(status === 400 || status === 403, `refused with ${status}`);
      t.equal(accepted(), 0, 'nobody was reached');
    }
    client.destroy();
    await stop();
  });
}

// Refusals of the gate: a complete answer, then the end; nothing reaches the API server, also what is pipelined behind.
const refused = [
  {
    given: 'no token',
    request: () => upgradeRequest('').replace(/Authorization.*\r\n/, ''),
    status: 401,
    reason: 'CREDENTIALS_MISSING',
  },
  { given: 'an expired token', claims: { exp: 1_000_000_000 }, status: 401, reason: 'TOKEN_EXPIRED' },
  { given: 'another audience', claims: { aud: 'other' }, status: 401, reason: 'TOKEN_AUDIENCE' },
  {
    given: 'a system: group',
    claims: { groups: ['system:masters'] },
    status: 403,
    reason: 'TOKEN_SYSTEM_IDENTITY',
  },
  { given: '--as', more: 'Impersonate-User: system:admin\r\n', status: 403, reason: 'IMPERSONATION_REFUSED' },
  { given: 'a malformed path', path: '/api/v1/../exec', status: 400, reason: 'PATH_MALFORMED' },
  { given: 'a body', more: 'Transfer-Encoding: chunked\r\n', status: 400, reason: '' },
] as readonly {
  given: string;
  request?: () => string;
  claims?: object;
  more?: string;
  path?: string;
  status: number;
  reason: string;
}[];
for (const one of refused) {
  t.test(`${one.given} is refused with a whole ${one.status} and reaches nobody`, async (t) => {
    const { gate, stop, accepted } = await setUp(issuer);
    const client = await gate.connect();
    const token = await gate.token(one.claims as Record<string, unknown>);
    const options = {
      ...(one.more === undefined ? {} : { more: one.more }),
      ...(one.path === undefined ? {} : { path: one.path }),
    };
    const answer = await requestUpgrade(
      client,
      `${one.request?.() ?? upgradeRequest(token, options)}GET /api/v1/secrets HTTP/1.1\r\n\r\n`,
    );
    const text = await readAll(client);
    t.equal(answer.status, one.status);
    t.match(JSON.parse(text), {
      kind: 'Status',
      status: 'Failure',
      code: one.status,
      ...(one.reason === '' ? {} : { details: { causes: [{ reason: one.reason }] } }),
    });
    t.match(answer.head, new RegExp(`Content-Length: ${Buffer.byteLength(text)}\r\n`));
    client.end();
    await once(client, 'close');
    t.equal(accepted(), 0, 'nobody was reached');
    await stop();
  });
}

// RFC 9110 §9.3.2: bytes behind the head of an answer to HEAD would be the next answer, to a hop in front.
t.test('the refusal of a HEAD that would upgrade is its head alone', async (t) => {
  const { gate, stop, accepted } = await setUp(issuer);
  const client = await gate.connect();
  const request = upgradeRequest('').replace(/Authorization.*\r\n/, '');
  const answer = await requestUpgrade(client, request.replace(/^\w+/, 'HEAD'));
  t.equal(answer.status, 401);
  t.match(answer.head, /\r\nContent-Length: [1-9]/);
  t.equal(await readAll(client), '');
  client.end();
  await once(client, 'close');
  t.equal(accepted(), 0, 'nobody was reached');
  await stop();
});
