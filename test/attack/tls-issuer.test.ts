// field-lessons.md S38, for identity providers: whoever cannot be verified gives no keys, so that nobody gets in by them, and hears no request. The gate runs
// with NODE_TLS_REJECT_UNAUTHORIZED=0, by which Node would verify nobody: that must not matter.

import t from 'tap';
import { caller, refusalOf } from '../fakes/caller.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startGateProcess } from '../fakes/gateprocess.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { recordFacts } from '../reliability/facts.ts';
import { makeWrongPeers } from './tlspeers.ts';

const { attack } = recordFacts('tls-issuer');
const upstream = await startUpstream();
const believed = await startIssuer();
const issuers = await Promise.all(
  (await makeWrongPeers()).map(async ({ wrong, caPem, tls: { cert, key, ...server } }) => ({
    wrong,
    issuer: await startIssuer({ tls: { caPem, certPem: String(cert), keyPem: String(key) }, server }),
  })),
);
const gate = await startGateProcess({
  env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  upstreams: [{ name: 'prod', upstream }],
  issuer: believed,
  authentication: {
    jwt: [believed, ...issuers.map(({ issuer }) => issuer)].map((issuer) => jwtEntry(issuer)),
  },
});
const call = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
t.teardown(async () => {
  call.close();
  await gate.stop();
  for (const issuer of [believed, ...issuers.map((one) => one.issuer)]) await issuer.close();
  await upstream.close();
});

t.test('one that is verified gives keys, and its people get in', async (t) => {
  const headers = ['authorization', `Bearer ${await believed.sign()}`];
  t.equal((await call.call({ path: '/version', headers })).status, 200);
});

for (const { wrong, issuer } of issuers)
  await attack('S38', `an issuer with ${wrong}: no keys, 503, nobody gets in`, async (t) => {
    const forwarded = upstream.received.length;
    const headers = ['authorization', `Bearer ${await issuer.sign()}`];
    const reply = await call.call({ path: '/version', headers });
    t.match(refusalOf(reply), { http: 503, code: 503, cause: 'AUTHENTICATION_UNAVAILABLE' });
    t.same(issuer.hits, { discovery: 0, jwks: 0, other: 0 }, 'it was asked nothing');
    t.equal(await gate.metric(`postern_jwks_refresh_total{issuer="${issuer.url}",outcome="ok"}`), 0);
    t.ok((await gate.metric(`postern_jwks_refresh_total{issuer="${issuer.url}",outcome="failed"}`)) > 0);
    t.equal(upstream.received.length, forwarded, 'nobody upstream');
  });
