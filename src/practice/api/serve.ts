// THE REQUEST PATH, top to bottom, as kube-apiserver has it: what is asked (RequestInfo), who asks, as whom, whether that is allowed, and then
// the verb. Requests and upgrades walk the same way; whatever is thrown on it becomes one Status.

import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { parseTarget } from '../../kube/path.ts';
import { type RequestInfo, resolveRequestInfo } from '../../kube/requestinfo.ts';
import type { UserInfo } from '../../kube/userinfo.ts';
import { ApiFailure, badRequest } from '../objects/failure.ts';
import { type Answer, failureAnswer, SERVER_NAME, warningValue } from './answer.ts';
import { authenticate } from './authenticate.ts';
import { demand } from './authorize.ts';
import { readBody } from './body.ts';
import type { Arrival, Call } from './call.ts';
import { header } from './call.ts';
import { impersonate } from './impersonate.ts';
import type { HttpRequest, HttpResponse } from './listener.ts';
import type { Parts } from './parts.ts';
import { plainAnswer } from './plain.ts';
import { resourceAnswer } from './resource.ts';
import { serveSession } from './sessions.ts';

/** What is told of each request when its answer is over. */
export interface RequestFacts extends Arrival {
  /** After impersonation; '' when the sender is not known. */
  readonly username: string;
  readonly status: number;
  readonly durationMs: number;
  readonly auditID: string;
}

/** What the request path needs beside the parts of the API. */
export interface Serving {
  readonly parts: Parts;
  readonly onRequest: (facts: RequestFacts) => void;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

/** Serves one request that is no upgrade. */
export async function serveRequest(
  { parts, onRequest, stopping }: Serving,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const record = arrive(parts, request);
  const closed = new AbortController();
  response.on('close', () => {
    closed.abort();
    onRequest(factsOf(parts, record, response.headersSent ? response.statusCode : 499));
  });
  response.on('error', () => {});
  const warnings: string[] = [];
  let answer: Answer;
  try {
    const call = admit(parts, record, {
      readBody: () => readBody(request as Readable),
      warn: (text) => void warnings.push(text),
      gone: AbortSignal.any([closed.signal, stopping]),
    });
    answer = await answerCall(parts, call);
  } catch (error) {
    answer = failureAnswer(error);
  }
  await send(response, record, answer, warnings);
}

/** Serves one request for an upgrade; what is refused gets an ordinary answer. */
export function serveUpgrade(
  { parts, onRequest, stopping }: Serving,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const record = arrive(parts, request);
  const closed = new AbortController();
  let status = 101;
  socket.on('error', () => {});
  socket.on('close', () => {
    closed.abort();
    onRequest(factsOf(parts, record, status));
  });
  try {
    const call = admit(parts, record, {
      readBody: async () => Buffer.alloc(0),
      warn: () => {},
      gone: AbortSignal.any([closed.signal, stopping]),
    });
    serveSession(parts, call, { request, socket, head });
  } catch (error) {
    const answer = failureAnswer(error);
    status = answer.status;
    socket.end(renderHead(answer, record));
  }
}

interface Record extends Arrival {
  readonly auditID: string;
  readonly startMs: number;
  username: string;
}

function arrive(parts: Parts, request: HttpRequest): Record {
  const rawHeaders: string[] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? '';
    if (!name.startsWith(':')) rawHeaders.push(name, request.rawHeaders[i + 1] ?? '');
  }
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders,
    auditID: header({ rawHeaders }, 'audit-id') || parts.newUid(),
    startMs: parts.now(),
    username: '',
  };
}

/** Everything up to the verb. @throws ApiFailure 400, 401, 403, 500. */
function admit(parts: Parts, record: Record, ways: Pick<Call, 'readBody' | 'warn' | 'gone'>): Call {
  const parsed = parseTarget(record.url);
  if (!parsed.ok) throw badRequest(`the request path cannot be served: ${parsed.detail}`);
  const info = resolveRequestInfo(record.method, parsed.target);
  if ('error' in info) throw new ApiFailure(500, 'InternalError', `Internal error occurred: ${info.error}`);
  const requestor = authenticate(record, parts.tokens);
  record.username = requestor.username;
  const user = impersonate(record, requestor, parts.authorizer);
  record.username = user.username;
  allow(parts, user, info);
  return { ...record, ...ways, target: parsed.target, info, user };
}

/** What a learner asks about his own request is allowed to everybody who is known. */
function allow(parts: Parts, user: UserInfo, info: RequestInfo): void {
  const own = !info.isResourceRequest && info.path === '/practice/request';
  if (own && user.groups.includes('system:authenticated')) return;
  demand(parts.authorizer, user, info);
}

async function answerCall(parts: Parts, call: Call): Promise<Answer> {
  return call.info.isResourceRequest ? resourceAnswer(parts, call) : plainAnswer(call, parts.openApi);
}

async function send(
  response: HttpResponse,
  record: Record,
  { status, headers, body }: Answer,
  warnings: readonly string[],
): Promise<void> {
  if (response.destroyed) return;
  const one = response as import('node:http').ServerResponse;
  one.statusCode = status;
  for (const [name, value] of Object.entries(headers)) one.setHeader(name, value);
  one.setHeader('Audit-Id', record.auditID);
  one.setHeader('Server', SERVER_NAME);
  if (warnings.length > 0) one.setHeader('Warning', [...new Set(warnings)].map(warningValue));
  if (Buffer.isBuffer(body)) {
    if (status !== 304) one.setHeader('Content-Length', String(body.length));
    one.end(status === 304 ? undefined : body);
    return;
  }
  one.flushHeaders();
  try {
    await body(one as Writable);
  } finally {
    if (!one.writableEnded) one.end();
  }
}

function factsOf(parts: Parts, record: Record, status: number): RequestFacts {
  const { startMs, ...facts } = record;
  return { ...facts, status, durationMs: parts.now() - startMs };
}

/** The answer to a refused upgrade, by hand: there is no ServerResponse for it. */
function renderHead({ status, headers, body }: Answer, { auditID }: Record): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const lines = {
    ...headers,
    'Content-Length': String(bytes.length),
    'Audit-Id': auditID,
    Server: SERVER_NAME,
    Connection: 'close',
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} ${REASONS[status] ?? 'Refused'}\r\n${head.join('')}\r\n`),
    bytes,
  ]);
}

const REASONS: Readonly<{ [status: number]: string }> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
};
