import fc from 'fast-check';
import t from 'tap';
import {
  difference,
  type FieldPath,
  fieldSetOf,
  fromFieldsV1,
  has,
  intersection,
  isEmpty,
  pathsOf,
  pathText,
  toFieldsV1,
  union,
  without,
} from '../../../../src/practice/patch/fieldset.ts';
import { holds } from '../../../properties.ts';

// Facts: structured-merge-diff fieldpath/serialize_test.go and element.go (Compare).
t.test('FieldsV1 is written in the order of Kubernetes', async (t) => {
  const set = fieldSetOf([
    ['f:b', 'k:{"containerPort":443,"protocol":"TCP"}'],
    ['f:b', 'k:{"containerPort":80,"protocol":"UDP"}', 'f:x'],
    ['f:b', 'k:{"containerPort":80,"protocol":"TCP"}'],
    ['f:b'],
    ['f:c', 'v:"y"'],
    ['f:c', 'v:10'],
    ['f:c', 'v:9'],
    ['f:c', 'v:true'],
    ['f:a', 'f:z'],
    ['f:a', 'f:y'],
  ]);
  t.equal(
    JSON.stringify(toFieldsV1(set)),
    '{"f:a":{"f:y":{},"f:z":{}},"f:b":{".":{},"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{},' +
      '"k:{\\"containerPort\\":80,\\"protocol\\":\\"UDP\\"}":{"f:x":{}},"k:{\\"containerPort\\":443,\\"protocol\\":\\"TCP\\"}":{}},' +
      '"f:c":{"v:9":{},"v:10":{},"v:\\"y\\"":{},"v:true":{}}}',
  );
});

t.test('FieldsV1 is read', async (t) => {
  const rows: readonly (readonly [fields: object, paths: readonly FieldPath[]])[] = [
    [{}, []],
    [{ 'f:a': {} }, [['f:a']]],
    [{ 'f:a': { '.': {} } }, [['f:a']]],
    [{ 'f:a': { 'f:b': {} } }, [['f:a', 'f:b']]],
    [{ 'f:a': { '.': {}, 'f:b': {} } }, [['f:a'], ['f:a', 'f:b']]],
    [{ 'k:{"b":1, "a":"x"}': {} }, [['k:{"a":"x","b":1}']]],
    [{ 'v: "x"': {} }, [['v:"x"']]],
    [{ 'i:3': {} }, [['i:3']]],
    [{ 'x:later': {}, 'f:a': {} }, [['f:a']]],
  ];
  for (const [fields, paths] of rows) t.same(pathsOf(fromFieldsV1(fields)), paths, JSON.stringify(fields));
  for (const broken of [
    { a: {} },
    { fa: {} },
    { 'k:{': {} },
    { 'k:1': {} },
    { 'v:': {} },
    { 'f:a': 1 },
    [],
    null,
  ]) {
    t.throws(() => fromFieldsV1(broken), JSON.stringify(broken));
  }
});

t.test('paths are shown as in conflicts', async (t) => {
  const rows: readonly (readonly [path: FieldPath, text: string])[] = [
    [['f:spec', 'f:replicas'], '.spec.replicas'],
    [['f:containers', 'k:{"name":"a"}', 'f:image'], '.containers[name="a"].image'],
    [['f:ports', 'k:{"containerPort":80,"protocol":"TCP"}'], '.ports[containerPort=80,protocol="TCP"]'],
    [['f:finalizers', 'v:"x"'], '.finalizers[="x"]'],
    [['f:list', 'i:2'], '.list[2]'],
  ];
  for (const [path, text] of rows) t.equal(pathText(path), text);
});

t.test('a child is not taken away by its parent, except where that is asked for', async (t) => {
  const set = fieldSetOf([['f:a'], ['f:a', 'f:b'], ['f:c']]);
  const parent = fieldSetOf([['f:a']]);
  t.same(pathsOf(difference(set, parent)), [['f:c'], ['f:a', 'f:b']]);
  t.same(pathsOf(without(set, parent)), [['f:c']]);
  t.ok(has(set, ['f:a', 'f:b']));
  t.notOk(has(set, ['f:b']));
  t.notOk(has(set, []));
});

const paths = fc.array(
  fc.array(fc.constantFrom('f:a', 'f:b', 'v:1', 'v:"x"', 'k:{"name":"a"}'), { minLength: 1, maxLength: 3 }),
);

t.test('sets are sets', async (t) => {
  holds(
    fc.property(paths, paths, (one, two) => {
      const [a, b] = [fieldSetOf(one), fieldSetOf(two)];
      t.same(
        toFieldsV1(fromFieldsV1(JSON.parse(JSON.stringify(toFieldsV1(a))))),
        toFieldsV1(a),
        'written and read',
      );
      t.same(
        toFieldsV1(union(difference(a, b), intersection(a, b))),
        toFieldsV1(a),
        'parted and put together',
      );
      t.ok(isEmpty(difference(a, union(a, b))));
      t.ok(isEmpty(intersection(difference(a, b), b)));
      t.equal(pathsOf(a).length, new Set(one.map((path) => path.join(' '))).size);
    }),
  );
});
