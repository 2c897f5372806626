// One YAML document as a schema wants it: read, parsed, checked. What is wrong with it goes to findings, its places are kept for them.

import { readFileSync } from 'node:fs';
import type { Findings } from './findings.ts';
import type { SchemaNode } from './keywords.ts';
import { applySchema, isMapping } from './validate.ts';

/** The file's text; undefined after telling the problem, which completes a sentence that begins with the file. */
export function readText(file: string, refuse: (problem: string) => void): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    refuse(
      `cannot be read: ${cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'}`,
    );
    return undefined;
  }
}

/** Applies the schema, unless the file is something else altogether: then that is the one thing to say. */
export function applyDocument(node: SchemaNode, tree: unknown, findings: Findings): unknown {
  const { apiVersion = {}, kind = {} } = node.properties ?? {};
  const isForeign = (property: SchemaNode, value: unknown): boolean =>
    typeof value === 'string' && !(property.enum ?? []).includes(value);
  if (
    isMapping(tree) &&
    isForeign(kind, tree['kind']) &&
    (tree['apiVersion'] === undefined || isForeign(apiVersion, tree['apiVersion']))
  ) {
    const head = {
      type: 'object',
      properties: { apiVersion, kind },
      required: ['apiVersion', 'kind'],
    } as const;
    applySchema(head, { apiVersion: tree['apiVersion'], kind: tree['kind'] }, '', findings);
    return undefined;
  }
  return applySchema(node, tree, '', findings);
}
