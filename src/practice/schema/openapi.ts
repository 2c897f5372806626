// The OpenAPI documents of the practice API server: /openapi/v2 as JSON and protobuf, /openapi/v3 as an index and one JSON document for each
// group and version. Made when first asked for: the start of the demo does not wait for them.

import { createHash } from 'node:crypto';
import { apiVersionOf } from '../objects/resources.ts';
import { encodeOpenApiV2 } from './gnostic.ts';
import { pathsOf } from './openapipaths.ts';
import { type Json, schemasOf } from './openapischema.ts';
import { GROUP_VERSIONS, KINDS, SCHEMA } from './schema.ts';

/** The media type in which kubectl asks for /openapi/v2. */
export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/** The documents, each made once. */
export interface OpenApi {
  /** /openapi/v2 as JSON. */
  readonly v2Json: () => Buffer;
  /** /openapi/v2 as openapi.v2.Document. */
  readonly v2Protobuf: () => Buffer;
  /** /openapi/v3: where the document of each group and version is, with its hash. */
  readonly v3Index: () => Buffer;
  /** /openapi/v3/PATH for a path such as `api/v1` or `apis/apps/v1`; undefined when there is none. */
  readonly v3Json: (path: string) => Buffer | undefined;
}

const TITLE = 'Kubernetes';
const DESCRIPTION = 'A practice API server: it looks like Kubernetes and runs nothing.';

/** Makes the documents of a server that calls itself `serverVersion`, e.g. v1.36.3. */
export function createOpenApi(serverVersion: string): OpenApi {
  const info = { title: TITLE, version: serverVersion, description: DESCRIPTION };
  const v2 = once(() => documentV2(info));
  const v3 = new Map(
    GROUP_VERSIONS.map((gv) => [
      `${gv.group === '' ? 'api' : 'apis'}/${apiVersionOf(gv)}`,
      once(() => jsonOf(documentV3(info, gv))),
    ]),
  );
  const index = once(() => {
    const paths = [...v3].map(([path, document]) => [
      path,
      { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(document())}` },
    ]);
    return jsonOf({ paths: Object.fromEntries(paths) });
  });
  return {
    v2Json: once(() => jsonOf(v2())),
    v2Protobuf: once(() => encodeOpenApiV2(v2())),
    v3Index: index,
    v3Json: (path) => v3.get(path)?.(),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function jsonOf(document: Json): Buffer {
  return Buffer.from(JSON.stringify(document));
}

/** SHA-512 in upper-case hex, as kube-openapi's handler3 writes it. */
function hashOf(document: Buffer): string {
  return createHash('sha512').update(document).digest('hex').toUpperCase();
}

function documentV2(info: Json): Json {
  return { swagger: '2.0', info, paths: pathsOf(2), definitions: schemasOf(2, SCHEMA.structs.keys()) };
}

function documentV3(info: Json, gv: { readonly group: string; readonly version: string }): Json {
  const own = KINDS.filter(({ group, version }) => group === gv.group && version === gv.version);
  const paths = pathsOf(3, gv);
  const roots = [...own.map(({ struct }) => struct), ...referenced(paths)];
  return { openapi: '3.0.0', info, paths, components: { schemas: schemasOf(3, roots) } };
}

/** The names of the schemas that the operations speak of, such as autoscaling's Scale in apps/v1. */
function referenced(paths: Json): string[] {
  const found = JSON.stringify(paths).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  return [...found].map(([, name = '']) => name);
}
