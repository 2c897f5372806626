import t from 'tap';
import { runServe, SERVE_HELP } from '../../../src/cli/serve.ts';

/** Runs the command; what it wrote and its exit code. None of these starts a gate. */
async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let stdout = '';
  let stderr = '';
  const code = await runServe(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env,
    version: '0.0.0',
  });
  return { code, stdout, stderr };
}

t.test('help goes to stdout', async (t) => {
  for (const flag of ['--help', '-h']) t.same(await run([flag]), { code: 0, stdout: SERVE_HELP, stderr: '' });
  for (const word of [
    '--config',
    '--set',
    '--workers',
    'POSTERN_CONFIG',
    'POSTERN_LOG_LEVEL',
    'SIGTERM',
    'SIGINT',
    'SIGHUP',
  ])
    t.match(SERVE_HELP, word);
});

t.test('wrong usage is 2, says what and where to look', async (t) => {
  // [arguments, environment, what is said]
  const cases: [string[], Record<string, string>, RegExp][] = [
    [[], {}, /no configuration/],
    [[], { POSTERN_CONFIG: '' }, /no configuration/],
    [['--config', ''], {}, /no configuration/],
    [['--confg', 'x'], {}, /--confg/],
    [['postern.yaml'], {}, /postern\.yaml/],
    [['--config'], {}, /--config/],
    [['--config', 'x', '--workers', '0'], {}, /--workers takes 1 to 64 or auto, not "0"/],
    [['--config', 'x', '--workers', 'many'], {}, /not "many"/],
    [['--config', 'x', '--workers'], {}, /--workers/],
  ];
  for (const [args, env, said] of cases) {
    const { code, stdout, stderr } = await run(args, env);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, said);
    t.match(stderr, 'serve --help');
  }
});

t.test(
  'a configuration that cannot be read is 1; --config wins over POSTERN_CONFIG, --set is checked with it',
  async (t) => {
    t.match(await run([], { POSTERN_CONFIG: '/nowhere/env.yaml' }), {
      code: 1,
      stderr: /\/nowhere\/env\.yaml:1:1 .*ENOENT/,
    });
    const both = await run(['-c', '/nowhere/flag.yaml', '--set', 'nonsense'], {
      POSTERN_CONFIG: '/nowhere/env.yaml',
    });
    t.equal(both.code, 1);
    t.match(both.stderr, '/nowhere/flag.yaml');
    t.notMatch(both.stderr, 'env.yaml');
  },
);
