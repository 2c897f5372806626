// Kubernetes' protobuf bodies (apimachinery pkg/runtime/serializer/protobuf): four bytes `k8s\0`, then a runtime.Unknown with the object in it.
// kubectl 1.35 posts reviews in it (1.33 did not) and does not try JSON after a 415, so they have to be read. What is read is decided by a table
// of fields; fields that it does not name are passed over.

import { badRequest } from '../objects/failure.ts';

/** The media type of such a body. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** The fields of a message by their numbers: a name and what is in it. */
export type Message = ReadonlyMap<number, readonly [name: string, type: 'string' | 'bytes' | Message]>;

/** A message as JSON has it; strings that are empty are absent. */
export type Decoded = Readonly<Record<string, unknown>>;

/** An object in its envelope. */
export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

const MAGIC = Buffer.from('k8s\0', 'latin1');
const UNKNOWN: Message = new Map([
  [
    1,
    [
      'typeMeta',
      new Map([
        [1, ['apiVersion', 'string']],
        [2, ['kind', 'string']],
      ]),
    ],
  ],
  [2, ['raw', 'bytes']],
]);

/** Takes the envelope off. @throws ApiFailure BadRequest when it is none. */
export function openEnvelope(body: Uint8Array): Envelope {
  if (!MAGIC.equals(body.subarray(0, MAGIC.length))) throw malformed();
  const { typeMeta, raw } = decodeMessage(body.subarray(MAGIC.length), UNKNOWN);
  const names: Decoded = typeof typeMeta === 'object' && typeMeta !== null ? { ...typeMeta } : {};
  const { apiVersion, kind } = names;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') throw malformed();
  return { apiVersion, kind, raw: raw instanceof Uint8Array ? raw : new Uint8Array() };
}

/** Reads a message; of a field that is there twice the last counts. @throws ApiFailure BadRequest when it is cut off or malformed. */
export function decodeMessage(bytes: Uint8Array, message: Message): Decoded {
  const decoded: Record<string, unknown> = {};
  let at = 0;
  while (at < bytes.length) {
    const tag = varint(bytes, at);
    const { content, end } = field(bytes, tag.end, tag.value % 8);
    at = end;
    const known = message.get(Math.floor(tag.value / 8));
    if (known === undefined || content === undefined) continue;
    const [name, type] = known;
    if (type === 'bytes') decoded[name] = content;
    else if (type !== 'string') decoded[name] = decodeMessage(content, type);
    else if (content.length > 0) decoded[name] = Buffer.from(content).toString('utf8');
  }
  return decoded;
}

/** The value of a field by its wire type; `content` only where it has a length. */
function field(bytes: Uint8Array, at: number, wireType: number) {
  let end: number;
  let content: Uint8Array | undefined;
  if (wireType === 0) end = varint(bytes, at).end;
  else if (wireType === 1) end = at + 8;
  else if (wireType === 5) end = at + 4;
  else if (wireType === 2) {
    const length = varint(bytes, at);
    end = length.end + length.value;
    content = bytes.subarray(length.end, end);
  } else throw malformed();
  if (end > bytes.length) throw malformed();
  return { content, end };
}

function varint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at];
    if (byte === undefined) throw malformed();
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw malformed();
}

function malformed() {
  return badRequest('the body of the request is not a Kubernetes protobuf object');
}
