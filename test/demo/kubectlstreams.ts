// What goes in and out with kubectl at the demo: exec, attach, cp and port-forward.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { run } from '../cluster/run.ts';
import { protocolEnv } from '../e2e/context.ts';
import type { Way } from './kubectlway.ts';

export const COPY_BYTES = 20_000_000;

export async function exec(t: Test, { ok, run }: Way): Promise<void> {
  const both = await run(['exec', 'deploy/web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
  t.match(both, { code: 7, stdout: 'out\n', stderr: /^err\ncommand terminated with exit code 7\n/ });
  const text = randomBytes(300_000).toString('base64');
  const sum = createHash('sha256').update(text).digest('hex');
  const there = await ok(['exec', '-i', 'deploy/web', '--', 'sha256sum'], { input: text });
  t.match(there, new RegExp(`^${sum} `), 'all of stdin, then its end');
  t.equal(await ok(['exec', '-i', 'deploy/web', '--', 'cat'], { input: text }), text, 'and back');
  const zeros = await ok([
    'exec',
    'deploy/web',
    '--',
    'sh',
    '-c',
    'dd if=/dev/zero bs=1M count=20 status=none | wc -c',
  ]);
  t.equal(zeros.trim(), String(20 * 1_048_576));
  t.match(await run(['exec', 'deploy/web', '--', 'nosuch']), {
    code: /^(1|126|127)$/,
    stderr: /nosuch.*not found/,
  });
}

/** The size reaches the shell shortly after it has started, on a real node as well: so it is waited for there. */
function untilSize(size: string, word: string): readonly string[] {
  const loop = `until [ "$(stty size)" = "${size}" ]; do sleep 0.1; done; echo ${word}-$((1+1))\\n`;
  return ['--send', loop, '--expect', `${word}-2`];
}

export async function execTerminal(t: Test, { demo, tools, path, protocol }: Way): Promise<void> {
  const steps = [
    ...['--size', '80x24', '--expect', '$ '],
    ...untilSize('24 80', 'small'),
    ...['--resize', '132x43', '--expect', '$ '],
    ...untilSize('43 132', 'big'),
    ...['--expect', '$ ', '--send', 'sleep 1000\\n', '--send', '\\x03', '--expect', '$ '],
    ...['--send', 'echo status-$?\\n', '--expect', 'status-130'],
    ...['--send', 'exit 3\\n'],
  ];
  const command = [path, '--context', 'erin', 'exec', '-it', 'deploy/web', '--', 'sh'];
  const result = await run(tools.terminal, ['--timeout', '30s', ...steps, '--', ...command], {
    env: { ...demo.env, ...protocolEnv(protocol) },
  });
  t.match(result, { code: 3, stderr: '' }, result.stdout);
}

export async function attach(t: Test, { start, ok }: Way): Promise<void> {
  const pod = (await ok(['get', 'pods', '-l', 'app=clock', '-o', 'name'])).trim();
  const attached = start(['attach', pod]);
  t.teardown(() => attached.kill());
  await attached.seen(/\d+[^\n]*\n[^\n]*\d+[^\n]*\n/);
  t.pass('two lines');
}

export async function copy(t: Test, { ok, folder, id }: Way): Promise<void> {
  const [file, back] = [join(folder, 'up'), join(folder, 'down')];
  const content = randomBytes(COPY_BYTES);
  writeFileSync(file, content);
  const pod = (
    await ok(['get', 'pods', '-l', 'app=clock', '-o', 'jsonpath={.items[0].metadata.name}'])
  ).trim();
  await ok(['cp', file, `${pod}:/tmp/${id}`]);
  await ok(['cp', `${pod}:/tmp/${id}`, back]);
  t.ok(content.equals(readFileSync(back)), 'what came back is what was sent');
  const sum = createHash('sha256').update(content).digest('hex');
  t.match(await ok(['exec', pod, '--', 'sha256sum', `/tmp/${id}`]), sum);
  await ok(['exec', pod, '--', 'rm', `/tmp/${id}`]);
}

export async function portForward(t: Test, { start }: Way): Promise<void> {
  const forward = start(['port-forward', 'deploy/web', ':8080']);
  t.teardown(() => forward.kill());
  const [, port] = await forward.seen(/127\.0\.0\.1:(\d+) -> 8080\n/);
  const page = await run('curl', ['--silent', '--fail', '--max-time', '20', `http://127.0.0.1:${port}/`]);
  t.match(page, { code: 0, stdout: /<html/i });
  const many = await Promise.all(
    Array.from({ length: 8 }, () =>
      run('curl', [
        '--silent',
        '--max-time',
        '20',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        `http://127.0.0.1:${port}/nosuch`,
      ]),
    ),
  );
  t.same(new Set(many.map(({ stdout }) => stdout)), new Set(['404']));
}
