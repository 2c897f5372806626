// What the API is put together from: the memory, and everything that other modules do for it. Declared here so that each verb names only what
// it uses and can be tested with little; practice.ts fills it with the real ones.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SetTimer } from '../../delay.ts';
import type { RequestInfo } from '../../kube/requestinfo.ts';
import type { UserInfo } from '../../kube/userinfo.ts';
import type { CommandOutcome, CommandStreams, LogLine, Machine } from '../machine/machine.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Resource } from '../objects/resources.ts';
import type { Store } from '../objects/store.ts';
import type { Apply } from '../patch/apply.ts';
import type { PatchRequest } from '../patch/patch.ts';
import type { Update } from '../patch/trackupdate.ts';
import type { Schema, StructType } from '../schema/fieldtype.ts';
import type { FieldFindings } from '../schema/validate.ts';

/** What is to be allowed: the part of a RequestInfo that access is decided by. */
export type Attributes = Pick<
  RequestInfo,
  'isResourceRequest' | 'path' | 'verb' | 'apiGroup' | 'namespace' | 'resource' | 'subresource' | 'name'
>;

/** Who may do what. */
export interface Authorizer {
  readonly authorize: (
    user: UserInfo,
    info: Attributes,
  ) => { readonly allowed: boolean; readonly reason: string };
}

/** The OpenAPI documents. */
export interface OpenApi {
  readonly v2Json: () => Buffer;
  readonly v2Protobuf: () => Buffer;
  readonly v3Index: () => Buffer;
  /** @param path e.g. `api/v1` or `apis/apps/v1` */
  readonly v3Json: (path: string) => Buffer | undefined;
}

/** What a table is made of. */
export interface TableRequest {
  readonly resource: Resource;
  readonly objects: readonly KubeObject[];
  readonly nowMs: number;
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly withColumns: boolean;
  readonly version: 'v1' | 'v1beta1';
  readonly listMeta: Readonly<Record<string, unknown>>;
}

/** A connection that is to be upgraded. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Which streams a remote command has. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** A write that may give rights. */
export interface RightsWrite {
  readonly user: UserInfo;
  readonly attributes: Attributes;
  readonly object: KubeObject;
  readonly previous?: KubeObject;
}

/** Everything. */
export interface Parts {
  readonly store: Store;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly newUid: () => string;
  readonly setTimer: SetTimer | undefined;
  readonly tokens: ReadonlyMap<string, UserInfo>;
  readonly authorizer: Authorizer;
  /** Answers the three self-subject reviews. */
  readonly reviewSelf: (resource: string, body: KubeObject, user: UserInfo) => KubeObject;
  /** Whether a write of roles and bindings gives away more than the writer has. @throws ApiFailure Forbidden. */
  readonly confirmWrite: (write: RightsWrite) => void;
  readonly schema: Schema;
  readonly openApi: OpenApi;
  /** A request body in protobuf. @throws ApiFailure 400. */
  readonly decodeProtobuf: (body: Buffer) => unknown;
  readonly checkFields: (object: KubeObject, type: StructType, schema: Schema) => FieldFindings;
  readonly withDefaults: (object: KubeObject) => KubeObject;
  readonly applyPatch: (request: PatchRequest) => KubeObject;
  readonly serverSideApply: (request: Apply) => KubeObject;
  readonly trackUpdate: (request: Update) => KubeObject;
  readonly renderTable: (request: TableRequest) => object;
  /** What a container is, or last was. */
  readonly machineOf: (podUid: string, container: string) => Machine | undefined;
  /** The log of the run before that; undefined when there was none. */
  readonly previousLogLines: (podUid: string, container: string) => readonly LogLine[] | undefined;
  readonly serveRemoteCommand: (
    upgrade: Upgrade,
    wanted: WantedStreams,
    run: (streams: CommandStreams) => Promise<CommandOutcome>,
  ) => unknown;
  readonly servePortForward: (upgrade: Upgrade, connect: (port: number) => Duplex | undefined) => unknown;
}
