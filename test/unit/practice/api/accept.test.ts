import t from 'tap';
import { negotiate } from '../../../../src/practice/api/accept.ts';

// protocol.md §7.3: what kubectl, client-go, controllers and curl send, and what they get.

const JSON_TYPE = 'application/json';
const TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

for (const [accept, media, as, version] of [
  ['', JSON_TYPE, 'Object', 'v1'],
  ['*/*', JSON_TYPE, 'Object', 'v1'],
  ['application/json, */*', JSON_TYPE, 'Object', 'v1'],
  ['application/yaml', 'application/yaml', 'Object', 'v1'],
  [TABLE, JSON_TYPE, 'Table', 'v1'],
  ['application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json', JSON_TYPE, 'Table', 'v1beta1'],
  ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', JSON_TYPE, 'Object', 'v1'],
  ['application/json;as=Table;v=v1;g=other,application/yaml', 'application/yaml', 'Object', 'v1'],
  ['application/json;as=Nothing;v=v1;g=meta.k8s.io', JSON_TYPE, 'Object', 'v1'],
  [
    'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
    JSON_TYPE,
    'PartialObjectMetadata',
    'v1',
  ],
  ['application/vnd.kubernetes.protobuf,application/json', JSON_TYPE, 'Object', 'v1'],
  ['application/vnd.kubernetes.protobuf', JSON_TYPE, 'Object', 'v1'],
  ['application/json;stream=watch', JSON_TYPE, 'Object', 'v1'],
  ['application/json;q=0.1,application/yaml;q=0.9', 'application/yaml', 'Object', 'v1'],
  ['application/yaml;q=0,application/json', JSON_TYPE, 'Object', 'v1'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', JSON_TYPE, 'Object', 'v1'],
] as const) {
  t.test(`Accept: ${accept}`, async (t) => {
    t.same(negotiate(accept), { media, as, version });
  });
}
