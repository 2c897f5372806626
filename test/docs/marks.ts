// The marks of command blocks: an HTML comment on the line before the block, which readers don't see, says where the block is run, or why it is not.
//
//   <!-- run: PLACE -->               run here, statement by statement (places.ts)
//   <!-- run: PLACE, until: TEXT -->  a program that stays: the page goes on once it has printed TEXT, and it is ended with the page
//   <!-- run-by: FILE -->             FILE runs it: it names this page, or has each of the block's commands
//   <!-- not-run: WHY -->             nobody runs it
//
// `run all:`, `run-by all:`, `not-run all:` anywhere in a page hold for its blocks that have no mark of their own.

import type { Block } from './markdown.ts';

/** Where blocks are run. */
export const PLACES = ['checkout', 'demo', 'cluster', 'gate', 'folder'] as const;
export type Place = (typeof PLACES)[number];

/** What a mark says. */
export type Mark =
  | { readonly kind: 'run'; readonly place: Place; readonly until: string }
  | { readonly kind: 'run-by'; readonly file: string }
  | { readonly kind: 'not-run'; readonly why: string };

const MARK = /^<!-- (run|run-by|not-run)( all)?: (.+?) -->$/;
const LANGUAGES = ['sh', 'console', 'bash', 'shell'];
/** A reason has to say something. */
const MIN_WHY = 10;

/** Whether a block holds commands. */
export function isCommands({ language }: Block): boolean {
  return LANGUAGES.includes(language);
}

/** The mark of a block of `text`, its page. @throws Error when it has none, or one that says nothing known. */
export function readMark(block: Block, text: string): Mark {
  const own = MARK.exec(block.before);
  const all = text.split('\n').flatMap((line) => {
    const match = MARK.exec(line.trim());
    return match?.[2] === undefined ? [] : [match];
  });
  if (all.length > 1) throw new Error('the page has more than one mark for all blocks');
  const mark = own?.[2] === undefined && own !== null ? own : all[0];
  if (mark === undefined)
    throw new Error(`line ${block.line}: the block has no mark that says where it is run, or why it is not`);
  return parse(mark[1] ?? '', mark[3] ?? '');
}

function parse(kind: string, value: string): Mark {
  if (kind === 'run-by') return { kind, file: value };
  if (kind === 'not-run') {
    if (value.length < MIN_WHY) throw new Error(`"${value}" is not a reason`);
    return { kind, why: value };
  }
  const [, name, until = ''] = /^(\S+?)(?:, until: (.+))?$/.exec(value) ?? [];
  const place = PLACES.find((one) => one === name);
  if (place === undefined) throw new Error(`"${value}" is no place; there are ${PLACES.join(', ')}`);
  return { kind: 'run', place, until };
}
