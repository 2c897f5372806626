// What takes a stock kubectl out of an exec that is open: its certificate on the revocation list, its service account deleted. It says why and fails; the
// execs of others go on.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { ROUND_MS } from '../../src/rounds.ts';
import { makeCRL } from '../fakes/crl.ts';
import { type Background, startKubectl } from './background.ts';
import { type Protocol, readContext } from './context.ts';
import { certificateUser, kubeconfigOfGate, startDoorsGate } from './doorsgate.ts';
import { asAdmin, createPods, newest, removeObjects } from './objects.ts';
import { aliceToken } from './people.ts';
import { grantRights } from './rights.ts';

const POD = 'doors-ends';
const ACCOUNT = 'leaving';
const PROTOCOLS: readonly Protocol[] = ['websocket', 'spdy'];
const context = readContext();
const { path } = newest(context);
const nextUpdate = new Date(Date.now() + 3_600_000);

await createPods(context, { [POD]: ['serve'] });
await grantRights(context, {
  objects: [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT } },
    {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: ACCOUNT } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: context.namespace }],
    },
  ],
  subjects: [{ user: `system:serviceaccount:${context.namespace}:${ACCOUNT}` }],
  rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }],
  namespace: context.namespace,
});
t.teardown(() =>
  removeObjects(context, [`pod/${POD}`, `serviceaccount/${ACCOUNT}`, `rolebinding/${ACCOUNT}`]),
);

const clients = await makeCA('e2e clients that leave');
const issue = (commonName: string) =>
  clients.issue({ commonName, organizations: ['engineers'], client: true });
const [jane, mallory] = [await issue('jane@example.com'), await issue('mallory')];
const files = { ca: join(context.dir, 'ends-ca.crt'), crl: join(context.dir, 'ends.crl') };
writeFileSync(files.ca, clients.certPem);
writeFileSync(files.crl, await makeCRL(clients, { nextUpdate }));

const gate = await startDoorsGate(context, 'doors-ends', files);
t.teardown(() => gate.process.kill('SIGTERM'));

const kubeconfigOf = (name: string, user: object) => kubeconfigOfGate(context, gate, name, user);

/** Both protocols, each at a prompt of its own. */
function openExecs(name: string, user: object): Background[] {
  const kubeconfig = kubeconfigOf(name, user);
  return PROTOCOLS.map((protocol) =>
    startKubectl({ kubectl: path, kubeconfig, protocol }, ['exec', '-i', POD, '--', 'cat']),
  );
}

async function say(execs: readonly Background[], word: string): Promise<void> {
  for (const one of execs) {
    one.send(`${word}\n`);
    await one.seen(new RegExp(word));
  }
}

const staying = [
  ...openExecs('jane-stays', certificateUser(jane)),
  ...openExecs('alice-stays', { token: await aliceToken(context) }),
];
t.teardown(() => Promise.all(staying.map((one) => one.kill())));

t.test('a certificate is revoked', async (t) => {
  const leaving = openExecs('mallory-leaves', certificateUser(mallory));
  const [watching, following] = [
    ['get', 'pods', '--watch'],
    ['logs', '--follow', POD],
  ].map((args) =>
    startKubectl(
      { kubectl: path, kubeconfig: kubeconfigOf('mallory-looks', certificateUser(mallory)) },
      args,
    ),
  );
  t.teardown(() => Promise.all([...leaving, watching, following].map((one) => one?.kill())));
  await watching?.seen(new RegExp(POD));
  await following?.seen(/serving/);
  await say([...leaving, ...staying], 'before');
  writeFileSync(files.crl, await makeCRL(clients, { revoked: [mallory.certPem], nextUpdate }));
  for (const one of leaving) {
    t.equal(await one.ended, 1);
    t.equal(
      one.stderr(),
      'error: The session has ended because its client certificate has been revoked. Ask the administrator of this gate.\n',
    );
  }
  // As when the API server ends them.
  t.equal(await watching?.ended, 0, `get: ${watching?.stderr()}`);
  t.equal(await following?.ended, 0, `logs: ${following?.stderr()}`);
  await say(staying, 'after-revocation');
});

t.test(`a service account is deleted`, { timeout: 3 * ROUND_MS }, async (t) => {
  const token = (await asAdmin(context, ['create', 'token', ACCOUNT])).trim();
  const leaving = openExecs('account-leaves', { token });
  t.teardown(() => Promise.all(leaving.map((one) => one.kill())));
  await say(leaving, 'before');
  await asAdmin(context, ['delete', 'serviceaccount', ACCOUNT]);
  const deletedAt = Date.now();
  for (const one of leaving) {
    t.equal(await one.ended, 1);
    t.match(one.stderr(), /the cluster does not accept the token of its service account any more/);
  }
  // docs/how-to/session-ends.md says so.
  t.ok(Date.now() - deletedAt < 90_000, `${Date.now() - deletedAt} ms after its deletion`);
  await say(staying, 'after-deletion');
});
