// A 401 of a real API server, by whom it means: a gate whose own credential it does not accept, and an admission webhook that
// denies with that code what a caller does whom a gate with a good one stands for.

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { kubectl, protocolEnv, readContext } from './context.ts';
import { type OwnGate, startOwnGate } from './gates.ts';
import { frontProxy, gateKubeconfig, nodeApiServer } from './modes.ts';
import { asAdmin, createObjects, newest, removeObjects } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';
import { until } from './wait.ts';

const context = readContext();
const { path } = newest(context);
if (context.auditLog === '') {
  t.plan(0, 'needs a node of our own: its front-proxy authority');
  process.exit(0);
}
const OURS =
  /The API server does not accept the credential of this gate\. Your own credential is not the problem/;
const token = await aliceToken(context);
const login = await makeLogin();

/** A login plugin that leaves a mark each time it is run. */
async function makeLogin(): Promise<{ readonly user: object; readonly runs: () => number }> {
  const dir = dirname(context.kubeconfigs.alice);
  const [script, marks] = [join(dir, 'login.sh'), join(dir, 'login.marks')];
  const credential = JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token },
  });
  writeFileSync(marks, '');
  writeFileSync(script, `#!/bin/sh\necho run >> '${marks}'\ncat <<'END'\n${credential}\nEND\n`, {
    mode: 0o700,
  });
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: script,
    interactiveMode: 'Never',
  };
  return { user: { exec }, runs: () => readFileSync(marks, 'utf8').split('\n').length - 1 };
}

function through(gate: OwnGate, name: string): string {
  const authority = Buffer.from(gate.trust.caPem).toString('base64');
  return writeKubeconfig(context, name, {
    user: login.user,
    cluster: { server: gate.url, 'certificate-authority-data': authority },
  });
}

const node = nodeApiServer(context);
const stranger = await (await makeCA('somebody')).issue({ commonName: 'front-proxy-client', client: true });
const BAD = [
  ['token', 'Impersonate', { token: 'of-nobody' }],
  ['client certificate', 'Impersonate', { pair: stranger }],
  ['front-proxy certificate', 'RequestHeader', { pair: stranger }],
] as const;

for (const [what, identity, credential] of BAD)
  t.test(`a gate whose ${what} the API server does not know: nobody is asked to log in again`, async (t) => {
    const kubeconfig = gateKubeconfig(context, node, credential);
    const name = `bad-${what.replaceAll(' ', '-')}`;
    const gate = await startOwnGate(context, name, { clusters: [{ name: 'lab', kubeconfig, identity }] });
    t.teardown(() => gate.process.kill('SIGTERM'));
    const alice = through(gate, `alice-${name}`);
    const commands = [
      { args: ['get', 'configmaps'], env: {} },
      { args: ['create', 'configmap', 'a'], env: {} },
      { args: ['get', '--raw', '/api/v1/namespaces/default/services/x/proxy/'], env: {} },
      { args: ['exec', 'pod', '--', 'true'], env: protocolEnv('websocket') },
      { args: ['exec', 'pod', '--', 'true'], env: protocolEnv('spdy') },
    ];
    for (const { args, env } of commands) {
      const before = login.runs();
      const result = await kubectl(path, alice, args, { env });
      const said = `${what}: ${args.join(' ')}: ${result.stderr}`;
      t.equal(result.code, 1, said);
      t.match(result.stderr, OURS, said);
      t.notMatch(result.stderr, /must be logged in|Unauthorized/, said);
      t.equal(login.runs() - before, 1, 'the login plugin is run once');
    }
    const metrics = await (await fetch(`${gate.opsUrl}/metrics`)).text();
    t.match(metrics, /postern_upstream_errors_total\{cluster="lab",reason="credentials"\} [1-9]/);
    t.ok(await gate.process.seen(/"error":"UPSTREAM_CREDENTIALS"/));
  });

/** The address of ours under which the node sees this machine. */
async function addressTowards(server: string): Promise<string> {
  const { hostname, port } = new URL(server);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const address = socket.localAddress ?? '';
  socket.destroy();
  return address;
}

/** Denies with 401; the API server calls it on this machine. */
async function startDenying(): Promise<{ readonly url: string; readonly caPem: string; close(): void }> {
  const host = await addressTowards(node.server);
  const ca = await makeCA('webhook CA');
  const pair = await ca.issue({ commonName: 'webhook', ipAddresses: [host] });
  const server = createServer({ cert: pair.certPem, key: pair.keyPem }, async (request, response) => {
    const {
      apiVersion,
      kind,
      request: asked,
    } = (await json(request)) as {
      apiVersion: string;
      kind: string;
      request: { uid: string };
    };
    const status = { code: 401, reason: 'Unauthorized', message: 'the webhook does not want it' };
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ apiVersion, kind, response: { uid: asked.uid, allowed: false, status } }));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `https://${host}:${port}/`, caPem: ca.certPem, close };
}

t.test('an admission webhook that denies with 401 is told as it is', async (t) => {
  const webhook = await startDenying();
  await createObjects(context, [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'says-unauthorized' },
      webhooks: [
        {
          name: 'says.unauthorized.example',
          clientConfig: { url: webhook.url, caBundle: Buffer.from(webhook.caPem).toString('base64') },
          rules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
          ],
          matchConditions: [{ name: 'unwanted', expression: "object.metadata.name == 'unwanted'" }],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  ]);
  t.teardown(async () => {
    await removeObjects(context, ['validatingwebhookconfiguration/says-unauthorized']);
    webhook.close();
  });
  const create = ['create', 'configmap', 'unwanted'];
  await until('the webhook to count', async () => {
    const { stderr } = await kubectl(path, context.adminKubeconfig, [
      ...create,
      ...['--namespace', context.namespace, '--dry-run=server'],
    ]);
    return stderr.includes('the webhook does not want it');
  });
  const gates = [
    ['Impersonate', context.gateKubeconfig],
    ['RequestHeader', gateKubeconfig(context, node, { pair: frontProxy(context) })],
  ] as const;
  for (const [identity, kubeconfig] of gates) {
    const gate = await startOwnGate(context, `webhook-${identity.toLowerCase()}`, {
      clusters: [{ name: 'lab', kubeconfig, identity }],
    });
    t.teardown(() => gate.process.kill('SIGTERM'));
    const { code, stderr } = await kubectl(path, through(gate, `alice-webhook-${identity}`), create);
    t.equal(code, 1, identity);
    t.match(stderr, /the webhook does not want it/, identity);
    t.notMatch(stderr, OURS, identity);
    t.ok(await gate.process.seen(/"status":401/), 'the API server said 401');
  }
  t.notMatch(await asAdmin(context, ['get', 'configmaps', '-o', 'name']), /unwanted/);
});
