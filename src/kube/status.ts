// metav1.Status, the body of every error: kubectl prints `message` and chooses its words by `reason`. Always JSON: every client-go accepts
// a JSON error, whatever it asked for. The headers are those that kube-apiserver sends with its own errors.

/** Reasons of apimachinery pkg/apis/meta/v1 that Postern uses. */
export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'RequestEntityTooLarge'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'Timeout';

/** What is behind a failure, for programs (metav1.StatusDetails). */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly {
    readonly reason: string;
    readonly message?: string;
    readonly field?: string;
  }[];
  readonly retryAfterSeconds?: number;
}

/** The variable part of a failure; `code` is the HTTP status and has to equal it. */
export interface StatusFields {
  readonly code: number;
  readonly reason: StatusReason;
  readonly message: string;
  readonly details?: StatusDetails | undefined;
}

/** Renders a failure as the bytes of a `kind: Status` document, in the order of keys that kube-apiserver writes. */
export function renderStatus(fields: StatusFields): Buffer {
  const { code, reason, message, details } = fields;
  const head = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason };
  return Buffer.from(JSON.stringify(details === undefined ? { ...head, code } : { ...head, details, code }));
}

/** The headers that go with a rendered Status. */
export function statusHeaders(body: Buffer): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache, private',
    'Content-Length': String(body.length),
  };
}
