// What goes wrong in the practice API server, as the Status that the real one would answer (apimachinery pkg/api/errors): thrown anywhere,
// rendered at one place.

/** A cause in Status details. */
export interface FailureCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** What a Status says beside code, reason and message. */
export interface FailureDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly FailureCause[];
  readonly retryAfterSeconds?: number;
}

/** An answer other than success. */
export class ApiFailure extends Error {
  readonly code: number;
  /** metav1.StatusReason, e.g. NotFound, AlreadyExists, Conflict, Invalid, Expired. */
  readonly reason: string;
  readonly details: FailureDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: FailureDetails) {
    super(message);
    this.name = 'ApiFailure';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

/** Which resource a failure is about: its group and plural name, as messages print it (`deployments.apps "web" not found`). */
export interface FailureSubject {
  readonly group: string;
  readonly resource: string;
}

function qualified({ group, resource }: FailureSubject): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function about({ group, resource }: FailureSubject, name: string): FailureDetails {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource };
}

/** 404: `pods "x" not found`. */
export function notFound(subject: FailureSubject, name: string): ApiFailure {
  return new ApiFailure(404, 'NotFound', `${qualified(subject)} "${name}" not found`, about(subject, name));
}

/** 409: `pods "x" already exists`. */
export function alreadyExists(subject: FailureSubject, name: string): ApiFailure {
  const message = `${qualified(subject)} "${name}" already exists`;
  return new ApiFailure(409, 'AlreadyExists', message, about(subject, name));
}

/** 409: `Operation cannot be fulfilled on pods "x": why`. */
export function conflict(
  subject: FailureSubject,
  name: string,
  why: string,
  causes: readonly FailureCause[] = [],
): ApiFailure {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`;
  const details = about(subject, name);
  return new ApiFailure(409, 'Conflict', message, causes.length === 0 ? details : { ...details, causes });
}

/** 400 with free text. */
export function badRequest(message: string): ApiFailure {
  return new ApiFailure(400, 'BadRequest', message);
}

/** 405: `the server does not allow this method on the requested resource`. */
export function methodNotAllowed(): ApiFailure {
  return new ApiFailure(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  );
}

/** 410: the resource version or continue token is older than what is remembered. */
export function expired(message: string): ApiFailure {
  return new ApiFailure(410, 'Expired', message);
}

/**
 * 422: `Pod "x" is invalid: field: problem`, with one cause a problem; several are printed in brackets, as field.ErrorList does.
 * `message` of a cause is e.g. `Required value` or `Invalid value: "A": must be lower-case`.
 */
export function invalid(
  kind: string,
  group: string,
  name: string,
  causes: readonly FailureCause[],
): ApiFailure {
  const texts = causes.map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`));
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const details = { name, ...(group === '' ? {} : { group }), kind, causes };
  const shown = group === '' ? kind : `${kind}.${group}`;
  return new ApiFailure(422, 'Invalid', `${shown} "${name}" is invalid: ${list}`, details);
}
