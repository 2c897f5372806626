import fc from 'fast-check';
import t from 'tap';
import { strategicMerge } from '../../../../src/practice/patch/strategic.ts';
import { holds } from '../../../properties.ts';
import { failureOf, frozen, SCHEMA } from './pieces.ts';

type Json = Readonly<Record<string, unknown>>;

function merge(live: Json, patch: Json): Json {
  return strategicMerge({
    schema: SCHEMA,
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    live: frozen(live),
    patch: frozen(patch),
  });
}

/** The same one level down, in the spec of the pod template. */
function mergePod(live: Json, patch: Json): unknown {
  const result = merge({ spec: { template: { spec: live } } }, { spec: { template: { spec: patch } } });
  return (result as { spec: { template: { spec: unknown } } }).spec.template.spec;
}

const a = { name: 'a', image: 'a:1' };
const b = { name: 'b', image: 'b:1' };
const c = { name: 'c', image: 'c:1' };

type Case = readonly [behaviour: string, live: Json, patch: Json, result: Json];

// Facts: apimachinery pkg/util/strategicpatch patch.go (mergeMap, mergeSlice, normalizeElementOrder) and patch_test.go.
const MAPS: readonly Case[] = [
  [
    'fields merge',
    { spec: { replicas: 1, paused: true } },
    { spec: { replicas: 2 } },
    { spec: { replicas: 2, paused: true } },
  ],
  [
    'null deletes',
    { spec: { replicas: 1, paused: true } },
    { spec: { paused: null } },
    { spec: { replicas: 1 } },
  ],
  ['null of what is missing is nothing', { spec: {} }, { spec: { paused: null } }, { spec: {} }],
  ['a new map loses its nulls', {}, { spec: { paused: null, replicas: 1 } }, { spec: { replicas: 1 } }],
  ['another type replaces', { spec: 'x' }, { spec: { replicas: 1 } }, { spec: { replicas: 1 } }],
  [
    '$patch replace',
    { spec: { replicas: 1, paused: true } },
    { spec: { $patch: 'replace', replicas: 3 } },
    { spec: { replicas: 3 } },
  ],
  [
    '$patch delete',
    { spec: { replicas: 1 }, kind: 'x' },
    { spec: { $patch: 'delete' } },
    { spec: {}, kind: 'x' },
  ],
  ['a directive for what is missing is nothing', {}, { spec: { $patch: 'replace', replicas: 1 } }, {}],
  [
    '$retainKeys drops what it does not name',
    { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: {} } } },
    { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    { spec: { strategy: { type: 'Recreate' } } },
  ],
  [
    'a map that server-side apply replaces is merged here',
    { spec: { selector: { matchLabels: { a: '1' } } } },
    { spec: { selector: { matchLabels: { b: '2' } } } },
    { spec: { selector: { matchLabels: { a: '1', b: '2' } } } },
  ],
  [
    'a set of scalars unites, the patch in front',
    { metadata: { finalizers: ['x', 'y'] } },
    { metadata: { finalizers: ['z', 'x'] } },
    { metadata: { finalizers: ['z', 'x', 'y'] } },
  ],
  [
    '$deleteFromPrimitiveList',
    { metadata: { finalizers: ['x', 'y'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['x', 'q'] } },
    { metadata: { finalizers: ['y'] } },
  ],
  [
    '$deleteFromPrimitiveList of a list that is not there',
    {},
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } },
    { metadata: {} },
  ],
  [
    '$deleteFromPrimitiveList and additions and order at once',
    { metadata: { finalizers: ['1', '2', '3'] } },
    {
      metadata: {
        '$deleteFromPrimitiveList/finalizers': ['1'],
        '$setElementOrder/finalizers': ['4', '3', '2'],
        finalizers: ['4'],
      },
    },
    { metadata: { finalizers: ['4', '3', '2'] } },
  ],
];

const LISTS: readonly Case[] = [
  [
    'items merge by key',
    { containers: [a, b] },
    { containers: [{ name: 'b', image: 'b:2' }, c] },
    { containers: [a, { name: 'b', image: 'b:2' }, c] },
  ],
  [
    'a new item stands before what it knows no order to',
    { containers: [a] },
    { containers: [b] },
    { containers: [b, a] },
  ],
  [
    '$patch delete of an item',
    { containers: [a, b] },
    { containers: [{ name: 'a', $patch: 'delete' }] },
    { containers: [b] },
  ],
  [
    '$patch delete of an item that is not there',
    { containers: [a] },
    { containers: [{ name: 'q', $patch: 'delete' }] },
    { containers: [a] },
  ],
  [
    '$patch replace of the list',
    { containers: [a, b] },
    { containers: [c, { $patch: 'replace' }] },
    { containers: [c] },
  ],
  [
    '$patch replace with nothing empties',
    { containers: [a] },
    { containers: [{ $patch: 'replace' }] },
    { containers: [] },
  ],
  [
    '$patch replace in an item',
    { containers: [{ name: 'a', image: 'x', args: ['1'] }] },
    { containers: [{ name: 'a', args: null }] },
    { containers: [{ name: 'a', image: 'x' }] },
  ],
  [
    '$setElementOrder orders all',
    { containers: [a, b] },
    { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
    { containers: [b, a] },
  ],
  [
    '$setElementOrder keeps what only the server has beside its neighbour',
    { containers: [a, b, c] },
    { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }] },
    { containers: [b, c, a] },
  ],
  [
    '$setElementOrder with a new item',
    { containers: [a, b] },
    { '$setElementOrder/containers': [{ name: 'a' }, { name: 'c' }, { name: 'b' }], containers: [c] },
    { containers: [a, c, b] },
  ],
  [
    '$setElementOrder with a deleted item',
    { containers: [a, b, c] },
    {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }],
      containers: [{ name: 'a', $patch: 'delete' }],
    },
    { containers: [c, b] },
  ],
  ['$setElementOrder of no list', {}, { '$setElementOrder/containers': [{ name: 'a' }] }, {}],
  [
    '$setElementOrder of a new list',
    {},
    { '$setElementOrder/containers': [{ name: 'a' }], containers: [a] },
    { containers: [a] },
  ],
  [
    'a list without a merge key is replaced',
    { tolerations: [{ key: 'x' }, { key: 'y' }] },
    { tolerations: [{ key: 'z' }] },
    { tolerations: [{ key: 'z' }] },
  ],
  [
    'lists within items merge too',
    { containers: [{ name: 'a', env: [{ name: 'X', value: '1' }] }] },
    { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] },
    {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'Y', value: '2' },
            { name: 'X', value: '1' },
          ],
        },
      ],
    },
  ],
  [
    'the patch key is one, where server-side apply has two',
    { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
    { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }] }] },
    { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }] }] },
  ],
  [
    '$retainKeys in an item',
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: '/x' }] },
    { volumes: [{ name: 'v', hostPath: '/x' }] },
  ],
];

t.test('strategic merge patch of maps', async (t) => {
  for (const [behaviour, live, patch, result] of MAPS) t.same(merge(live, patch), result, behaviour);
});

t.test('strategic merge patch of lists', async (t) => {
  for (const [behaviour, live, patch, result] of LISTS) t.same(mergePod(live, patch), result, behaviour);
});

t.test('what is malformed is refused', async (t) => {
  const rows: readonly (readonly [patch: Json, code: number, message: RegExp])[] = [
    [
      { containers: [{ image: 'x' }] },
      500,
      /^map: map\[image:x\] does not contain declared merge key: name$/,
    ],
    [{ containers: [{ $patch: 'delete' }] }, 500, /does not contain declared merge key: name/],
    [{ containers: [{ name: 'a', $patch: 'merge' }] }, 500, /merging lists cannot yet be specified/],
    [
      { containers: [{ name: 'a', $patch: 'no' }] },
      500,
      /^unknown patch type: no in map: map\[\$patch:no name:a\]$/,
    ],
    [{ containers: ['a'] }, 500, /element types are not identical/],
    [{ containers: [[]] }, 422, /rejected our request/],
    [{ $patch: 'merge' }, 500, /^unknown patch type: merge in map/],
    [{ $retainKeys: 'containers' }, 400, /invalid patch format of retainKeys/],
    [{ $retainKeys: ['volumes'], containers: [] }, 400, /invalid patch format of retainKeys/],
    [{ $setElementOrder: [] }, 400, /invalid patch format of setElementOrder list/],
    [
      { '$setElementOrder/containers': {} },
      500,
      /^expected a \[\]interface \{\}, but received a map\[string\]interface \{\}$/,
    ],
    [
      { '$setElementOrder/containers': [{ name: 'a' }], containers: null },
      500,
      /^expected a \[\]interface \{\}, but received a <nil>$/,
    ],
    [
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [a, b] },
      500,
      /^The order in patch list/,
    ],
    [{ $deleteFromPrimitiveList: ['x'] }, 400, /invalid patch format of primitive list/],
  ];
  for (const [patch, code, message] of rows) {
    const failure = failureOf(() => mergePod({ containers: [a] }, patch));
    t.equal(failure?.code, code, JSON.stringify(patch));
    t.match(failure?.message, message);
  }
});

// The patch that turns one list of containers into another, as kubectl would compute it.
function patchBetween(from: readonly Json[], to: readonly Json[]): Json {
  const gone = from.filter(({ name }) => !to.some((one) => one['name'] === name));
  const changed = to.filter((one) => !from.some((other) => JSON.stringify(other) === JSON.stringify(one)));
  return {
    '$setElementOrder/containers': to.map(({ name }) => ({ name })),
    containers: [...changed, ...gone.map(({ name }) => ({ name, $patch: 'delete' }))],
  };
}

t.test('a patch computed from two lists makes the second of the first', async (t) => {
  const container = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    image: fc.constantFrom('1', '2'),
  });
  const containers = fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1 });
  holds(
    fc.property(containers, containers, (from, to) => {
      t.same(mergePod({ containers: from }, patchBetween(from, to)), { containers: to });
    }),
  );
});

t.test('fields named like parts of Object are fields like any other', async (t) => {
  const patch: Json = JSON.parse('{"metadata":{"labels":{"__proto__":"x","constructor":"y"}}}');
  t.equal(JSON.stringify(merge({ metadata: { labels: {} } }, patch)), JSON.stringify(patch));
});
