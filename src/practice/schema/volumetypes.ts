// The types of a pod's volumes (core/v1 Volume). Sources that name one vendor's storage are there, but nobody looks into them.

import {
  any,
  bool,
  type Fields,
  int,
  long,
  many,
  map,
  need,
  one,
  quantity,
  str,
  strings,
  struct,
} from './builders.ts';
import type { StructType } from './fieldtype.ts';

const MODE = 'Permission bits of the files, such as 0644.';
const OPTIONAL = 'Whether it may be missing.';
const PATH = 'Path of the file inside the volume.';
const READ_ONLY = 'Whether it cannot be written to.';

const VENDORS: Fields = Object.fromEntries(
  [
    'awsElasticBlockStore',
    'azureDisk',
    'azureFile',
    'cephfs',
    'cinder',
    'fc',
    'flexVolume',
    'flocker',
    'gcePersistentDisk',
    'gitRepo',
    'glusterfs',
    'iscsi',
    'photonPersistentDisk',
    'portworxVolume',
    'quobyte',
    'rbd',
    'scaleIO',
    'storageos',
    'vsphereVolume',
  ].map((name) => [name, any('Storage of this name; not looked into here.')]),
);

const items = many('core.v1.KeyToPath', 'Only these keys, at these paths.');

const PROJECTIONS: readonly StructType[] = [
  struct('core.v1.ProjectedVolumeSource', 'Several sources in one directory.', {
    defaultMode: int(MODE),
    sources: many('core.v1.VolumeProjection', 'The sources.'),
  }),
  struct('core.v1.VolumeProjection', 'One source of several.', {
    clusterTrustBundle: one('core.v1.ClusterTrustBundleProjection', 'Certificates to trust.'),
    configMap: one('core.v1.ConfigMapProjection', 'Keys of a config map.'),
    downwardAPI: one('core.v1.DownwardAPIProjection', 'Fields of the pod.'),
    podCertificate: one('core.v1.PodCertificateProjection', 'A key and certificate of the pod.'),
    secret: one('core.v1.SecretProjection', 'Keys of a secret.'),
    serviceAccountToken: one('core.v1.ServiceAccountTokenProjection', 'A token of the service account.'),
  }),
  struct('core.v1.ClusterTrustBundleProjection', 'Certificates to trust.', {
    labelSelector: one('meta.v1.LabelSelector', 'Which bundles of the signer.'),
    name: str('One bundle by name.'),
    optional: bool(OPTIONAL),
    path: need(str(PATH)),
    signerName: str('All bundles of this signer.'),
  }),
  struct('core.v1.ConfigMapProjection', 'Keys of a config map.', {
    items,
    name: str('Name of the config map.'),
    optional: bool(OPTIONAL),
  }),
  struct('core.v1.SecretProjection', 'Keys of a secret.', {
    items,
    name: str('Name of the secret.'),
    optional: bool(OPTIONAL),
  }),
  struct('core.v1.DownwardAPIProjection', 'Fields of the pod.', {
    items: many('core.v1.DownwardAPIVolumeFile', 'The files.'),
  }),
  struct('core.v1.PodCertificateProjection', 'A key and certificate of the pod.', {
    certificateChainPath: str('Path of the certificates.'),
    credentialBundlePath: str('Path of key and certificates in one file.'),
    keyPath: str('Path of the key.'),
    keyType: need(str('Such as ED25519.')),
    maxExpirationSeconds: int('How long the certificate may be good.'),
    signerName: need(str('Who signs it.')),
    userAnnotations: map('string', 'Told to the signer.'),
  }),
  struct('core.v1.ServiceAccountTokenProjection', 'A token of the service account.', {
    audience: str('For whom the token is; the API server unless said.'),
    expirationSeconds: long('How long it is good; 3600 unless said.'),
    path: need(str(PATH)),
  }),
];

const CLAIMS: readonly StructType[] = [
  struct('core.v1.EphemeralVolumeSource', 'A volume that is made for the pod and ends with it.', {
    volumeClaimTemplate: one('core.v1.PersistentVolumeClaimTemplate', 'The claim that is made.'),
  }),
  struct('core.v1.PersistentVolumeClaimTemplate', 'From this, a claim is made.', {
    metadata: one('meta.v1.ObjectMeta', 'Labels and annotations of the claim.'),
    spec: need(one('core.v1.PersistentVolumeClaimSpec', 'What is claimed.')),
  }),
  struct('core.v1.PersistentVolumeClaimSpec', 'The storage that is asked for.', {
    accessModes: strings('How it may be mounted, such as ReadWriteOnce.'),
    dataSource: one('core.v1.TypedLocalObjectReference', 'What it is filled from.'),
    dataSourceRef: one('core.v1.TypedObjectReference', 'What it is filled from, of any kind and namespace.'),
    resources: one('core.v1.VolumeResourceRequirements', 'How much.'),
    selector: one('meta.v1.LabelSelector', 'Which volumes may serve.'),
    storageClassName: str('The class of storage.'),
    volumeAttributesClassName: str('The class of attributes.'),
    volumeMode: str('Filesystem or Block.'),
    volumeName: str('The volume that serves.'),
  }),
  struct('core.v1.TypedLocalObjectReference', 'An object of the same namespace.', {
    apiGroup: str('Its API group.'),
    kind: need(str('Its kind.')),
    name: need(str('Its name.')),
  }),
  struct('core.v1.TypedObjectReference', 'An object.', {
    apiGroup: str('Its API group.'),
    kind: need(str('Its kind.')),
    name: need(str('Its name.')),
    namespace: str('Its namespace.'),
  }),
  struct('core.v1.VolumeResourceRequirements', 'How much storage.', {
    limits: map('quantity', 'The most.'),
    requests: map('quantity', 'The least.'),
  }),
  struct('core.v1.PersistentVolumeClaimVolumeSource', 'Storage that a claim holds.', {
    claimName: need(str('The claim.')),
    readOnly: bool(READ_ONLY),
  }),
];

/** Volume and its sources. */
export const VOLUME_TYPES: readonly StructType[] = [
  struct('core.v1.Volume', 'A directory of a pod; with a name and one source.', {
    ...VENDORS,
    configMap: one('core.v1.ConfigMapVolumeSource', 'The keys of a config map as files.'),
    csi: one('core.v1.CSIVolumeSource', 'Made by a storage driver for the pod.'),
    downwardAPI: one('core.v1.DownwardAPIVolumeSource', 'Fields of the pod as files.'),
    emptyDir: one('core.v1.EmptyDirVolumeSource', 'Empty at first, gone with the pod.'),
    ephemeral: one('core.v1.EphemeralVolumeSource', 'Claimed for the pod and gone with it.'),
    hostPath: one('core.v1.HostPathVolumeSource', 'A path of the node.'),
    image: one('core.v1.ImageVolumeSource', 'The content of an image.'),
    name: need(str('Name by which containers mount it, unique in the pod.')),
    nfs: one('core.v1.NFSVolumeSource', 'A directory of an NFS server.'),
    persistentVolumeClaim: one('core.v1.PersistentVolumeClaimVolumeSource', 'Storage that a claim holds.'),
    projected: one('core.v1.ProjectedVolumeSource', 'Several sources in one directory.'),
    secret: one('core.v1.SecretVolumeSource', 'The keys of a secret as files.'),
  }),
  struct('core.v1.ConfigMapVolumeSource', 'The keys of a config map as files.', {
    defaultMode: int(MODE),
    items,
    name: str('Name of the config map.'),
    optional: bool(OPTIONAL),
  }),
  struct('core.v1.SecretVolumeSource', 'The keys of a secret as files.', {
    defaultMode: int(MODE),
    items,
    optional: bool(OPTIONAL),
    secretName: str('Name of the secret.'),
  }),
  struct('core.v1.KeyToPath', 'A key, and the file that it becomes.', {
    key: need(str('The key.')),
    mode: int(MODE),
    path: need(str(PATH)),
  }),
  struct('core.v1.CSIVolumeSource', 'A volume made by a storage driver.', {
    driver: need(str('The driver.')),
    fsType: str('The file system.'),
    nodePublishSecretRef: one('core.v1.LocalObjectReference', 'A secret for the driver.'),
    readOnly: bool(READ_ONLY),
    volumeAttributes: map('string', 'What the driver is told.'),
  }),
  struct('core.v1.DownwardAPIVolumeSource', 'Fields of the pod as files.', {
    defaultMode: int(MODE),
    items: many('core.v1.DownwardAPIVolumeFile', 'The files.'),
  }),
  struct('core.v1.DownwardAPIVolumeFile', 'A file with a field of the pod.', {
    fieldRef: one('core.v1.ObjectFieldSelector', 'A field of the pod.'),
    mode: int(MODE),
    path: need(str(PATH)),
    resourceFieldRef: one('core.v1.ResourceFieldSelector', 'A request or limit of a container.'),
  }),
  struct('core.v1.EmptyDirVolumeSource', 'A directory that is empty at first.', {
    medium: str("Memory, or empty for the node's disk."),
    sizeLimit: quantity('The most that it may hold.'),
  }),
  struct('core.v1.HostPathVolumeSource', 'A path of the node.', {
    path: need(str('The path.')),
    type: str('What has to be there, such as Directory; empty means no check.'),
  }),
  struct('core.v1.ImageVolumeSource', 'The content of an image.', {
    pullPolicy: str('Always, IfNotPresent or Never.'),
    reference: str('The image.'),
  }),
  struct('core.v1.NFSVolumeSource', 'A directory of an NFS server.', {
    path: need(str('Path on the server.')),
    readOnly: bool(READ_ONLY),
    server: need(str('The server.')),
  }),
  ...CLAIMS,
  ...PROJECTIONS,
];
