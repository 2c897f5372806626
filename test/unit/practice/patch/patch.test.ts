import fc from 'fast-check';
import t from 'tap';
import { applyPatch, mergePatch } from '../../../../src/practice/patch/patch.ts';
import { holds } from '../../../properties.ts';
import { deployment, failureOf, frozen, SCHEMA, withContainers } from './pieces.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

const live = frozen(
  deployment(
    { replicas: 1, ...withContainers({ name: 'a', image: 'a:1' }) },
    { labels: { app: 'web' }, generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' },
  ),
);

function patched(contentType: string, patch: unknown) {
  return applyPatch({ contentType, patch: frozen(patch), live, schema: SCHEMA });
}

t.test('each patch type by its content type, parameters ignored', async (t) => {
  t.match(patched(JSON_PATCH, [{ op: 'replace', path: '/spec/replicas', value: 2 }]), {
    spec: { replicas: 2 },
  });
  t.match(patched(`${MERGE}; charset=utf-8`, { spec: { replicas: 2 } }), { spec: { replicas: 2 } });
  t.match(patched(STRATEGIC, { spec: withContainers({ name: 'a', args: ['x'] }) }), {
    spec: withContainers({ name: 'a', image: 'a:1', args: ['x'] }),
  });
  t.same(
    patched(MERGE, { spec: withContainers({ name: 'b' }) })['spec'],
    { replicas: 1, ...withContainers({ name: 'b' }) },
    'a merge patch replaces lists',
  );
});

// As kube-apiserver 1.36.3 answers.
t.test('any other content type is 415', async (t) => {
  for (const type of ['application/json', '', 'application/apply-patch+yaml']) {
    t.same(
      failureOf(() => patched(type, {})),
      {
        code: 415,
        reason: 'UnsupportedMediaType',
        message: '415: Unsupported Media Type',
        details: {},
      },
    );
  }
});

t.test('a patch without effect gives the live object itself', async (t) => {
  for (const [type, patch] of [
    [JSON_PATCH, []],
    [MERGE, {}],
    [STRATEGIC, {}],
    [MERGE, { spec: { replicas: 1 } }],
  ] as const) {
    t.equal(patched(type, patch), live);
  }
  t.equal(
    patched(MERGE, { metadata: { labels: { a: 'b' } } })['spec'],
    live['spec'],
    'what is not patched is shared',
  );
});

// Facts: gopkg.in/evanphx/json-patch.v4 and apiserver handlers/patch.go.
t.test('a JSON patch that can not be applied is 422, whatever the reason', async (t) => {
  const rows: readonly object[] = [
    { op: 'test', path: '/spec/replicas', value: 9 },
    { op: 'test', path: '/spec/nothing', value: 1 },
    { op: 'remove', path: '/spec/nothing' },
    { op: 'remove', path: '' },
    { op: 'replace', path: '/spec/nothing', value: 1 },
    { op: 'replace', path: '/nothing/at/all', value: 1 },
    { op: 'add', path: '/nothing/here', value: 1 },
    { op: 'add', path: '/spec/template/spec/containers/7', value: {} },
    { op: 'add', path: '/spec/template/spec/containers/first', value: {} },
    { op: 'replace', path: '/spec/template/spec/containers/x', value: {} },
    { op: 'replace', path: '/spec/template/spec/containers/-', value: {} },
    { op: 'remove', path: '/spec/template/spec/containers/9' },
    { op: 'add', path: 'spec/replicas', value: 1 },
    { op: 'add', path: '/__proto__/polluted', value: 1 },
    { op: 'add', path: '/metadata/constructor/prototype/polluted', value: 1 },
    { op: 'move', from: '/spec/nothing', path: '/spec/replicas' },
    { op: 'move', path: '/spec/replicas' },
    { op: 'copy', from: '/spec/nothing/x', path: '/spec/replicas' },
    { op: 'frobnicate', path: '/spec/replicas' },
    { op: 'add', value: 1 },
    {},
  ];
  for (const operation of rows) {
    t.same(
      failureOf(() => patched(JSON_PATCH, [operation])),
      {
        code: 422,
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
        details: {},
      },
      JSON.stringify(operation),
    );
  }
  t.equal(failureOf(() => patched(JSON_PATCH, ['x']))?.code, 422);
  t.notOk('polluted' in {}, 'and nothing reached Object.prototype');
});

t.test('JSON patch operations', async (t) => {
  const rows: readonly (readonly [operations: readonly object[], result: object])[] = [
    [[{ op: 'add', path: '/metadata/labels/a~1b', value: 'c' }], { metadata: { labels: { 'a/b': 'c' } } }],
    [
      [{ op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'b' } }],
      { spec: withContainers({ name: 'a' }, { name: 'b' }) },
    ],
    [
      [
        { op: 'test', path: '/spec/replicas', value: 1 },
        { op: 'add', path: '/spec/replicas', value: 5 },
      ],
      { spec: { replicas: 5 } },
    ],
    [
      [
        { op: 'test', path: '/spec/paused', value: null },
        { op: 'add', path: '/spec/paused', value: true },
      ],
      { spec: { paused: true } },
    ],
    [
      [{ op: 'copy', from: '/spec/replicas', path: '/spec/minReadySeconds' }],
      { spec: { replicas: 1, minReadySeconds: 1 } },
    ],
    [
      [{ op: 'move', from: '/metadata/labels/app', path: '/metadata/labels/name' }],
      { metadata: { labels: { name: 'web' } } },
    ],
  ];
  for (const [operations, result] of rows)
    t.match(patched(JSON_PATCH, operations), result, JSON.stringify(operations));
  t.notOk('replicas' in (patched(JSON_PATCH, [{ op: 'remove', path: '/spec/replicas' }])['spec'] as object));
  t.notOk(
    'replicas' in
      (patched(JSON_PATCH, [{ op: 'replace', path: '/spec/replicas', value: null }])['spec'] as object),
    'null is nothing',
  );
});

t.test('a body of the wrong form', async (t) => {
  t.equal(failureOf(() => patched(JSON_PATCH, {}))?.code, 400);
  for (const body of [[], null, 'x', 1]) {
    t.equal(failureOf(() => patched(MERGE, body))?.code, 400);
    t.equal(failureOf(() => patched(STRATEGIC, body))?.code, 400);
  }
  const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/spec/replicas', value: 1 }));
  t.match(
    failureOf(() => patched(JSON_PATCH, many)),
    { code: 413, reason: 'RequestEntityTooLarge' },
  );
  t.match(
    failureOf(() => patched(MERGE, { metadata: 'x' })),
    { code: 422, details: { causes: [{ field: 'patch' }] } },
  );
  t.match(
    failureOf(() => patched(JSON_PATCH, [{ op: 'replace', path: '', value: 5 }])),
    { code: 422 },
  );
});

// Facts: apiserver handlers/rest.go checkName, registry/rest/meta.go, registry/rest/update.go BeforeUpdate.
t.test('what no patch changes', async (t) => {
  const refused: readonly (readonly [type: string, patch: object, code: number, message: RegExp])[] = [
    [
      MERGE,
      { metadata: { name: 'x' } },
      400,
      /^the name of the object \(x\) does not match the name on the URL \(web\)$/,
    ],
    [
      MERGE,
      { metadata: { name: null } },
      400,
      /^the name of the object \(web based on URL\) was undeterminable/,
    ],
    [
      STRATEGIC,
      { metadata: { namespace: 'x' } },
      400,
      /^the namespace of the provided object does not match the namespace sent on the request$/,
    ],
    [
      MERGE,
      { metadata: { uid: 'x' } },
      422,
      /^Deployment.apps "web" is invalid: metadata.uid: Invalid value: "x": field is immutable$/,
    ],
    [MERGE, { kind: 'Pod' }, 422, /^ "" is invalid: patch: Invalid value: /],
    [
      JSON_PATCH,
      [{ op: 'replace', path: '/apiVersion', value: 'v1' }],
      422,
      /^ "" is invalid: patch: Invalid value: /,
    ],
  ];
  for (const [type, patch, code, message] of refused) {
    const failure = failureOf(() => patched(type, patch));
    t.equal(failure?.code, code, JSON.stringify(patch));
    t.match(failure?.message, message);
  }
  const kept: readonly (readonly [type: string, patch: object])[] = [
    [STRATEGIC, { kind: 'Pod', apiVersion: 'v1' }],
    [MERGE, { kind: null, apiVersion: null }],
    [
      MERGE,
      {
        metadata: {
          generation: 99,
          creationTimestamp: null,
          uid: null,
          namespace: null,
          resourceVersion: null,
        },
      },
    ],
    [MERGE, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }],
  ];
  for (const [type, patch] of kept) t.equal(patched(type, patch), live, JSON.stringify(patch));
  t.equal(
    patched(MERGE, { metadata: { resourceVersion: '3' } }).metadata.resourceVersion,
    '3',
    'the store compares it',
  );
});

// RFC 7386, appendix A.
t.test('the example cases of JSON Merge Patch', async (t) => {
  const rows: readonly (readonly [target: unknown, patch: unknown, result: unknown])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of rows) t.same(mergePatch(frozen(target), frozen(patch)), result);
});

t.test('a merge patch twice is a merge patch once', async (t) => {
  const value = fc.object({ maxDepth: 2, values: [fc.string(), fc.integer(), fc.constant(null)] });
  holds(
    fc.property(value, value, (target, patch) => {
      const once = mergePatch(target, patch);
      t.same(mergePatch(once, patch), once);
    }),
  );
});
