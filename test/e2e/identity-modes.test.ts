// Each mode of clusters[].identity with a stock kubectl: RequestHeader with the node's front-proxy authority, Passthrough with tokens of the
// node's service accounts, which are good at both, and Passthrough with an issuer that a second API server knows by --authentication-config.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { preparePlainApiServer } from '../cluster/plain.ts';
import { kubectl, protocolEnv, readContext } from './context.ts';
import { auditEvent, auditEvents, gateLines } from './evidence.ts';
import { type OwnGate, startOwnGate } from './gates.ts';
import { frontProxy, gateKubeconfig, nodeApiServer, whoami } from './modes.ts';
import { asAdmin, createPods, newest, removeObjects } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';

const POD = 'modal';
const PROTOCOLS = ['websocket', 'spdy'] as const;
const context = readContext();
const { path } = newest(context);
if (context.auditLog === '') {
  t.plan(0, 'needs a node of our own: its front-proxy authority and its flags');
  process.exit(0);
}
await createPods(context, { [POD]: ['serve'] });
t.teardown(() => removeObjects(context, [`pod/${POD}`]));

const ISSUER = (
  JSON.parse(readFileSync(context.gate.configFile, 'utf8')) as { authentication: { jwt: object[] } }
).authentication.jwt[0];

/** A kubeconfig for somebody who comes through `gate`. */
function through(gate: OwnGate, name: string, user: object): string {
  const authority = Buffer.from(gate.trust.caPem).toString('base64');
  return writeKubeconfig(context, name, {
    user,
    cluster: { server: gate.url, 'certificate-authority-data': authority },
  });
}

t.test('RequestHeader', async (t) => {
  const kubeconfig = gateKubeconfig(context, nodeApiServer(context), { pair: frontProxy(context) });
  const gate = await startOwnGate(context, 'requestheader', {
    clusters: [{ name: 'lab', kubeconfig, identity: 'RequestHeader' }],
  });
  t.teardown(() => gate.process.kill('SIGTERM'));
  const alice = through(gate, 'alice-rh', { token: await aliceToken(context) });
  const victor = through(gate, 'victor-rh', {
    token: await aliceToken(context, { sub: 'victor-id', email: 'victor@example.com', groups: ['viewers'] }),
  });

  t.match(await whoami(context, alice), {
    username: 'alice@example.com',
    uid: 'alice-id',
    groups: ['engineers', 'system:authenticated'],
  });
  for (const protocol of PROTOCOLS) {
    const mark = `rh-${protocol}`;
    const env = protocolEnv(protocol);
    const args = ['exec', POD, '--', 'echo', mark];
    t.match(await kubectl(path, alice, args, { env }), { code: 0, stdout: `${mark}\n` });
    const event = await auditEvent(context, `command=${mark}`);
    t.equal(event.user.username, 'alice@example.com', 'the API server authenticated the caller as the user');
    t.equal(event.impersonatedUser, undefined);
    t.match(await kubectl(path, victor, args, { env }), {
      code: 1,
      stderr: /User "victor@example.com" cannot create/,
    });
  }
  // The API server sees the caller as requestor, so it judges --as by itself.
  t.match(await whoami(context, alice, ['--as', 'bob', '--as-group', 'g,1']), {
    username: 'bob',
    groups: ['g,1', 'system:authenticated'],
  });
  const denied = await kubectl(path, victor, ['get', 'pods', '--as', 'bob']);
  t.match(denied, { code: 1, stderr: /User "victor@example\.com" cannot impersonate/ });
  const expired = through(gate, 'expired-rh', { token: await aliceToken(context, {}, { expiresIn: -60 }) });
  await t.rejects(whoami(context, expired), /has expired/, 'verified here all the same');
});

t.test('Passthrough with tokens of service accounts', async (t) => {
  // The API server's own keys; only its anonymous readers have to be let to them.
  const binding = 'clusterrolebinding/keys-for-all';
  const role = '--clusterrole=system:service-account-issuer-discovery';
  await asAdmin(context, [
    'create',
    'clusterrolebinding',
    'keys-for-all',
    role,
    '--group=system:unauthenticated',
  ]);
  await asAdmin(context, [
    'create',
    'rolebinding',
    'default-edit',
    '--clusterrole=edit',
    '--serviceaccount=e2e:default',
  ]);
  t.teardown(() => removeObjects(context, [binding, 'rolebinding/default-edit']));
  const node = nodeApiServer(context);
  const gate = await startOwnGate(context, 'passthrough', {
    clusters: [{ name: 'lab', kubeconfig: gateKubeconfig(context, node), identity: 'Passthrough' }],
    authentication: {
      jwt: [
        {
          issuer: {
            url: 'https://kubernetes.default.svc',
            audiences: ['https://kubernetes.default.svc'],
            certificateAuthority: node.caPem,
          },
          jwksURL: `${node.server}/openid/v1/jwks`,
          claimMappings: { username: { claim: 'sub', prefix: '' } },
          systemIdentities: 'Allow',
        },
      ],
    },
  });
  t.teardown(() => gate.process.kill('SIGTERM'));
  const token = (await asAdmin(context, ['create', 'token', 'default'])).trim();
  const account = through(gate, 'account', { token });
  const user = await whoami(context, account);
  t.match(user, {
    username: 'system:serviceaccount:e2e:default',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:e2e', 'system:authenticated'],
  });
  for (const protocol of PROTOCOLS) {
    const mark = `passed-${protocol}`;
    const args = ['exec', POD, '--', 'echo', mark];
    const result = await kubectl(path, account, args, { env: protocolEnv(protocol) });
    t.match(result, { code: 0, stdout: `${mark}\n` });
    const event = await auditEvent(context, `command=${mark}`);
    t.equal(event.user.username, 'system:serviceaccount:e2e:default');
    t.equal(event.impersonatedUser, undefined);
  }
  t.match(await kubectl(path, account, ['logs', POD, '--tail', '1']), { code: 0, stdout: /serving/ });
  const asBob = await kubectl(path, account, ['get', 'configmap', 'passed-as', '--as', 'bob']);
  t.match(asBob, { code: 1, stderr: /User "system:serviceaccount:e2e:default" cannot impersonate/ });
  const stranger = through(gate, 'stranger', { token: await aliceToken(context) });
  await t.rejects(whoami(context, stranger), /issuer that is not accepted here/);
  t.same(auditEvents(context, 'passed-nobody'), []);
  t.notMatch(gate.process.stderr(), token.split('.')[2], 'the token is in no log line');
});

t.test('Passthrough with an issuer that the API server knows by --authentication-config', async (t) => {
  const plain = await preparePlainApiServer(context.dir, 'oidc');
  t.teardown(plain.stop);
  // Not a key of ours: the whole entry, as Postern has it and as the API server reads it.
  const file = join(plain.dir, 'authentication.json');
  const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
  writeFileSync(file, JSON.stringify({ ...head, jwt: [ISSUER] }));
  await plain.start([`--authentication-config=${file}`]);
  const api = { server: plain.server, caPem: plain.pki.ca.certPem };
  const gate = await startOwnGate(context, 'passthrough-oidc', {
    clusters: [{ name: 'oidc', kubeconfig: gateKubeconfig(context, api), identity: 'Passthrough' }],
  });
  t.teardown(() => gate.process.kill('SIGTERM'));
  const token = await aliceToken(context);
  const there = {
    server: api.server,
    'certificate-authority-data': Buffer.from(api.caPem).toString('base64'),
  };
  const direct = writeKubeconfig(context, 'alice-direct', { user: { token }, cluster: there });
  const alice = through(gate, 'alice-pass', { token });
  const user = await whoami(context, alice);
  t.match(user, {
    username: 'alice@example.com',
    uid: 'alice-id',
    groups: ['engineers', 'system:authenticated'],
  });
  t.same(user, await whoami(context, direct), 'the same at both doors');
  t.match(await kubectl(path, alice, ['get', 'nodes']), {
    code: 1,
    stderr: /User "alice@example.com" cannot list/,
  });
  t.same(gateLines(context.gate.logFile, 'passed-nobody'), []);
});
