// Client certificates that an authority below ours issued: it comes along in the handshake (RFC 8446 §4.4.2), listen.clientCAFile holds the root
// alone, as kube-apiserver's --client-ca-file may.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type CertificateAuthority, type CertificatePair, makeCA } from '../../src/certificates.ts';
import { caller, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

const root = await makeCA('root');
const middle = await root.intermediate('middle');
const lower = await middle.intermediate('lower');
const foreign = await (await makeCA('foreign root')).intermediate('foreign');
const jane = { commonName: 'jane', organizations: ['dev'], client: true };
const upstream = await startUpstream({ handler: (_request, response) => response.end('{}') });
const gate = await startTestGate({
  upstreams: [{ name: 'c', upstream }],
  listen: { clientCAFile: 'root.crt' },
  before: (dir) => writeFileSync(join(dir, 'root.crt'), root.certPem),
  authentication: { clientCertificates: { enabled: true } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

/** What a TLS client sends: the certificate first, then those above it. */
const sending = async (
  issuer: CertificateAuthority,
  ...above: readonly CertificateAuthority[]
): Promise<CertificatePair> => {
  const { certPem, keyPem } = await issuer.issue(jane);
  return { certPem: [certPem, ...above.map((one) => one.certPem)].join(''), keyPem };
};

const GOOD = [
  ['issued by the root', await sending(root)],
  ['with its intermediate', await sending(middle, middle)],
  ['with two', await sending(lower, lower, middle)],
  ['with two in the other order', await sending(lower, middle, lower)],
  ['with the root as well', await sending(middle, middle, root)],
] as const;

const BAD = [
  ['without its intermediate', await sending(middle)],
  ['without one of two', await sending(lower, lower)],
  ['with another intermediate', await sending(middle, lower)],
  ['of a root that is not ours', await sending(foreign, foreign)],
] as const;

for (const speech of SPEECHES) {
  for (const [name, client] of GOOD)
    t.test(`${name}, over ${speech}: it is the caller`, async (t) => {
      const one = caller({ ...gate, client }, speech);
      const reply = await one.call({ path: '/api/v1/pods' });
      one.close();
      t.equal(reply.status, 200);
      const lines = upstream.received.at(-1)?.rawHeaders ?? [];
      t.same(valuesOf(lines, 'impersonate-user'), ['jane']);
      t.same(valuesOf(lines, 'impersonate-group'), ['dev']);
    });

  for (const [name, client] of BAD)
    t.test(`${name}, over ${speech}: it is nobody`, async (t) => {
      const before = upstream.received.length;
      const one = caller({ ...gate, client }, speech);
      const reply = await one.call({ path: '/api/v1/pods' });
      one.close();
      t.match(refusalOf(reply), { http: 401, kind: 'Status', cause: 'CERTIFICATE_UNTRUSTED' });
      t.equal(upstream.received.length, before);
    });
}
