// Fetches an issuer's small documents: over verified TLS only, no redirects, bounded in size and time. Whoever answers at that address
// decides who may enter the clusters, so nothing about the connection is negotiable, and what it says is `unknown` until it was checked.

import type { LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { Agent, request } from 'undici';
import type { SetTimer } from './clock.ts';

/** Gets documents of one issuer. */
export interface DocumentFetcher {
  /** Fetches and parses one document. @throws Error for anything but a 200 answer with JSON inside the bounds. */
  get(url: string): Promise<unknown>;
  /**
   * Fetches the JWT of a distributed claim; `accessToken` goes along as a bearer token unless it is ''.
   * @throws AnswerError for another answer than 2xx, Error for anything else that is not text inside the bounds.
   */
  getText(url: string, accessToken: string): Promise<string>;
  /** Ends connections, with requests under way. */
  close(): Promise<void>;
}

/** The server answered, but not with the document. */
export class AnswerError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`answered ${status}`);
    this.status = status;
  }
}

export interface FetcherOptions {
  /** PEM; replaces the system's roots, as in AuthenticationConfiguration. '' means the system's roots. */
  readonly certificateAuthority: string;
  readonly setTimer: SetTimer;
  /** Finds addresses of names. Default is Node's own. */
  readonly lookup?: LookupFunction | undefined;
  /** For one document, from the connection to its last byte. Default 5,000 ms. */
  readonly timeoutMs?: number;
}

/** kube-apiserver gives its service account keys as the second one only, RFC 7517 §8.5.2, and answers 406 to who doesn't take it. */
const DOCUMENT_TYPES = 'application/json, application/jwk-set+json';
/** For one document. ms */
export const FETCH_TIMEOUT_MS = 5000;
/** The largest document that is read. Google's, the largest common one, has 5 KiB. */
export const MAX_DOCUMENT_BYTES = 512 * 1024;

/** Creates a fetcher; connects to nobody yet. @throws Error when the PEM can't be read. */
export function createDocumentFetcher(options: FetcherOptions): DocumentFetcher {
  const agent = new Agent({
    allowH2: false,
    connections: 2,
    pipelining: 1,
    keepAliveTimeout: 1000,
    maxHeaderSize: 64 * 1024,
    connect: {
      secureContext: trust(options.certificateAuthority),
      rejectUnauthorized: true,
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    },
  });
  const timeoutMs = options.timeoutMs ?? FETCH_TIMEOUT_MS;
  const bounded = async (url: string, wanted: Wanted): Promise<Buffer> => {
    if (!isSecureURL(url)) throw new Error('not an https URL');
    const abort = new AbortController();
    const cancel = options.setTimer(
      () => abort.abort(new Error(`no complete answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      return await getBytes(url, wanted, agent, abort.signal);
    } finally {
      cancel();
    }
  };
  return {
    get: async (url) => parse(await bounded(url, JSON_DOCUMENT)),
    async getText(url, accessToken) {
      const authorization = accessToken === '' ? {} : { authorization: `Bearer ${accessToken}` };
      const headers = { accept: 'application/jwt, */*', ...authorization };
      const accepts = (status: number): boolean => status >= 200 && status < 300;
      return decode(await bounded(url, { headers, accepts }));
    },
    close: () => agent.destroy(),
  };
}

/** Whether a URL is one that keys may come from: https and without user information. */
export function isSecureURL(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && parsed.protocol === 'https:' && parsed.username === '' && parsed.password === '';
}

interface Wanted {
  readonly headers: Readonly<Record<string, string>>;
  readonly accepts: (status: number) => boolean;
}

const JSON_DOCUMENT: Wanted = {
  headers: { accept: DOCUMENT_TYPES },
  accepts: (status) => status === 200,
};

async function getBytes(
  url: string,
  wanted: Wanted,
  dispatcher: Agent,
  signal: AbortSignal,
): Promise<Buffer> {
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal,
    headers: { 'accept-encoding': 'identity', 'user-agent': 'postern', ...wanted.headers },
  });
  // Leaving the body unread would keep the connection; an error on it after this is nobody's concern.
  body.on('error', () => {});
  if (!wanted.accepts(statusCode)) {
    body.destroy();
    throw new AnswerError(statusCode);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the body.
    if (bytes > MAX_DOCUMENT_BYTES) throw new Error(`document is larger than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(decode(bytes));
  } catch (cause) {
    throw new Error('document is not JSON', { cause });
  }
}

function decode(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** The machine's own store beside Node's bundle: issuers inside a company are often signed by a root that only the machine knows. */
function trust(certificateAuthority: string): SecureContext {
  const ca =
    certificateAuthority === ''
      ? [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
      : certificateAuthority;
  return createSecureContext({ ca, minVersion: 'TLSv1.2' });
}
