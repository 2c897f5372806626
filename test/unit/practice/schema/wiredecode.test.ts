import fc from 'fast-check';
import t from 'tap';
import { ApiFailure } from '../../../../src/practice/objects/failure.ts';
import type { FieldType } from '../../../../src/practice/schema/fieldtype.ts';
import { KINDS, SCHEMA } from '../../../../src/practice/schema/schema.ts';
import { checkFields } from '../../../../src/practice/schema/validate.ts';
import { decodeProtobufObject } from '../../../../src/practice/schema/wiredecode.ts';
import { holds } from '../../../properties.ts';
import { GO, KUBECTL } from './wirebodies.ts';

// A writer of its own, after protobuf.dev/programming-guides/encoding.

type Part = readonly [number: number, value: number | bigint | string | Buffer];

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

function write(...parts: readonly Part[]): Buffer {
  const written = parts.map(([number, value]) => {
    if (typeof value === 'number' || typeof value === 'bigint') {
      return Buffer.concat([varint(number * 8), varint(value)]);
    }
    const content = Buffer.from(value);
    return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
  });
  return Buffer.concat(written);
}

function envelope(apiVersion: string, kind: string, ...parts: readonly Part[]): Buffer {
  const typeMeta = write([1, apiVersion], [2, kind]);
  return Buffer.concat([Buffer.from('k8s\0'), write([1, typeMeta], [2, write(...parts)])]);
}

function decodePod(...spec: readonly Part[]): unknown {
  return decodeProtobufObject(envelope('v1', 'Pod', [2, write(...spec)]))['spec'];
}

const CONFIG_MAP: readonly [string, string] = ['v1', 'ConfigMap'];
const REFUSED = { code: 400, reason: 'BadRequest' };

for (const { what, base64, json } of KUBECTL) {
  t.test(`kubectl 1.35: ${what}`, async (t) => {
    t.strictSame(decodeProtobufObject(Buffer.from(base64, 'base64')), JSON.parse(json));
  });
}

for (const { what, base64, json } of GO) {
  t.test(`Go's protobuf and Go's JSON say the same: ${what}`, async (t) => {
    const object = decodeProtobufObject(Buffer.from(base64, 'base64'));
    // Less the nulls. By entries: a key that is named __proto__ has to be there as any other.
    t.strictSame(sorted(object), sorted(JSON.parse(json, (_, value) => value ?? undefined)));
  });
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

t.test('every kind of the schema can be read', async (t) => {
  for (const { group, version, kind } of KINDS) {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    t.strictSame(decodeProtobufObject(envelope(apiVersion, kind)), { apiVersion, kind });
  }
});

t.test('zeros are there as the json tags have it', async (t) => {
  const metadata = write([1, ''], [7, 0], [8, ''], [10, 0]);
  const facts: readonly (readonly [string, readonly Part[], object])[] = [
    ['omitempty drops, a pointer keeps', [[1, metadata]], { metadata: { deletionGracePeriodSeconds: 0 } }],
    ['a pointer to false', [[4, 0]], { immutable: false }],
    ['an empty map entry', [[2, '']], { data: { '': '' } }],
    ['a map entry without a value', [[2, write([1, 'k'])]], { data: { k: '' } }],
    ['bytes that are empty', [[3, write([1, 'k'])]], { binaryData: { k: '' } }],
  ];
  for (const [what, parts, expected] of facts) {
    const object = decodeProtobufObject(envelope(...CONFIG_MAP, ...parts));
    t.strictSame(object, { apiVersion: 'v1', kind: 'ConfigMap', ...expected }, what);
  }
  t.strictSame(decodePod([2, write([1, ''], [2, ''])]), { containers: [{ name: '' }] }, 'no omitempty keeps');
});

t.test('values with a message of their own', async (t) => {
  const divisor = (quantity: Buffer) =>
    decodePod([2, write([7, write([3, write([2, write([3, quantity])])])])]);
  const from = (more: object) => ({
    containers: [{ env: [{ valueFrom: { resourceFieldRef: more } }] }],
  });
  t.strictSame(divisor(write([1, '100m'])), from({ divisor: '100m' }));
  t.strictSame(divisor(write()), from({ divisor: '0' }), 'the zero quantity');
  const port = (intOrString: Buffer) =>
    decodePod([2, write([10, write([1, write([3, write([1, intOrString])])])])]);
  const probe = (value: unknown) => ({ containers: [{ livenessProbe: { tcpSocket: { port: value } } }] });
  t.strictSame(port(write([1, 0], [2, 8080], [3, ''])), probe(8080));
  t.strictSame(port(write([1, 1], [2, 0], [3, 'web'])), probe('web'));
  t.strictSame(port(write()), probe(0));
  const created = (time: Buffer) =>
    decodeProtobufObject(envelope(...CONFIG_MAP, [1, write([8, time])]))['metadata'];
  t.strictSame(created(write([1, 1767323045])), { creationTimestamp: '2026-01-02T03:04:05Z' });
  t.strictSame(created(write([1, -1], [2, 5])), { creationTimestamp: '1969-12-31T23:59:59Z' });
  t.strictSame(created(write([1, 0])), { creationTimestamp: '1970-01-01T00:00:00Z' });
  t.strictSame(created(write()), {}, "Go's zero time is null in JSON");
});

t.test('numbers have the width of their type', async (t) => {
  t.strictSame(decodePod([4, -1], [25, -(2n ** 31n)], [5, 2n ** 40n]), {
    terminationGracePeriodSeconds: -1,
    priority: -(2 ** 31),
    activeDeadlineSeconds: 2 ** 40,
  });
});

t.test('what protobuf lets a writer do', async (t) => {
  t.strictSame(decodePod([3, 'Always'], [3, 'Never']), { restartPolicy: 'Never' }, 'the last counts');
  const parts: readonly Part[] = [
    [1, write([1, 'a'])],
    [1, write([3, 'web'])],
  ];
  const metadata = { name: 'a', namespace: 'web' };
  t.strictSame(
    decodeProtobufObject(envelope(...CONFIG_MAP, ...parts))['metadata'],
    metadata,
    'parts are merged',
  );
  const groups = Buffer.concat([varint(0), varint(5), varint(2n ** 33n)]);
  const packed = { securityContext: { supplementalGroups: [0, 5, 2 ** 33] } };
  t.strictSame(decodePod([14, write([4, groups])]), packed, 'numbers may be packed');
  const fixed = Buffer.from('a93f01020304050607080d01020304', 'hex');
  const unknown: readonly Part[] = [
    [900, 'x'],
    [901, 7],
  ];
  const body = Buffer.concat([write([3, 'Never'], ...unknown), fixed]);
  const pod = envelope('v1', 'Pod', [2, body]);
  t.throws(() => decodeProtobufObject(pod), REFUSED, 'field 1 is a volume, and no fixed32');
  const passed = envelope('v1', 'Pod', [2, body.subarray(0, -5)]);
  t.strictSame(
    decodeProtobufObject(passed)['spec'],
    { restartPolicy: 'Never' },
    'unknown fields are passed over',
  );
});

t.test('a kind that is not known is refused by name', async (t) => {
  t.throws(() => decodeProtobufObject(envelope('v1', 'Node')), {
    ...REFUSED,
    message: 'no kind "Node" is registered for version "v1"',
  });
  t.throws(() => decodeProtobufObject(envelope('apps/v1', 'Pod')), { ...REFUSED, message: /"apps\/v1"$/ });
});

t.test('a volume that the schema does not look into is refused, and not lost', async (t) => {
  const volume = write([1, 'disk'], [2, write([11, write([2, 'image'])])]);
  t.throws(() => decodePod([1, volume]), { ...REFUSED, message: /^rbd cannot be read from protobuf/ });
});

t.test('bodies that are no object are refused, saying why', async (t) => {
  const start = 'k8s\0';
  const fields = (raw: string) => write([1, write([17, write([7, write([1, raw])])])]);
  const facts: readonly (readonly [string | Buffer, RegExp])[] = [
    ['', /does not begin/],
    ['k8s', /does not begin/],
    ['{"kind":"Pod"}', /does not begin/],
    [start, /no kind or apiVersion/],
    [envelope('v1', ''), /no kind or apiVersion/],
    [Buffer.concat([envelope('v1', 'Pod'), write([3, 'gzip'])]), /encoded/],
    [Buffer.concat([envelope('v1', 'Pod'), write([2, 7])]), /a number where bytes belong/],
    [envelope('v1', 'Pod', [2, 7]), /a number where bytes belong/],
    [envelope('v1', 'ConfigMap', [4, 'x']), /no whole number/],
    [`${start}\x0b`, /wire type 3/],
    [`${start}\x0f`, /wire type 7/],
    [`${start}\x02\x00`, /field number 0/],
    [`${start}${'\xff'.repeat(12)}`, /too long/],
    [`${start}\x0a\xff\xff\xff\xff\x7f`, /cut off/],
    [`${start}\x09123`, /cut off/],
    [`${start}\x0d12`, /cut off/],
    [`${start}\x08`, /cut off/],
    [`${start}\x08\x80`, /cut off/],
    [envelope('v1', 'ConfigMap', [1, write([8, write([1, 2n ** 62n])])]), /beyond the years/],
    [envelope('events.k8s.io/v1', 'Event', [2, write([1, 1], [2, -1])]), /beyond the years/],
    [envelope('v1', 'Pod', [1, write([17, write([7, write([1, '{'])])])]), /raw JSON that is no JSON/],
    [
      Buffer.concat([Buffer.from(start), write([1, write([1, 'v1'], [2, 'Pod'])], [2, fields(deep())])]),
      /too deeply/,
    ],
    [
      envelope('v1', 'ConfigMap', [2, Buffer.alloc(2 * 100_001, '\x0a\x00')]),
      /message has more than 100000 values/,
    ],
    [envelope('v1', 'Pod', [2, write([14, write([4, Buffer.alloc(100_001)])])]), /list has more than/],
  ];
  for (const [body, message] of facts) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1');
    t.throws(() => decodeProtobufObject(bytes), { ...REFUSED, message }, String(message));
  }
});

/** JSON that would overflow the stack of whoever walks it. */
function deep(): string {
  return `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`;
}

/** Reads or refuses: any other exception is a fault. */
function readOrRefuse(bytes: Buffer): boolean {
  try {
    const object = decodeProtobufObject(bytes);
    const type = SCHEMA.kindOf(object.apiVersion, object.kind);
    return type !== undefined && checkFields(object, type, SCHEMA).unknown.length === 0;
  } catch (error) {
    return error instanceof ApiFailure && error.code === 400 && error.reason === 'BadRequest';
  }
}

t.test('whatever the bytes are, they are read or refused', async (t) => {
  const all = [...KUBECTL, ...GO].map(({ base64 }) => Buffer.from(base64, 'base64'));
  for (const whole of all) {
    for (let length = 0; length < whole.length; length++) t.ok(readOrRefuse(whole.subarray(0, length)));
  }
  const kinds = fc.constantFrom(...KINDS);
  const random = fc.property(kinds, fc.uint8Array({ maxLength: 64 }), ({ group, version, kind }, raw) => {
    const typeMeta = write([1, group === '' ? version : `${group}/${version}`], [2, kind]);
    return readOrRefuse(Buffer.concat([Buffer.from('k8s\0'), write([1, typeMeta], [2, Buffer.from(raw)])]));
  });
  holds(random, { numRuns: 1000 });
  const damaged = fc.property(fc.constantFrom(...all), fc.nat(), fc.nat(255), (whole, at, byte) => {
    const copy = Buffer.from(whole);
    copy[at % copy.length] = byte;
    return readOrRefuse(copy);
  });
  holds(damaged, { numRuns: 2000 });
});

t.test('no struct holds itself, so that the types bound how deep a body goes', async (t) => {
  const held = (type: FieldType): string | undefined => {
    if (type.is === 'struct') return type.name;
    return type.is === 'scalar' ? undefined : held(type.of);
  };
  const depth = (name: string, above: readonly string[]): number => {
    if (above.includes(name)) throw new Error(`${name} holds itself`);
    const inner = Object.values(SCHEMA.structs.get(name)?.fields ?? {}).flatMap(
      ({ type }) => held(type) ?? [],
    );
    return 1 + Math.max(0, ...[...new Set(inner)].map((one) => depth(one, [...above, name])));
  };
  const depths = KINDS.map(({ struct }) => depth(struct, []));
  t.ok(Math.max(...depths) <= 12, `the deepest is ${Math.max(...depths)}`);
});
