import t from 'tap';
import { type Cluster, matchCluster } from '../../src/clusters.ts';

const cluster = (name: string, pathPrefix = '', hosts: readonly string[] = []): Cluster => ({
  name,
  match: { pathPrefix, hosts },
  upstream: {} as Cluster['upstream'],
  reviewer: {} as Cluster['reviewer'],
  onward: {} as Cluster['onward'],
});
const clusters = [
  cluster('a', '/clusters/a', ['a.example']),
  cluster('ab', '/clusters/a/b'),
  cluster('v6', '', ['[2001:db8::1]']),
  cluster('host', '', ['b.example', 'c.example']),
  cluster('rest'),
];

// interface.md "clusters[].match", protocol.md §8 "Path prefixes", field-lessons S20. [authority, target, cluster, what remains of the target]
const rows: readonly [authority: string, target: string, name: string, rest: string][] = [
  ['x', '/version', 'rest', '/version'],
  ['', '/version', 'rest', '/version'],
  ['b.example', '/version', 'host', '/version'],
  ['C.Example', '/version', 'host', '/version'],
  ['b.example:443', '/', 'host', '/'],
  ['b.example.', '/', 'host', '/'],
  ['b.example.:8443', '/', 'host', '/'],
  ['b.example..', '/', 'rest', '/'],
  ['evil.b.example', '/', 'rest', '/'],
  ['b.example.evil', '/', 'rest', '/'],
  ['b.example@evil', '/', 'rest', '/'],
  ['[2001:db8::1]', '/', 'v6', '/'],
  ['[2001:db8::1]:6443', '/', 'v6', '/'],
  ['x', '/clusters/a', 'a', '/'],
  ['x', '/clusters/a/', 'a', '/'],
  ['x', '/clusters/a?x=/clusters/a/b', 'a', '/?x=/clusters/a/b'],
  ['x', '/clusters/a/version?x', 'a', '/version?x'],
  ['b.example', '/clusters/a/version', 'a', '/version'],
  ['x', '/clusters/a/b/version', 'ab', '/version'],
  ['x', '/clusters/a/bc', 'a', '/bc'],
  ['x', '/clusters/ab/version', 'rest', '/clusters/ab/version'],
  ['x', '/Clusters/a/version', 'rest', '/Clusters/a/version'],
  ['x', '/clusters/%61/version', 'rest', '/clusters/%61/version'],
  ['x', '//clusters/a/version', 'rest', '//clusters/a/version'],
  ['x', '/clusters/a//version', 'a', '//version'],
  ['x', '/clusters/a/../b', 'a', '/../b'],
  ['x', '/clusters/a;x/version', 'rest', '/clusters/a;x/version'],
  ['x', '/clusters/a#x', 'rest', '/clusters/a#x'],
  ['x', 'clusters/a', 'rest', 'clusters/a'],
  ['x', 'http://b.example/clusters/a', 'rest', 'http://b.example/clusters/a'],
  ['x', '*', 'rest', '*'],
];

for (const [authority, target, name, rest] of rows) {
  t.test(`${authority} ${target} is ${name}'s ${rest}`, async (t) => {
    const found = matchCluster(clusters, authority, target);
    t.equal(found?.cluster.name, name);
    t.equal(found?.rest, rest);
  });
}

t.test('the order of the configuration does not matter to prefixes', async (t) => {
  const found = matchCluster([...clusters].reverse(), 'x', '/clusters/a/b/c');
  t.equal(found?.cluster.name, 'ab');
});

t.test('without one that takes everything nothing else is taken', async (t) => {
  const strict = clusters.slice(0, -1);
  t.equal(matchCluster(strict, 'x', '/version'), undefined);
  t.equal(matchCluster(strict, 'a.example.evil', '/version'), undefined);
  t.equal(matchCluster([], 'x', '/'), undefined);
});
