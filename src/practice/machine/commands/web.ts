// `web`: the practice image's web server. It listens on no socket: connections come from port-forward and from programs of the machine.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FileNode } from '../files/node.ts';
import type { Process, Program } from '../process.ts';
import { SIGTERM, Signalled, suspend } from '../signals.ts';

/** Where it answers. */
const PORT = 8080;
const ROOT = '/srv/www';
/** As nginx logs. */
const MAX_LOGGED_PATH = 1024;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
};

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A folder of files that is served. */
export interface Site {
  readonly port: number;
  readonly root: string;
  /** Whether pages' marks are filled in, and /healthz answers. */
  readonly live: boolean;
  /** Gets the access log. */
  readonly log: (line: string) => void;
}

/** Serves a site; @returns what ends that, or undefined when another has the port. */
export function openSite(process: Process, site: Site): (() => void) | undefined {
  const { system } = process;
  let visits = 0;
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const answer = answerOf(process, request, site, () => {
      visits += 1;
      return visits;
    });
    send(request, response, answer);
    site.log(accessLine(system.now(), request, answer));
  });
  server.on('clientError', (_error, socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  const close = system.listen(site.port, (connection) => server.emit('connection', connection));
  if (close === undefined) return undefined;
  return () => {
    close();
    server.closeAllConnections();
  };
}

async function serve(process: Process): Promise<number> {
  const { system } = process;
  const log = (text: string) => process.write(`${text}\n`).catch(() => {});
  const close = openSite(process, { port: PORT, root: ROOT, live: true, log: (line) => void log(line) });
  if (close === undefined) {
    await process.warn(`bind: Address already in use: port ${PORT}`);
    return 1;
  }
  await log(`practice web server of ${system.hostname} answers on port ${PORT}`);
  await suspend(process.signal, () => () => {});
  close();
  if (process.signal.reason instanceof Signalled && process.signal.reason.signal === SIGTERM) return 0;
  throw process.signal.reason;
}

function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: Buffer.from(body), headers };
}

function answerOf(
  process: Process,
  request: IncomingMessage,
  { root, live }: Site,
  visit: () => number,
): Answer {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return text(405, 'method not allowed\n', { allow: 'GET, HEAD' });
  }
  const raw = (request.url ?? '/').replace(/[?#].*$/s, '');
  if (live && raw === '/healthz') return text(200, 'ok\n');
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return text(400, 'bad request\n');
  }
  if (!path.startsWith('/') || path.includes('\0')) return text(400, 'bad request\n');
  // No `..` may lead out of what is served.
  const clean = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const file = `${root}/${clean.join('/')}`;
  const { files } = process.system;
  const node = files.peek(file);
  const found = node?.kind === 'directory' ? files.peek(`${file}/index.html`) : node;
  if (found?.kind !== 'file') return text(404, `404: there is no ${clean.join('/')} here\n`);
  const name = node?.kind === 'directory' ? 'index.html' : (clean.at(-1) ?? '');
  return {
    status: 200,
    type: TYPES[name.replace(/^.*\./, '')] ?? 'application/octet-stream',
    body: live ? page(process, found, name, visit) : found.content.all(),
  };
}

/** A page's marks are filled in: who answers, and how often. */
function page(
  process: Process,
  file: FileNode & { kind: 'file' },
  name: string,
  visit: () => number,
): Buffer {
  const bytes = file.content.all();
  if (!/\.html?$/.test(name)) return bytes;
  const { hostname, ip } = process.system;
  const values: Readonly<Record<string, string>> = { hostname, ip, visits: String(visit()) };
  return Buffer.from(
    bytes.toString('utf8').replace(/\{\{(hostname|ip|visits)\}\}/g, (_all, key: string) => values[key] ?? ''),
  );
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, body, headers }: Answer,
): void {
  response.writeHead(status, {
    server: 'postern-practice',
    'content-type': type,
    'content-length': body.length,
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  request.resume();
}

function accessLine(nowMs: number, request: IncomingMessage, { status, body }: Answer): string {
  // What a caller sends goes into one line and no more.
  const clean = (value: string | undefined) =>
    (value ?? '-').replace(/[^\x20-\x7e]|"/g, '?').slice(0, MAX_LOGGED_PATH);
  const size = request.method === 'HEAD' ? 0 : body.length;
  return `${new Date(nowMs).toISOString()} "${clean(request.method)} ${clean(request.url)}" ${status} ${size} "${clean(request.headers['user-agent'])}"`;
}

/** The program. */
export const WEB: Program = { usage: '', run: serve };
