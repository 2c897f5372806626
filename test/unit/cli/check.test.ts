import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeCA } from '../../../src/certificates.ts';
import { runCheck } from '../../../src/cli/check.ts';

const ca = await makeCA('test ca');
const serving = await ca.issue({ commonName: 'gate', dnsNames: ['localhost'] });
const CONFIG = `apiVersion: postern.dev/v1
kind: GateConfiguration
listen:
  tls: {certFile: tls.crt, keyFile: tls.key}
clusters:
  - name: prod
    kubeconfig: kubeconfig
log: {level: info}
`;
const KUBECONFIG = `current-context: a
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443"}}]
users: [{name: u, user: {token: abc}}]
contexts: [{name: a, context: {cluster: c, user: u}}]
`;

function prepare(t: Test, config: string): string {
  const directory = t.testdir({});
  const files = {
    'gate.yaml': config,
    'tls.crt': serving.certPem,
    'tls.key': serving.keyPem,
    kubeconfig: KUBECONFIG,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return join(directory, 'gate.yaml');
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const written = { stdout: '', stderr: '' };
  const code = await runCheck(args, {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    env,
  });
  return { code, ...written };
}

t.test('a valid file: 0, nothing on stdout', async (t) => {
  const file = prepare(t, CONFIG);
  const { code, stdout, stderr } = await run(['--config', file]);
  t.equal(code, 0);
  t.equal(stdout, '');
  t.match(stderr, /^warning: .*gate\.yaml:1:1 authentication\.jwt: no issuer/);
  t.ok(stderr.endsWith(`${file} is valid, 1 warning\n`));
});

t.test('errors: 1, one line each on stdout, the count on stderr', async (t) => {
  const file = prepare(
    t,
    CONFIG.replace('info', 'loud').replace('prod', 'Prod').replace('tls.key', 'no.key'),
  );
  const { code, stdout, stderr } = await run(['--config', file]);
  t.equal(code, 1);
  t.match(stdout.trimEnd().split('\n'), [
    `${file}:4:37 listen.tls.keyFile: `,
    `${file}:6:11 clusters[0].name: `,
    `${file}:8:14 log.level: expected one of trace, debug, info, warn, error; found "loud"`,
  ]);
  t.equal(stderr, `3 errors in ${file}\n`);
});

t.test('POSTERN_CONFIG names the file, --config wins', async (t) => {
  const file = prepare(t, CONFIG);
  t.equal((await run([], { POSTERN_CONFIG: file })).code, 0);
  t.equal((await run(['-c', file], { POSTERN_CONFIG: '/nonexistent' })).code, 0);
  const missing = await run([], { POSTERN_CONFIG: '/nonexistent' });
  t.match(missing, {
    code: 1,
    stdout: '/nonexistent:1:1 cannot be read: ENOENT\n',
    stderr: '1 error in /nonexistent\n',
  });
});

t.test('--set and POSTERN_LOG_LEVEL', async (t) => {
  const file = prepare(t, CONFIG.replace('info', 'loud'));
  t.equal((await run(['--config', file, '--set', 'log.level=debug'])).code, 0);
  t.equal((await run(['--config', file], { POSTERN_LOG_LEVEL: 'warn' })).code, 0);
  const { code, stdout } = await run([
    '--config',
    file,
    '--set',
    'log.level=x',
    '--set',
    'clusters[0].name=Y',
  ]);
  t.equal(code, 1);
  t.match(
    stdout,
    /^--set:1:1 log\.level: .*\n--set:1:1 clusters\[0\]\.name: .*\n$|^--set:1:1 clusters\[0\]\.name: .*\n--set:1:1 log\.level: .*\n$/,
  );
});

t.test('--output json', async (t) => {
  const bad = prepare(t, CONFIG.replace('info', 'loud'));
  const { code, stdout } = await run(['--config', bad, '--output', 'json']);
  t.equal(code, 1);
  t.strictSame(JSON.parse(stdout), {
    ok: false,
    file: bad,
    errors: [
      {
        file: bad,
        line: 8,
        column: 14,
        path: 'log.level',
        message: 'expected one of trace, debug, info, warn, error; found "loud"',
      },
    ],
  });
  const good = await run(['--config', prepare(t, CONFIG), '-o', 'json']);
  t.match(JSON.parse(good.stdout), { ok: true, warnings: [/no issuer/] });
});

t.test('--help teaches with an example', async (t) => {
  const { code, stdout, stderr } = await run(['--help']);
  t.equal(code, 0);
  t.match(stdout, /Usage: postern check --config FILE/);
  t.match(stdout, /\$ postern check --config postern\.yaml\n/);
  t.equal(stderr, '');
});

t.test('wrong usage: 2, a way out on stderr, nothing on stdout', async (t) => {
  for (const args of [[], ['--config'], ['--conf', 'x'], ['x'], ['--config', 'x', '--output', 'yaml']]) {
    const { code, stdout, stderr } = await run(args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, /^postern check: .*\n(.*\n)*Try: postern check --help\n$/);
  }
});
