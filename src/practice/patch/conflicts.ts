// Conflicts of a server-side apply: who owns a field that would change, in the words that kubectl prints
// (apimachinery pkg/util/managedfields/internal/conflict.go).

import { ApiFailure } from '../objects/failure.ts';
import { type FieldPath, pathText } from './fieldset.ts';
import type { Owner } from './owners.ts';

/** A field that another manager owns and that would change. */
export interface FieldConflict {
  readonly owner: Owner;
  readonly path: FieldPath;
}

/** 409 with one cause for each field. `conflicts` are grouped by owner. */
export function applyConflict(conflicts: readonly FieldConflict[]): ApiFailure {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${ownerText(owner)}`,
    field: pathText(path),
  }));
  return new ApiFailure(409, 'Conflict', messageOf(conflicts), { causes });
}

function messageOf(conflicts: readonly FieldConflict[]): string {
  const [only] = conflicts;
  if (conflicts.length === 1 && only !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${ownerText(only.owner)}: ${pathText(only.path)}`;
  }
  const lines = [...Map.groupBy(conflicts, ({ owner }) => owner)].flatMap(([owner, fields]) => [
    `conflicts with ${ownerText(owner)}:`,
    ...fields.map(({ path }) => `- ${pathText(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function ownerText({ manager, operation, apiVersion, subresource }: Owner): string {
  const name = JSON.stringify(manager);
  const shown = subresource === '' ? name : `${name} with subresource ${JSON.stringify(subresource)}`;
  return operation === 'Update' ? `${shown} using ${apiVersion}` : shown;
}
