// What is thrown when Postern itself answers: a code of the one table in errortable.ts, with `detail` and `cause` for the log only. Here the
// row becomes what the caller sees, a metav1 Status and the headers that go with it. Parameters of a text come from the request, so control
// characters are taken out, `&`, `<` and `>` are escaped as the API server does it, and long ones are cut.

import { ERRORS, type ErrorEntry } from './errortable.ts';
import { renderStatus, type StatusDetails, type StatusFields, type StatusReason } from './kube/status.ts';

/** Longest parameter in a text, in characters. */
const MAX_PARAM_CHARS = 512;

/** A code of the table. */
export type ErrorCode = keyof typeof ERRORS;

/** What the request adds to a text; names as in the table. */
export type ErrorParams = Readonly<Record<string, string>>;

/** What a failure is made of, besides its code. */
export interface ErrorOptions {
  /** For the log only; never holds a token. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
  readonly params?: ErrorParams | undefined;
  /** Put after the text as it is: the configuration's own words, nothing of the request's. */
  readonly remark?: string | undefined;
  /** What it is about, for the Status's `details`. */
  readonly about?: Pick<StatusDetails, 'name' | 'group' | 'kind'> | undefined;
}

/** A failure that Postern answers by itself; make it with `gateError`. */
export class GateError extends Error {
  readonly code: ErrorCode;
  /** For the log only; never holds a token. */
  readonly detail: string | undefined;
  readonly params: ErrorParams;
  readonly remark: string;
  readonly about: ErrorOptions['about'];

  constructor(code: ErrorCode, options: ErrorOptions) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GateError';
    this.code = code;
    this.detail = options.detail;
    this.params = options.params ?? {};
    this.remark = options.remark ?? '';
    this.about = options.about;
  }
}

/** Makes the error of a code. `params` fill the text's `{name|default}`; they may be the caller's own words. */
export function gateError(code: ErrorCode, options: ErrorOptions = {}): GateError {
  return new GateError(code, options);
}

/** Whatever was thrown, as a GateError: anything else is INTERNAL with the thrown value as its cause. */
export function asGateError(thrown: unknown): GateError {
  return thrown instanceof GateError ? thrown : gateError('INTERNAL', { cause: thrown });
}

/** The Status of an error, for `renderStatus`: `code` is the HTTP status; our own code is the reason of the one cause in `details`. */
export function errorStatus(error: GateError): StatusFields {
  const entry: ErrorEntry = ERRORS[error.code];
  const details = { ...error.about, causes: [{ reason: error.code }] };
  const retry = entry.retryAfterSeconds;
  const text = fill(entry.text, error.params);
  return {
    code: entry.status,
    reason: REASONS[entry.status],
    message: error.remark === '' ? text : `${text} ${error.remark}`,
    details: retry === undefined ? details : { ...details, retryAfterSeconds: retry },
  };
}

/** The Status with which a session ends that was open already, as JSON. `params` as for `gateError`. */
export function farewell(code: ErrorCode, params: ErrorParams = {}): string {
  return renderStatus(errorStatus(gateError(code, { params }))).toString();
}

/** The headers that an error adds to those of `statusHeaders`: WWW-Authenticate with 401, Allow with 405, Retry-After where it is safe. */
export function errorHeaders(error: GateError): Record<string, string> {
  const entry: ErrorEntry = ERRORS[error.code];
  const headers: Record<string, string> = {};
  if (entry.status === 401) headers['WWW-Authenticate'] = 'Bearer';
  if (entry.status === 405) headers['Allow'] = 'GET, HEAD, POST, PUT, PATCH, DELETE';
  if (entry.retryAfterSeconds !== undefined) headers['Retry-After'] = String(entry.retryAfterSeconds);
  return headers;
}

/** The metav1 reason of each status; 414, 431 and 499 have none of their own. */
export const REASONS: Readonly<Record<ErrorEntry['status'], StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'Timeout',
  414: 'BadRequest',
  429: 'TooManyRequests',
  431: 'BadRequest',
  499: 'BadRequest',
  500: 'InternalError',
  502: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function fill(text: string, params: ErrorParams): string {
  return text.replace(/\{(\w+)\|([^}]*)\}/g, (_, name: string, otherwise: string) => {
    const value = safe(Object.hasOwn(params, name) ? (params[name] ?? '') : '');
    return value === '' ? otherwise : value;
  });
}

/** Control, format and line separator characters go; the rest is escaped and cut. */
function safe(value: string): string {
  const cut = value.length > MAX_PARAM_CHARS ? `${value.slice(0, MAX_PARAM_CHARS)}…` : value;
  return cut
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
