// One request to the practice API server as its verbs see it: who, what and how it may be read, without the HTTP version that it came by.

import type { Target } from '../../kube/path.ts';
import { queryValue, type RequestInfo } from '../../kube/requestinfo.ts';
import type { UserInfo } from '../../kube/userinfo.ts';

/** A request as it arrived. */
export interface Arrival {
  readonly method: string;
  /** The request target as it stood in the request line, or HTTP/2's `:path`. */
  readonly url: string;
  readonly httpVersion: string;
  /** Flat, without HTTP/2's pseudo headers. */
  readonly rawHeaders: readonly string[];
}

/** A request that may be answered: known, allowed. */
export interface Call extends Arrival {
  readonly target: Target;
  readonly info: RequestInfo;
  /** Who it is held to be, after impersonation. */
  readonly user: UserInfo;
  readonly auditID: string;
  /** The whole body. @throws ApiFailure 413 beyond 3 MiB. */
  readonly readBody: () => Promise<Buffer>;
  /** Adds a `Warning: 299` line to the answer. */
  readonly warn: (text: string) => void;
  /** Aborts when the caller has gone or the server stops. */
  readonly gone: AbortSignal;
}

/** Every value of a header among flat lines, in any case of its name. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}

/** The first value of a header, named in lower case; '' when there is none. */
export function header({ rawHeaders }: Pick<Arrival, 'rawHeaders'>, name: string): string {
  return headerValues(rawHeaders, name)[0] ?? '';
}

/** The first value of a query parameter; '' when there is none. */
export function query({ target }: Pick<Call, 'target'>, name: string): string {
  return queryValue(target.rawQuery, name) ?? '';
}

/** A boolean query parameter as Go's conversion reads it: there and neither `0` nor `false`. */
export function flag({ target }: Pick<Call, 'target'>, name: string): boolean {
  const value = queryValue(target.rawQuery, name)?.toLowerCase();
  return value !== undefined && value !== '0' && value !== 'false';
}

/** What follows the media type is left away; lower case. */
export function mediaType(value: string): string {
  return value.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
