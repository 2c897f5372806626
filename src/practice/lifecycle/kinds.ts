// The objects that the controllers and the node work on, as far as they read them. The API server has checked what it stored against its
// schema, so that a view here is a matter of types only; what may be missing is optional, and defaults are filled where it is read.

import type { KubeObject } from '../objects/object.ts';
import type { StoreKey } from '../objects/store.ts';

export const PODS: StoreKey = { group: '', resource: 'pods' };
export const EVENTS: StoreKey = { group: '', resource: 'events' };
export const NAMESPACES: StoreKey = { group: '', resource: 'namespaces' };
export const SERVICES: StoreKey = { group: '', resource: 'services' };
export const CONFIGMAPS: StoreKey = { group: '', resource: 'configmaps' };
export const SECRETS: StoreKey = { group: '', resource: 'secrets' };
export const SERVICEACCOUNTS: StoreKey = { group: '', resource: 'serviceaccounts' };
export const REPLICASETS: StoreKey = { group: 'apps', resource: 'replicasets' };
export const DEPLOYMENTS: StoreKey = { group: 'apps', resource: 'deployments' };

/** A map of strings, as labels and data are. */
export type Strings = Readonly<Record<string, string>>;

/** The key of a config map or secret. */
export interface KeyRef {
  readonly name?: string;
  readonly key: string;
  readonly optional?: boolean;
}

/** A config map or secret as a whole. */
export interface WholeRef {
  readonly name?: string;
  readonly optional?: boolean;
}

/** v1.ResourceFieldSelector. */
export interface ResourceFieldRef {
  readonly containerName?: string;
  readonly resource: string;
  readonly divisor?: string | number;
}

/** v1.EnvVar. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly configMapKeyRef?: KeyRef;
    readonly secretKeyRef?: KeyRef;
    readonly fieldRef?: { readonly fieldPath: string };
    readonly resourceFieldRef?: ResourceFieldRef;
  };
}

/** v1.Probe. Times are seconds. */
export interface Probe {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: { readonly port: number | string };
  readonly tcpSocket?: { readonly port: number | string };
  readonly grpc?: { readonly port: number };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

/** v1.VolumeMount. */
export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly subPathExpr?: string;
}

/** v1.Container; an ephemeral container has the same fields. */
export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly {
    readonly prefix?: string;
    readonly configMapRef?: WholeRef;
    readonly secretRef?: WholeRef;
  }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly resources?: { readonly limits?: Quantities; readonly requests?: Quantities };
  readonly volumeMounts?: readonly VolumeMount[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly tty?: boolean;
  /** Of an init container: 'Always' makes it a sidecar. */
  readonly restartPolicy?: string;
}

/** Amounts of resources: `100m`, `1Gi` or a plain number. */
export type Quantities = Readonly<Record<string, string | number>>;

/** Which keys of a volume's source become which files. */
export interface KeyToPath {
  readonly key: string;
  readonly path: string;
}

/** v1.DownwardAPIVolumeFile. */
export interface DownwardFile {
  readonly path: string;
  readonly fieldRef?: { readonly fieldPath: string };
  readonly resourceFieldRef?: ResourceFieldRef;
}

/** A volume's source of files, as volumes and projected volumes share it. */
export interface FileSource {
  readonly configMap?: WholeRef & { readonly items?: readonly KeyToPath[] };
  readonly secret?: WholeRef & { readonly secretName?: string; readonly items?: readonly KeyToPath[] };
  readonly downwardAPI?: { readonly items?: readonly DownwardFile[] };
  readonly serviceAccountToken?: { readonly path: string };
}

/** v1.Volume. */
export interface Volume extends FileSource {
  readonly name: string;
  readonly projected?: { readonly sources?: readonly FileSource[] };
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

/** v1.PodSpec. */
export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly restartPolicy?: string;
  readonly nodeName?: string;
  readonly nodeSelector?: Strings;
  readonly hostname?: string;
  readonly hostNetwork?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly schedulingGates?: readonly unknown[];
  readonly volumes?: readonly Volume[];
}

/** A condition as pods, replica sets and deployments have it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
  readonly lastProbeTime?: null;
}

/** v1.Pod. */
export interface Pod extends KubeObject {
  readonly spec?: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly qosClass?: string;
    readonly podIP?: string;
    readonly startTime?: string;
    readonly [field: string]: unknown;
  };
}

/** The service ports that env variables tell of, and what a cluster IP is chosen by. */
export interface Service extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly protocol?: string;
      readonly nodePort?: number;
    }[];
    readonly [field: string]: unknown;
  };
}

/** A config map or a secret (whose data is base64). */
export interface DataObject extends KubeObject {
  readonly data?: Strings;
  readonly binaryData?: Strings;
}
