// Every link of the documents leads somewhere, and every page of docs/ can be found from its map. Links to other sites are looked at, not fetched.

import { existsSync, statSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import t from 'tap';
import { listPages, ROOT, readAnchors, readLinks, readPage } from './markdown.ts';

const MAP = 'docs/README.md';
const pages = listPages();

for (const page of pages)
  t.test(page, async (t) => {
    const links = readLinks(readPage(page));
    t.strictSame(
      links.flatMap(({ line, target }) => problemsOf(page, target).map((what) => `${page}:${line} ${what}`)),
      [],
      `${links.length} links`,
    );
  });

t.test(`every page of docs/ is reached from ${MAP}`, async (t) => {
  const reached = new Set([MAP]);
  for (const page of reached)
    for (const { target } of readLinks(readPage(page)))
      for (const found of pagesAt(resolveTarget(page, target).path)) reached.add(found);
  t.strictSame(
    pages.filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
});

t.test('what is a broken link', async (t) => {
  for (const [target, what] of [
    ['nowhere.md', 'there is no docs/nowhere.md'],
    ['README.md#nothing', 'docs/README.md has no heading #nothing'],
    ['#nothing', 'docs/README.md has no heading #nothing'],
    ['http://example.com', 'http://example.com is not an https address'],
    ['https://exa mple.com', 'https://exa mple.com is not an https address'],
    ['https://localhost', 'https://localhost is not an https address'],
    ['../../outside.md', '../../outside.md leads out of the checkout'],
    ['/docs/README.md', '/docs/README.md begins with a slash: it means another thing on every site'],
    ['', 'an empty target'],
  ] as const)
    t.strictSame(problemsOf(MAP, target), [what], target);
  for (const target of ['README.md#documentation', '#documentation', 'https://example.com/a#b', 'adr/'])
    t.strictSame(problemsOf(MAP, target), [], target);
});

t.test("GitHub's anchors", async (t) => {
  const text = [
    '# A `code` of "x", y_z',
    '## The same',
    '## The same',
    '```',
    '# not one',
    '```',
    '## Ünï & co.',
  ];
  t.strictSame([...readAnchors(text.join('\n'))], ['a-code-of-x-y_z', 'the-same', 'the-same-1', 'ünï--co']);
  t.strictSame(
    readLinks('[a](b.md) `[c](d.md)` [e](f(g).md)\n```\n[h](i.md)\n```\n[j](k.md)').map(
      (link) => link.target,
    ),
    ['b.md', 'f(g).md', 'k.md'],
  );
});

function problemsOf(page: string, target: string): readonly string[] {
  if (target === '') return ['an empty target'];
  if (target.startsWith('/')) return [`${target} begins with a slash: it means another thing on every site`];
  if (/^[a-z+]+:/i.test(target)) return isAddress(target) ? [] : [`${target} is not an https address`];
  const { path, anchor } = resolveTarget(page, target);
  if (path.startsWith('..')) return [`${target} leads out of the checkout`];
  if (!existsSync(ROOT + path)) return [`there is no ${path}`];
  if (anchor === '') return [];
  return readAnchors(readPage(path)).has(anchor) ? [] : [`${path} has no heading #${anchor}`];
}

function isAddress(target: string): boolean {
  return /^https:\/\/[^\s/]+\.[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?$/.test(target) && URL.canParse(target);
}

function resolveTarget(page: string, target: string): { readonly path: string; readonly anchor: string } {
  const [file = '', anchor = ''] = target.split('#');
  return { path: file === '' ? page : normalize(`${dirname(page)}/${decodeURI(file)}`), anchor };
}

/** The page at a path; a folder shows what is in it. */
function pagesAt(path: string): readonly string[] {
  if (!existsSync(ROOT + path)) return [];
  if (!statSync(ROOT + path).isDirectory()) return pages.includes(path) ? [path] : [];
  return pages.filter((page) => dirname(page) === normalize(path).replace(/\/$/, ''));
}
