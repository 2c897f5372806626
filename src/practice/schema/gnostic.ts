// The OpenAPI 2 document as the protobuf message openapi.v2.Document, whose field numbers are those of OpenAPIv2.proto in
// github.com/google/gnostic-models: the only form that kubectl asks /openapi/v2 for.

import type { Json } from './openapischema.ts';
import {
  delimited,
  each,
  encodeFields,
  entries,
  type FieldEncoder,
  flag,
  inside,
  type MessageFields,
  message,
  text,
} from './protobuf.ts';

// Any: its `yaml` (2) holds JSON, which is YAML too.
const anyAsYaml: FieldEncoder = inside(2, (value) => text(2)(JSON.stringify(value)));

/** repeated NamedAny: the x- fields of an object. */
function extensions(number: number): (value: unknown) => Buffer {
  const write = entries(number, anyAsYaml);
  return (value) =>
    write(Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => name.startsWith('x-'))));
}

/** A message whose x- fields are kept under `number`. */
function extended(fields: () => MessageFields, number: number): FieldEncoder {
  const rest = extensions(number);
  return (value) => Buffer.concat([encodeFields(value, fields()), rest(value)]);
}

const schemaContent = extended(
  () => ({
    $ref: text(1),
    format: text(2),
    description: text(4),
    required: each(text(19)),
    additionalProperties: inside(21, schema(1)),
    type: inside(22, text(1)),
    items: inside(23, schema(1)),
    properties: inside(25, entries(1, schema(2))),
  }),
  31,
);

function schema(number: number): FieldEncoder {
  return (value) => delimited(number, schemaContent(value));
}

const BODY: MessageFields = {
  description: text(1),
  name: text(2),
  in: text(3),
  required: flag(4),
  schema: schema(5),
};
const QUERY: MessageFields = {
  required: flag(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(6),
  uniqueItems: flag(20),
};
const PATH: MessageFields = {
  required: flag(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(5),
  uniqueItems: flag(19),
};

/** Parameter: body (1), or non-body (2), of which query is 3 and path is 4. */
const parameter: FieldEncoder = (value) => {
  const where = new Map<string, unknown>(Object.entries(value ?? {})).get('in');
  if (where === 'body') return message(1, () => BODY)(value);
  return inside(2, where === 'path' ? message(4, () => PATH) : message(3, () => QUERY))(value);
};

/** ParametersItem, of which an inline parameter is 1. */
function parameters(number: number): FieldEncoder {
  return each(inside(number, inside(1, parameter)));
}

const RESPONSE: MessageFields = { description: text(1), schema: inside(2, schema(1)) };

const operationContent = extended(
  () => ({
    tags: each(text(1)),
    description: text(3),
    operationId: text(5),
    produces: each(text(6)),
    consumes: each(text(7)),
    parameters: parameters(8),
    responses: inside(
      9,
      entries(
        1,
        inside(
          2,
          message(1, () => RESPONSE),
        ),
      ),
    ),
  }),
  13,
);

function operation(number: number): FieldEncoder {
  return (value) => delimited(number, operationContent(value));
}

const PATH_ITEM: MessageFields = {
  get: operation(2),
  put: operation(3),
  post: operation(4),
  delete: operation(5),
  patch: operation(8),
  parameters: parameters(9),
};

const DOCUMENT: MessageFields = {
  swagger: text(1),
  info: message(2, () => ({ title: text(1), version: text(2), description: text(3) })),
  paths: inside(
    8,
    entries(
      2,
      message(2, () => PATH_ITEM),
    ),
  ),
  definitions: inside(9, entries(1, schema(2))),
};

/** @returns openapi.v2.Document, for the media type application/com.github.proto-openapi.spec.v2@v1.0+protobuf. */
export function encodeOpenApiV2(document: Json): Buffer {
  return encodeFields(document, DOCUMENT);
}
