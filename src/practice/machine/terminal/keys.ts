// Keys at a prompt: what moves the cursor, erases and recalls, as readline and busybox have them (emacs keys and a terminal's arrows).

import type { LineEditor } from './editor.ts';

const ESCAPE = '\x1b';
/** After the escape character: CSI and SS3 sequences, as ECMA-48 and terminals send them. */
const SEQUENCE = /^(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/;
const UNFINISHED = /^(?:\[[0-9;]*|O)?$/;

const KEYS: ReadonlyMap<string, (editor: LineEditor) => void> = new Map([
  ['\x01', (editor) => editor.home()],
  ['\x02', (editor) => editor.left()],
  ['\x05', (editor) => editor.end()],
  ['\x06', (editor) => editor.right()],
  ['\x0b', (editor) => editor.eraseToEnd()],
  ['\x0c', (editor) => editor.clearScreen()],
  ['\x0e', (editor) => editor.recall(1)],
  ['\x10', (editor) => editor.recall(-1)],
  ['\t', (editor) => editor.insert(' ')],
  ['A', (editor) => editor.recall(-1)],
  ['B', (editor) => editor.recall(1)],
  ['C', (editor) => editor.right()],
  ['D', (editor) => editor.left()],
  ['H', (editor) => editor.home()],
  ['1~', (editor) => editor.home()],
  ['F', (editor) => editor.end()],
  ['4~', (editor) => editor.end()],
  ['3~', (editor) => editor.eraseForward()],
]);

/** The first key of typed text: a run of printable text, a control character, or (at a prompt) a sequence. Undefined: more must come. */
export function nextKey(text: string, atPrompt: boolean): string | undefined {
  if (atPrompt && text.startsWith(ESCAPE)) {
    const rest = text.slice(1);
    if (UNFINISHED.test(rest)) return undefined;
    return ESCAPE + (SEQUENCE.exec(rest)?.[0] ?? '');
  }
  let end = 0;
  while (end < text.length && isPrintable(text.charCodeAt(end))) end += 1;
  return text.slice(0, Math.max(1, end));
}

/** Does what a key does at a prompt; unknown sequences and control characters do nothing. */
export function pressAtPrompt(editor: LineEditor, key: string): void {
  const name = key.startsWith(ESCAPE) ? key.slice(2) : key;
  const act = key.startsWith(ESCAPE) || !isPrintable(key.charCodeAt(0)) ? KEYS.get(name) : undefined;
  if (act !== undefined) act(editor);
  else if (isPrintable(key.charCodeAt(0))) editor.insert(key);
}

function isPrintable(code: number): boolean {
  return code >= 32 && code !== 127;
}
