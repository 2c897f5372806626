// Namespaces: what each of them starts with, and that all in it goes before it does (pkg/controller/namespace, serviceaccount, and
// certificates/rootcacertpublisher).

import type { KubeObject } from '../objects/object.ts';
import { type Context, deleteObject, writeStatus } from './context.ts';
import { STORED } from './garbage.ts';
import { CONFIGMAPS, EVENTS, NAMESPACES, SERVICEACCOUNTS } from './kinds.ts';

const FINALIZER = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';
const ROOT_CERTIFICATES = 'kube-root-ca.crt';

/** Looks at one namespace. `rootCertificate` is PEM. */
export function syncNamespace(context: Context, rootCertificate: string, name: string): void {
  const namespace = context.store.get(NAMESPACES, '', name);
  if (namespace === undefined) return;
  if (namespace.metadata.deletionTimestamp === undefined) furnish(context, rootCertificate, namespace);
  else clear(context, namespace);
}

function furnish({ store }: Context, rootCertificate: string, namespace: KubeObject): void {
  const { name, labels } = namespace.metadata;
  const named = store.update(NAMESPACES, {
    ...namespace,
    metadata: { ...namespace.metadata, labels: { ...labels, [NAME_LABEL]: name } },
    spec: {
      ...(namespace['spec'] as object | undefined),
      finalizers: finalizersOf(namespace) ?? [FINALIZER],
    },
  });
  writeStatus(store, NAMESPACES, named, { ...(named['status'] as object | undefined), phase: 'Active' });
  if (store.get(SERVICEACCOUNTS, name, 'default') === undefined) {
    store.create(SERVICEACCOUNTS, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: name },
    });
  }
  const data = { 'ca.crt': rootCertificate };
  const published = store.get(CONFIGMAPS, name, ROOT_CERTIFICATES);
  if (published === undefined) {
    store.create(CONFIGMAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: ROOT_CERTIFICATES,
        namespace: name,
        annotations: {
          'kubernetes.io/description':
            'The certificate of the practice API server, by which clients inside the namespace know it.',
        },
      },
      data,
    });
  } else {
    store.update(CONFIGMAPS, { ...published, data });
  }
}

/** Deletes what is left; the events last, since deleting makes more of them. */
function clear(context: Context, namespace: KubeObject): void {
  const { store } = context;
  const { name } = namespace.metadata;
  const terminating = writeStatus(store, NAMESPACES, namespace, {
    ...(namespace['status'] as object | undefined),
    phase: 'Terminating',
  });
  for (const key of STORED.filter((one) => one.namespaced && one.resource !== EVENTS.resource)) {
    for (const object of store.list(key, name)) deleteObject(context, key, object);
  }
  const isLeft = STORED.some(
    (key) => key.namespaced && key.resource !== EVENTS.resource && store.list(key, name).length > 0,
  );
  if (isLeft) return;
  for (const event of store.list(EVENTS, name)) store.remove(EVENTS, name, event.metadata.name);
  if ((terminating.metadata.finalizers ?? []).length > 0) return;
  const others = (finalizersOf(terminating) ?? []).filter((finalizer) => finalizer !== FINALIZER);
  if (others.length > 0) {
    store.update(NAMESPACES, { ...terminating, spec: { finalizers: others } });
    return;
  }
  store.remove(NAMESPACES, '', name);
}

function finalizersOf(namespace: KubeObject): readonly string[] | undefined {
  return (namespace['spec'] as { readonly finalizers?: readonly string[] } | undefined)?.finalizers;
}
