import t from 'tap';
import { encodeOpenApiV2 } from '../../../../src/practice/schema/gnostic.ts';
import { createOpenApi } from '../../../../src/practice/schema/openapi.ts';
import { delimited, flag, text } from '../../../../src/practice/schema/protobuf.ts';

type Message = ReadonlyMap<number, readonly (Buffer | number)[]>;

/** A reader of its own, after protobuf.dev/programming-guides/encoding: fields by number. */
function read(bytes: Buffer): Message {
  const found = new Map<number, (Buffer | number)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const list = found.get(tag >> 3) ?? [];
    found.set(tag >> 3, list);
    if ((tag & 7) === 0) list.push(varint());
    else if ((tag & 7) === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new Error('a field runs over the end');
      list.push(bytes.subarray(at, at + length));
      at += length;
    } else throw new Error(`wire type ${tag & 7}`);
  }
  return found;
}

function at(message: Message, ...path: number[]): Message {
  return path.reduce((inner, number) => {
    const [first] = inner.get(number) ?? [];
    if (!Buffer.isBuffer(first)) throw new Error(`no message in field ${number}`);
    return read(first);
  }, message);
}

function word(message: Message, number: number): string | undefined {
  return message.get(number)?.[0]?.toString();
}

function named(message: Message, number: number): Map<string | undefined, Message> {
  const all = (message.get(number) ?? []).map((one) => read(Buffer.from(one as Buffer)));
  return new Map(all.map((one) => [word(one, 1), at(one, 2)]));
}

// From the examples of protobuf.dev/programming-guides/encoding.
t.test('strings, booleans and lengths are written as protobuf says', async (t) => {
  t.equal(text(2)('testing').toString('hex'), '120774657374696e67');
  t.equal(flag(1)(true).toString('hex'), '0801');
  t.equal(flag(1)(false).length, 0, 'the default is not written');
  t.equal(text(1)(7).length, 0, 'what is no string is left out');
  t.equal(delimited(1, Buffer.alloc(150)).subarray(0, 3).toString('hex'), '0a9601', 'lengths are varints');
  t.equal(flag(20)(true).toString('hex'), 'a00101', 'field numbers above 15 take two bytes');
});

// The numbers are those of OpenAPIv2.proto.
t.test('a schema keeps what it says', async (t) => {
  const document = read(
    encodeOpenApiV2({
      swagger: '2.0',
      info: { title: 'T', version: 'V' },
      definitions: {
        a: {
          description: 'about a',
          type: 'object',
          required: ['x', 'y'],
          properties: {
            x: { type: 'array', items: { $ref: '#/definitions/a' } },
            y: { type: 'object', additionalProperties: { type: 'integer', format: 'int32' } },
          },
          'x-kubernetes-group-version-kind': [{ group: '', kind: 'A', version: 'v1' }],
        },
      },
    }),
  );
  t.equal(word(document, 1), '2.0');
  t.equal(word(at(document, 2), 2), 'V');
  const a = named(at(document, 9), 1).get('a');
  if (a === undefined) throw new Error('a is lost');
  t.equal(word(a, 4), 'about a');
  t.equal(word(at(a, 22), 1), 'object');
  t.same(a.get(19)?.map(String), ['x', 'y']);
  const extension = named(a, 31).get('x-kubernetes-group-version-kind');
  t.same(extension && JSON.parse(word(extension, 2) ?? ''), [{ group: '', kind: 'A', version: 'v1' }]);
  const properties = named(at(a, 25), 1);
  t.equal(word(at(properties.get('x') ?? new Map(), 23, 1), 1), '#/definitions/a');
  t.equal(word(at(properties.get('y') ?? new Map(), 21, 1), 2), 'int32');
});

t.test('the whole document has the same definitions and paths as its JSON', async (t) => {
  const openApi = createOpenApi('v1.36.3');
  const json = JSON.parse(openApi.v2Json().toString());
  const document = read(openApi.v2Protobuf());
  t.same([...named(at(document, 9), 1).keys()], Object.keys(json.definitions));
  const paths = named(at(document, 8), 2);
  t.same([...paths.keys()], Object.keys(json.paths));

  const patch = at(paths.get('/apis/apps/v1/namespaces/{namespace}/deployments/{name}') ?? new Map(), 8);
  const parameters = (patch.get(8) ?? []).map((one) => read(Buffer.from(one as Buffer)));
  const [body, ...query] = parameters;
  t.equal(word(at(body ?? new Map(), 1, 1), 2), 'body');
  t.same(
    query.map((one) => word(at(one, 1, 2, 3), 4)),
    ['dryRun', 'fieldManager', 'fieldValidation', 'force'],
    'query parameters are where kubectl looks for them',
  );
  const kind = named(patch, 13).get('x-kubernetes-group-version-kind');
  t.same(kind && JSON.parse(word(kind, 2) ?? ''), { group: 'apps', kind: 'Deployment', version: 'v1' });
  t.ok(patch.get(7)?.map(String).includes('application/strategic-merge-patch+json'));
});
