// What checks find, by path. One error per path: the first check that fails tells it, later ones that stumble over its consequences are
// not repeated.

import { looksSecret } from './quote.ts';

/** Where a finding points to: the key, or the value beside it. */
export type Aim = 'key' | 'value';

export interface Finding {
  readonly severity: 'error' | 'warning';
  /** As in `authentication.jwt[0].issuer.url`; '' is the whole file. */
  readonly path: string;
  readonly message: string;
  readonly aim: Aim;
}

export interface Findings {
  /** Notes an error, unless the path or one beneath it has one. */
  readonly error: (path: string, message: string, aim?: Aim) => void;
  readonly warning: (path: string, message: string) => void;
  /** Takes over what another check found. */
  readonly add: (others: readonly Finding[]) => void;
  /** Whether the path or one beneath it has an error. */
  readonly failed: (path: string) => boolean;
  readonly all: () => readonly Finding[];
}

/** An empty list of findings. */
export function createFindings(): Findings {
  const found: Finding[] = [];
  const failed = (path: string): boolean =>
    found.some((finding) => finding.severity === 'error' && isWithin(finding.path, path));
  const add = (others: readonly Finding[]): void => {
    for (const finding of others) {
      if (finding.severity === 'warning' || !failed(finding.path)) found.push(finding);
    }
  };
  return {
    add,
    error: (path, message, aim = 'value') => add([{ severity: 'error', path, message, aim }]),
    warning: (path, message) => {
      found.push({ severity: 'warning', path, message, aim: 'value' });
    },
    failed,
    all: () => found,
  };
}

/** The path of a key of the object at `path`. */
export function childPath(path: string, key: string): string {
  if (looksSecret(key)) return `${path}["…"]`;
  const name = /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key);
  if (name !== key) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** The path of an item of the array at `path`. */
export function itemPath(path: string, index: number): string {
  return `${path}[${index}]`;
}

/** Whether `path` is `ancestor` or beneath it. */
export function isWithin(path: string, ancestor: string): boolean {
  if (ancestor === '' || path === ancestor) return true;
  return path.startsWith(ancestor) && /^[.[]/.test(path.slice(ancestor.length));
}

/** The path of the object or array that `path` is in; '' for the outermost. */
export function parentPath(path: string): string {
  return path.replace(/(?:\.[^.[\]]+|\["(?:[^"\\]|\\.)*"\]|\[\d+\]|^[^.[\]]+)$/, '');
}
