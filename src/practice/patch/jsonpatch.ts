// JSON Patch (RFC 6902) on an object that may not be changed in place. The package does the operations; what it lets through and the API
// server's own does not (gopkg.in/evanphx/json-patch.v4) is refused here.

import { applyPatch as applyOperations, type Operation } from 'rfc6902';
import { ApiFailure, badRequest } from '../objects/failure.ts';
import { isList, isRecord, type JsonRecord, own } from './jsonvalue.ts';

const MAX_OPERATIONS = 10_000;
const WITH_VALUE = ['add', 'replace', 'test'];
const WITH_FROM = ['move', 'copy'];

/**
 * A changed copy of `target`.
 * @throws ApiFailure 400 when the patch is no list, 413 with more than 10,000 operations, 422 when an operation is malformed, its place is
 * missing, or its test fails.
 */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!isList(patch)) throw badRequest('error decoding patch: the patch is not a list of operations');
  if (patch.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`;
    throw new ApiFailure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
  }
  // In a box, so that an operation on the whole document (path "") has a parent.
  const box = { document: structuredClone(target) };
  for (const one of patch) {
    if (!isRecord(one)) throw rejected();
    const operation = checked(box.document, one);
    if (operation === undefined) continue;
    const [failure] = applyOperations(box, [operation]);
    if (failure !== null) throw rejected();
  }
  return box.document;
}

/** 422 as the API server answers a JSON patch that can't be applied, whatever the reason. */
function rejected(): ApiFailure {
  return new ApiFailure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

// The operation in the box's terms; undefined when it is a test that holds already.
function checked(document: unknown, operation: JsonRecord): Operation | undefined {
  const { op, path, from, value = null } = operation;
  if (typeof op !== 'string' || typeof path !== 'string') throw rejected();
  const target = inBox(document, path, op === 'add');
  if (WITH_FROM.includes(op)) {
    if (typeof from !== 'string') throw rejected();
    return { op, from: inBox(document, from, false), path: inBox(document, path, true) } as Operation;
  }
  // A field that is missing is null to a test.
  if (
    op === 'test' &&
    value === null &&
    isRecord(parentOf(document, path)) &&
    valueAt(document, path) === undefined
  ) {
    return undefined;
  }
  if (WITH_VALUE.includes(op)) return { op, path: target, value } as Operation;
  if (op !== 'remove' || path === '') throw rejected();
  return { op, path: target };
}

function tokensOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(document: unknown, path: string): unknown {
  return tokensOf(path).reduce(step, document);
}

function parentOf(document: unknown, path: string): unknown {
  return tokensOf(path).slice(0, -1).reduce(step, document);
}

function step(value: unknown, token: string): unknown {
  if (isList(value)) return value[Number(token)];
  return isRecord(value) ? own(value, token) : undefined;
}

function inBox(document: unknown, path: string, adds: boolean): string {
  if (path !== '' && !path.startsWith('/')) throw rejected();
  const tokens = tokensOf(path);
  // The package leaves these names out of a path, and so would change another place than the one that is named.
  if (tokens.some((token) => ['__proto__', 'constructor', 'prototype'].includes(token))) throw rejected();
  for (const [at, token] of tokens.entries()) {
    const parent = tokens.slice(0, at).reduce(step, document);
    const last = at === tokens.length - 1;
    if (!isList(parent) && !isRecord(parent)) throw rejected();
    if (isList(parent) && !/^(0|[1-9]\d*)$/.test(token) && !(token === '-' && last && adds)) throw rejected();
  }
  return `/document${path}`;
}
