import t, { type Test } from 'tap';
import {
  configMapObject,
  type Json,
  type Person,
  startTestPractice,
  type Watching,
} from '../fakes/practice.ts';

// Watches of the practice API server, as informers and kubectl use them: protocol.md §8; k8s.io/apiserver endpoints/handlers/watch.go,
// storage/cacher, KEP-956 (bookmarks) and KEP-3157 (WatchList). Each test has a server of its own, for what it writes is what it counts.

const CMS = '/api/v1/namespaces/default/configmaps';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

async function begin(t: Test) {
  const practice = await startTestPractice([configMapObject('old', {}, { keep: 'yes' })]);
  t.teardown(() => practice.stop());
  // The namespaces get their root certificates before the count begins.
  await practice.until(
    () =>
      practice.server.store.get({ group: '', resource: 'configmaps' }, 'default', 'kube-root-ca.crt') !==
      undefined,
  );
  const admin = practice.as('admin');
  const version = () => practice.server.store.resourceVersion();
  return { practice, admin, version };
}

function put(admin: Person, name: string, data: Record<string, string>, labels = {}) {
  return admin.send('PUT', `${CMS}/${name}`, configMapObject(name, data, labels));
}

function told({ type, object }: Json): string {
  return `${type} ${object.metadata?.name ?? object.kind}`;
}

async function take(watching: Watching, count: number): Promise<string[]> {
  const events: string[] = [];
  while (events.length < count) {
    const document = await watching.next();
    if (document === undefined) break;
    events.push(told(document));
  }
  return events;
}

for (const [what, query] of [
  ['no resourceVersion', ''],
  ['resourceVersion 0', '&resourceVersion=0'],
] as const) {
  t.test(`with ${what} the state comes first, as ADDED, then the changes`, async (t) => {
    const { admin } = await begin(t);
    const watching = await admin.watch(`${CMS}?watch=1&labelSelector=keep${query}`);
    t.equal(watching.status, 200);
    await admin.send('POST', CMS, configMapObject('new', {}, { keep: '1' }));
    await put(admin, 'new', { a: 'b' }, { keep: '1' });
    await admin.send('DELETE', `${CMS}/new`);
    t.same(await take(watching, 4), ['ADDED old', 'ADDED new', 'MODIFIED new', 'DELETED new']);
  });
}

t.test('with a resourceVersion only what came after it is told, in order, nothing missing', async (t) => {
  const { admin, version } = await begin(t);
  const since = version();
  await admin.send('POST', CMS, configMapObject('x'));
  const watching = await admin.watch(`${CMS}?watch=true&resourceVersion=${since}`);
  const first = await watching.next();
  t.equal(told(first), 'ADDED x');
  t.equal(first.object.kind, 'ConfigMap', 'an event says the kind of its object');
  await admin.send('DELETE', `${CMS}/x`);
  const second = await watching.next();
  t.equal(told(second), 'DELETED x');
  t.ok(Number(second.object.metadata.resourceVersion) > Number(first.object.metadata.resourceVersion));
});

t.test('the headers are there before anything happens', async (t) => {
  const { admin, version } = await begin(t);
  const opened = admin.caller.open({
    path: `${CMS}?watch=1&resourceVersion=${version()}`,
    headers: admin.headers,
    end: true,
  });
  const { status, rawHeaders } = await opened.head;
  t.equal(status, 200);
  t.match(rawHeaders.join('\n'), /content-type\napplication\/json/i);
  opened.abort();
});

t.test('a selector makes what begins to match ADDED and what ceases to match DELETED', async (t) => {
  const { admin, version } = await begin(t);
  const watching = await admin.watch(`${CMS}?watch=1&labelSelector=keep%3Dyes&resourceVersion=${version()}`);
  await put(admin, 'old', { n: '1' }, { keep: 'yes' });
  await put(admin, 'old', { n: '2' }, { keep: 'no' });
  await put(admin, 'old', { n: '3' }, { keep: 'no' });
  await put(admin, 'old', { n: '4' }, { keep: 'yes' });
  const events = [await watching.next(), await watching.next(), await watching.next()];
  t.same(events.map(told), ['MODIFIED old', 'DELETED old', 'ADDED old']);
  t.same(events[1].object.data, { n: '1' }, 'as it was last seen');
  t.ok(events[1].object.metadata.resourceVersion > events[0].object.metadata.resourceVersion);
});

t.test('one object by its name: the field selector, and the old path', async (t) => {
  const { admin, version } = await begin(t);
  const since = version();
  const selected = await admin.watch(
    `${CMS}?watch=1&fieldSelector=metadata.name%3Dold&resourceVersion=${since}`,
  );
  const legacy = await admin.watch(
    `/api/v1/watch/namespaces/default/configmaps/old?resourceVersion=${since}`,
  );
  await admin.send('POST', CMS, configMapObject('other'));
  await admin.send('DELETE', `${CMS}/old`);
  t.same(await take(selected, 1), ['DELETED old']);
  t.same(await take(legacy, 1), ['DELETED old']);
});

t.test('a Table in each event, its columns only in the first', async (t) => {
  const { admin } = await begin(t);
  const watching = await admin.watch(`${CMS}?watch=1&labelSelector=keep`, ['Accept', TABLE]);
  await put(admin, 'old', { n: '1' }, { keep: 'yes' });
  const [first, second] = [await watching.next(), await watching.next()];
  t.equal(first.object.kind, 'Table');
  t.ok(first.object.columnDefinitions.length > 0);
  t.notOk(second.object.columnDefinitions?.length, 'null or empty');
  t.equal(second.object.rows[0].cells[0], 'old');
});

t.test(
  'bookmarks: each minute and before the end, with the version that nothing is missing up to',
  async (t) => {
    const { practice, admin, version } = await begin(t);
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=90&resourceVersion=${version()}`;
    const watching = await admin.watch(`${CMS}?${query}`);
    await admin.send('POST', '/api/v1/namespaces', { metadata: { name: 'elsewhere' } });
    practice.time.advance(60_000);
    const bookmark = await watching.next();
    t.match(bookmark, { type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1' } });
    t.equal(bookmark.object.metadata.resourceVersion, String(version()));
    practice.time.advance(28_000);
    t.equal((await watching.next()).type, 'BOOKMARK', 'two seconds before the end');
    practice.time.advance(2_000);
    t.equal(await watching.next(), undefined, 'timeoutSeconds ends it cleanly');
  },
);

t.test(
  'without allowWatchBookmarks there are none, and without timeoutSeconds the end comes after 30 to 60 minutes',
  async (t) => {
    const { practice, admin, version } = await begin(t);
    const watching = await admin.watch(`${CMS}?watch=1&resourceVersion=${version()}`);
    practice.time.advance(29 * 60_000);
    await admin.send('POST', CMS, configMapObject('x'));
    t.same(await take(watching, 1), ['ADDED x']);
    practice.time.advance(31 * 60_000);
    t.equal(await watching.next(), undefined);
  },
);

t.test('WatchList: the state, then a bookmark that says so, then the changes', async (t) => {
  const { admin } = await begin(t);
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const watching = await admin.watch(`${CMS}?${query}&labelSelector=keep`);
  t.same(await take(watching, 1), ['ADDED old']);
  const bookmark = await watching.next();
  t.match(bookmark, {
    type: 'BOOKMARK',
    object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
  });
  await put(admin, 'old', { n: '1' }, { keep: 'yes' });
  t.same(await take(watching, 1), ['MODIFIED old']);
});

t.test('a version that is no longer remembered: an ERROR event with 410, then the end', async (t) => {
  const { practice, admin } = await begin(t);
  const { store } = practice.server;
  const key = { group: '', resource: 'secrets' };
  for (let i = 0; i < 10_001; i++) {
    store.create(key, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `s${i}`, namespace: 'default' },
    });
  }
  const watching = await admin.watch(`${CMS}?watch=1&resourceVersion=2`);
  t.equal(watching.status, 200);
  t.match(await watching.next(), {
    type: 'ERROR',
    object: {
      kind: 'Status',
      code: 410,
      reason: 'Expired',
      message: /^too old resource version: 2 \(\d+\)$/,
    },
  });
  t.equal(await watching.next(), undefined);
});

for (const [query, code, message] of [
  ['sendInitialEvents=true', 422, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/],
  ['resourceVersionMatch=NotOlderThan', 422, /is forbidden for watch unless sendInitialEvents is provided/],
  ['resourceVersion=x', 400, /Invalid value/],
  ['timeoutSeconds=x', 400, /strconv/],
  ['fieldSelector=foo%3Dbar', 400, 'field label not supported: foo'],
] as const) {
  t.test(`a watch with ${query} is refused before it begins`, async (t) => {
    const { admin } = await begin(t);
    const { status, json } = await admin.get(`${CMS}?watch=1&${query}`);
    t.equal(status, code);
    t.match(json, { kind: 'Status', code, message });
  });
}

for (const speech of ['h2', 'h1'] as const) {
  t.test(`a caller that goes is forgotten at once (${speech})`, async (t) => {
    const { practice, version } = await begin(t);
    const one = practice.as('admin', speech);
    const timers = practice.time.waiting().length;
    const watching = await one.watch(`${CMS}?watch=1&allowWatchBookmarks=true&resourceVersion=${version()}`);
    t.ok(practice.time.waiting().length > timers);
    watching.abort();
    const over = () => practice.requests.some(({ url }) => url.includes('watch=1'));
    while (!over()) await new Promise(setImmediate);
    t.equal(practice.time.waiting().length, timers, 'its timers are gone');
  });
}

t.test('stop ends every watch', async (t) => {
  const { practice, admin, version } = await begin(t);
  const watching = await admin.watch(`${CMS}?watch=1&resourceVersion=${version()}`);
  await practice.stop();
  t.equal(await watching.next(), undefined);
  t.equal(practice.server.connections(), 0);
});
