import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import t from 'tap';

// `npm test` (test/run.ts) as somebody calls it who does not know it, or mistypes. It runs no test here.

const RUN = new URL('../run.ts', import.meta.url).pathname;

/** [arguments, exit code, standard output, standard error] */
const CASES: readonly (readonly [args: string[], code: number, out: RegExp, err: RegExp])[] = [
  [
    ['--help'],
    0,
    /^npm test .*\[FILES\]\n[\s\S]*POSTERN_TAP=1[\s\S]*POSTERN_SEARCH=N[\s\S]*\nExit code: 0 /,
    /^$/,
  ],
  [['test/unit/queue.test.ts', '--help'], 0, /^npm test .*\[FILES\]\n/, /^$/],
  [['--hlep'], 2, /^$/, /^npm test: Unknown option '--hlep'; npm test -- --help\n$/],
  [['-x', 'test/unit/queue.test.ts'], 2, /^$/, /^npm test: Unknown option '-x'; npm test -- --help\n$/],
  [['test/unit/none.test.ts'], 1, /^$/, /^no test file fits test\/unit\/none\.test\.ts\n$/],
];

for (const [args, code, out, err] of CASES)
  t.test(`npm test -- ${args.join(' ')}`, async (t) => {
    const child = spawn(process.execPath, [RUN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    t.teardown(() => child.kill('SIGKILL'));
    const [said, complained, [ended]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    t.equal(ended, code);
    t.match(said, out);
    t.match(complained, err);
  });
