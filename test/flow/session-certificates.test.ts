// Open sessions of client certificates, and what takes them away: over real TLS, with the practice API server behind the gate.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { makeCA } from '../../src/certificates.ts';
import { caller, refusalOf } from '../fakes/caller.ts';
import { makeCRL } from '../fakes/crl.ts';
import { ended, endsBy, isSessionEnd, reconfigure } from '../fakes/ends.ts';
import { openSpdy, openWebSocket } from '../fakes/execs.ts';
import type { TestGate } from '../fakes/gate.ts';
import { startPracticeGate } from '../fakes/practicegate.ts';
import { clockBefore } from '../fakes/time.ts';
import { readAll } from '../unit/practice/stream/callers.ts';

const nextUpdate = new Date(Date.now() + 3_600_000);
const root = await makeCA('clients');
const below = await root.intermediate('clients below');
const others = await makeCA('others');
const jane = await root.issue({ commonName: 'jane', organizations: ['engineers'], client: true });
const deep = await below.issue({ commonName: 'jane', organizations: ['engineers'], client: true });
/** With the authority that issued it, as clients send it. */
const chained = { ...deep, certPem: deep.certPem + below.certPem };
const bundle = root.certPem + below.certPem;

async function startForCertificates(t: Test, authorities = bundle): Promise<TestGate> {
  const { gate } = ended(
    t,
    await startPracticeGate({
      listen: { clientCAFile: 'clients.crt' },
      before: async (dir) => {
        writeFileSync(join(dir, 'clients.crt'), authorities);
        writeFileSync(join(dir, 'clients.crl'), await makeLists());
      },
      authentication: {
        clientCertificates: {
          enabled: true,
          ...(authorities === bundle ? { crlFile: 'clients.crl' } : {}),
        },
      },
    }),
  );
  return gate;
}

async function makeLists(
  revoked: { readonly root?: string[]; readonly below?: string[] } = {},
): Promise<string> {
  const lists = [
    await makeCRL(root, { revoked: revoked.root ?? [], nextUpdate }),
    await makeCRL(below, { revoked: revoked.below ?? [], nextUpdate }),
  ];
  return lists.join('');
}

const REVOKED = {
  told: /^The session has ended because its client certificate has been revoked\. Ask/,
  detail: /has been revoked \(serial [0-9a-f]+\)/,
};
const UNTRUSTED = {
  told: /because the authority of its client certificate is not accepted any more/,
  detail: /none of the authorities in listen\.clientCAFile now/,
};

t.test('the revocation list comes to name the certificate: seen when the file changes', async (t) => {
  const gate = await startForCertificates(t);
  const revoke = async () =>
    writeFileSync(join(gate.dir, 'clients.crl'), await makeLists({ root: [jane.certPem] }));
  await endsBy(t, gate, { client: jane }, revoke, REVOKED);
});

t.test('the list comes to name the authority that issued it', async (t) => {
  const gate = await startForCertificates(t);
  const revoke = async () => {
    writeFileSync(join(gate.dir, 'clients.crl'), await makeLists({ root: [below.certPem] }));
    t.ok(gate.gate.reload());
  };
  await endsBy(t, gate, { client: deep }, revoke, REVOKED);
});

t.test('its authority is replaced', async (t) => {
  const gate = await startForCertificates(t, root.certPem);
  const replace = () => {
    writeFileSync(join(gate.dir, 'clients.crt'), others.certPem);
    t.ok(gate.gate.reload());
  };
  await endsBy(t, gate, { client: chained }, replace, UNTRUSTED);
});

t.test('an authority beside its own takes nobody away, however long the chain', async (t) => {
  const gate = await startForCertificates(t, root.certPem);
  const sessions = [
    await openWebSocket(gate, { client: chained }),
    await openWebSocket(gate, { client: jane }),
  ];
  const open = caller({ ...gate, client: chained }, 'h2');
  t.equal((await open.call({ path: '/api/v1/namespaces/default/pods' })).status, 200);
  writeFileSync(join(gate.dir, 'clients.crt'), others.certPem + root.certPem);
  t.ok(gate.gate.reload());
  t.equal((await open.call({ path: '/api/v1/namespaces/default/pods' })).status, 200);
  for (const { websocket, heard } of sessions) {
    t.equal(websocket.readyState, WebSocket.OPEN);
    t.equal(heard[3], undefined);
    websocket.close();
  }
  open.close();
});

t.test('a connection that was open before its authority was replaced carries no more requests', async (t) => {
  const gate = await startForCertificates(t, root.certPem);
  const path = '/api/v1/namespaces/default/pods';
  const callers = (['h2', 'h1'] as const).map((speech) => caller({ ...gate, client: jane }, speech));
  for (const one of callers) t.equal((await one.call({ path })).status, 200);
  const silent = await gate.connect({ cert: jane.certPem, key: jane.keyPem });
  writeFileSync(join(gate.dir, 'clients.crt'), others.certPem);
  t.ok(gate.gate.reload());
  for (const one of callers) {
    t.match(refusalOf(await one.call({ path })), { http: 401, cause: 'CERTIFICATE_UNTRUSTED' });
    one.close();
  }
  silent.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  t.match(String(await readAll(silent)), /^HTTP\/1.1 401 [\s\S]*CERTIFICATE_UNTRUSTED/, 'nor its first one');
});

t.test('client certificates are disabled', async (t) => {
  const gate = await startForCertificates(t);
  await endsBy(
    t,
    gate,
    { client: jane },
    () => reconfigure(gate, { clientCertificates: { enabled: false } }),
    {
      told: /because client certificates are not accepted any more/,
      detail: /client certificates are not accepted/,
    },
  );
});

t.test('a list that is past its next update takes nobody away who is in', async (t) => {
  const gate = await startForCertificates(t);
  const session = await openWebSocket(gate, { client: jane });
  const stale = await makeCRL(root, { nextUpdate: new Date(Date.now() - 1000) });
  writeFileSync(join(gate.dir, 'clients.crl'), stale);
  t.ok(gate.gate.reload());
  const one = caller({ ...gate, client: jane }, 'h1');
  t.equal((await one.call({ path: '/api/v1/namespaces/default/pods' })).status, 503, 'but lets nobody in');
  one.close();
  t.equal(session.heard[3], undefined);
  t.equal(session.websocket.readyState, WebSocket.OPEN);
  session.websocket.close();
});

t.test('the certificate ends: what it opened ends as with a token', async (t) => {
  const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 300_000);
  const short = await root.issue({
    commonName: 'jane',
    organizations: ['engineers'],
    client: true,
    notAfter,
  });
  const clock = clockBefore(notAfter.getTime());
  const { gate } = ended(
    t,
    await startPracticeGate({
      listen: { clientCAFile: 'clients.crt' },
      before: (dir) => writeFileSync(join(dir, 'clients.crt'), root.certPem),
      authentication: { clientCertificates: { enabled: true } },
      now: clock.now,
    }),
  );
  const socket = await openWebSocket(gate, { client: short });
  const spdy = await openSpdy(gate, { client: short });
  const longer = await openWebSocket(gate, { client: jane });
  const word = readAll(spdy.error);
  clock.reach();
  t.equal(await socket.closed, 1000);
  for (const text of [socket.heard[3] ?? '', String(await word)])
    t.match(JSON.parse(text), { code: 401, details: { causes: [{ reason: 'SESSION_EXPIRED' }] } });
  t.match(await gate.logged(isSessionEnd), { end: 'expired', user: 'jane' });
  t.equal(longer.websocket.readyState, WebSocket.OPEN);
  longer.websocket.close();
});
