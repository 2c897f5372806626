// The caller's side of flow tests: requests over HTTP/1.1 (with and without ALPN) and HTTP/2 that keep every header line as it came, and raw
// bytes for what no library would send. Nothing here joins lines, follows redirects, decodes bodies or tries again.

import type { ClientRequest, IncomingMessage } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import type { Readable, Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** How a caller speaks: HTTP/1.1 without ALPN (kubectl's upgrades), HTTP/1.1 by ALPN (curl --http1.1), HTTP/2 by ALPN (kubectl). */
export type Speech = 'h1' | 'h1-alpn' | 'h2';
export const SPEECHES: readonly Speech[] = ['h1', 'h1-alpn', 'h2'];

export interface Call {
  /** Default GET. */
  readonly method?: string;
  readonly path: string;
  /** Flat [name, value, …] lines; Host is added where it is missing. */
  readonly headers?: readonly string[];
  readonly body?: Buffer | Readable;
}

export interface Reply {
  readonly status: number;
  readonly message: string;
  /** Flat lines, names as they came; HTTP/2's pseudo headers are left out. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** False when the answer broke off. */
  readonly complete: boolean;
}

/** A call whose body and answer are in the test's hands. */
export interface OpenCall {
  readonly request: Writable;
  /** Resolves with the head; the body is read from `stream`. */
  readonly head: Promise<{
    status: number;
    message: string;
    rawHeaders: readonly string[];
    stream: Readable;
  }>;
  /** Goes away at once: RST_STREAM with CANCEL (`close()` would end the request's body cleanly before), or an end of the connection. */
  abort(): void;
}

export interface Caller {
  readonly speech: Speech;
  call(call: Call): Promise<Reply>;
  open(call: Omit<Call, 'body'> & { readonly end?: boolean }): OpenCall;
  close(): void;
}

interface Place {
  readonly port: number;
  readonly ca: { readonly certPem: string };
  /** The caller's own certificate. */
  readonly client?: { readonly certPem: string; readonly keyPem: string };
}

/** A caller with one connection, kept alive; `host` is the Host line or :authority. */
export function caller({ port, ca, client }: Place, speech: Speech, host = `127.0.0.1:${port}`): Caller {
  const tls: Tls = {
    ca: ca.certPem,
    ...(client === undefined ? {} : { cert: client.certPem, key: client.keyPem }),
  };
  const open = speech === 'h2' ? openHttp2(port, tls, host) : openHttp1(port, tls, host, speech);
  return {
    speech,
    open: open.open,
    close: open.close,
    async call(call) {
      const opened = open.open({ ...call, end: call.body === undefined });
      opened.request.on('error', () => {});
      if (Buffer.isBuffer(call.body)) opened.request.end(call.body);
      else if (call.body !== undefined) call.body.pipe(opened.request);
      const { stream, ...head } = await opened.head;
      return { ...head, ...(await readAll(stream)) };
    },
  };
}

/** What a refusal says: the HTTP status beside the Status document's own code, its reason and the code of our table. */
export function refusalOf(reply: Pick<Reply, 'status' | 'body'>) {
  const { kind, code, reason, message, details } = JSON.parse(reply.body.toString() || '{}') as {
    kind?: string;
    code?: number;
    reason?: string;
    message?: string;
    details?: { causes?: { reason: string }[] };
  };
  return {
    http: reply.status,
    kind,
    code,
    reason,
    cause: details?.causes?.[0]?.reason,
    message: message ?? '',
  };
}

/** Every value of a header among flat lines. */
export function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === name.toLowerCase()) values.push(rawHeaders[i + 1] ?? '');
  return values;
}

/** Reads a body to its end or to where it breaks off. */
export async function readAll(stream: Readable): Promise<{ body: Buffer; complete: boolean }> {
  const chunks: Buffer[] = [];
  let complete = true;
  const closed = new Promise<void>((resolve) => {
    stream.on('error', () => {
      complete = false;
      resolve();
    });
    stream.on('aborted', () => {
      complete = false;
    });
    stream.on('end', resolve);
    stream.on('close', resolve);
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await closed;
  const whole = (stream as Partial<IncomingMessage>).complete ?? stream.readableEnded;
  return { body: Buffer.concat(chunks), complete: complete && whole };
}

/** Sends bytes on a fresh connection; resolves with all that came until the peer closed. `end` half-closes after them. */
export async function exchangeRaw(socket: TLSSocket, bytes: string | Buffer, end = false): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('end', () => socket.end());
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (end) socket.end();
  await ended;
  return Buffer.concat(chunks);
}

/** The answers in what a connection gave, split by their Content-Length. */
export function parseAnswers(bytes: Buffer): { status: number; head: string; body: string }[] {
  const answers: { status: number; head: string; body: string }[] = [];
  let rest = bytes.toString('latin1');
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    const head = rest.slice(0, end);
    const status = Number(head.split(' ')[1]);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    answers.push({ status, head, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + (status >= 200 ? length : 0));
  }
  return answers;
}

type Opener = Pick<Caller, 'open' | 'close'>;

interface Tls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

function openHttp1(port: number, tls: Tls, host: string, speech: Speech): Opener {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    // Without the option Node's https client offers http/1.1 by itself.
    ALPNProtocols: speech === 'h1-alpn' ? ['http/1.1'] : [],
  });
  return {
    open({ method = 'GET', path, headers = [], end = false }) {
      const lines = valuesOf(headers, 'host').length > 0 ? [...headers] : ['Host', host, ...headers];
      const request: ClientRequest = httpsRequest({
        host: '127.0.0.1',
        port,
        ...tls,
        agent,
        method,
        path,
        headers: lines as never,
        maxHeaderSize: 4 * 1024 * 1024,
      });
      request.maxHeadersCount = 0;
      const head = new Promise<IncomingMessage>((resolve, reject) => {
        request.on('response', resolve);
        request.on('error', reject);
      }).then((response) => ({
        status: response.statusCode ?? 0,
        message: response.statusMessage ?? '',
        rawHeaders: response.rawHeaders,
        stream: response,
      }));
      head.catch(() => {});
      if (end) request.end();
      // Not flushHeaders: that writes values as UTF-8 instead of as the bytes that they stand for.
      else request.write(Buffer.alloc(0));
      return { request, head, abort: () => request.destroy() };
    },
    close: () => agent.destroy(),
  };
}

function openHttp2(port: number, tls: Tls, host: string): Opener {
  let session: ClientHttp2Session | undefined;
  const connected = () => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connectHttp2(`https://127.0.0.1:${port}`, {
        ...tls,
        settings: { initialWindowSize: 256 * 1024 },
        maxHeaderListPairs: 20_000,
        ...({ maxSendHeaderBlockLength: 8 * 1024 * 1024, strictSingleValueFields: false } as object),
      });
      session.on('error', () => {});
    }
    return session;
  };
  return {
    open({ method = 'GET', path, headers = [], end = false }) {
      const lines: Record<string, string | string[]> = {
        ':method': method,
        ':path': path,
        ':authority': valuesOf(headers, 'host')[0] ?? host,
      };
      for (let i = 0; i + 1 < headers.length; i += 2) {
        const name = (headers[i] ?? '').toLowerCase();
        const before = lines[name];
        if (name === 'host') continue;
        lines[name] = before === undefined ? (headers[i + 1] ?? '') : [before, headers[i + 1] ?? ''].flat();
      }
      const gone = new AbortController();
      const stream: ClientHttp2Stream = connected().request(lines, { endStream: end, signal: gone.signal });
      stream.on('error', () => {});
      const head = new Promise<{ status: number; message: string; rawHeaders: string[]; stream: Readable }>(
        (resolve, reject) => {
          stream.on('response', (values, _flags, raw?: string[]) =>
            resolve({
              status: Number(values[':status']),
              message: '',
              rawHeaders: withoutPseudo(
                raw ??
                  Object.entries(values).flatMap(([n, v]) =>
                    [v ?? ''].flat().flatMap((one) => [n, String(one)]),
                  ),
              ),
              stream,
            }),
          );
          stream.on('error', reject);
          stream.on('close', () => reject(new Error(`closed without an answer, code ${stream.rstCode}`)));
        },
      );
      head.catch(() => {});
      return { request: stream, head, abort: () => gone.abort() };
    },
    close: () => session?.destroy(),
  };
}

function withoutPseudo(lines: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2)
    if (!lines[i]?.startsWith(':')) kept.push(lines[i] ?? '', lines[i + 1] ?? '');
  return kept;
}
