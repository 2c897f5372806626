// Reads what the documents' tests need of a Markdown page: its links, the anchors that GitHub gives its headings, and its code blocks. Written
// for this project's own pages (CommonMark's fences, inline links), not for any Markdown.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The checkout, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  'test/cluster/README.md',
  'docs/**/*.md',
];
const FENCE = /^( *)(`{3,})(\S*)\s*$/;

/** The pages that are tested, from the checkout's root. */
export function listPages(): readonly string[] {
  return PAGES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort();
}

/** A page's text. */
export function readPage(page: string): string {
  return readFileSync(ROOT + page, 'utf8');
}

/** A fenced block; `line` is that of its first line of text, from 1. */
export interface Block {
  readonly language: string;
  readonly line: number;
  /** Without the fence's indentation. */
  readonly lines: readonly string[];
  /** The line before the fence. */
  readonly before: string;
}

/** The fenced blocks of a page, in order. @throws Error when one has no end. */
export function readBlocks(text: string): readonly Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', fence = '', language = ''] = FENCE.exec(lines[at] ?? '') ?? [];
    if (fence === '') continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === fence);
    if (end < 0) throw new Error(`the block of line ${at + 1} has no end`);
    const inside = lines
      .slice(at + 1, end)
      .map((line) => line.replace(new RegExp(`^ {0,${indent.length}}`), ''));
    blocks.push({ language, line: at + 2, lines: inside, before: (lines[at - 1] ?? '').trim() });
    at = end;
  }
  return blocks;
}

/** A link; `line` from 1. */
export interface Link {
  readonly line: number;
  readonly target: string;
}

/** The links and pictures of a page that are not inside code. */
export function readLinks(text: string): readonly Link[] {
  return prose(text).flatMap((line, index) =>
    [...line.matchAll(/\]\(([^()\s]*(?:\([^()\s]*\))?[^()\s]*)\)|<(https?:[^>\s]*)>/g)].map((match) => ({
      line: index + 1,
      target: match[1] ?? match[2] ?? '',
    })),
  );
}

/** The anchors of a page: those of its headings as GitHub makes them, and those written as `<a id="…">`. */
export function readAnchors(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const line of prose(text, { keepCode: true })) {
    const heading = /^#{1,6} +(.*?) *#*$/.exec(line)?.[1];
    if (heading !== undefined) anchors.add(unique(anchorOf(heading), anchors));
    for (const [, id = ''] of line.matchAll(/<a (?:id|name)="([^"]*)"/g)) anchors.add(id);
  }
  return anchors;
}

/** Lower case; letters, digits, `_` and `-` stay, blanks become `-`, all else goes, as do links' targets. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-');
}

function unique(anchor: string, taken: ReadonlySet<string>): string {
  for (let count = 0; ; count++) {
    const name = count === 0 ? anchor : `${anchor}-${count}`;
    if (!taken.has(name)) return name;
  }
}

/** The lines of a page with fenced blocks emptied, and inline code too unless it is kept. */
function prose(text: string, { keepCode = false } = {}): readonly string[] {
  let fence = '';
  return text.split('\n').map((line) => {
    const mark = /^ *(`{3,})/.exec(line)?.[1] ?? '';
    if (fence !== '') {
      if (mark === fence && line.trim() === fence) fence = '';
      return '';
    }
    fence = mark;
    if (mark !== '') return '';
    return keepCode ? line : line.replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, '');
  });
}
