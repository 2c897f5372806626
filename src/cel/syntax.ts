// What an expression's syntax tree says before anything is evaluated: whether it loops, which keys of a variable it reads, and where it calls
// functions that this environment replaces.

import type { ASTNode } from '@marcbachmann/cel-js';

/** Macros that evaluate an argument for each element, and `bind`, with which a short text can double a value again and again. */
const REPEATING: ReadonlySet<string> = new Set([
  'map',
  'filter',
  'all',
  'exists',
  'exists_one',
  'bind',
  'sortBy',
]);

/** Calls `visit` for a node and everything beneath it. */
export function walk(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  for (const child of childrenOf(node)) walk(child, visit);
}

/** Whether what it costs is more than its length. */
export function repeats(root: ASTNode): boolean {
  let found = false;
  walk(root, (node) => {
    if (node.op === 'rcall' && REPEATING.has(node.args[0])) found = true;
  });
  return found;
}

/**
 * The keys of a variable that an expression reads by name, however it is written: `claims.email`, `claims["email"]`, `claims.?email`,
 * `claims[?"email"]`, `has(claims.email)`.
 */
export function keysRead(root: ASTNode, variable: string): ReadonlySet<string> {
  const keys = new Set<string>();
  walk(root, (node) => {
    const key = keyOf(node, variable);
    if (key !== undefined) keys.add(key);
  });
  return keys;
}

/** Those of `keysRead` that are selected like fields: `claims.email`, `claims.?email`, `has(claims.email)`. */
export function keysSelected(root: ASTNode, variable: string): ReadonlySet<string> {
  const keys = new Set<string>();
  walk(root, (node) => {
    const key = node.op === '.' || node.op === '.?' ? keyOf(node, variable) : undefined;
    if (key !== undefined) keys.add(key);
  });
  return keys;
}

/** Puts `names.get(name)` for the name of each method call that has one. @returns the new text; the same where there is none */
export function renameMethods(text: string, root: ASTNode, names: ReadonlyMap<string, string>): string {
  const edits: { readonly at: number; readonly name: string; readonly by: string }[] = [];
  walk(root, (node) => {
    if (node.op !== 'rcall') return;
    const [name, receiver] = node.args;
    const by = names.get(name);
    if (by !== undefined) edits.push({ at: text.indexOf(name, receiver.end), name, by });
  });
  return edits
    .sort((one, other) => other.at - one.at)
    .reduce((done, { at, name, by }) => done.slice(0, at) + by + done.slice(at + name.length), text);
}

/** The names of all methods and functions that are called. */
export function callsIn(root: ASTNode): ReadonlySet<string> {
  const names = new Set<string>();
  walk(root, (node) => {
    if (node.op === 'rcall' || node.op === 'call') names.add(node.args[0]);
  });
  return names;
}

function keyOf(node: ASTNode, variable: string): string | undefined {
  if (node.op === '.' || node.op === '.?')
    return isVariable(node.args[0], variable) ? node.args[1] : undefined;
  if (node.op !== '[]' && node.op !== '[?]') return undefined;
  const [target, index] = node.args;
  return isVariable(target, variable) && index.op === 'value' && typeof index.args === 'string'
    ? index.args
    : undefined;
}

function isVariable(node: ASTNode, name: string): boolean {
  return node.op === 'id' && node.args === name;
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'list':
      return node.args;
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}
