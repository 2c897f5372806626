import t from 'tap';
import { configMapObject, type Json, podObject, startTestPractice } from '../fakes/practice.ts';
import { CM_KEY, CMS, DEPLOYMENTS, deployment, MERGE, PODS } from './practicewrites.ts';

// Ends at the practice API server: preconditions, finalizers, collections, grace, namespaces and owners, as k8s.io/apiserver
// endpoints/handlers and registry/generic have them.

const practice = await startTestPractice();
t.teardown(() => practice.stop());
const { store } = practice.server;
const admin = practice.as('admin');
await admin.send('POST', CMS, configMapObject('made', { a: 'b' }));

t.test('delete: a Success that names what is gone; preconditions', async (t) => {
  const { json: made } = await admin.send('POST', CMS, configMapObject('gone'));
  const { uid } = made.metadata;
  const wrong = await admin.send('DELETE', `${CMS}/gone`, { preconditions: { uid: 'other' } });
  t.match(wrong.json, {
    code: 409,
    message: new RegExp(`UID in precondition: other, UID in object meta: ${uid}`),
  });
  const stale = await admin.send('DELETE', `${CMS}/gone`, { preconditions: { resourceVersion: '1' } });
  t.equal(stale.status, 409);
  const { status, json } = await admin.send('DELETE', `${CMS}/gone`, { preconditions: { uid } });
  t.equal(status, 200);
  t.match(json, { kind: 'Status', status: 'Success', details: { name: 'gone', kind: 'configmaps', uid } });
  t.equal((await admin.send('DELETE', `${CMS}/gone`)).status, 404);
  t.equal((await admin.send('DELETE', `${CMS}/made`, { propagationPolicy: 'Sideways' })).status, 422);
});

t.test('finalizers hold an object until the last is taken off', async (t) => {
  const held = configMapObject('held');
  await admin.send('POST', CMS, { ...held, metadata: { ...held.metadata, finalizers: ['a.example/x'] } });
  const { json } = await admin.send('DELETE', `${CMS}/held`);
  t.ok(json.metadata.deletionTimestamp, 'the answer is the object that still stands');
  t.match((await admin.get(`${CMS}/held`)).json.metadata, {
    finalizers: ['a.example/x'],
    deletionTimestamp: String,
  });
  await admin.send('PATCH', `${CMS}/held`, { metadata: { finalizers: null } }, MERGE);
  t.equal((await admin.get(`${CMS}/held`)).status, 404);
});

t.test('deletecollection takes what is selected and answers with it', async (t) => {
  for (const name of ['l1', 'l2', 'l3'])
    await admin.send('POST', CMS, configMapObject(name, {}, { batch: name === 'l3' ? 'b' : 'a' }));
  const { json } = await admin.send('DELETE', `${CMS}?labelSelector=batch%3Da`);
  t.same(
    json.items.map(({ metadata }: Json) => metadata.name),
    ['l1', 'l2'],
  );
  t.equal(store.get(CM_KEY, 'default', 'l1'), undefined);
  t.ok(store.get(CM_KEY, 'default', 'l3'));
});

t.test('a pod is given its time, goes at once with 0, and a nearer end may be asked for', async (t) => {
  const phase = async (name: string) => (await admin.get(`${PODS}/${name}`)).json.status?.phase;
  await admin.send('POST', PODS, podObject('slow'));
  t.equal(await phase('slow'), 'Pending');
  const running = () =>
    (store.get({ group: '', resource: 'pods' }, 'default', 'slow')?.['status'] as Json)?.phase === 'Running';
  await practice.until(running);
  const first = (await admin.send('DELETE', `${PODS}/slow`)).json;
  t.match(first, { kind: 'Pod', metadata: { deletionGracePeriodSeconds: 30, deletionTimestamp: String } });
  const nearer = (await admin.send('DELETE', `${PODS}/slow`, { gracePeriodSeconds: 5 })).json;
  t.equal(nearer.metadata.deletionGracePeriodSeconds, 5);
  const later = (await admin.send('DELETE', `${PODS}/slow?gracePeriodSeconds=50`)).json;
  t.equal(later.metadata.deletionGracePeriodSeconds, 5, 'never further away');
  const now = await admin.send('DELETE', `${PODS}/slow`, { gracePeriodSeconds: 0 });
  t.equal(now.status, 200);
  t.equal((await admin.get(`${PODS}/slow`)).status, 404);
});

t.test('a namespace ends when it is empty; nothing new comes in meanwhile', async (t) => {
  t.match((await admin.send('POST', '/api/v1/namespaces', { metadata: { name: 'short' } })).json, {
    metadata: { labels: { 'kubernetes.io/metadata.name': 'short' } },
    status: { phase: 'Active' },
  });
  const inside = '/api/v1/namespaces/short/configmaps';
  await admin.send('POST', inside, { metadata: { name: 'inside', finalizers: ['a.example/x'] } });
  const { json } = await admin.send('DELETE', '/api/v1/namespaces/short');
  t.match(json, {
    kind: 'Namespace',
    status: { phase: 'Terminating' },
    metadata: { deletionTimestamp: String },
  });
  const late = await admin.send('POST', '/api/v1/namespaces/short/configmaps', {
    metadata: { name: 'late' },
  });
  t.equal(late.status, 403);
  t.match(
    late.json.message,
    'configmaps "late" is forbidden: unable to create new content in namespace short because it is being terminated',
  );
  const here = () => store.get({ group: '', resource: 'namespaces' }, '', 'short') !== undefined;
  const marked = () => store.get(CM_KEY, 'short', 'inside')?.metadata.deletionTimestamp !== undefined;
  await practice.until(marked);
  t.ok(here());
  await admin.send('PATCH', `${inside}/inside`, { metadata: { finalizers: null } }, MERGE);
  await practice.until(() => !here());
  t.equal(store.get(CM_KEY, 'short', 'inside'), undefined);
});

t.test('what a deployment owns goes with it', async (t) => {
  await admin.send('POST', DEPLOYMENTS, deployment('owner', { replicas: 1 }));
  const key = { group: 'apps', resource: 'replicasets' };
  const owned = () => store.list(key, 'default').some(({ metadata }) => metadata.name.startsWith('owner-'));
  await practice.until(owned);
  await admin.send('DELETE', `${DEPLOYMENTS}/owner`, { propagationPolicy: 'Background' });
  await practice.until(() => !owned());
  t.equal((await admin.get(`${DEPLOYMENTS}/owner`)).status, 404);
});
