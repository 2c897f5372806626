// The listener for the API server's TokenReviews: a port of its own with mutual TLS, so that nobody else can try tokens here. It speaks HTTP/1.1,
// which kube-apiserver's webhook client takes as well as HTTP/2. What is judged, and how: answer.ts.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { TokenWebhookConfig } from '../config/config.ts';
import type { Current } from '../current.ts';
import { afterDelay } from '../delay.ts';
import { hostPort } from '../hostport.ts';
import { renderStatus, type StatusReason, statusHeaders } from '../kube/status.ts';
import { readTokenReview, renderTokenReview, TOKEN_REVIEW_PATHS } from '../kube/tokenreview.ts';
import { type Log, loggedError } from '../log.ts';
import type { Metrics, TOKEN_REVIEW_OUTCOMES } from '../metrics.ts';
import { inwardContextOptions, type TlsMaterial } from '../securecontext.ts';
import { type Judged, judgeToken } from './answer.ts';

/** A token of the largest size that is looked at (256 KiB), and the review around it. bytes */
export const MAX_REVIEW_BYTES = 384 * 1024;
/** A review has to be in within this time, head and body. ms */
const REQUEST_TIMEOUT_MS = 10_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Above the 90 s for which Go clients keep idle connections. ms */
const KEEP_ALIVE_TIMEOUT_MS = 95_000;
/** Reviews that are under way when it closes have so long; an issuer's keys take 5 s at most. Node looks at no deadline any more then. ms */
const LAST_MS = 6_000;

export interface WebhookDeps {
  readonly current: Current;
  readonly metrics: Metrics;
  readonly log: Log;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** A webhook that listens. */
export interface TokenWebhook {
  readonly url: string;
  /** Takes up new certificates and authorities; connections that were made with the old ones end. @throws Error when they can't be used */
  update(material: TlsMaterial): void;
  /** Takes no more connections; resolves when the reviews under way are answered, or after LAST_MS. */
  close(): Promise<void>;
}

/** Starts it. @throws the error of listening, or of what is in the material */
export async function startTokenWebhook(
  { address }: Pick<TokenWebhookConfig, 'address'>,
  material: TlsMaterial,
  deps: WebhookDeps,
): Promise<TokenWebhook> {
  const server = createServer(
    {
      ...inwardContextOptions(material),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    (request, response) => void serve(request, response, deps),
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const busy = new Set<ServerResponse>();
  server.on('request', (_request, response: ServerResponse) => {
    busy.add(response);
    response.once('close', () => busy.delete(response));
  });
  server.on('secureConnection', (socket: Socket) => socket.setNoDelay(true));
  // Idle connections now, busy ones with their answers.
  const endConnections = () => {
    for (const response of busy) if (!response.headersSent) response.setHeader('Connection', 'close');
    server.closeIdleConnections();
  };
  await listening(server, address, deps.log);
  const { address: host, port } = server.address() as AddressInfo;
  return {
    url: `https://${hostPort(host, port)}`,
    update(next) {
      server.setSecureContext(inwardContextOptions(next));
      endConnections();
    },
    close: () =>
      new Promise((resolve) => {
        const cancel = afterDelay(LAST_MS, () => {
          for (const socket of sockets) socket.destroy();
        });
        server.close(() => {
          cancel();
          resolve();
        });
        endConnections();
      }),
  };
}

function listening(server: Server, address: TokenWebhookConfig['address'], log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      server.off('error', reject);
      server.on('error', (error) => log.error({ cause: loggedError(error) }, 'a listener failed'));
      resolve();
    });
  });
}

/** Answers one request, whatever it is. Never rejects. */
async function serve(request: IncomingMessage, response: ServerResponse, deps: WebhookDeps): Promise<void> {
  const { current, metrics, log, now } = deps;
  const startedAt = now();
  const generation = current.enter();
  const client = clientName(request);
  const done = (outcome: (typeof TOKEN_REVIEW_OUTCOMES)[number], facts: object) => {
    metrics.tokenReviews.inc({ outcome });
    log.info({ outcome, client, durationMs: now() - startedAt, ...facts }, 'token review');
  };
  try {
    const refusal = refusalOf(request, client, generation.config.tokenWebhook?.clientNames ?? []);
    if (refusal !== undefined) {
      refuse(response, refusal);
      return done('refused', { status: refusal.code });
    }
    const version = TOKEN_REVIEW_PATHS.get(pathOf(request)) ?? 'authentication.k8s.io/v1';
    const body = await readBody(request);
    const question = body === undefined ? undefined : readTokenReview(body, version);
    if (question === undefined || typeof question === 'string') {
      const wrong = question === undefined ? TOO_LARGE : badRequest(question);
      refuse(response, wrong);
      return done('refused', { status: wrong.code });
    }
    const judged = await judgeToken(question, generation.config.tokenWebhook?.audiences ?? [], generation);
    if (judged.answer === undefined) refuse(response, UNAVAILABLE);
    else send(response, 201, renderTokenReview(version, judged.answer));
    done(judged.outcome, factsOf(judged));
  } catch (cause) {
    if (!response.headersSent && !response.destroyed) refuse(response, FAILED);
    done('failed', { cause: loggedError(cause) });
  } finally {
    current.leave(generation);
  }
}

function factsOf({ username, code, detail, cause }: Judged): object {
  return {
    user: username,
    ...(code === '' ? {} : { error: code, detail }),
    ...(cause === undefined ? {} : { cause: loggedError(cause) }),
  };
}

interface Refusal {
  readonly code: number;
  readonly reason: StatusReason;
  readonly message: string;
}

const TOO_LARGE: Refusal = {
  code: 413,
  reason: 'RequestEntityTooLarge',
  message: `a TokenReview has at most ${MAX_REVIEW_BYTES} bytes here`,
};
/** The API server's webhook client repeats a Timeout a few times within some seconds; with a Retry-After it would do so for a minute. */
const UNAVAILABLE: Refusal = {
  code: 504,
  reason: 'Timeout',
  message: 'Postern cannot verify tokens right now, because the identity provider does not answer',
};
const FAILED: Refusal = {
  code: 500,
  reason: 'InternalError',
  message: 'Internal error occurred in Postern; its log has it',
};

function badRequest(message: string): Refusal {
  return { code: 400, reason: 'BadRequest', message };
}

function refusalOf(
  request: IncomingMessage,
  client: string,
  clientNames: readonly string[],
): Refusal | undefined {
  if (clientNames.length > 0 && !clientNames.includes(client))
    return {
      code: 403,
      reason: 'Forbidden',
      message: 'this client certificate is not one of tokenWebhook.clientNames',
    };
  if (!TOKEN_REVIEW_PATHS.has(pathOf(request)))
    return {
      code: 404,
      reason: 'NotFound',
      message: `there is ${[...TOKEN_REVIEW_PATHS.keys()].join(' and ')}`,
    };
  if (request.method !== 'POST')
    return { code: 405, reason: 'MethodNotAllowed', message: 'a TokenReview is created by POST' };
  return undefined;
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

/** The common name of the verified client certificate; '' when it has none, or several, and when the client has gone: Node says null then. */
function clientName({ socket }: IncomingMessage): string {
  const certificate: PeerCertificate | null = (socket as TLSSocket).getPeerCertificate();
  const name: unknown = certificate?.subject?.CN;
  return typeof name === 'string' ? name : '';
}

/** The whole body as text; undefined when it is too large, and is read no further then. @throws the connection's error */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REVIEW_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  // What is left of the request's body is not read.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  if (refusal.code === 405) response.setHeader('Allow', 'POST');
  send(response, refusal.code, renderStatus(refusal));
}

function send(response: ServerResponse, status: number, body: Buffer): void {
  for (const [name, value] of Object.entries(statusHeaders(body))) response.setHeader(name, value);
  response.writeHead(status).end(body);
}
