// The published package: built, packed, installed somewhere else, and the demo runs from there with `npx postern demo`. Without the optional
// packages it says what is missing, and the rest of the program works.

import { cpSync, existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { makeKubeconfig } from '../cluster/pki.ts';
import { run, runOrFail } from '../cluster/run.ts';
import { startProgram } from '../e2e/background.ts';
import { until } from '../e2e/wait.ts';
import { readTools } from './tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PARTS = [
  'bin',
  'src',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'LICENSE',
];
const MINUTE_MS = 60_000;

const tools = readTools();

async function pack(): Promise<string> {
  const source = mkdtempSync(join(tools.dir, 'source-'));
  for (const part of PARTS) cpSync(join(ROOT, part), join(source, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  await runOrFail('npm', ['run', 'build'], { cwd: source, timeoutMs: MINUTE_MS });
  const packed = await runOrFail('npm', ['pack', '--silent'], { cwd: source, timeoutMs: MINUTE_MS });
  return join(source, packed.trim().split('\n').pop() ?? '');
}

async function install(archive: string, ...flags: string[]): Promise<string> {
  const folder = mkdtempSync(join(tools.dir, 'installed-'));
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  await runOrFail('npm', ['install', '--silent', '--no-audit', '--no-fund', ...flags, archive], {
    cwd: folder,
    timeoutMs: 3 * MINUTE_MS,
  });
  return folder;
}

const archive = await pack();

t.test('npx postern demo, where it is installed', async (t) => {
  const folder = await install(archive);
  const dir = join(folder, 'demo');
  const command = `cd '${folder}' && exec npx postern demo --output json --dir '${dir}'`;
  const program = startProgram('sh', ['-c', command]);
  t.teardown(() => program.kill());
  await program.seen(/"event":"ready"/);
  await program.kill('SIGTERM');
  await until('nothing left', () => !existsSync(dir));
  t.pass('started and ended');
});

t.test('without the optional packages it says what is missing', async (t) => {
  const folder = await install(archive, '--omit=optional');
  const postern = (...args: string[]) =>
    run(process.execPath, [join(folder, 'node_modules/postern/bin/postern.js'), ...args], {
      timeoutMs: MINUTE_MS,
    });
  t.match(await postern('demo'), {
    code: 1,
    stderr: /is not installed, which only the demo needs.*without --omit=optional/,
  });
  t.match(await postern('demo', '--help'), { code: 0, stdout: /--kubeconfig FILE/ });
  t.match(await postern('check', '--config', join(folder, 'package.json')), { code: 1 });
});

t.test('installed in an empty folder, it says its version and checks a configuration', async (t) => {
  const folder = await install(archive, '--omit=optional');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const npx = (...args: string[]) => run('npx', args, { cwd: folder, timeoutMs: MINUTE_MS });
  t.match(await npx('postern', '--version'), { code: 0, stdout: `postern ${version} (node ` });
  t.match(await npx('postern', 'check', '--config', await writeConfiguration(folder)), {
    code: 0,
    stderr: /postern\.yaml is valid$/m,
  });
});

/** A configuration of the README's kind, with the files that it names. */
async function writeConfiguration(folder: string): Promise<string> {
  const ca = await makeCA('package');
  const { certPem, keyPem } = await ca.issue({ commonName: 'postern', dnsNames: ['postern.example.com'] });
  const pair = { certPem, keyPem };
  const server = 'https://api.example.com:6443';
  writeFileSync(join(folder, 'tls.crt'), certPem);
  writeFileSync(join(folder, 'tls.key'), keyPem, { mode: 0o600 });
  writeFileSync(
    join(folder, 'prod.kubeconfig'),
    makeKubeconfig({ server, caPem: ca.certPem, user: 'postern', pair }),
  );
  const jwt = {
    issuer: { url: 'https://login.example.com', audiences: ['postern'] },
    claimMappings: { username: { claim: 'email', prefix: '' } },
  };
  const config = {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    listen: { address: '0.0.0.0:8443', tls: { certFile: 'tls.crt', keyFile: 'tls.key' } },
    ops: { address: '0.0.0.0:9090' },
    clusters: [{ name: 'prod', kubeconfig: 'prod.kubeconfig' }],
    authentication: { jwt: [jwt] },
  };
  const file = join(folder, 'postern.yaml');
  writeFileSync(file, JSON.stringify(config));
  return file;
}
