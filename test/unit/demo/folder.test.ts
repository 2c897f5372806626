import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FolderRefused, openFolder } from '../../../src/demo/folder.ts';
import { until } from '../../e2e/wait.ts';

t.test('a new directory for this user only, and files too; close removes all', async (t) => {
  const folder = openFolder();
  t.teardown(folder.close);
  const file = folder.write('postern.yaml', 'one');
  folder.write('postern.yaml', 'two');
  t.equal(readFileSync(file, 'utf8'), 'two');
  folder.write('tokens/erin', 'secret');
  t.equal(statSync(folder.path).mode & 0o777, 0o700);
  t.equal(statSync(join(folder.path, 'tokens')).mode & 0o777, 0o700);
  t.equal(statSync(file).mode & 0o777, 0o600);
  folder.close();
  folder.close();
  t.notOk(existsSync(folder.path));
});

t.test('a directory that was there and empty stays; what is not ours in it stays too', async (t) => {
  const dir = t.testdir({ empty: {}, used: { 'letter.txt': 'mine' } });
  const empty = openFolder(join(dir, 'empty'));
  empty.write('kubeconfig', 'x');
  empty.close();
  t.ok(existsSync(empty.path), 'it was there before');
  t.notOk(existsSync(join(empty.path, 'kubeconfig')));
  t.notOk(existsSync(join(empty.path, 'tokens')));

  const made = openFolder(join(dir, 'made'));
  writeFileSync(join(made.path, 'notes.txt'), 'mine');
  made.close();
  t.equal(readFileSync(join(made.path, 'notes.txt'), 'utf8'), 'mine');
});

t.test(
  'a directory in use, a file, or a place where none can be made is refused with the reason',
  async (t) => {
    const dir = t.testdir({ used: { 'letter.txt': 'mine' }, file: 'text' });
    t.throws(
      () => openFolder(join(dir, 'used')),
      new FolderRefused(`the directory ${join(dir, 'used')} is not empty: name a new or an empty one`),
    );
    t.throws(() => openFolder(join(dir, 'file')), /is not a directory/);
    t.throws(() => openFolder(join(dir, 'file', 'below')), /can't be made: ENOTDIR/);
    t.equal(readFileSync(join(dir, 'used', 'letter.txt'), 'utf8'), 'mine');
  },
);

t.test('a directory into which somebody else may write is refused, and nothing is written', async (t) => {
  const dir = t.testdir({ open: {}, sticky: {}, group: {}, theirs: {} });
  const refused = (name: string, why: RegExp) => {
    const path = join(dir, name);
    t.throws(() => openFolder(path), { constructor: FolderRefused, message: why });
    t.strictSame(readdirSync(path), []);
  };
  chmodSync(join(dir, 'open'), 0o777);
  refused('open', /others may write .*\(mode 777\).*name a new one/);
  chmodSync(join(dir, 'sticky'), 0o1777);
  refused('sticky', /others may write/);
  // As umask 002 makes it: a group of one.
  chmodSync(join(dir, 'group'), 0o775);
  const folder = openFolder(join(dir, 'group'));
  folder.close();
  if (process.getuid?.() !== 0) {
    t.pass('only root can give a directory away');
    return;
  }
  chownSync(join(dir, 'group'), 0, 12_345);
  refused('group', /others may write/);
  chownSync(join(dir, 'theirs'), 12_345, 0);
  refused('theirs', /belongs to another user/);
});

t.test('a process that is killed leaves neither the directory nor the one who removes it', async (t) => {
  const dir = join(t.testdir(), 'killed');
  const source = new URL('../../../src/demo/folder.ts', import.meta.url).href;
  const program = `import { openFolder } from ${JSON.stringify(source)};
    const folder = openFolder(${JSON.stringify(dir)});
    folder.write('tls.key', 'key');
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  t.ok(existsSync(join(dir, 'tls.key')));
  mkdirSync(join(dir, 'cache', 'discovery'), { recursive: true });
  child.kill('SIGKILL');
  await until('the directory to be gone', () => !existsSync(dir));
  t.pass('gone');
});
