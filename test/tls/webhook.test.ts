// The token webhook's listener has the same versions, suites and signatures as the one for callers, and no tickets: an API server resumes nothing.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { ALERT, askOver, LENIENT, shakeHands } from './sclient.ts';

const clients = await makeCA('API servers');
const { certPem, keyPem } = await clients.issue({ commonName: 'kube-apiserver', client: true });
const upstream = await startUpstream();
const gate = await startTestGate({
  upstreams: [{ name: 'prod', upstream }],
  before: (dir) => {
    writeFileSync(join(dir, 'clients.crt'), clients.certPem);
    writeFileSync(join(dir, 'client.pem'), certPem + keyPem);
  },
  config: {
    tokenWebhook: {
      address: '127.0.0.1:0',
      tls: { certFile: 'tls.crt', keyFile: 'tls.key' },
      clientCAFile: 'clients.crt',
      audiences: ['kubernetes'],
    },
  },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const port = Number(new URL(gate.gate.webhookUrl).port);
const client = ['-cert', join(gate.dir, 'client.pem'), '-key', join(gate.dir, 'client.pem')];

// [what is offered, s_client's options, the suite or the alert]
const OFFERS: readonly (readonly [offers: string, options: readonly string[], outcome: string | number])[] = [
  ['everything', [], 'TLS_AES_128_GCM_SHA256'],
  ['TLS 1.2', ['-tls1_2', '-cipher', `ALL:${LENIENT}`], 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS 1.1', ['-tls1_1', '-cipher', `ALL:${LENIENT}`], ALERT.protocolVersion],
  ['CBC', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384'], ALERT.handshakeFailure],
  ['SHA-1', ['-tls1_2', '-cipher', `ALL:${LENIENT}`, '-sigalgs', 'ECDSA+SHA1'], ALERT.handshakeFailure],
];

for (const [offers, options, outcome] of OFFERS)
  t.test(`${offers}: ${outcome}`, async (t) => {
    const { suite, alert, text } = await shakeHands(port, [...client, ...options]);
    t.equal(suite || alert, outcome, text);
  });

t.test('no tickets: with TLS 1.2 none comes, with TLS 1.3 what comes is not resumed', async (t) => {
  const asked = await askOver(port, [...client, '-tls1_2']);
  t.match(asked, /^HTTP\/1\.1 404 /m, 'a client that is let in has an answer');
  t.notMatch(asked, 'TLS session ticket');
  const file = join(gate.dir, 'session.pem');
  t.match(await askOver(port, [...client, '-tls1_3', '-sess_out', file]), /^New, TLSv1\.3/m);
  t.match(await askOver(port, [...client, '-tls1_3', '-sess_in', file]), /^New, TLSv1\.3/m);
});
