// wget and curl, for the machine's own web page only: there is no network. Any other host cannot be resolved.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { openSink } from '../files/open.ts';
import type { Process, Program, Sink } from '../process.ts';
import { define, type Options, pathIn, UsageError } from './options.ts';

interface Fetched {
  readonly response: IncomingMessage;
  readonly connection: Duplex;
}

type Problem = 'unresolved' | 'refused' | 'failed';

function urlOf(process: Process, text: string): { readonly url: URL; readonly own: boolean } {
  const url = URL.parse(/^[a-z]+:\/\//.test(text) ? text : `http://${text}`);
  if (url === null) throw new UsageError(`bad address '${text}'`);
  return { url, own: isOwn(process, url.hostname) && url.protocol === 'http:' };
}

/** Whether a host is the machine itself. */
export function isOwn({ system }: Process, host: string): boolean {
  return ['localhost', '127.0.0.1', '::1', '[::1]', system.hostname, system.ip].includes(host);
}

function fetchOwn(process: Process, url: URL, method: string): Promise<Fetched | Problem> {
  const connection = process.system.connect(Number(url.port === '' ? 80 : url.port));
  if (connection === undefined) return Promise.resolve('refused');
  return new Promise((resolve) => {
    const abort = () => {
      connection.destroy();
      resolve('failed');
    };
    process.signal.addEventListener('abort', abort, { once: true });
    const request = httpRequest({
      createConnection: () => connection,
      method,
      host: url.hostname,
      path: url.pathname + url.search,
      headers: { host: url.host, 'user-agent': process.name, connection: 'close' },
    });
    request.on('error', () => resolve('failed'));
    request.on('response', (response) => resolve({ response, connection }));
    connection.on('close', () => process.signal.removeEventListener('abort', abort));
    request.end();
  });
}

async function copyBody(process: Process, { response, connection }: Fetched, sink: Sink): Promise<void> {
  try {
    for await (const chunk of response) await sink.write(chunk as Buffer, process.signal);
  } finally {
    connection.destroy();
  }
  process.signal.throwIfAborted();
}

async function wget(process: Process, { flags, values, operands }: Options): Promise<number> {
  const [text] = operands;
  if (text === undefined) throw new UsageError('missing URL');
  const { url, own } = urlOf(process, text);
  const quiet = flags.has('q');
  if (!own) {
    await process.warn(`bad address '${url.hostname}'`);
    return 1;
  }
  const fetched = await fetchOwn(process, url, flags.has('s') ? 'HEAD' : 'GET');
  process.signal.throwIfAborted();
  if (typeof fetched === 'string') {
    await process.warn(`can't connect to remote host (127.0.0.1): Connection refused`);
    return 1;
  }
  const { statusCode = 0, statusMessage = '' } = fetched.response;
  if (statusCode >= 400) {
    fetched.connection.destroy();
    await process.warn(`server returned error: HTTP/1.1 ${statusCode} ${statusMessage}`);
    return 1;
  }
  if (flags.has('s')) {
    fetched.connection.destroy();
    return 0;
  }
  const file = values.get('O') ?? (url.pathname.replace(/^.*\//, '') || 'index.html');
  const sink =
    file === '-'
      ? process.stdio.stdout
      : openSink(process.system.files, pathIn(process, file), false, process.stdio);
  await copyBody(process, fetched, sink);
  if (!quiet && file !== '-')
    await process.stdio.stderr.write(Buffer.from(`'${file}' saved\n`), process.signal);
  return 0;
}

async function curl(process: Process, { flags, values, operands }: Options): Promise<number> {
  const [text] = operands;
  if (text === undefined) throw new UsageError('no URL specified!', 2);
  const { url, own } = urlOf(process, text);
  const loud = !flags.has('s') || flags.has('S');
  if (!own) return refused(process, loud, 6, `Could not resolve host: ${url.hostname}`);
  const head = flags.has('I');
  const fetched = await fetchOwn(process, url, head ? 'HEAD' : (values.get('X') ?? 'GET'));
  process.signal.throwIfAborted();
  if (typeof fetched === 'string') {
    const port = url.port === '' ? '80' : url.port;
    return refused(process, loud, 7, `Failed to connect to ${url.hostname} port ${port}: Connection refused`);
  }
  const { response } = fetched;
  const { statusCode = 0, statusMessage = '' } = response;
  if (flags.has('f') && statusCode >= 400) {
    fetched.connection.destroy();
    return refused(process, loud, 22, `The requested URL returned error: ${statusCode}`);
  }
  const file = values.get('o') ?? '-';
  const sink =
    file === '-'
      ? process.stdio.stdout
      : openSink(process.system.files, pathIn(process, file), false, process.stdio);
  if (head || flags.has('i')) {
    const lines = [`HTTP/${response.httpVersion} ${statusCode} ${statusMessage}`];
    for (let at = 0; at + 1 < response.rawHeaders.length; at += 2) {
      lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`);
    }
    await sink.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), process.signal);
  }
  await copyBody(process, fetched, sink);
  const format = values.get('w');
  if (format !== undefined) {
    await process.write(format.replaceAll('%{http_code}', String(statusCode)).replaceAll('\\n', '\n'));
  }
  return 0;
}

async function refused(process: Process, loud: boolean, code: number, message: string): Promise<number> {
  if (loud) await process.stdio.stderr.write(Buffer.from(`curl: (${code}) ${message}\n`), process.signal);
  return code;
}

/** Name → program. */
export const FETCH_PROGRAMS: readonly (readonly [string, Program])[] = [
  [
    'wget',
    define(
      { usage: '[-q] [-O FILE] http://localhost:PORT/PATH', letters: 'qSsO:T:t:', long: { spider: 's' } },
      wget,
    ),
  ],
  [
    'curl',
    define(
      {
        usage: '[-fiIsS] [-o FILE] [-w FORMAT] http://localhost:PORT/PATH',
        letters: 'fiIkLsSvo:w:X:m:',
        wrong: 2,
        long: { silent: 's', fail: 'f', head: 'I', include: 'i', output: 'o' },
      },
      curl,
    ),
  ],
];
