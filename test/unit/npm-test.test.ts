import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';

// `npm test` (test/run.ts) as somebody calls it who does not know it, or mistypes, and what it makes of files that fail.

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
    const { ended, said, complained } = await npmTest(t, args);
    t.equal(ended, code);
    t.match(said, out);
    t.match(complained, err);
  });

/** One that passes, one that fails the first time, one that fails each time. */
const FILES = {
  'always.test.js': `t.pass('one'); t.pass('two');`,
  'second.test.js': `t.pass('there'); t.test('within', async (t) => { t.ok(existsSync(MARK)); writeFileSync(MARK, ''); });`,
  'never.test.js': `t.pass('there'); t.equal(1, 2); t.equal(3, 4);`,
};

/** [what, files, POSTERN_AGAIN is set, exit code, last line, files noted] */
const AGAIN: readonly (readonly [
  what: string,
  files: readonly (keyof typeof FILES)[],
  isAsked: boolean,
  code: number,
  sum: string,
  noted: readonly (keyof typeof FILES)[],
])[] = [
  ['not asked', ['always.test.js', 'second.test.js'], false, 1, '3 passed, 1 failed', []],
  [
    'passes the second time',
    ['always.test.js', 'second.test.js'],
    true,
    0,
    '4 passed, 0 failed',
    ['second.test.js'],
  ],
  [
    'one of each',
    ['always.test.js', 'never.test.js', 'second.test.js'],
    true,
    1,
    '5 passed, 2 failed',
    ['second.test.js'],
  ],
];

for (const [what, files, isAsked, code, sum, noted] of AGAIN)
  t.test(`files that fail run once more where that is asked for: ${what}`, async (t) => {
    const dir = t.testdir({ notes: '' });
    const names = files.map((file) => {
      const imports = `import { existsSync, writeFileSync } from 'node:fs';\nimport t from 'tap';\n`;
      const mark = `const MARK = ${JSON.stringify(join(dir, 'mark'))};\n`;
      writeFileSync(join(dir, file), `${imports}${mark}${FILES[file]}\n`);
      return join(dir, file);
    });
    const notes = join(dir, 'notes');
    const { ended, said } = await npmTest(t, names, isAsked ? { POSTERN_AGAIN: notes } : {});
    t.equal(said.trimEnd().split('\n').at(-1), sum, said);
    t.equal(ended, code);
    const written = readFileSync(notes, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    t.strictSame(
      written.map((line) => line.split('/').at(-1)),
      noted,
    );
  });

/** Runs it as from a shell: what tap tells a test of itself in the environment is not passed on. */
async function npmTest(t: Test, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^TAP|^_TAPJS|^POSTERN_AGAIN$/.test(name));
  const child = spawn(process.execPath, [RUN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(own), ...more },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [said, complained, [ended]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { ended, said, complained };
}
