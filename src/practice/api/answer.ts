// Answers of the practice API server: bytes, or a body that goes on for as long as something happens. Failures are rendered here and nowhere
// else, as the Status that protocol.md §7.1 describes.

import type { Writable } from 'node:stream';
import { renderStatus, type StatusReason, statusHeaders } from '../../kube/status.ts';
import { ApiFailure } from '../objects/failure.ts';

/** What every answer of the practice server calls itself. */
export const SERVER_NAME = 'postern-practice';

/** What goes back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A function writes for as long as it likes; the head has gone out before. */
  readonly body: Buffer | ((out: Writable) => Promise<void>);
}

/** Plain text. */
export function textAnswer(text: string, status = 200): Answer {
  return {
    status,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-cache, private',
    },
    body: Buffer.from(text),
  };
}

/** JSON of any type. */
export function jsonAnswer(value: unknown, status = 200, contentType = 'application/json'): Answer {
  return {
    status,
    headers: { 'Content-Type': contentType, 'Cache-Control': 'no-cache, private' },
    body: Buffer.from(`${JSON.stringify(value)}\n`),
  };
}

/** What the real server's mux says of a path that it has not. */
export function noSuchPath(): Answer {
  return textAnswer('404 page not found\n', 404);
}

/** The answer to whatever was thrown; what is no ApiFailure is a fault of ours and says nothing of itself but its message. */
export function failureAnswer(error: unknown): Answer {
  const failure = asFailure(error);
  const body = renderStatus(statusFields(failure));
  const retry = failure.details?.retryAfterSeconds;
  const headers = statusHeaders(body);
  return {
    status: failure.code,
    headers: retry === undefined ? headers : { ...headers, 'Retry-After': String(retry) },
    body,
  };
}

/** A failure as a Status object, for ERROR events of a watch. */
export function failureStatus(error: unknown): unknown {
  return JSON.parse(renderStatus(statusFields(asFailure(error))).toString());
}

function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiFailure(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: '', message }],
  });
}

/** Kubernetes has more reasons than the gate itself uses; the document is the same. */
function statusFields({ code, reason, message, details }: ApiFailure) {
  return { code, reason: reason as StatusReason, message, details };
}

/** The value of a `Warning` line, as apimachinery's net.NewWarningHeader writes it. */
export function warningValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in a header
  const clean = text.replace(/[\x00-\x1f\x7f]/g, ' ').replace(/[\\"]/g, '\\$&');
  return `299 - "${Buffer.from(clean).toString('latin1')}"`;
}
