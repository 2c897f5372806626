// The files that a container finds mounted: config maps, secrets, the downward API, the service account. They are copied when the container
// starts and stay as they were then. Other volumes are empty places of the container's own memory.

import { posix } from 'node:path';
import type { Store, StoreKey } from '../objects/store.ts';
import { fieldValue, resourceValue } from './downward.ts';
import { expand, missingText, readData } from './environment.ts';
import {
  CONFIGMAPS,
  type Container,
  type FileSource,
  type KeyToPath,
  type Pod,
  SECRETS,
  type Volume,
} from './kinds.ts';

/** What a volume holds, by path below its mount point. */
type Content = ReadonlyMap<string, Buffer>;

/** Why a volume cannot be mounted; its message is what the kubelet says in the event. */
export class MountProblem extends Error {
  readonly volume: string;

  constructor(volume: string, why: string) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${why}`);
    this.volume = volume;
  }
}

/** Whose volumes they are. */
export interface VolumesOf {
  readonly store: Store;
  readonly pod: Pod;
  readonly podIp: string;
}

const ACCOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const ROOT_CERTIFICATES = 'kube-root-ca.crt';
/** What stands in the token file: a practice pod has no identity, and its file must not look like one. */
const NO_TOKEN = 'practice: this token opens nothing\n';

/** Every volume's files. @throws MountProblem for the first one that lacks something. */
export function readVolumes(of: VolumesOf): ReadonlyMap<string, Content> {
  return new Map((of.pod.spec?.volumes ?? []).map((volume) => [volume.name, readVolume(of, volume)]));
}

/** The files of a container by absolute path. `variables` fill subPathExpr. */
export function mountFiles(
  of: VolumesOf,
  container: Container,
  variables: ReadonlyMap<string, string>,
): ReadonlyMap<string, Buffer> {
  const volumes = readVolumes(of);
  const files = new Map<string, Buffer>();
  const mounts = container.volumeMounts ?? [];
  if (!mounts.some(({ mountPath }) => posix.resolve('/', mountPath) === ACCOUNT_PATH)) {
    for (const [path, bytes] of accountFiles(of)) files.set(posix.join(ACCOUNT_PATH, path), bytes);
  }
  for (const { name, mountPath, subPath, subPathExpr } of mounts) {
    const below = subPathExpr === undefined ? (subPath ?? '') : expand(subPathExpr, variables);
    for (const [path, bytes] of volumes.get(name) ?? []) {
      const inside = belowSubPath(path, below);
      if (inside !== undefined) files.set(posix.resolve('/', mountPath, inside), bytes);
    }
  }
  return files;
}

/** The path below a subPath, '' for the subPath itself; undefined when it is elsewhere. */
function belowSubPath(path: string, subPath: string): string | undefined {
  const wanted = posix.normalize(subPath).replace(/\/$/, '');
  if (subPath === '' || wanted === '.') return path;
  if (path === wanted) return '';
  return path.startsWith(`${wanted}/`) ? path.slice(wanted.length + 1) : undefined;
}

/** The service account's, where the API server has not put a projected volume for it. */
function accountFiles({ store, pod }: VolumesOf): Content {
  if (pod.spec?.automountServiceAccountToken === false) return new Map();
  const namespace = pod.metadata.namespace ?? '';
  return new Map([
    ...(readData(store, CONFIGMAPS, namespace, ROOT_CERTIFICATES) ?? []),
    ['namespace', Buffer.from(namespace)],
    ['token', Buffer.from(NO_TOKEN)],
  ]);
}

function readVolume(of: VolumesOf, { name, projected, ...source }: Volume): Content {
  if (projected === undefined) return readSource(of, name, source);
  return new Map((projected.sources ?? []).flatMap((one) => [...readSource(of, name, projectedNames(one))]));
}

/** A projected secret says `name`, a secret volume `secretName`. */
function projectedNames({ secret, ...source }: FileSource): FileSource {
  return secret === undefined ? source : { ...source, secret: { secretName: secret.name ?? '', ...secret } };
}

function readSource(of: VolumesOf, volume: string, source: FileSource): Content {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap !== undefined) {
    return readKeys(of, { volume, key: CONFIGMAPS, name: configMap.name ?? '', ...pick(configMap) });
  }
  if (secret !== undefined) {
    return readKeys(of, { volume, key: SECRETS, name: secret.secretName ?? '', ...pick(secret) });
  }
  if (serviceAccountToken !== undefined) return new Map([[serviceAccountToken.path, Buffer.from(NO_TOKEN)]]);
  return new Map(
    (downwardAPI?.items ?? []).map(({ path, fieldRef, resourceFieldRef }) => {
      const value =
        fieldRef !== undefined
          ? fieldValue(of.pod, fieldRef.fieldPath, of.podIp)
          : resourceFieldRef && resourceValue(of.pod, undefined, resourceFieldRef);
      if (value === undefined) throw new MountProblem(volume, `nothing is known for the file ${path}`);
      return [path, Buffer.from(value)];
    }),
  );
}

function pick({ items, optional }: { readonly items?: readonly KeyToPath[]; readonly optional?: boolean }) {
  return { items, optional: optional === true };
}

interface KeysOf {
  readonly volume: string;
  readonly key: StoreKey;
  readonly name: string;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean;
}

function readKeys({ store, pod }: VolumesOf, { volume, key, name, items, optional }: KeysOf): Content {
  const data = readData(store, key, pod.metadata.namespace ?? '', name);
  if (data === undefined) {
    if (optional) return new Map();
    throw new MountProblem(volume, missingText(key, name));
  }
  if (items === undefined || items.length === 0) return data;
  const files = new Map<string, Buffer>();
  for (const item of items) {
    const bytes = data.get(item.key);
    if (bytes !== undefined) files.set(item.path, bytes);
    else if (!optional)
      throw new MountProblem(volume, `references non-existent ${kindWord(key)} key: ${item.key}`);
  }
  return files;
}

function kindWord({ resource }: StoreKey): string {
  return resource === SECRETS.resource ? 'secret' : 'config';
}
