// The published package: built, packed, installed somewhere else, and the demo runs from there with `npx postern demo`. Without the optional
// packages it says what is missing, and the rest of the program works.

import { cpSync, existsSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
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
