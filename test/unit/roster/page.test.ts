// A page of the roster: what is left out when it is full, and that what is read is checked.
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { type Entry, isFresh, type Kind, type Page, packPage, unpackPage } from '../../../src/roster/page.ts';

function entry(kind: Kind, since: number): Entry {
  const where = {
    cluster: 'prod',
    protocol: 'websocket',
    namespace: 'shop',
    resource: 'pods',
    name: 'web-1',
  };
  const times = { since, expires: 0, bytesUp: 1, bytesDown: 2 };
  return {
    id: randomUUID(),
    user: 'ada@example.com',
    kind,
    ...where,
    container: '',
    address: '::1',
    ...times,
  };
}

function page(entries: readonly Entry[]): Page {
  return {
    ...{ replica: 'a1', name: 'host', version: '1', state: 'serving', startedAt: 1, renewedAt: 1000 },
    ...{ renewEveryMs: 15_000, open: entries.length, entries, answers: [] },
  };
}

t.test('what was packed is read again', async (t) => {
  const answers = [{ order: 'o', ended: ['x'], count: 1, problem: '' }];
  const whole = { ...page([entry('exec', 5), entry('log', 6)]), answers };
  t.same(await unpackPage(await packPage(whole)), whole);
});

t.test(
  'a full page leaves out watches, then logs, then the youngest sessions, and says how many are open',
  async (t) => {
    const kinds: Kind[] = ['watch', 'exec', 'log', 'portforward'];
    const entries = Array.from({ length: 4000 }, (_, i) => entry(kinds[i % 4] ?? 'exec', 10_000 - i));
    for (const maxBytes of [120_000, 60_000, 20_000]) {
      const packed = await packPage(page(entries), maxBytes);
      t.ok(packed.length <= maxBytes, `${packed.length} of ${maxBytes} bytes`);
      t.ok(packed.length > 0.8 * maxBytes, 'and not much less');
      const read = await unpackPage(packed);
      t.equal(read?.open, 4000);
      const kept = new Set(read?.entries.map(({ id }) => id));
      const rank = (kind: Kind) => ({ watch: 2, log: 1 })[kind as string] ?? 0;
      const left = entries.filter(({ id }) => !kept.has(id));
      const worstKept = Math.max(...(read?.entries ?? []).map(({ kind }) => rank(kind)));
      t.ok(Math.min(...left.map(({ kind }) => rank(kind))) >= worstKept);
      const ofThat = (all: readonly Entry[]) => all.filter(({ kind }) => rank(kind) === worstKept);
      const youngestKept = Math.max(...ofThat(read?.entries ?? []).map(({ since }) => since));
      t.ok(ofThat(left).every(({ since }) => since >= youngestKept));
    }
  },
);

t.test('a page that compresses well is none that nobody would read', async (t) => {
  const name = 'n'.repeat(1_000_000);
  const entries = Array.from({ length: 40 }, (_, i) => ({ ...entry('watch', i), name }));
  const packed = await packPage(page(entries));
  t.ok(packed.length < 256 * 1024);
  const read = await unpackPage(packed);
  t.equal(read?.open, 40);
  t.ok(read?.entries.length === 15 || read?.entries.length === 16, `${read?.entries.length} of 16 MiB`);
});

t.test('what is no page is none, and what is none of an entry is empty', async (t) => {
  for (const bytes of [
    Buffer.from(''),
    Buffer.from('{}'),
    gzipSync('{'),
    gzipSync('[]'),
    gzipSync('{"replica":7}'),
  ])
    t.equal(await unpackPage(bytes), undefined);
  const odd = {
    replica: 'x',
    state: 'gone',
    entries: [null, { id: 'a', kind: 'shell', user: 7, since: 'x' }, {}],
  };
  t.match(await unpackPage(gzipSync(JSON.stringify(odd))), {
    ...{ replica: 'x', state: 'serving', renewedAt: 0, answers: [] },
    entries: [{ id: 'a', kind: 'other', user: '', since: 0 }],
  });
});

t.test('a page that would burst when unpacked is none', async (t) => {
  const bomb = gzipSync(JSON.stringify({ replica: 'x', name: 'a'.repeat(40 * 1024 * 1024) }));
  t.equal(await unpackPage(bomb), undefined);
});

t.test('three missed renewals', async (t) => {
  const one = page([]);
  t.equal(isFresh(one, 1000 + 45_000), true);
  t.equal(isFresh(one, 1000 + 45_001), false);
  t.equal(isFresh(one, 0), true, 'a clock that is ahead');
});
