import { refusalOf, valuesOf } from '../fakes/caller.ts';
import { startTwoClusters } from './twoclusters.ts';

// One cluster’s request at another (field-lessons.md §4, S20), at the level of whole requests. A refusal must have reached nobody.

const { auth, everySpeech, other, upstream } = await startTwoClusters();

// S20: the value that chooses the cluster is the one that is used. [Host or :authority, path] → which API server gets which path.
const places: readonly [authority: string, path: string, who: 'a' | 'b' | undefined, got?: string][] = [
  ['a.example', '/version', 'a', '/version'],
  ['A.EXAMPLE', '/version', 'a', '/version'],
  ['a.example:8443', '/version', 'a', '/version'],
  ['a.example.', '/version', 'a', '/version'],
  ['a.example.:443', '/version', 'a', '/version'],
  ['b.example', '/version', 'b', '/version'],
  ['c.example', '/version', undefined],
  ['c.example', '/clusters/a/version', 'a', '/version'],
  ['c.example', '/clusters/b/version', 'b', '/version'],
  ['a.example', '/clusters/b/api/v1/pods', 'b', '/api/v1/pods'],
  ['c.example', '/clusters/a', 'a', '/'],
  ['c.example', '/clusters/a?x=1', 'a', '/?x=1'],
  ['c.example', '/clusters/ab/version', undefined],
  ['c.example', '/clusters/%61/version', undefined],
  ['a.example', '/clusters/a/clusters/b/version', 'a', '/clusters/b/version'],
  ['a.example, b.example', '/version', undefined],
];

everySpeech('S20: host and path prefix choose the cluster, and nothing else does', async (t, one) => {
  for (const [authority, path, who, got] of places) {
    // nghttp2 refuses that one by itself.
    if (one.speech === 'h2' && authority.includes(',')) continue;
    const before = [upstream.received.length, other.received.length];
    const reply = await one.call({
      path,
      headers: ['Host', authority, ...auth, 'X-Forwarded-Host', 'b.example'],
    });
    const label = `${authority} ${path}`;
    t.same(
      [upstream.received.length, other.received.length],
      [(before[0] ?? 0) + (who === 'a' ? 1 : 0), (before[1] ?? 0) + (who === 'b' ? 1 : 0)],
      label,
    );
    if (who === undefined)
      t.match(refusalOf(reply), { kind: 'Status', http: authority.includes(',') ? /4../ : 404 }, label);
    else {
      const received = (who === 'a' ? upstream : other).received.at(-1);
      t.equal(received?.url, got, label);
      t.match(valuesOf(received?.rawHeaders ?? [], 'host')[0], /^127\.0\.0\.1:/, 'the API server’s own name');
    }
  }
});

everySpeech('S20: a path that climbs out of its prefix is refused', async (t, one) => {
  const before = upstream.received.length + other.received.length;
  for (const path of [
    '/clusters/a/../b/version',
    '/clusters/a/%2e%2e/b/version',
    '/clusters/a//version',
    '/clusters/a/..;/b',
    '/clusters/a/%2fversion',
  ]) {
    const reply = await one.call({ path, headers: auth });
    t.match(refusalOf(reply), { http: 400, cause: 'PATH_MALFORMED' }, path);
  }
  t.equal(upstream.received.length + other.received.length, before);
});
