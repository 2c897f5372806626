import t from 'tap';
import type { ApiFailure } from '../../../../src/practice/objects/failure.ts';
import { createStore, formatTime } from '../../../../src/practice/objects/memory.ts';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import type { StoreEvent } from '../../../../src/practice/objects/store.ts';

// The memory behaves as etcd3 and the watch cache of k8s.io/apiserver do for one object at a time: one growing resourceVersion, optimistic
// locking, changes that can be gone back to for a while.

const CM = { group: '', resource: 'configmaps' };
const NOW = Date.parse('2026-01-02T03:04:05.678Z');

function makeStore(remembered = 100) {
  let uids = 0;
  return createStore({ now: () => NOW, newUid: () => `uid-${++uids}`, remembered });
}

function configMap(name: string, data: object = {}, namespace = 'a'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

function refusal(run: () => unknown): Pick<ApiFailure, 'code' | 'reason' | 'message'> {
  try {
    run();
  } catch (error) {
    const { code, reason, message } = error as ApiFailure;
    return { code, reason, message };
  }
  throw new Error('nothing was refused');
}

function summary(events: readonly StoreEvent[]) {
  return events.map(
    ({ type, object, resourceVersion }) => `${type} ${object.metadata.name} ${resourceVersion}`,
  );
}

t.test('a new object gets what the server alone says of it', async (t) => {
  const store = makeStore();
  const made = store.create(CM, configMap('x'));
  t.same(made.metadata, {
    name: 'x',
    namespace: 'a',
    uid: 'uid-1',
    creationTimestamp: '2026-01-02T03:04:05Z',
    resourceVersion: String(store.resourceVersion()),
  });
  t.equal(store.get(CM, 'a', 'x'), made);
  t.equal(store.get(CM, 'b', 'x'), undefined, 'only in its namespace');
  t.equal(formatTime(NOW), '2026-01-02T03:04:05Z', 'whole seconds');
});

t.test(
  'generateName: five letters of Kubernetes behind at most 58 characters (names.SimpleNameGenerator)',
  async (t) => {
    const store = makeStore();
    const template: KubeObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: '', generateName: 'job-' },
    };
    const first = store.create(CM, template).metadata.name;
    const second = store.create(CM, template).metadata.name;
    t.match(first, /^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    t.not(first, second);
    const long = store.create(CM, { ...template, metadata: { name: '', generateName: 'x'.repeat(100) } });
    t.equal(long.metadata.name.length, 63);
  },
);

t.test('what cannot be written is refused in Kubernetes’ words, and nothing changes', async (t) => {
  const store = makeStore();
  const made = store.create(CM, configMap('x', { n: '1' }));
  const version = store.resourceVersion();
  t.same(
    refusal(() => store.create(CM, configMap('x'))),
    {
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "x" already exists',
    },
  );
  t.same(
    refusal(() => store.update(CM, configMap('y'))),
    {
      code: 404,
      reason: 'NotFound',
      message: 'configmaps "y" not found',
    },
  );
  t.same(
    refusal(() => store.remove({ group: 'apps', resource: 'deployments' }, 'a', 'y')),
    {
      code: 404,
      reason: 'NotFound',
      message: 'deployments.apps "y" not found',
    },
  );
  const old = { ...made, metadata: { ...made.metadata, resourceVersion: '1' } };
  t.match(
    refusal(() => store.update(CM, old)),
    {
      code: 409,
      reason: 'Conflict',
      message: /^Operation cannot be fulfilled on configmaps "x": the object has been modified; please apply/,
    },
  );
  const other = { ...made, metadata: { ...made.metadata, uid: 'another' } };
  t.match(
    refusal(() => store.update(CM, other)),
    {
      code: 409,
      message: /UID in precondition: another, UID in object meta: uid-1$/,
    },
  );
  t.equal(store.resourceVersion(), version);
});

t.test(
  'the same content again is no write; another content is one, with or without a resourceVersion',
  async (t) => {
    const store = makeStore();
    const made = store.create(CM, configMap('x', { n: '1' }));
    const events: StoreEvent[] = [];
    store.watch(CM, '', store.resourceVersion(), (event) => events.push(event));
    t.equal(store.update(CM, configMap('x', { n: '1' })), made);
    t.same(events, []);
    const changed = store.update(CM, { ...made, data: { n: '2' } });
    t.ok(Number(changed.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
    const { uid, creationTimestamp } = made.metadata;
    t.match(
      store.update(CM, configMap('x', { n: '3' })).metadata,
      { uid, creationTimestamp },
      'kept though not sent',
    );
    t.same(summary(events), ['MODIFIED x 3', 'MODIFIED x 4']);
    t.equal(events[1]?.previous, changed);
  },
);

t.test('lists are in the order of namespace and name', async (t) => {
  const store = makeStore();
  for (const [name, namespace] of [
    ['b', 'ns'],
    ['a', 'ns-1'],
    ['a-b', 'ns'],
    ['a', 'ns'],
  ] as const)
    store.create(CM, configMap(name, {}, namespace));
  const names = (namespace: string) =>
    store.list(CM, namespace).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  t.same(names(''), ['ns/a', 'ns/a-b', 'ns/b', 'ns-1/a']);
  t.same(names('ns-1'), ['ns-1/a']);
  t.same(names('none'), []);
});

t.test('core events and events.k8s.io events are one store', async (t) => {
  const store = makeStore();
  store.create(
    { group: '', resource: 'events' },
    { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' } },
  );
  t.equal(store.list({ group: 'events.k8s.io', resource: 'events' }, '').length, 1);
  t.equal(store.list({ group: 'other', resource: 'configmaps' }, '').length, 0, 'nothing else is shared');
});

t.test(
  'a watch tells what came after its version, of its resource and namespace, until it is ended',
  async (t) => {
    const store = makeStore();
    const since = store.resourceVersion();
    store.create(CM, configMap('x'));
    const past: StoreEvent[] = [];
    const stop = store.watch(CM, 'a', since, (event) => past.push(event));
    t.same(summary(past), ['ADDED x 2'], 'what is remembered is told at once');
    store.create(CM, configMap('x', {}, 'b'));
    store.create({ group: '', resource: 'secrets' }, configMap('s'));
    const gone = store.remove(CM, 'a', 'x');
    t.same(summary(past), ['ADDED x 2', 'DELETED x 5']);
    t.equal(gone.metadata.resourceVersion, '5', 'a deletion has its own version');
    t.equal(past[1]?.previous?.metadata.resourceVersion, '2');
    stop();
    store.create(CM, configMap('y'));
    t.equal(past.length, 2);
    const future: StoreEvent[] = [];
    store.watch(CM, '', 7, (event) => future.push(event));
    store.create(CM, configMap('z7'));
    store.create(CM, configMap('z8'));
    t.same(summary(future), ['ADDED z8 8'], 'a version that is still to come');
  },
);

t.test('what is no longer remembered cannot be gone back to', async (t) => {
  const store = makeStore(2);
  for (let i = 0; i < 7; i++) store.create(CM, configMap(`x${i}`));
  t.match(
    refusal(() => store.watch(CM, '', 1, () => {})),
    {
      code: 410,
      reason: 'Expired',
      message: /^too old resource version: 1 \(\d+\)$/,
    },
  );
  const oldest = Number(/\((\d+)\)/.exec(refusal(() => store.watch(CM, '', 1, () => {})).message)?.[1]);
  const events: StoreEvent[] = [];
  store.watch(CM, '', oldest - 1, (event) => events.push(event));
  t.equal(events[0]?.resourceVersion, oldest, 'from there on nothing is missing');
  t.equal(events.length, store.resourceVersion() - oldest + 1);
});

t.test(
  'a watcher that writes does not put the others out of order, nor is anything told twice',
  async (t) => {
    const store = makeStore();
    const seen: string[] = [];
    store.watch(CM, '', 1, ({ object }) => {
      if (object.metadata.name !== 'first') return;
      store.create(CM, configMap('second'));
      // Registered while a change is being told: gets what came before it once.
      store.watch(CM, '', 1, (event) => seen.push(`late ${event.object.metadata.name}`));
    });
    store.watch(CM, '', 1, ({ object }) => seen.push(`other ${object.metadata.name}`));
    store.create(CM, configMap('first'));
    t.same(
      seen.filter((one) => one.startsWith('other')),
      ['other first', 'other second'],
    );
    t.same(
      seen.filter((one) => one.startsWith('late')),
      ['late first', 'late second'],
    );
  },
);

t.test('a watcher that fails keeps nothing from the others', async (t) => {
  const store = makeStore();
  const seen: string[] = [];
  const stop = store.watch(CM, '', 1, () => {
    throw new Error('mine');
  });
  store.watch(CM, '', 1, ({ object }) => seen.push(object.metadata.name));
  t.throws(() => store.create(CM, configMap('x')), /mine/);
  stop();
  store.create(CM, configMap('y'));
  t.same(seen, ['x', 'y']);
});
