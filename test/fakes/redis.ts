// A real Redis (Debian's redis-server) on a port of its own, in memory, with a password; over TLS where the test wants it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeCA } from '../../src/certificates.ts';

export interface TestRedis {
  /** For `sessions.registry.redis`. */
  readonly config: { readonly url: string; readonly passwordFile: string; readonly caFile: string };
  /** For `postern sessions`. */
  readonly flags: readonly string[];
  /** Ends it, as a crash would. */
  crash(): Promise<void>;
  /** Starts it again, empty, on the same port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Options of a test that needs redis-server, which .ci/run installs: skipped, with what to do, where there is none. */
export const withRedis = {
  skip: (await hasRedis()) ? false : 'no redis-server: apt-get install redis-server',
};

async function hasRedis(): Promise<boolean> {
  const child = spawn('redis-server', ['--version'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** Starts one. */
export async function startRedis(options: {
  readonly tls: boolean;
  /** Lines of redis.conf. */
  readonly more?: readonly string[];
}): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'postern-redis-'));
  const port = await freePort();
  const files = await writeFiles(dir);
  const secured = ['tls-cert-file', files.cert, 'tls-key-file', files.key, 'tls-auth-clients', 'no'];
  const listening = options.tls
    ? ['port', '0', 'tls-port', String(port), ...secured]
    : ['port', String(port)];
  const lines = [
    ...pairs(listening),
    'bind 127.0.0.1',
    'save ""',
    'requirepass opensesame',
    `dir ${dir}`,
    ...(options.more ?? []),
  ];
  const configFile = join(dir, 'redis.conf');
  writeFileSync(configFile, lines.join('\n'));
  let child: ReturnType<typeof spawn> | undefined;
  const start = async () => {
    child = spawn('redis-server', [configFile], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('no output');
    for await (const line of createInterface({ input: child.stdout }))
      if (line.includes('Ready to accept connections')) {
        child.stdout.resume();
        return;
      }
    throw new Error('redis-server did not start');
  };
  const crash = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  await start();
  const url = `${options.tls ? 'rediss' : 'redis'}://127.0.0.1:${port}/3`;
  return {
    config: { url, passwordFile: files.password, caFile: options.tls ? files.ca : '' },
    flags: [
      '--redis',
      url,
      '--redis-password-file',
      files.password,
      ...(options.tls ? ['--redis-ca-file', files.ca] : []),
    ],
    crash,
    start,
    async stop() {
      await crash();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function writeFiles(dir: string) {
  const ca = await makeCA('redis CA');
  const { certPem, keyPem } = await ca.issue({
    commonName: 'redis',
    dnsNames: [],
    ipAddresses: ['127.0.0.1'],
  });
  const write = (name: string, text: string) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  return {
    ca: write('ca.crt', ca.certPem),
    cert: write('tls.crt', certPem),
    key: write('tls.key', keyPem),
    password: write('password', 'opensesame\n'),
  };
}

function pairs(words: readonly string[]): string[] {
  return words.flatMap((word, i) => (i % 2 === 0 ? [`${word} ${words[i + 1]}`] : []));
}

/** redis-server takes no port 0; nobody else on this machine asks for this one in the meantime, as far as the system goes round. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as import('node:net').AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
