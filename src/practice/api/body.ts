// Request bodies: read whole up to the limit of the real API server, then decoded by their media type into an object.

import type { Readable } from 'node:stream';
import { parse } from 'yaml';
import { ApiFailure, badRequest } from '../objects/failure.ts';
import { PROTOBUF_MEDIA_TYPE } from '../schema/wiredecode.ts';
import { type Call, header, mediaType } from './call.ts';

/** Bytes; kube-apiserver's limit for resource requests. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';

/** Reads a body. @throws ApiFailure 413. */
export async function readBody(request: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      throw new ApiFailure(
        413,
        'RequestEntityTooLarge',
        `Request entity too large: limit is ${MAX_BODY_BYTES}`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Decodes JSON, YAML or protobuf; no Content-Type means JSON. @throws ApiFailure 400, 413, 415. */
export async function readValue(call: Call, decodeProtobuf: (body: Buffer) => unknown): Promise<unknown> {
  const body = await call.readBody();
  const type = mediaType(header(call, 'content-type'));
  if (type === PROTOBUF_MEDIA_TYPE) return decodeProtobuf(body);
  if (type === '' || type === JSON_TYPE || type === '*/*') return parseJson(body);
  if (type === YAML_TYPE) return parseYaml(body);
  throw unsupported([JSON_TYPE, YAML_TYPE, PROTOBUF_MEDIA_TYPE]);
}

/** @throws ApiFailure 400. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw badRequest(`the object provided is unrecognized (must be of type JSON): ${messageOf(cause)}`);
  }
}

/** YAML 1.2 holds JSON too. @throws ApiFailure 400. */
export function parseYaml(body: Buffer): unknown {
  try {
    return parse(body.toString(), { maxAliasCount: 100 });
  } catch (cause) {
    throw badRequest(`error converting YAML to JSON: ${messageOf(cause)}`);
  }
}

/** 415: the types that would do. */
export function unsupported(accepted: readonly string[]): ApiFailure {
  return new ApiFailure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause);
}
