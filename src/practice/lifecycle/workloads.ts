// Replica sets and deployments, as far as their controllers read them.

import type { KubeObject } from '../objects/object.ts';
import type { Condition, PodSpec, Strings } from './kinds.ts';

/** v1.PodTemplateSpec. */
export interface PodTemplate {
  readonly metadata?: { readonly labels?: Strings; readonly annotations?: Strings };
  readonly spec?: PodSpec;
}

/** metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Strings;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** What ReplicaSetStatus and DeploymentStatus count. */
export interface ReplicaCounts {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly updatedReplicas?: number;
  readonly observedGeneration?: number;
  readonly collisionCount?: number;
  readonly conditions?: readonly Condition[];
}

/** apps/v1.ReplicaSet. */
export interface ReplicaSet extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly selector?: LabelSelector;
    readonly template?: PodTemplate;
  };
  readonly status?: ReplicaCounts;
}

/** apps/v1.Deployment. */
export interface Deployment extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly selector?: LabelSelector;
    readonly template?: PodTemplate;
    readonly paused?: boolean;
    readonly revisionHistoryLimit?: number;
    readonly progressDeadlineSeconds?: number;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: {
        readonly maxSurge?: number | string;
        readonly maxUnavailable?: number | string;
      };
    };
  };
  readonly status?: ReplicaCounts;
}
