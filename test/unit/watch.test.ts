import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { watchFiles } from '../../src/watch.ts';

const INTERVAL_MS = 20;

/** A watch on a directory of the test's own; `change` resolves with the next change. */
function setUp(t: Pick<typeof import('tap').t, 'teardown'>, names: readonly string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const path = (name: string) => join(dir, name);
  for (const name of names) writeFileSync(path(name), 'first');
  let changes = 0;
  let wake = () => {};
  const watch = watchFiles(
    names.map(path),
    () => {
      changes++;
      wake();
    },
    INTERVAL_MS,
  );
  t.teardown(() => {
    watch.close();
    rmSync(dir, { recursive: true });
  });
  return {
    path,
    watch,
    changes: () => changes,
    async until(count: number) {
      while (changes < count)
        await new Promise<void>((resolve) => {
          wake = resolve;
          // The watch itself never keeps a process alive.
          const timer = setTimeout(resolve, 1000);
          t.teardown(() => clearTimeout(timer));
        });
    },
  };
}

t.test('every way in which files change is one change', async (t) => {
  const { path, until, changes } = setUp(t, ['a', 'b']);
  // [how, what]
  const ways: [string, () => void][] = [
    ['written in place', () => writeFileSync(path('a'), 'second')],
    [
      'replaced by another of the same size',
      () => {
        writeFileSync(path('next'), 'SECOND');
        renameSync(path('next'), path('a'));
      },
    ],
    ['two at once', () => ['a', 'b'].forEach((name) => void writeFileSync(path(name), 'third'))],
    ['removed', () => unlinkSync(path('b'))],
    ['back again', () => writeFileSync(path('b'), 'third')],
  ];
  for (const [i, [name, act]] of ways.entries()) {
    act();
    await until(i + 1);
    t.equal(changes(), i + 1, name);
  }
});

t.test('a swapped symlink of a directory is a change, as Kubernetes updates mounted secrets', async (t) => {
  const { path, watch, until } = setUp(t, []);
  const put = (version: string) => {
    mkdirSync(path(version));
    writeFileSync(path(`${version}/token`), 'same size');
    symlinkSync(version, path('..data_tmp'));
    renameSync(path('..data_tmp'), path('..data'));
  };
  put('..1');
  symlinkSync('..data/token', path('token'));
  watch.setFiles([path('token')]);
  put('..2');
  await until(1);
  t.pass('noticed');
});

t.test('a change between reading and looking is not lost', async (t) => {
  const { path, watch, until, changes } = setUp(t, ['a', 'new']);
  watch.setFiles([path('a'), path('new')]);
  writeFileSync(path('new'), 'changed before the first look');
  await until(1);
  // What a reload reads may change again while it is being read: setFiles must not take that for known.
  writeFileSync(path('a'), 'changed');
  watch.setFiles([path('a')]);
  await until(2);
  t.equal(changes(), 2);
});

t.test('what is watched no more is not looked at, and after close nothing is', async (t) => {
  const { path, watch, until, changes } = setUp(t, ['a', 'b']);
  watch.setFiles([path('b')]);
  writeFileSync(path('a'), 'changed');
  writeFileSync(path('b'), 'changed');
  await until(1);
  watch.close();
  writeFileSync(path('b'), 'again');
  const other = setUp(t, ['c']);
  writeFileSync(other.path('c'), 'a later watch has noticed its own');
  await other.until(1);
  t.equal(changes(), 1);
});
