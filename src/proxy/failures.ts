// What went wrong between the gate and the API server, as one of the error table's codes: for the caller a constant text, for the log
// the cause, for the metrics a bounded reason.

import { type ErrorCode, type GateError, gateError } from '../errors.ts';

/** Errors of the TLS handshake, by OpenSSL's and Node's codes; Node calls those of OpenSSL's that it has no name for UNSPECIFIED. */
const TLS_CODES =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH|ERROR_IN_C|UNSPECIFIED)/;
/** Nothing of the request was sent. */
const UNREACHABLE = new Set([
  'NEVER_CONNECTED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
]);
/** On a connection that stood: nobody acknowledges what was sent, whatever the kernel has been told why. */
const TIMEOUTS = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);
const RESETS = new Set(['ECONNRESET', 'EPIPE', 'UPSTREAM_CLOSED', 'ECONNABORTED']);
const PROTOCOL = new Set(['UPSTREAM_MALFORMED', 'UPSTREAM_HEAD_TOO_LARGE']);

/** Classifies an error of connecting to, or of talking with, the API server. Looks through `cause` chains and aggregates. */
export function upstreamFailure(error: unknown): GateError {
  return gateError(classify(error), { cause: error });
}

function classify(error: unknown, depth = 0): ErrorCode {
  const code = codeOf(error);
  if (code === 'CALLER_GONE') return 'CLIENT_CLOSED';
  if (TLS_CODES.test(code)) return 'UPSTREAM_TLS';
  if (UNREACHABLE.has(code)) return 'UPSTREAM_UNREACHABLE';
  if (TIMEOUTS.has(code)) return 'UPSTREAM_TIMEOUT';
  if (PROTOCOL.has(code)) return 'UPSTREAM_PROTOCOL';
  if (code === 'REQUEST_BODY_BROKEN') return 'BAD_REQUEST';
  const inner = depth < 5 ? innerErrors(error) : [];
  for (const one of inner) {
    const found = classify(one, depth + 1);
    if (found !== 'INTERNAL') return found;
  }
  if (RESETS.has(code)) return 'UPSTREAM_RESET';
  return 'INTERNAL';
}

function innerErrors(error: unknown): unknown[] {
  if (error instanceof AggregateError) return error.errors;
  return error instanceof Error && error.cause !== undefined ? [error.cause] : [];
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
