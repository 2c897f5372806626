// Server-side apply of the kinds of pieces.ts: what a person writes, what comes of it, and who owns it.

import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { type Apply, serverSideApply } from '../../../../src/practice/patch/apply.ts';
import { trackUpdate, type Update } from '../../../../src/practice/patch/trackupdate.ts';
import { frozen, NOW, SCHEMA } from './pieces.ts';

/** What a person writes: no uid, no resourceVersion. */
export function manifest(spec: object, metadata: object = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec,
  };
}

export function apply(
  live: KubeObject | undefined,
  applied: KubeObject,
  more: Partial<Apply> = {},
): KubeObject {
  return serverSideApply({
    ...(live === undefined ? {} : { live: frozen(live) }),
    applied: frozen(applied),
    manager: 'one',
    force: false,
    now: NOW,
    schema: SCHEMA,
    ...more,
  });
}

/** The object after a write of another kind, with its managedFields. */
export function updated(
  before: KubeObject | undefined,
  after: KubeObject,
  manager = 'editor',
  more: Partial<Update> = {},
): KubeObject {
  return trackUpdate({
    ...(before === undefined ? {} : { before: frozen(before) }),
    after: frozen(after),
    manager,
    now: NOW,
    schema: SCHEMA,
    ...more,
  });
}

export function withSpec(object: KubeObject, spec: object): KubeObject {
  return { ...object, spec };
}

export function ownedBy(object: KubeObject): Record<string, unknown> {
  const entries = object.metadata.managedFields ?? [];
  return Object.fromEntries(
    entries.map(({ manager, operation, fieldsV1 }) => [`${manager} ${operation}`, fieldsV1]),
  );
}
