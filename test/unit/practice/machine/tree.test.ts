import t from 'tap';
import { Regex } from '../../../../src/practice/machine/commands/regex.ts';
import { Content } from '../../../../src/practice/machine/files/content.ts';
import type { FileError } from '../../../../src/practice/machine/files/node.ts';
import { FileTree } from '../../../../src/practice/machine/files/tree.ts';
import { globMatches, stripPattern } from '../../../../src/practice/machine/shell/glob.ts';

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'ok';
  } catch (error) {
    return (error as FileError).code;
  }
}

function write(tree: FileTree, path: string, text: string): void {
  const node = tree.open(path, false);
  if (node.kind === 'file') tree.append(node, Buffer.from(text));
}

function readAll(tree: FileTree, path: string): string {
  const node = tree.find(path);
  return node.kind === 'file' ? node.content.all().toString() : node.kind;
}

t.test('content grows at its end, and old views keep what they showed', async (t) => {
  const content = new Content();
  let expected = Buffer.alloc(0);
  for (let size = 1; size < 200_000; size = size * 3 + 1) {
    const chunk = Buffer.alloc(size, String(size));
    content.append(chunk);
    expected = Buffer.concat([expected, chunk]);
    t.ok(content.all().equals(expected), `${expected.length}`);
  }
  const view = content.read(0);
  const copy = Buffer.from(view ?? '');
  content.append(Buffer.alloc(100_000, 'z'));
  t.ok(view?.equals(copy));
  t.equal(content.read(content.size), undefined);
  t.equal(content.read(65_535)?.length, 1, 'a read ends with its block');
  content.clear();
  t.equal(content.size, 0);
  t.ok(view?.equals(copy));
});

t.test('paths: links, dots and their errors, as Linux has them', async (t) => {
  const tree = new FileTree(1000, () => 1);
  tree.makeParents('/a/b/c');
  write(tree, '/a/b/f', 'hello');
  tree.makeSymlink('/l', 'a/b');
  tree.makeSymlink('/a/up', '../a/b/f');
  tree.makeSymlink('/dangling', '/nowhere/x');
  tree.makeSymlink('/new', '/a/made');
  t.equal(readAll(tree, '/l/f'), 'hello');
  t.equal(readAll(tree, '/l/../b/./f'), 'hello', '.. goes up from where the link led');
  t.equal(readAll(tree, '/a/up'), 'hello');
  t.equal(tree.find('/a/up', false).kind, 'symlink');
  t.equal(tree.place('/l/c').path, '/a/b/c');
  t.equal(tree.place('/../..').path, '/');
  write(tree, '/new', 'x');
  t.equal(readAll(tree, '/a/made'), 'x', 'writing through a link that leads to nothing yet');
  const rows: readonly (readonly [string, () => unknown])[] = [
    ['ENOENT', () => tree.find('/none')],
    ['ENOENT', () => tree.find('')],
    ['ENOENT', () => tree.find('/dangling')],
    ['ENOTDIR', () => tree.find('/a/b/f/x')],
    ['ENOTDIR', () => tree.find('/a/b/f/')],
    ['EISDIR', () => tree.open('/a', false)],
    ['ENOENT', () => tree.open('/x/y', false)],
    ['EEXIST', () => tree.makeDirectory('/a')],
    ['EEXIST', () => tree.makeParents('/a/b/f')],
    ['ENOTDIR', () => tree.makeParents('/a/b/f/g')],
    ['ENOTEMPTY', () => tree.remove('/a')],
    ['EBUSY', () => tree.remove('/')],
    ['ENOENT', () => tree.remove('/none')],
    ['EINVAL', () => tree.rename('/a', '/a/b/x')],
    ['ENOTDIR', () => tree.rename('/a/b/c', '/a/b/f')],
    ['EISDIR', () => tree.rename('/a/b/f', '/a/b/c')],
    ['EPERM', () => tree.link('/a', '/b')],
    ['ENAMETOOLONG', () => tree.find(`/${'x'.repeat(256)}`)],
    ['ENAMETOOLONG', () => tree.find('/x'.repeat(3000))],
    ['ENOSPC', () => write(tree, '/big', 'x'.repeat(1000))],
    ['ok', () => tree.rename('/a/b/f', '/a/made')],
  ];
  for (const [code, act] of rows) t.equal(codeOf(act), code, String(act));
  t.equal(readAll(tree, '/a/made'), 'hello');
});

t.test('room is given back, and lost with a file that was removed', async (t) => {
  const tree = new FileTree(100, () => 1);
  write(tree, '/a', 'x'.repeat(60));
  t.equal(
    codeOf(() => write(tree, '/b', 'x'.repeat(60))),
    'ENOSPC',
  );
  tree.link('/a', '/c');
  tree.remove('/a');
  t.equal(tree.used, 60, 'a second name keeps it');
  const node = tree.find('/c');
  tree.remove('/c');
  t.equal(tree.used, 0);
  if (node.kind === 'file') tree.append(node, Buffer.alloc(50));
  t.equal(tree.used, 0, 'writing to what has no name takes no room');
  write(tree, '/b', 'x'.repeat(100));
  write(tree, '/b', 'y');
  t.equal(tree.used, 1, 'emptied first');
  const many = () => {
    for (let count = 0; count < 70_000; count += 1) tree.open(`/n${count}`, false);
  };
  t.equal(codeOf(many), 'ENOSPC', 'the number of files is bounded too');
});

t.test('patterns of the shell', async (t) => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['*', '', true],
    ['a*c', 'abbc', true],
    ['a*c', 'abb', false],
    ['?', 'é', true],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[]]', ']', true],
    ['[a', '[a', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['[[:digit:]]*', '9z', true],
    ['[a-]', '-', true],
    ['*a*a*a*a*a*b', 'a'.repeat(5000), false],
  ];
  for (const [pattern, text, expected] of rows)
    t.equal(globMatches(pattern, text), expected, `${pattern} ${text.slice(0, 9)}`);
  t.equal(stripPattern('a.b.c', '*.', '#'), 'b.c');
  t.equal(stripPattern('a.b.c', '*.', '##'), 'c');
  t.equal(stripPattern('a.b.c', 'x', '%'), 'a.b.c');
});

t.test('regular expressions take time in proportion', async (t) => {
  const rows: readonly (readonly [string, string, readonly [number, number] | undefined])[] = [
    ['a|ab', 'xab', [1, 3]],
    ['^b', 'ab', undefined],
    ['b$', 'ab', [1, 2]],
    ['(a|b)*c', 'ababc', [0, 5]],
    ['a{2,3}', 'aaaa', [0, 3]],
    ['a{0}b', 'b', [0, 1]],
    ['[^a]', 'ab', [1, 2]],
    ['\\bfoo\\b', 'a foo b', [2, 5]],
    ['()', 'x', [0, 0]],
    ['[\\n]', 'n', [0, 1]],
    ['a\\.b', 'a.b', [0, 3]],
  ];
  for (const [pattern, text, expected] of rows) {
    const found = new Regex(pattern, { extended: true, ignoreCase: false }).find(text);
    t.same(found === undefined ? undefined : [found.start, found.end], expected, pattern);
  }
  for (const pattern of ['(a*)*b', '(a+)+$x', '(a|a)*b', 'a{0,200}a{200}b']) {
    t.notOk(new Regex(pattern, { extended: true, ignoreCase: false }).test('a'.repeat(5000)), pattern);
  }
  for (const pattern of ['(', '[a', 'a{2', '*', 'a{1000}', '\\1', 'a\\', `${'(a{200}){200}'}{200}`]) {
    t.throws(
      () =>
        new Regex(pattern, { extended: pattern !== '*', ignoreCase: false }) &&
        (pattern === '*' ? fail() : 0),
      pattern,
    );
  }
});

function fail(): never {
  throw new Error('`*` alone is itself in a BRE');
}
