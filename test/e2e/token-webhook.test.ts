// One login for both doors: a real kube-apiserver that asks Postern about tokens (docs/how-to/token-webhook.md), kubectl straight at it, and
// kubectl through the gate in front of it, once with Impersonate and once with the caller's own token.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { makeKubeconfig } from '../cluster/pki.ts';
import { preparePlainApiServer } from '../cluster/plain.ts';
import { kubectl, readContext } from './context.ts';
import { metric } from './evidence.ts';
import { startOwnGate } from './gates.ts';
import { gateKubeconfig, whoami } from './modes.ts';
import { newest } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';

const context = readContext();
const { path } = newest(context);
const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';

const plain = await preparePlainApiServer(context.dir, 'webhook');
const dir = mkdtempSync(join(context.dir, 'token-webhook-'));
const [servingCA, clientCA] = [await makeCA('webhook CA'), await makeCA('webhook clients')];
const serving = await servingCA.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
const client = await clientCA.issue({ commonName: 'kube-apiserver-webhook-client', client: true });
const file = (name: string, content: string) => {
  writeFileSync(join(dir, name), content, { mode: 0o600 });
  return join(dir, name);
};
const gate = await startOwnGate(context, 'webhook', {
  clusters: [
    { name: 'impersonate', kubeconfig: plain.adminKubeconfig },
    {
      name: 'passthrough',
      kubeconfig: gateKubeconfig(context, { server: plain.server, caPem: plain.pki.ca.certPem }),
      identity: 'Passthrough',
      match: { pathPrefix: '/own-token' },
    },
  ],
  tokenWebhook: {
    address: '127.0.0.1:0',
    tls: { certFile: file('webhook.crt', serving.certPem), keyFile: file('webhook.key', serving.keyPem) },
    clientCAFile: file('clients.crt', clientCA.certPem),
    clientNames: ['kube-apiserver-webhook-client'],
    audiences: ['https://kubernetes.default.svc'],
  },
});
t.teardown(async () => {
  await plain.stop();
  await gate.process.kill('SIGTERM');
});
const webhookConfig = file(
  'webhook.kubeconfig',
  makeKubeconfig({
    server: `${gate.webhookUrl}${PATH}`,
    caPem: servingCA.certPem,
    user: 'kube-apiserver',
    pair: client,
  }),
);
await plain.start([
  `--authentication-token-webhook-config-file=${webhookConfig}`,
  '--authentication-token-webhook-version=v1',
  '--authentication-token-webhook-cache-ttl=10s',
]);

function kubeconfigAt(name: string, server: string, caPem: string, token: string): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') };
  return writeKubeconfig(context, name, { user: { token }, cluster });
}

t.test('a token straight at the API server is who it is through the gate', async (t) => {
  const token = await aliceToken(context);
  const direct = kubeconfigAt('alice-webhook', plain.server, plain.pki.ca.certPem, token);
  const user = await whoami(context, direct);
  t.match(user, {
    username: 'alice@example.com',
    uid: 'alice-id',
    groups: ['engineers', 'system:authenticated'],
  });
  const { caPem } = gate.trust;
  t.same(await whoami(context, kubeconfigAt('alice-gate', gate.url, caPem, token)), user);
  t.same(await whoami(context, kubeconfigAt('alice-own', `${gate.url}/own-token`, caPem, token)), user);
  t.ok((await metric(gate.opsUrl, 'postern_token_reviews_total', ['outcome="authenticated"'])) > 0);
  t.notMatch(gate.process.stderr(), token.split('.')[2], 'the token is in no log line');
});

t.test('a token that the gate refuses is refused there', async (t) => {
  for (const [name, token] of [
    ['expired', await aliceToken(context, {}, { expiresIn: -60 })],
    ['audience', await aliceToken(context, { aud: 'other' })],
    ['system', await aliceToken(context, { groups: ['system:masters'] })],
    ['opaque', 'opaque'],
  ] as const) {
    const direct = kubeconfigAt(`webhook-${name}`, plain.server, plain.pki.ca.certPem, token);
    const result = await kubectl(path, direct, ['get', 'namespaces']);
    t.match(result, { code: 1, stderr: /You must be logged in to the server/ }, name);
  }
  t.ok((await metric(gate.opsUrl, 'postern_token_reviews_total', ['outcome="unauthenticated"'])) >= 4);
});

// Vault, for instance, asks the API server about tokens for an audience of its own: what was not issued for that is not taken for it.
t.test('a TokenReview for another audience than the API server’s', async (t) => {
  const review = async (audiences: readonly string[], claims: object = {}) => {
    const spec = { token: await aliceToken(context, { ...claims }), audiences };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
    const args = ['create', '-o', 'json', '-f', '-'];
    const result = await kubectl(path, plain.adminKubeconfig, args, { input: JSON.stringify(body) });
    return JSON.parse(result.stdout).status;
  };
  t.match(await review(['https://kubernetes.default.svc']), {
    authenticated: true,
    audiences: ['https://kubernetes.default.svc'],
  });
  t.notOk((await review(['vault'])).authenticated);
  t.match(await review(['vault'], { aud: ['postern', 'vault'] }), {
    authenticated: true,
    audiences: ['vault'],
  });
});
