// A file of several YAML documents, in which a text may hold YAML again, as the values of a ConfigMap do; whatever is wrong is told at its
// line in the file, inside such a text too.

import { type Aim, createFindings } from '../findings.ts';
import { type Place, readSource } from '../source.ts';

/** Something that is wrong, or that somebody should know, and where. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly place: Place;
  /** As in `data.mapRoles[0].rolearn`; '' for the whole document. */
  readonly path: string;
  readonly message: string;
}

/** What a document or a text inside it holds. */
export interface Placed {
  /** Undefined after syntax errors. */
  readonly tree: unknown;
  readonly find: (path: string, aim?: Aim) => Place;
}

/** A file's name, as it is shown, and its text. */
export interface TextFile {
  readonly file: string;
  readonly text: string;
}

const SEPARATOR = /^---(?=\s|$)/;
const WITHOUT_CONTENT = /^(?:---)?\s*(?:#.*)?$/;

/** Whether a document is nothing but comments. */
export function isWithoutContent(text: string): boolean {
  return text.split('\n').every((line) => WITHOUT_CONTENT.test(line));
}

/** Reads the documents of a file, but for empty ones; syntax errors go to `problems`. */
export function readDocuments({ file, text }: TextFile, problems: Problem[]): readonly Placed[] {
  const lines = text.split('\n');
  const starts = lines.flatMap((line, index) => (index === 0 || SEPARATOR.test(line) ? [index] : []));
  return starts.flatMap((start, position) => {
    const chunk = lines.slice(start, starts[position + 1]);
    if (isWithoutContent(chunk.join('\n'))) return [];
    // Empty lines before it keep the numbers of its own right.
    const placed = '\n'.repeat(start) + chunk.join('\n');
    return [readPlaced({ file, text: placed }, (place) => place, problems)];
  });
}

/** Reads a text that stands in the file `whole` at `at`. A block text (`|`) keeps its lines; of another all is said to be at its begin. */
export function readEmbedded(whole: TextFile, value: string, at: Place, problems: Problem[]): Placed {
  const lines = whole.text.split(/\r?\n/);
  const isBlock = lines[at.line - 1]?.[at.column - 1] === '|';
  const inner = value.split('\n');
  const outward = (place: Place): Place => {
    const line = at.line + place.line;
    const outer = lines[line - 1];
    const own = inner[place.line - 1];
    if (!isBlock || outer === undefined || own === undefined || !outer.endsWith(own)) return at;
    return { file: whole.file, line, column: place.column + outer.length - own.length };
  };
  return readPlaced({ file: whole.file, text: value }, outward, problems);
}

function readPlaced({ file, text }: TextFile, outward: (place: Place) => Place, problems: Problem[]): Placed {
  const findings = createFindings();
  const { tree, places } = readSource(file, text, findings, 'v1');
  const find = (path: string, aim: Aim = 'value'): Place => outward(places.find(path, aim));
  for (const { severity, path, aim, message } of findings.all()) {
    const shown = path.startsWith('#') ? '' : path;
    problems.push({ severity, place: find(path, aim), path: shown, message });
  }
  return { tree, find };
}
