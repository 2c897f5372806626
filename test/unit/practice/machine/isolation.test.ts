import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';

// The demo's promise: a practice container runs nothing, reads nothing and opens nothing on the person's computer. So these sources may not
// even name what could.

const FORBIDDEN = [
  'fs',
  'child_process',
  'net',
  'tls',
  'dgram',
  'dns',
  'http2',
  'https',
  'cluster',
  'worker_threads',
  'vm',
  'os',
  'inspector',
  'module',
  'process',
];
const SRC = new URL('../../../../src/practice/machine/', import.meta.url);
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const texts = files.map((file) => ({ file, text: readFileSync(new URL(file, SRC), 'utf8') }));
/** Comments may speak of anything. */
const code = texts.map(({ file, text }) => ({ file, text: text.replace(/^\s*(\/\/|\/?\*).*$/gm, '') }));

t.test('the sources were found', async (t) => {
  t.ok(files.length > 40);
  t.ok(texts.some(({ text }) => text.includes("from 'node:stream'")));
});

t.test('no source imports what reaches the computer', async (t) => {
  const found = code.flatMap(({ file, text }) =>
    [...text.matchAll(/(?:from|import|require)\s*\(?\s*['"](?:node:)?([^'"]+)['"]/g)]
      .map(([, name = '']) => name)
      .filter((name) => FORBIDDEN.includes(name.split('/')[0] ?? ''))
      .map((name) => `${file}: ${name}`),
  );
  t.same(found, []);
});

t.test('packages are only those that touch nothing by themselves', async (t) => {
  const names = code.flatMap(({ text }) =>
    [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^.\\'"][^'"]*)['"]/g)].map(([, name = '']) => name),
  );
  t.same([...new Set(names)].sort(), [
    'modern-tar',
    'node:crypto',
    'node:http',
    'node:stream',
    'node:string_decoder',
  ]);
});

t.test('no source listens, evaluates text, or reads the process', async (t) => {
  for (const pattern of [
    /\beval\(/,
    /new Function\b/,
    /\bglobalThis\b/,
    /\bprocess\.(env|argv|cwd\(|binding|kill|exit)/,
    /server\.listen\(/,
  ]) {
    const found = code
      .filter(({ text }) => pattern.test(text))
      // A Process of ours has an env and a cwd too: they are fields of a parameter of that name.
      .filter(({ text }) =>
        pattern.source.includes('process') ? /\bprocess\.(binding|kill|exit|argv|cwd\()/.test(text) : true,
      );
    t.same(
      found.map(({ file }) => file),
      [],
      String(pattern),
    );
  }
});

t.test('HTTP requests go through a connection that is given', async (t) => {
  for (const { file, text } of code.filter(({ text }) => text.includes('httpRequest('))) {
    t.match(text, /createConnection: \(\) => connection/, file);
  }
});
