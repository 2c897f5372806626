// The ```yaml blocks of a page and what each of them is: a whole configuration of Postern, a part of one, a file that a configuration names, or
// another program's. CONTRIBUTING.md has the convention for pages; a block that fits none of it is an error, so that none is left unread.

import { parseAllDocuments } from 'yaml';
import { readBlocks } from './markdown.ts';

/** A ```yaml block. `section` counts the headings above it. */
export interface YamlBlock {
  /** Of its first line of text, from 1. */
  readonly line: number;
  /** Without the fence's indentation. */
  readonly text: string;
  readonly section: number;
  /** The HTML comment in the line above the fence; '' when there is none. */
  readonly mark: string;
}

/** What a block is. */
export type Meaning =
  | { readonly kind: 'configuration' }
  /** Keys of a configuration, from its top. */
  | { readonly kind: 'part' }
  /** What stands at `path` of the configuration above it on the page. */
  | { readonly kind: 'within'; readonly path: string }
  /** The content of a file that a configuration of the page names. */
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'other' };

const HEADING = /^#{1,6} /;
const MARK = /^\s*<!-- (.*) -->\s*$/;
const FILE_COMMENT = /^# ([\w-]+\.(?:yaml|kubeconfig))\b/;

/** The ```yaml blocks of a page, in order. @throws Error when one has no end. */
export function readYamlBlocks(page: string): readonly YamlBlock[] {
  const blocks = readBlocks(page);
  const all = page.split('\n');
  // Comments within blocks look like headings: those above are taken off again.
  const textOf = ({ line, lines }: (typeof blocks)[number]) => all.slice(line - 1, line - 1 + lines.length);
  const above = (line: number): number =>
    headingsIn(all.slice(0, line - 1)) -
    headingsIn(blocks.filter((block) => block.line < line).flatMap(textOf));
  return blocks
    .filter(({ language }) => language === 'yaml')
    .map(({ line, lines, before }) => ({
      line,
      text: `${lines.join('\n')}\n`,
      section: above(line),
      mark: MARK.exec(before)?.[1] ?? '',
    }));
}

function headingsIn(lines: readonly string[]): number {
  return lines.filter((line) => HEADING.test(line)).length;
}

/** What a block is; `keys` are those of a configuration. @throws Error that says how to mark it. */
export function meaningOf({ text, mark }: YamlBlock, keys: readonly string[]): Meaning {
  const path = /^within (\S+)$/.exec(mark)?.[1];
  if (path !== undefined) return { kind: 'within', path };
  const marked = /^file (\S+)$/.exec(mark)?.[1];
  if (marked !== undefined) return { kind: 'file', name: marked };
  if (/^of another program\b/.test(mark)) return { kind: 'other' };
  const content = readYaml(text);
  if (isRecord(content) && content['kind'] === 'GateConfiguration') return { kind: 'configuration' };
  const named = FILE_COMMENT.exec(text)?.[1];
  if (named !== undefined) return { kind: 'file', name: named };
  if (isRecord(content) && typeof content['kind'] === 'string') return { kind: 'other' };
  if (isRecord(content) && Object.keys(content).every((key) => keys.includes(key))) return { kind: 'part' };
  throw new Error(
    'no configuration of Postern: mark it with <!-- within PATH -->, <!-- file NAME --> or <!-- of another program -->',
  );
}

/** The first document of a YAML text. @throws Error with the place of the first mistake */
export function readYaml(text: string): unknown {
  const [document] = parseAllDocuments(text);
  const mistake = document?.errors[0];
  if (mistake !== undefined) throw mistake;
  return document?.toJS();
}

/** Lays `upper` over `lower`: objects key by key, all else is replaced. */
export function overlay(lower: unknown, upper: unknown): unknown {
  if (!isRecord(lower) || !isRecord(upper)) return upper;
  const merged = Object.entries(upper).map(([key, value]) => [key, overlay(lower[key], value)]);
  return { ...lower, ...Object.fromEntries(merged) };
}

/** Lays `upper` over what is at `path`, as in `authentication.jwt[0]`. @throws Error when there is nothing */
export function overlayAt(root: unknown, path: string, upper: unknown): unknown {
  const [, key = '', rest = ''] = /^\.?([^.[]+|\[\d+\])(.*)$/.exec(path) ?? [];
  if (key === '') return overlay(root, upper);
  const index = /^\[(\d+)\]$/.exec(key)?.[1];
  const inside = index === undefined ? (isRecord(root) ? root[key] : undefined) : listed(root, Number(index));
  if (inside === undefined) throw new Error(`the configuration above has no ${key}`);
  const changed = overlayAt(inside, rest, upper);
  if (Array.isArray(root)) return root.with(Number(index), changed);
  return { ...(root as object), [key]: changed };
}

function listed(root: unknown, index: number): unknown {
  return Array.isArray(root) ? root[index] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
